"""The command as a user meets it: help that teaches, errors that say what to write, exit statuses for scripts."""

import json
import re

import pytest

from exporter.cli.main import main
from exporter.web.app import OWN_PATHS


def run(capsys, *words):
    try:
        status = main(words)
    except SystemExit as end:
        status = end.code
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_version_and_help(capsys):
    status, out, _ = run(capsys, "--version")
    assert (status, bool(re.fullmatch(r"tls-exporter \d+\.\d+\.\d+\n", out))) == (0, True)
    status, out, _ = run(capsys, "--help")
    assert status == 0
    for word in ("--config.file", "--config.check", "--web.listen-address", "--timeout-offset", "probe TARGET", "demo"):
        assert word in out


@pytest.mark.parametrize("command", ["probe", "demo", "findings", "migrate"])
def test_every_command_has_its_own_help(capsys, command):
    status, out, _ = run(capsys, command, "--help")
    assert status == 0
    assert f"usage: tls-exporter {command}" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["proble", "x"], "did you mean 'probe'?"),
        (["--no-such-flag"], "unrecognized arguments"),
        (["probe"], "TARGET"),
        (["probe", "exa mple"], "spaces"),
        (["probe", "example.com:0"], "bad port '0'"),
        (["probe", "127.0.0.1:1", "--module", "htps"], "did you mean 'https'?"),
        (["probe", "127.0.0.1:1", "--module", "internal"], "unknown module 'internal': write --config.file=PATH"),
        (["probe", "127.0.0.1:1", "--starttls", "smpt"], "did you mean 'smtp'?"),
        (["probe", "127.0.0.1:1", "--timeout", "nan"], "bad timeout"),
        (["probe", "127.0.0.1:1", "--server-name", "a b"], "bad server name: "),
        (["probe", "127.0.0.1:1", "--server-name", "a.example:443"], "without scheme or port"),
        (["probe", "127.0.0.1:1", "--ca-file", "/no/such/file"], "/no/such/file"),
        (["migrate", "/no/such/file", "/no/such/file"], "/no/such/file"),
        (["--web.telemetry-path=metrics"], "must begin with a slash"),
        *((["--web.telemetry-path=" + path], f"must not be {path}") for path in OWN_PATHS),
        (["--timeout-offset=nan"], "must not be negative"),
        (["--scrape-timeout-default=0"], "must be more than 0"),
        (["--scrape-timeout-default=nan"], "must be more than 0"),
    ],
)
def test_wrong_usage_says_what_is_wrong_and_exits_with_2(capsys, tmp_path, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text("")
    status, out, err = run(capsys, *words)
    assert (status, out) == (2, "")
    assert message in err


@pytest.mark.parametrize("level", ["debug", "info", "warn", "warning", "error"])
def test_levels_of_the_log_have_the_names_of_prometheus(capsys, tmp_path, level):
    config = tmp_path / "config.yaml"
    config.write_text("")
    assert run(capsys, "--config.check", f"--config.file={config}", f"--log.level={level}")[0] == 0


def test_a_server_name_is_read_as_in_the_configuration(capsys):
    _, out, _ = run(capsys, "probe", "127.0.0.1:1", "--server-name", "BÜCHER.example")
    assert re.search(r"server name +xn--bcher-kva\.example\n", out)


def test_a_bad_configuration_exits_with_1(capsys, tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text("global: {timeout: soon}\ntargetz: []\n")
    status, _, err = run(capsys, "--config.check", f"--config.file={config}")
    assert status == 1
    first, second = err.splitlines()
    assert first.startswith(f"{config}:1:19: global.timeout: "), "as editors read it, with nothing before"
    assert second.startswith(f"{config}:2:1: targetz: unknown key"), "every problem at once"


def test_without_a_configuration_it_says_how_to_get_one(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for words in ((), ("--config.check",)):
        status, _, err = run(capsys, *words)
        assert (status, err.splitlines()[0]) == (1, "config.yaml:1:1: there is no file config.yaml")
        assert "--config.file" in err
        assert "config.example.yaml" in err


def test_a_probe_with_a_bad_configuration_is_not_called_unreachable(capsys, tmp_path):
    (tmp_path / "config.yaml").write_text("modul: {}\n")
    status, out, err = run(capsys, "probe", "127.0.0.1:1", "--config.file", str(tmp_path / "config.yaml"))
    assert (status, out) == (2, "")
    assert "unknown key" in err


def test_a_good_configuration_exits_with_0(capsys, tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text("targets:\n  - targets: [example.com]\n")
    status, out, _ = run(capsys, "--config.check", f"--config.file={config}")
    assert (status, out) == (0, f"{config}: valid, 1 target, 2 modules\n")


def test_files_of_targets_are_checked_with_the_configuration(capsys, tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text("target_files: [missing.yml, 'targets/*.yml']\n")
    (tmp_path / "targets").mkdir()
    words = "--config.check", f"--config.file={config}"
    assert run(capsys, *words)[0] == 0, "a file that is not there may come"

    first, second = tmp_path / "targets" / "a.yml", tmp_path / "targets" / "b.yml"
    first.write_text("- targets:\n    - a.example\n    - b.example:0\n")
    second.write_text("- targets: []\n  lables: {}\n")
    status, _, err = run(capsys, *words)
    assert status == 1
    assert err.splitlines() == [
        f"{first}:3:7: [0].targets[1]: bad port '0': a number from 1 to 65535",
        f"{second}:1:3: [0]: unknown key 'lables', did you mean 'labels'?",
    ]


def test_the_web_configuration_is_checked_with_the_other(capsys, tmp_path):
    config, web = tmp_path / "config.yaml", tmp_path / "web.yaml"
    config.write_text("")
    web.write_text("basic_auth_user: {a: b}\n")
    words = "--config.check", f"--config.file={config}", f"--web.config.file={web}"
    status, out, err = run(capsys, *words)
    assert (status, out) == (1, "")
    assert err.startswith(f"{web}:1:1: basic_auth_user: unknown key, did you mean 'basic_auth_users'?")
    config.write_text("global: {timeout: soon}")
    _, _, err = run(capsys, *words)
    assert [line.split(":")[0] for line in err.splitlines()] == [str(config), str(web)], "both at once"
    config.write_text("")
    web.write_text("")
    status, out, _ = run(capsys, *words)
    assert (status, out) == (0, f"{config}: valid, 0 targets, 2 modules\n{web}: valid\n")


def test_a_probe_that_cannot_connect_exits_with_1_in_every_format(capsys):
    status, out, _ = run(capsys, "probe", "127.0.0.1:1")
    assert status == 1
    assert "connect: refused" in out
    assert "\x1b" not in out, "no colour but on a terminal"
    status, out, _ = run(capsys, "probe", "127.0.0.1:1", "--format", "json")
    (result,) = json.loads(out)["results"]
    assert (status, result["success"], result["failure"]["reason"]) == (1, False, "refused")
    status, out, _ = run(capsys, "probe", "127.0.0.1:1", "--format", "prometheus")
    assert status == 1
    assert 'tls_probe_success{target="127.0.0.1:1",module="tls"} 0\n' in out


def test_the_catalogue_of_findings(capsys):
    _, out, _ = run(capsys, "findings")
    assert "certificate_expired" in out
    _, out, _ = run(capsys, "findings", "--format", "json")
    assert {"id", "severity", "title", "meaning", "fix"} <= set(json.loads(out)[0])


def test_one_finding_is_explained(capsys):
    status, out, _ = run(capsys, "findings", "robot")
    assert status == 0
    assert out.startswith("critical  robot  ")
    assert "Fix: " in out
    _, out, _ = run(capsys, "findings", "robot", "compression", "--format", "json")
    assert [finding["id"] for finding in json.loads(out)] == ["compression", "robot"], "in the catalogue's order"
    status, _, err = run(capsys, "findings", "certificate_expird")
    assert (status, err) == (
        2,
        "tls-exporter: unknown finding 'certificate_expird', did you mean 'certificate_expired'?\n",
    )
