"""`tls-exporter probe`: targets probed once, with the same probe, assessment and lines as a scrape's."""

import argparse
import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from exporter.cli.chosen import Chosen, chosen
from exporter.cli.nagios import as_nagios
from exporter.cli.report import as_pem_chain, as_text
from exporter.cli.report_json import as_json
from exporter.config.file_sd import FileTargets
from exporter.config.model import Config, FileGroup
from exporter.config.reader import load
from exporter.errors import OK, UNREACHABLE, WORRYING
from exporter.findings.state import worst
from exporter.metrics.vocabulary import VOCABULARY
from exporter.scrape.engine import Engine
from exporter.scrape.report import TargetReport
from exporter.scrape.stored_sources import FileSources
from exporter.target import FILE, Target

DEFAULT_CONFIG = "config.yaml"
AT_ONCE = 64  # targets probed at once
ROUNDS = 3  # an answer may lead to a question: a record to a policy, a directory to a renewal window


def probe_once(known: argparse.Namespace, *, colour: bool) -> tuple[str, int]:
    """Probe as the command line says; return the text to print and the exit status.

    Raises UsageError and ConfigError.
    """
    config = with_files(configuration(known.config_file), known.targets, known.module)
    several = known.all or known.file is not None or len(known.targets) != 1
    wanted = chosen(known, (*config.targets, *file_targets(config)), config.modules)
    modules = {**config.modules, **{one.module.name: one.module for one in wanted}}  # as the flags change them
    reports = asyncio.run(_probe(replace(config, modules=modules), wanted))
    if known.pem and known.format == "text":
        return "".join(map(as_pem_chain, reports)), exit_status(reports)
    if known.format == "nagios":
        return as_nagios(reports)
    if known.format == "prometheus":
        return _exposition(reports), exit_status(reports)
    if known.format == "json":
        return as_json(reports, single=not several and len(reports) == 1, pem=known.pem), exit_status(reports)
    return as_text(reports, colour=colour, quiet=known.quiet), exit_status(reports)


def _exposition(reports: Sequence[TargetReport]) -> str:
    from exporter.metrics.exposition import pages  # noqa: PLC0415 - only this format needs the library for it

    return b"".join(pages("", [report.lines for report in reports], [])).decode()


def configuration(path: str | None) -> Config:
    """Return what the daemon would have in force: the file that is named, else config.yaml if there is one."""
    if path is None and not Path(DEFAULT_CONFIG).exists():
        return Config()
    config = load(path or DEFAULT_CONFIG, VOCABULARY)
    return replace(config, targets=(*config.targets, *FileTargets(config, time.time).targets))


def with_files(config: Config, targets: Sequence[str], module: str | None) -> Config:
    """Return a configuration with the files that are named as `file:PATH`, if it does not have them already."""
    known = {target.name for target in file_targets(config)} if any(map(_is_file, targets)) else set()
    groups = [
        FileGroup((str(Path(text.removeprefix(f"{FILE}:")).absolute()),), module=module or "tls")
        for text in targets
        if _is_file(text) and text not in known
    ]
    return replace(config, file_groups=(*config.file_groups, *groups)) if groups else config


def file_targets(config: Config) -> Iterator[Target]:
    """Yield the target of each file that the configuration's patterns match now."""
    for group in config.file_groups:
        for source in FileSources(group).look()():
            yield source.target


def _is_file(text: str) -> bool:
    return text.startswith(f"{FILE}:")


async def _probe(config: Config, wanted: Sequence[Chosen]) -> list[TargetReport]:
    """Return the report of every target, in their order."""
    engine = Engine(config)
    at_once = asyncio.Semaphore(AT_ONCE)

    async def read(one: Chosen) -> TargetReport:
        async with at_once:
            timeout = engine.timeout(one.module)
            return await engine.report(one.target, one.module, asyncio.get_running_loop().time() + timeout + 1)

    try:
        reports = await asyncio.gather(*map(read, wanted))
        for _ in range(ROUNDS):
            await engine.assessor.settled()
            reports = [_complete(engine, report) for report in reports]
        return reports
    finally:
        await engine.prober.departures.all_left()
        engine.close()


def _complete(engine: Engine, report: TargetReport) -> TargetReport:
    """Return a report with what was found out next to the probe: a scrape would see it the next time."""
    module, mail_domain = report.module, report.target.mail_domain or report.module.mail_domain
    if all(one is None for one in (module.posture, module.revocation, module.dns, mail_domain, module.ari)):
        return report
    return engine.assess_again(report)


def exit_status(reports: Sequence[TargetReport]) -> int:
    """Return 0 if all are healthy, 1 if one has no handshake, 3 if there are findings of severity high or worse."""
    statuses = [worst(report.assessments) for report in reports]
    if not all(status.success for status in statuses):
        return UNREACHABLE
    return WORRYING if any(status.worrying for status in statuses) else OK
