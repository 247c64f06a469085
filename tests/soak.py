"""A long soak of a real exporter: thousands of scrapes of the gallery, with reloads, hang-ups and churn in between.

    python tests/soak.py --scrapes 20000

It reports memory, descriptors, threads, tasks, cache sizes and probes in flight over time, and how fast each grows once
the caches are warm. The tests run a short one.
"""

import argparse
import asyncio
import itertools
import json
import random
import signal
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import aiohttp
from support.exporter_process import ROOT, running_exporter
from support.exposition import Exposition

from exporter.demo.gallery import Gallery
from exporter.demo.scenarios import SCENARIOS

WARM_UP = 0.3  # the part of the soak during which caches and allocators may still grow
SAMPLES = 40
RELOAD_EVERY = 11  # scrapes; what a heap needs for it has come together within the warm-up of a long soak
HANG_UP_EVERY = 10
TIMEOUTS = "300ms"
LEAST_PER_SERIES = 5
# for the exporter's process, which reads it when it starts: it writes how many tasks there are when it is asked to
COUNTING_TASKS = """
import asyncio, pathlib, signal

file = pathlib.Path({file!r})


def count(*_):
    new = file.with_suffix(".new")
    new.write_text(str(len(asyncio.all_tasks())))
    new.replace(file)


signal.signal(signal.SIGUSR1, count)
"""


@dataclass(slots=True)
class Sample:
    """The exporter at one moment."""

    scrapes: int
    resident_kib: int
    descriptors: int
    threads: int
    tasks: int
    in_flight: float
    caches: dict[str, float]


@dataclass(slots=True)
class Report:
    """What the soak saw. Slopes are per thousand scrapes, after the warm-up."""

    scrapes: int = 0
    failed: int = 0
    hung_up: int = 0
    reloads: int = 0
    seconds: float = 0.0
    samples: list[Sample] = field(default_factory=list)
    durations: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def warm(self):
        return [sample for sample in self.samples if sample.scrapes >= self.scrapes * WARM_UP]

    def slope(self, value):
        """Return the growth of a value by least squares, for each thousand scrapes."""
        points = [(sample.scrapes / 1000, value(sample)) for sample in self.warm()]
        if len(points) < LEAST_PER_SERIES:
            return 0.0
        mean_x = sum(x for x, _ in points) / len(points)
        mean_y = sum(y for _, y in points) / len(points)
        spread = sum((x - mean_x) ** 2 for x, _ in points)
        return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0

    def text(self):
        ordered = sorted(self.durations)
        p50, p99 = (ordered[int(len(ordered) * part)] for part in (0.5, 0.99))
        seen = f"{self.scrapes} scrapes in {self.seconds:.0f} s, {self.failed} failed, {self.hung_up} hung up"
        lines = [f"{seen}, {self.reloads} reloads; p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms"]
        rows = [("resident KiB", lambda s: s.resident_kib), ("descriptors", lambda s: s.descriptors)]
        rows += [("threads", lambda s: s.threads), ("tasks", lambda s: s.tasks)]
        rows += [("probes in flight", lambda s: s.in_flight)]
        names = sorted({name for sample in self.samples for name in sample.caches})
        rows += [(f"cache {name}", lambda s, name=name: s.caches.get(name, 0)) for name in names]
        for title, value in rows:
            warm = [value(sample) for sample in self.warm()]
            lines.append(
                f"{title:<24} from {warm[0]:>9.0f} to {warm[-1]:>9.0f}, highest {max(warm):>9.0f}, "
                f"slope {self.slope(value):>9.2f} per 1000 scrapes"
            )
        return "\n".join([*lines, f"{len(self.faults)} tracebacks in the log", *self.faults[:3]])


class Soak:
    """One soak: some scrapers at once, and a troublemaker."""

    def __init__(self, exporter, gallery, config_file, scrapes, seed, tell):
        self._exporter = exporter
        self._gallery = gallery
        self._config_file = config_file
        self._left = scrapes
        self._random = random.Random(seed)
        self._tell = tell
        self.report = Report(scrapes=scrapes)

    async def run(self, scrapers):
        began = time.monotonic()
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(self._exporter.url, connector=connector) as session:
            await asyncio.gather(*(self._scrape_on(session) for _ in range(scrapers)))
            await asyncio.sleep(1)  # what was hung up is cancelled
            await self._sample(session)
        self.report.seconds = time.monotonic() - began

    async def _scrape_on(self, session):
        every = max(self.report.scrapes // SAMPLES, 1)
        while self._left > 0:
            self._left -= 1
            number = self.report.scrapes - self._left
            if number % every == 0:
                await self._sample(session)
            if number % RELOAD_EVERY == 0:
                await self._reload(session)
            if number % HANG_UP_EVERY == 0:
                await self._hang_up(session)
            else:
                await self._scrape(session)

    async def _scrape(self, session):
        began = time.monotonic()
        path = self._random.choice(("/metrics", "/metrics", "/metrics", "/metrics?shard=1/3", "/"))
        async with session.get(path) as answer:
            body = await answer.read()
            self.report.failed += answer.status != 200 or not body
        self.report.durations.append(time.monotonic() - began)

    async def _hang_up(self, session):
        self.report.hung_up += 1
        try:
            async with asyncio.timeout(self._random.random() / 5), session.get("/metrics") as answer:
                await answer.read()
        except TimeoutError:
            pass

    async def _reload(self, session):
        """Change which targets there are and what they are labelled; a third of the files are not valid."""
        self.report.reloads += 1
        valid = self.report.reloads % 3
        text = configuration(self._gallery, self._random) if valid else "modules: {tls: {timeout: soon}}"
        new = self._config_file.with_suffix(".new")
        new.write_text(text, encoding="utf-8")
        new.replace(self._config_file)
        async with session.post("/-/reload") as answer:
            await answer.read()
            self.report.failed += answer.status not in (200, 500)

    async def _sample(self, session):
        async with session.get("/metrics?shard=1/1000") as answer:
            exposition = Exposition(await answer.text())
        caches = {s.labels["cache"]: s.value for s in exposition.samples("tls_exporter_cache_entries")}
        in_flight = exposition.value("tls_exporter_probes_in_flight")
        done = self.report.scrapes - self._left
        tasks = await self._tasks()
        exporter = self._exporter
        sample = Sample(
            done, exporter.resident_kib(), exporter.descriptors(), exporter.threads(), tasks, in_flight, caches
        )
        self.report.samples.append(sample)
        self._tell(f"{done} scrapes: {sample.resident_kib} KiB, {sample.descriptors} descriptors, {tasks} tasks")

    async def _tasks(self):
        """Return how many tasks its event loop has."""
        file = self._config_file.with_name("tasks")
        file.unlink(missing_ok=True)
        self._exporter.process.send_signal(signal.SIGUSR1)
        while not file.exists():
            await asyncio.sleep(0.01)
        return int(file.read_text())


def configuration(gallery, random_numbers):
    """Return a configuration of most of the gallery, with labels that change and a short patience."""
    ca_file = str(gallery.config_file.with_name("root.pem"))
    common = {"timeout": TIMEOUTS, "tls_config": {"ca_file": ca_file}}
    modules = {
        "demo": {**common, "posture": {"refresh": "1m", "pace": "0s"}},
        "demo-https": {**common, "alpn": ["http/1.1"], "http": {"path": "/"}},
        "demo-smtp": {**common, "starttls": "smtp"},
    }
    targets = [
        {
            "targets": [gallery.targets[scenario.name]],
            "module": scenario.module if scenario.module in modules else "demo",
            "labels": {"scenario": scenario.name, "round": str(random_numbers.randrange(5))},
        }
        for scenario in gallery.scenarios
        if random_numbers.random() < 0.9
    ]
    return json.dumps({"modules": modules, "targets": targets})


def soak(scrapes, scrapers=8, seed=1, tell=lambda _: None):
    """Run a soak and return its Report; `tell` takes a line for each sample."""
    scenarios = [replace(scenario) for scenario in SCENARIOS]
    with tempfile.TemporaryDirectory() as folder, Gallery(scenarios) as gallery:
        config_file = Path(folder) / "config.yaml"
        config_file.write_text(configuration(gallery, random.Random(seed)), encoding="utf-8")
        counting = COUNTING_TASKS.format(file=str(config_file.with_name("tasks")))
        config_file.with_name("sitecustomize.py").write_text(counting, encoding="utf-8")
        environment = {"PYTHONPATH": f"{folder}:{ROOT}"}
        with running_exporter(config_file=config_file, environment=environment) as exporter:
            running = Soak(exporter, gallery, config_file, scrapes, seed, tell)
            asyncio.run(running.run(scrapers))
            running.report.faults = faults(exporter.log)
            return running.report


def faults(log):
    """Return what stands in a log around each traceback."""
    parts = log.split("Traceback (most recent call last)")
    return [f"{before[-300:]}Traceback{after[:3000]}" for before, after in itertools.pairwise(parts)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scrapes", type=int, default=20_000)
    parser.add_argument("--scrapers", type=int, default=8, help="how many scrape at once")
    parser.add_argument("--seed", type=int, default=1)
    known = parser.parse_args()
    outcome = soak(known.scrapes, known.scrapers, known.seed, lambda line: print(line, file=sys.stderr, flush=True))
    print(outcome.text())


if __name__ == "__main__":
    main()
