"""The systemd units: understood by systemd, and as tightly confined as a prober can be."""

import re
import shlex
import sys
from pathlib import Path

import pytest

from exporter.cli.flags import parse
from tests.deploy.charts import ROOT
from tests.support.programs import need, run

FOLDER = ROOT / "deploy" / "systemd"
SERVICE = FOLDER / "tls-exporter.service"


@pytest.fixture
def installed(tmp_path):
    """Copy the units, with the command replaced by one that is there: verify wants it to be executable."""
    command = Path(sys.executable)
    text = SERVICE.read_text().replace("/opt/tls-exporter/bin/tls-exporter", str(command))
    (tmp_path / SERVICE.name).write_text(text)
    (tmp_path / "tls-exporter.socket").write_text((FOLDER / "tls-exporter.socket").read_text())
    return tmp_path


def test_systemd_understands_the_units(installed):
    said = run(need("systemd-analyze"), "verify", *(str(path) for path in installed.iterdir()))
    assert "tls-exporter" not in said


def test_exposure_is_under_two(installed):
    said = run(need("systemd-analyze"), "security", "--offline=true", str(installed / SERVICE.name))
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", said)
    assert found is not None
    assert float(found[1]) < 2.0


def test_its_command_line_is_accepted():
    (command,) = re.findall(r"^ExecStart=(.+)$", SERVICE.read_text(), re.MULTILINE)
    assert parse(shlex.split(command)[1:]).config_file == "/etc/tls-exporter/config.yaml"
    (flag,) = re.findall(r"Add (\S+) to ExecStart", (FOLDER / "tls-exporter.socket").read_text())
    assert parse([flag]).systemd_socket is True
