"""The Dockerfile: linted, and its steps run as far as they can without an engine."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from exporter.cli.flags import parse
from tests.deploy.charts import ROOT
from tests.support.programs import missing, need, run

DOCKERFILE = (ROOT / "Dockerfile").read_text()


def instructions(name: str) -> list[str]:
    """Return the arguments of every instruction of a kind, continued lines joined."""
    joined = re.sub(r"\\\n\s*", " ", DOCKERFILE)
    return re.findall(rf"^\s*{name} (.+)$", joined, re.MULTILINE)


def test_hadolint_has_nothing_to_say():
    beside = Path(sys.executable).with_name("hadolint")
    hadolint = str(beside) if beside.exists() else need("hadolint")
    assert run(hadolint, str(ROOT / "Dockerfile")) == ""


def test_runs_as_nobody_in_particular_with_a_health_check():
    assert instructions("USER") == ["65532:65532"]
    assert len(instructions("HEALTHCHECK")) == 1
    assert "org.opencontainers.image.title" in instructions("LABEL")[0]


def test_its_command_line_is_accepted():
    (command,) = re.findall(r'^CMD \["(.+)"\]$', DOCKERFILE, re.MULTILINE)
    assert parse([command]).config_file == "/etc/tls-exporter/config.yaml"
    (port,) = instructions("EXPOSE")
    assert f":{port}/-/healthy" in DOCKERFILE


def test_context_holds_what_is_copied_and_nothing_secret():
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {word for line in instructions("COPY") if "--from" not in line for word in line.split()[:-1]}
    assert {word.removeprefix("./") for word in copied} == kept
    for name in kept - {"uv.lock"}:
        assert (ROOT / name).exists()


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """Run the steps of the first stage in a folder: copy what it copies, install as it installs."""
    uv = need("uv")
    if not (ROOT / "uv.lock").exists():
        missing("uv.lock is not there")
    folder = tmp_path_factory.mktemp("image")
    for line in instructions("COPY"):
        if "--from" in line or "/etc/" in line:
            continue
        for name in line.split()[:-1]:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, folder / name)
    steps = [line for line in instructions("RUN") if line.startswith("uv sync")]
    assert len(steps) == 2
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", str(folder)),
        "UV_PROJECT_ENVIRONMENT": str(folder / "opt"),
        "UV_PYTHON": sys.executable,
        **{name: value for name, value in os.environ.items() if name.startswith(("UV_", "PIP_", "SSL_"))},
    }
    done = subprocess.run(
        [uv, *steps[-1].split()[1:]],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return folder / "opt" / "bin"


def test_the_command_of_the_image_answers(image, tmp_path):
    """Installed from the lock, without development tools, away from the source."""
    assert run(str(image / "tls-exporter"), "--version", cwd=tmp_path).startswith("tls-exporter ")
    assert "certificate_expired" in run(str(image / "tls-exporter"), "findings", cwd=tmp_path)
    config = shutil.copy(ROOT / "config.example.yaml", tmp_path / "config.yaml")
    run(str(image / "tls-exporter"), f"--config.file={config}", "--config.check", cwd=tmp_path)
    assert not (image / "pytest").exists()
