"""Completion and the manual page are written from the parsers: nothing is missing, and the shells and man take them."""

import shutil
import subprocess

import pytest

from exporter.cli.completion import render
from exporter.cli.flags import COMMANDS, parsers

PARSERS = parsers()
FLAGS = {flag for parser in PARSERS.values() for action in parser._actions for flag in action.option_strings}


@pytest.mark.parametrize("kind", ["bash", "zsh", "fish", "man"])
def test_every_command_and_flag_is_there(kind):
    text = render(kind, PARSERS).replace("\\-", "-")
    for name in COMMANDS[1:]:
        assert name in text
    for flag in FLAGS:
        names = [f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}"] if kind == "fish" else [flag]
        assert any(name in text for name in names), flag


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_read_their_scripts(shell, tmp_path):
    if shutil.which(shell) is None:
        pytest.skip(f"the Debian package {shell} is not installed")
    script = tmp_path / "script"
    script.write_text(render(shell, PARSERS))
    subprocess.run([shell, "-n", str(script)], check=True, timeout=30)


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["pro"], "probe"),
        (["probe", "--for"], "--format"),
        (["probe", "--format", "n"], "nagios"),
        (["--log.l"], "--log.level"),
        (["completion", ""], "--help"),
    ],
)
def test_bash_completes(words, wanted, tmp_path):
    script = tmp_path / "script"
    script.write_text(render("bash", PARSERS))
    line = " ".join(f"'{word}'" for word in ("tls-exporter", *words))
    call = f"source {script}; COMP_WORDS=({line}); COMP_CWORD={len(words)}; _tls_exporter; echo ${{COMPREPLY[@]}}"
    done = subprocess.run(["bash", "-c", call], capture_output=True, text=True, check=True, timeout=30)
    assert wanted in done.stdout.split()
    assert done.stderr == ""


def test_the_manual_page_has_no_warning(tmp_path):
    if shutil.which("man") is None:
        pytest.skip("the Debian package man-db is not installed")
    page = tmp_path / "tls-exporter.1"
    page.write_text(render("man", PARSERS))
    done = subprocess.run(
        ["man", "--warnings", "-l", str(page)], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stderr == ""
    assert "probe [FLAG...] TARGET" in " ".join(done.stdout.split())
