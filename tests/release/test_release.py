"""What a release is made of, as far as that can be checked without installing anything; `make dist` does the rest."""

import importlib.metadata
import re
import sys
import tarfile
import tomllib
import zipfile
from importlib import util
from pathlib import Path

from exporter import __version__

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
_SPEC = util.spec_from_file_location("release", ROOT / "tools" / "release.py")
release = util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(release)


def test_version_is_written_once():
    """The build reads it from the package; what must repeat it (chart, kustomize) is held to it by its own test."""
    assert PROJECT["dynamic"] == ["version"]
    assert "version" not in PROJECT
    assert importlib.metadata.version("tls-exporter") == __version__
    assert re.fullmatch(r"\d+\.\d+\.\d+((a|b|rc)\d+)?", __version__)


def test_every_dependency_has_its_lower_bound_and_its_reason():
    text = (ROOT / "pyproject.toml").read_text()
    for requirement in PROJECT["dependencies"]:
        assert ">=" in requirement
        assert re.search(rf'"{re.escape(requirement)}", *# \w+', text), requirement


def test_the_oldest_python_is_the_same_wherever_it_is_named():
    (oldest, *_) = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    assert PROJECT["requires-python"] == f">={oldest}"
    assert sys.version_info >= tuple(map(int, oldest.split(".")))


def test_type_information_is_shipped():
    assert (ROOT / "exporter" / "py.typed").exists()
    assert "Typing :: Typed" in PROJECT["classifiers"]


def test_a_wheel_with_too_much_or_too_little_is_reported(tmp_path):
    wheel = tmp_path / "tls_exporter-1.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name in ("exporter/a.py", "tests/test_a.py", "tls_exporter-1.dist-info/METADATA"):
            archive.writestr(name, "")
    files = {"exporter/a.py", "exporter/py.typed", "tests/test_a.py"}
    assert list(release.faults_of_wheel(wheel, files)) == [
        "tls_exporter-1.whl: lacks exporter/py.typed",
        "tls_exporter-1.whl: should not have tests/test_a.py",
    ]


def test_an_sdist_with_too_much_or_too_little_is_reported(tmp_path):
    sdist = tmp_path / "tls_exporter-1.tar.gz"
    with tarfile.open(sdist, "w:gz") as archive:
        for name in ("PKG-INFO", "README.md", "secret.key"):
            archive.addfile(tarfile.TarInfo(f"tls_exporter-1/{name}"))
    assert list(release.faults_of_sdist(sdist, {"README.md", "uv.lock"})) == [
        "tls_exporter-1.tar.gz: lacks uv.lock",
        "tls_exporter-1.tar.gz: should not have secret.key",
    ]


def test_sums_are_those_that_sha256sum_checks(tmp_path):
    (tmp_path / "empty").touch()
    release.write_sums(tmp_path)
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert (tmp_path / "SHA256SUMS").read_text() == f"{empty}  empty\n"
