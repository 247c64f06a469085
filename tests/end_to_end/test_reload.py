"""Reload under load: no scrape fails, and a bad file changes nothing and is named with line and column."""

import json
import signal
import threading
import time

import pytest
from support.exporter_process import running_exporter
from support.exposition import Exposition

from exporter.demo.gallery import Gallery
from exporter.demo.scenario import Scenario, Seen
from exporter.demo.servers import Endpoint

SCRAPERS = 4
RELOADS = 30
BAD = "targets:\n  - targets: [localhost:1]\n    modul: tls\n"


@pytest.fixture(scope="module")
def gallery():
    with Gallery([Scenario(f"good-{number}", "Good.", Endpoint(), Seen()) for number in range(20)]) as running:
        yield running


def write(config_file, targets):
    """Replace the file in one step, as every careful tool does."""
    new = config_file.with_suffix(".new")
    new.write_text(json.dumps({"targets": [{"targets": targets, "module": "tls"}]}), encoding="utf-8")
    new.replace(config_file)


def test_no_scrape_fails_while_configurations_come_and_go(gallery, tmp_path):
    """Each answer is 200 and shows one of the two configurations, whole; bad files in between change nothing."""
    config_file = tmp_path / "config.yaml"
    names = list(gallery.targets.values())
    few, many = names[:5], names
    write(config_file, few)
    answers, ended = [], threading.Event()

    def scrape_on(exporter):
        while not ended.is_set():
            answers.append(exporter.request("/metrics"))

    with running_exporter(config_file=config_file) as exporter:
        scrapers = [threading.Thread(target=scrape_on, args=(exporter,)) for _ in range(SCRAPERS)]
        for scraper in scrapers:
            scraper.start()
        try:
            for number in range(RELOADS):
                if number % 3 == 2:
                    config_file.write_text(BAD, encoding="utf-8")
                    assert exporter.reload().status == 500
                else:
                    write(config_file, (few, many)[number % 2])
                    assert exporter.reload().status == 200
        finally:
            ended.set()
            for scraper in scrapers:
                scraper.join()
    assert len(answers) > RELOADS
    assert {answer.status for answer in answers} == {200}
    for answer in answers:
        samples = Exposition(answer.text).samples("tls_probe_success")
        assert {sample.labels["target"] for sample in samples} in (set(few), set(many))
        assert {sample.value for sample in samples} == {1.0}


def test_a_bad_file_changes_nothing_and_is_named_with_line_and_column(gallery, tmp_path):
    config_file = tmp_path / "config.yaml"
    names = list(gallery.targets.values())[:3]
    write(config_file, names)
    with running_exporter(config_file=config_file) as exporter:
        config_file.write_text(BAD, encoding="utf-8")
        answer = exporter.reload()
        assert answer.status == 500
        assert f"{config_file}:3:5: targets[0].modul: " in answer.text
        assert "did you mean 'module'?" in answer.text
        assert f"{config_file}:3:5" in exporter.log
        scraped = exporter.scrape()
        assert {sample.labels["target"] for sample in scraped.samples("tls_probe_success")} == set(names)
        assert scraped.value("tls_exporter_config_last_reload_successful") == 0
        write(config_file, names[:1])
        assert exporter.reload().status == 200
        scraped = exporter.scrape()
        assert [sample.labels["target"] for sample in scraped.samples("tls_probe_success")] == names[:1]
        assert scraped.value("tls_exporter_config_last_reload_successful") == 1


def test_sighup_reloads(gallery, tmp_path):
    config_file = tmp_path / "config.yaml"
    names = list(gallery.targets.values())[:2]
    write(config_file, names[:1])
    with running_exporter(config_file=config_file) as exporter:
        assert len(exporter.scrape().samples("tls_probe_success")) == 1
        write(config_file, names)
        exporter.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 20
        while len(exporter.scrape().samples("tls_probe_success")) != len(names):
            assert time.monotonic() < deadline, exporter.log


def test_get_does_not_reload(gallery, tmp_path):
    config_file = tmp_path / "config.yaml"
    write(config_file, list(gallery.targets.values())[:1])
    with running_exporter(config_file=config_file) as exporter:
        assert exporter.request("/-/reload").status == 405
        assert exporter.request("/-/ready").status == 200
