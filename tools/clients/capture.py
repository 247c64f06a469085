"""Captures the ClientHellos of real clients: installs each, lets it connect to a socket here, keeps its first flight.

Usage: python tools/clients/capture.py CACHE [CLIENT...]; CACHE is a folder for what is installed (5 GB for all).
Debian packages are taken as installed. It writes exporter/posture/client_hellos.json and what each client then does
with the servers of servers.py to tests/posture/client_outcomes.json. Rows of clients that could not be run stay as they
are. Needs Linux on x86-64, npm, go, cargo, javac, mvn and cc.

Two things are measured that do not stand in a hello: the versions that the client goes through with, and whether it
does without secure renegotiation (RFC 5746), by a ServerHello that lacks it.
"""

import concurrent.futures
import contextlib
import datetime as dt
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from recipes import RECIPES, Recipe
from servers import KINDS, Kind, answering, completes, context_of, make_certificates

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
HELLOS = ROOT / "exporter/posture/client_hellos.json"
OUTCOMES = ROOT / "tests/posture/client_outcomes.json"
VERSIONS = {"tls10": "TLSv1.0", "tls11": "TLSv1.1", "tls12": "TLSv1.2", "tls13": "TLSv1.3"}
SILENCE = 1.5  # seconds without a word that mean: the client waits for more
RUN_SECONDS = 25.0
AT_ONCE = 3
_HANDSHAKE, _CLIENT_HELLO, _RECORD_HEADER, _MESSAGE_HEADER = 22, 1, 5, 4
_SIGNALLING_SUITE, _RENEGOTIATION_INFO = 0x00FF, 0xFF01


def main(cache: pathlib.Path, wanted: set[str]) -> int:
    """Capture what is wanted, else all; return how many could not be captured."""
    cache.mkdir(parents=True, exist_ok=True)
    make_certificates(cache)
    rows, outcomes, failed = _stored(HELLOS), _stored(OUTCOMES), 0
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        chosen = [recipe for recipe in RECIPES if not wanted or recipe.client in wanted]
        for recipe, job in [(recipe, pool.submit(capture, recipe, cache)) for recipe in chosen]:
            try:
                rows[recipe.client], outcomes[recipe.client] = job.result()
                print(recipe.client, rows[recipe.client]["versions"], flush=True)
            except (OSError, ValueError, subprocess.SubprocessError) as error:
                failed += 1
                print(f"{recipe.client}: {error}", file=sys.stderr, flush=True)
    order = [recipe.client for recipe in RECIPES]
    for path, stored in ((HELLOS, rows), (OUTCOMES, outcomes)):
        kept = {client: stored[client] for client in order if client in stored}
        path.write_text(json.dumps(kept, indent=1) + "\n")
    return failed


def _stored(path: pathlib.Path) -> dict[str, Any]:
    stored: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return stored


def capture(recipe: Recipe, cache: pathlib.Path) -> tuple[dict[str, Any], dict[str, bool]]:
    """Install a client; return its row and what it does with each server. Raises what main() catches."""
    folder = cache / recipe.client
    if not (folder / "installed").exists():
        folder.mkdir(parents=True, exist_ok=True)
        for line in recipe.install:
            subprocess.run(["bash", "-c", _filled(line)], cwd=folder, check=True, timeout=900)
        (folder / "installed").touch()
    hello = _captured(recipe, folder)
    outcomes = {kind.name: _connects(recipe, folder, kind, cache) for kind in KINDS}
    row = {
        "program": recipe.program,
        "package": recipe.package,
        "captured": dt.datetime.now(dt.UTC).date().isoformat(),
        "imitation": recipe.imitation,
        "versions": [version for kind, version in VERSIONS.items() if outcomes[kind]],
        "needs_secure_renegotiation": outcomes["tls12"] and not _is_lenient(recipe, folder, hello),
        "hello": hello.hex(),
    }
    return row, outcomes


def _captured(recipe: Recipe, folder: pathlib.Path) -> bytes:
    with answering(read_hello, RUN_SECONDS) as (port, answers), _running(_filled(recipe.command, port), folder):
        pass
    if not answers or not isinstance(answers[0], bytes):
        raise ValueError("it sent no ClientHello")
    return answers[0]


def _connects(recipe: Recipe, folder: pathlib.Path, kind: Kind, cache: pathlib.Path) -> bool:
    context = context_of(kind, cache)
    command = recipe.command
    with (
        answering(lambda peer: completes(context, peer), RUN_SECONDS) as (port, answers),
        _running(_filled(command, port), folder),
    ):
        pass
    return bool(answers and answers[0])


def _is_lenient(recipe: Recipe, folder: pathlib.Path, hello: bytes) -> bool:
    """Return whether a client goes along with a ServerHello of TLS 1.2 without renegotiation_info."""
    suites = _suites(hello)
    suite = next((one for one in (0xC02F, 0xC030, 0xC013, 0x009C, 0x002F) if one in suites), None)
    if suite is None:
        return True
    body = b"\x03\x03" + bytes(range(32)) + b"\x00" + suite.to_bytes(2) + b"\x00"
    message = b"\x02" + len(body).to_bytes(3) + body
    answer = b"\x16\x03\x03" + len(message).to_bytes(2) + message

    def serve(peer: socket.socket) -> bool | None:
        if read_hello(peer) is None:
            return None
        peer.sendall(answer)
        peer.settimeout(SILENCE)
        try:
            return peer.recv(100)[:1] not in (b"", b"\x15")
        except TimeoutError:
            return True
        except OSError:
            return False

    with answering(serve, RUN_SECONDS) as (port, answers), _running(_filled(recipe.command, port), folder):
        pass
    return bool(answers and answers[0])


def read_hello(peer: socket.socket) -> bytes | None:
    """Return the ClientHello message of a client, without record headers; None for anything else."""
    data, message = b"", b""
    while len(message) < _MESSAGE_HEADER or len(message) < _MESSAGE_HEADER + int.from_bytes(message[1:4]):
        more = peer.recv(65536)
        data += more
        if not more or data[0] != _HANDSHAKE:
            return None
        while len(data) >= _RECORD_HEADER and len(data) >= _RECORD_HEADER + int.from_bytes(data[3:5]):
            end = _RECORD_HEADER + int.from_bytes(data[3:5])
            message, data = message + data[_RECORD_HEADER:end], data[end:]
    return message if message[0] == _CLIENT_HELLO else None


def _suites(hello: bytes) -> set[int]:
    at = 39 + hello[38]
    size = int.from_bytes(hello[at : at + 2])
    return {int.from_bytes(hello[i : i + 2]) for i in range(at + 2, at + 2 + size, 2)}


def _filled(line: str, port: int = 0) -> str:
    for name, value in (("port", str(port)), ("python", "python3"), ("programs", str(HERE / "programs"))):
        line = line.replace("{" + name + "}", value)
    return line


@contextlib.contextmanager
def _running(line: str, folder: pathlib.Path) -> Iterator[None]:
    """Run a client until it ends by itself, or for so long."""
    quiet, command = subprocess.DEVNULL, ["bash", "-c", line]
    process = subprocess.Popen(command, cwd=folder, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)
    try:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(RUN_SECONDS)
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


if __name__ == "__main__":
    if len(sys.argv) < 2:  # noqa: PLR2004
        sys.exit(__doc__)
    sys.exit(min(main(pathlib.Path(sys.argv[1]).resolve(), set(sys.argv[2:])), 1))
