"""Build what a release consists of into dist/, from the last commit, and try it as users will have it.

Built are sdist, wheel (from the sdist), a CycloneDX bill of materials of the locked dependencies, and SHA256SUMS.
The wheel is tried on every supported Python that is found, with the oldest and the newest dependencies that
pyproject.toml allows, each in an environment of its own. Nothing is uploaded and nothing is tagged. Needs git and uv.
"""

import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
import tomllib
import urllib.request
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "dist"
RESOLUTIONS = {"oldest": "lowest-direct", "newest": "highest"}
START_SECONDS = 120
USER = """\
from exporter.target import Endpoint, Target, parse_endpoint
endpoint: Endpoint = parse_endpoint("localhost:443")
port: int | None = Target("localhost", endpoint, module="tls").endpoint.port
# --strict refuses an ignored error that is none: the next line passes only where the types arrive.
wrong: str = endpoint.port  # type: ignore[assignment]
"""


def main() -> int:
    """Build, look inside, try; return the exit status."""
    with tempfile.TemporaryDirectory(prefix="tls-exporter-release-") as scratch:
        source = Path(scratch, "source")
        archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
        with tarfile.open(fileobj=BytesIO(archive)) as tar:
            tar.extractall(source, filter="data")
        files = {path.relative_to(source).as_posix() for path in source.rglob("*") if not path.is_dir()}
        wheel, sdist = build(source, DIST)
        faults = [*faults_of_wheel(wheel, files), *faults_of_sdist(sdist, files)]
        write_bill(source, wheel)
        write_sums(DIST)
        for python, version in pythons(source):
            for age in RESOLUTIONS:
                faults += attempt(source, wheel, Path(scratch, f"{version}-{age}"), python, age)
    print(*faults or [f"{wheel.name}: good"], sep="\n")
    return 1 if faults else 0


def run(*command: str | Path, cwd: Path | None = None) -> str:
    """Run a command that must succeed; return what it printed."""
    environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    environment.pop("VIRTUAL_ENV", None)
    done = subprocess.run(command, cwd=cwd, env=environment, check=False, text=True, capture_output=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def build(source: Path, dist: Path) -> tuple[Path, Path]:
    """Build the sdist, and the wheel from it; the same commit gives the same bytes."""
    shutil.rmtree(dist, ignore_errors=True)
    os.environ["SOURCE_DATE_EPOCH"] = run("git", "log", "-1", "--format=%ct", cwd=ROOT).strip()
    run("uv", "build", "--quiet", "--out-dir", dist, source)
    (wheel,), (sdist,) = dist.glob("*.whl"), dist.glob("*.tar.gz")
    return wheel, sdist


def faults_of_wheel(wheel: Path, files: set[str]) -> Iterator[str]:
    """Tell what the wheel has too much or too little of: it holds the package as committed and nothing else."""
    package = {file for file in files if file.startswith("exporter/")}
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    yield from (f"{wheel.name}: lacks {file}" for file in sorted(package - held))
    yield from (f"{wheel.name}: should not have {file}" for file in sorted(held - package))


def faults_of_sdist(sdist: Path, files: set[str]) -> Iterator[str]:
    """Tell what the sdist has too much or too little of: it holds the commit, and what it says of itself."""
    with tarfile.open(fileobj=BytesIO(gzip.decompress(sdist.read_bytes()))) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()} - {"PKG-INFO"}
    yield from (f"{sdist.name}: lacks {file}" for file in sorted(files - held))
    yield from (f"{sdist.name}: should not have {file}" for file in sorted(held - files))


def write_bill(source: Path, wheel: Path) -> None:
    """Write which packages uv.lock names for users, with their hashes (CycloneDX 1.5)."""
    name, version = wheel.name.split("-")[:2]
    name = name.replace("_", "-")
    form = ("--preview-features", "sbom-export", "--format", "cyclonedx1.5")
    text = run("uv", "export", "--quiet", *form, "--locked", "--no-dev", "--extra", "quic", cwd=source)
    bill = json.loads(text)
    # uv does not know a version that the build computes.
    bill["metadata"]["component"] |= {"type": "application", "version": version, "purl": f"pkg:pypi/{name}@{version}"}
    text = json.dumps(bill, indent=2) + "\n"
    if str(source) in text or str(ROOT) in text:
        raise RuntimeError("the bill of materials names a path of this machine")
    wheel.with_name(f"{name}-{version}.cdx.json").write_text(text)


def write_sums(dist: Path) -> None:
    """Write what `sha256sum --check` reads."""
    files = sorted(file for file in dist.iterdir() if not file.name.startswith("."))
    sums = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files]
    (dist / "SHA256SUMS").write_text("".join(sums))


def pythons(source: Path) -> Iterator[tuple[Path, str]]:
    """Find an interpreter of each version that the classifiers name: on the path, or among pyenv's."""
    project = tomllib.loads((source / "pyproject.toml").read_text())["project"]
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv", "versions")
    for version in re.findall(r"Python :: (3\.\d+)", "\n".join(project["classifiers"])):
        on_path = shutil.which(f"python{version}")
        for candidate in [*([Path(on_path)] if on_path else []), *pyenv.glob(f"{version}.*/bin/python{version}")]:
            try:
                version_found = run(candidate, "-c", "import platform; print(platform.python_version())").strip()
            except RuntimeError:  # pyenv's shims answer for versions that are not switched on
                continue
            yield candidate, version_found
            break
        else:
            print(f"Python {version}: not found, not tried")


def attempt(source: Path, wheel: Path, place: Path, python: Path, age: str) -> Iterator[str]:
    """Try the wheel in one environment; print what was done and yield what failed."""
    title = f"Python {place.name.partition('-')[0]}, {age} dependencies"
    try:
        count = install(source, wheel, place, python, RESOLUTIONS[age])
        command = place / "bin" / "tls-exporter"
        version = run(command, "--version", cwd=place).split()[-1]
        if version != wheel.name.split("-")[1]:
            raise RuntimeError(f"--version says {version}")  # noqa: TRY301
        run(command, f"--config.file={source / 'config.example.yaml'}", "--config.check", cwd=place)
        findings = len(run(command, "findings", cwd=place).splitlines())
        targets = demonstrate(place)
        (place / "user.py").write_text(USER)
        run(sys.executable, "-m", "mypy", "--strict", "--python-executable", place / "bin/python", "user.py", cwd=place)
    except (RuntimeError, OSError) as error:
        print(f"{title}: FAILED")
        yield f"{title}: {error}"
    else:
        print(f"{title}: {count} packages, version, check, {findings} findings, demo with {targets} targets, types: ok")


def install(source: Path, wheel: Path, place: Path, python: Path, resolution: str) -> int:
    """Install the wheel with its extra and the dependencies of one age; return how many packages that makes."""
    run("uv", "venv", "--quiet", "--python", python, place)
    # Resolved from the source, because a wheel's own dependencies are not "direct" to uv and would be the newest.
    into = ("--quiet", "--python", place / "bin/python")
    constraints = place / "constraints.txt"
    chosen = ("--extra", "quic", "--resolution", resolution, "--output-file", constraints)
    run("uv", "pip", "compile", *into, *chosen, "pyproject.toml", cwd=source)
    run("uv", "pip", "install", *into, "--constraints", constraints, f"tls-exporter[quic] @ {wheel.as_uri()}")
    run("uv", "pip", "check", *into)
    return len(run("uv", "pip", "freeze", *into).splitlines())


def demonstrate(place: Path) -> int:
    """Start the demo, read its status page and scrape it once; return how many targets answered the scrape."""
    command = [str(place / "bin/python"), "-m", "exporter", "demo", "--web.listen-address=127.0.0.1:0"]
    with (
        (place / "demo.log").open("w+") as log,
        subprocess.Popen(command, cwd=place, stdout=subprocess.PIPE, stderr=log, text=True) as demo,
    ):
        watchdog = threading.Timer(START_SECONDS, demo.kill)
        watchdog.start()
        try:
            assert demo.stdout is not None
            words = re.compile(r"open: (\d+) endpoints|(http://\S+/metrics)")
            found = (match.groups() for line in demo.stdout if (match := words.search(line)))
            (wanted, _), (_, url) = next(found), next(found)
            metrics, page = fetch(url), fetch(url.removesuffix("metrics"))
        except StopIteration:
            log.seek(0)
            raise RuntimeError(f"the demo did not start: {log.read()}") from None
        finally:
            demo.terminate()
            watchdog.cancel()
    answered = len(re.findall("(?m)^tls_probe_success{", metrics))
    if demo.returncode or answered != int(wanted) or "static/style.css" not in page:
        raise RuntimeError(f"demo: {answered} of {wanted} targets, status {demo.returncode}, page: {page[:200]}")
    return answered


def fetch(url: str) -> str:
    """Read a page of the demo."""
    with urllib.request.urlopen(url, timeout=START_SECONDS) as answer:  # noqa: S310 - the demo's own address
        return str(answer.read().decode())


if __name__ == "__main__":
    sys.exit(main())
