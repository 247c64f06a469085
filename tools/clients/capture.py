"""Captures the ClientHellos of real clients: installs each, lets it connect to a socket here, and keeps its first flight.

Usage: python tools/clients/capture.py CACHE [CLIENT...]; CACHE is a folder for what is installed (5 GB for all).
Debian packages are taken as installed. It writes exporter/posture/client_hellos.json, and leaves rows alone whose
client could not be run. Needs Linux on x86-64, npm, go, cargo, javac, mvn and cc.

Next to the hello three things are measured that do not stand in it, each by a ServerHello that is sent back and what
the client then does (an alert or an end is a refusal, silence is none): the lowest version that the client goes along
with, and whether it does without secure renegotiation (RFC 5746).
"""

import contextlib
import datetime
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

from recipes import RECIPES, Recipe

HERE = pathlib.Path(__file__).resolve().parent
DATA = HERE.parents[1] / "exporter/posture/client_hellos.json"
VERSIONS = {0x0301: "TLSv1.0", 0x0302: "TLSv1.1", 0x0303: "TLSv1.2"}
SILENCE = 1.5  # seconds without a word that mean: the client waits for more
RUN_SECONDS = 40
_RENEGOTIATION_INFO, _SUPPORTED_VERSIONS = 0xFF01, 43


def main(cache: pathlib.Path, wanted: set[str]) -> int:
    """Capture what is wanted, else all; return how many could not be captured."""
    rows: dict[str, dict[str, Any]] = {}
    if DATA.exists():
        rows = {row["client"]: row for row in json.loads(DATA.read_text())}
    failed = 0
    for recipe in RECIPES:
        if wanted and recipe.client not in wanted:
            continue
        try:
            rows[recipe.client] = capture(recipe, cache)
            print(recipe.client, rows[recipe.client]["versions"])
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            failed += 1
            print(f"{recipe.client}: {error}", file=sys.stderr)
    order = [recipe.client for recipe in RECIPES]
    known = sorted((row for row in rows.values() if row["client"] in order), key=lambda row: order.index(row["client"]))
    DATA.write_text(json.dumps(known, indent=1) + "\n")
    return failed


def capture(recipe: Recipe, cache: pathlib.Path) -> dict[str, Any]:
    """Install a client and return its row."""
    folder = cache / recipe.client
    if not (folder / "installed").exists():
        folder.mkdir(parents=True, exist_ok=True)
        for line in recipe.install:
            shell(line, folder)
        (folder / "installed").touch()
    hello, _ = run(recipe, folder, None)
    if not hello:
        raise ValueError("it sent no ClientHello")
    versions = _named_versions(hello)
    if not versions:
        versions = [name for number, name in VERSIONS.items() if _goes_along(recipe, folder, hello, number)]
    newest = max((number for number, name in VERSIONS.items() if name in versions), default=0)
    lenient = newest == 0 or _goes_along(recipe, folder, hello, newest, secure=False)
    return {
        "client": recipe.client,
        "program": recipe.program,
        "package": recipe.package,
        "captured": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "imitation": recipe.imitation,
        "versions": versions,
        "needs_secure_renegotiation": not lenient,
        "hello": hello.hex(),
    }


def _filled(line: str, port: int = 0) -> str:
    for name, value in (("port", str(port)), ("python", "python3"), ("programs", str(HERE / "programs"))):
        line = line.replace("{" + name + "}", value)
    return line


def shell(line: str, folder: pathlib.Path) -> None:
    """Run a line of a recipe. Raises CalledProcessError."""
    subprocess.run(["bash", "-c", _filled(line)], cwd=folder, check=True, timeout=900)  # noqa: S603, S607


def run(recipe: Recipe, folder: pathlib.Path, answer: bytes | None) -> tuple[bytes, bool]:
    """Run a client once; return the record with its hello, and whether it went along with the answer."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        seen: list[tuple[bytes, bool]] = []
        thread = threading.Thread(target=_serve, args=(listener, answer, seen), daemon=True)
        thread.start()
        with _running(_filled(recipe.command, listener.getsockname()[1]), folder):
            thread.join(RUN_SECONDS)
    return seen[0] if seen else (b"", False)


@contextlib.contextmanager
def _running(line: str, folder: pathlib.Path) -> Iterator[None]:
    quiet = subprocess.DEVNULL
    command = ["bash", "-c", line]
    process = subprocess.Popen(  # noqa: S603
        command, cwd=folder, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True
    )
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _serve(listener: socket.socket, answer: bytes | None, seen: list[tuple[bytes, bool]]) -> None:
    """Read one hello, which may be split among records and segments, and see what the client says to the answer."""
    listener.settimeout(RUN_SECONDS)
    with contextlib.suppress(OSError):
        while not seen:
            peer, _ = listener.accept()
            with peer:
                peer.settimeout(10)
                hello = _read_hello(peer)
                if not hello:
                    continue
                if answer is None:
                    seen.append((hello, True))
                    return
                peer.sendall(answer)
                peer.settimeout(SILENCE)
                try:
                    seen.append((hello, not peer.recv(100)[:1] in (b"", b"\x15")))
                except TimeoutError:
                    seen.append((hello, True))
                except OSError:
                    seen.append((hello, False))


def _read_hello(peer: socket.socket) -> bytes:
    """Return the ClientHello message, without record headers; b"" for anything else."""
    data, message = b"", b""
    while len(message) < 4 or len(message) < 4 + int.from_bytes(message[1:4]):
        more = peer.recv(65536)
        if not more:
            return b""
        data += more
        while len(data) >= 5 and len(data) >= 5 + int.from_bytes(data[3:5]):
            if data[0] != 22:
                return b""
            message += data[5 : 5 + int.from_bytes(data[3:5])]
            data = data[5 + int.from_bytes(data[3:5]) :]
    return message if message[0] == 1 else b""


def _parts(hello: bytes) -> tuple[bytes, list[int], dict[int, bytes]]:
    """Return session id, suites and extensions of a ClientHello message."""
    at = 38
    session, at = hello[at + 1 : at + 1 + hello[at]], at + 1 + hello[at]
    size = int.from_bytes(hello[at : at + 2])
    suites = [int.from_bytes(hello[i : i + 2]) for i in range(at + 2, at + 2 + size, 2)]
    at += 2 + size
    at += 1 + hello[at] + 2
    extensions = {}
    while at + 4 <= len(hello):
        end = at + 4 + int.from_bytes(hello[at + 2 : at + 4])
        extensions[int.from_bytes(hello[at : at + 2])], at = hello[at + 4 : end], end
    return session, suites, extensions


def _named_versions(hello: bytes) -> list[str]:
    """Return the versions of supported_versions, [] where the hello has none."""
    names = {**VERSIONS, 0x0304: "TLSv1.3"}
    content = _parts(hello)[2].get(_SUPPORTED_VERSIONS, b"")
    numbers = [int.from_bytes(content[i : i + 2]) for i in range(1, len(content), 2)]
    return [names[number] for number in sorted(numbers) if number in names]


def _goes_along(recipe: Recipe, folder: pathlib.Path, hello: bytes, version: int, *, secure: bool = True) -> bool:
    """Tell whether a client goes along with a ServerHello of a version."""
    _, suites, extensions = _parts(hello)
    if version > int.from_bytes(hello[4:6]):
        return False
    known = [0xC013, 0xC014, 0x002F, 0x0035, 0x000A, 0xC009] if version < 0x0303 else [0xC02F, 0xC030, 0xC013, 0x009C]
    suite = next((one for one in known if one in suites), None)
    if suite is None:
        return False
    offered = _RENEGOTIATION_INFO in extensions or 0x00FF in suites
    extension = b"\xff\x01\x00\x01\x00" if secure and offered else b""
    body = version.to_bytes(2) + bytes(range(32)) + b"\x00" + suite.to_bytes(2) + b"\x00"
    body += len(extension).to_bytes(2) + extension if extension else b""
    message = b"\x02" + len(body).to_bytes(3) + body
    _, went = run(recipe, folder, b"\x16" + version.to_bytes(2) + len(message).to_bytes(2) + message)
    return went


if __name__ == "__main__":
    if len(sys.argv) < 2:  # noqa: PLR2004
        sys.exit(__doc__)
    sys.exit(min(main(pathlib.Path(sys.argv[1]).resolve(), set(sys.argv[2:])), 1))
