"""Captured hellos of real clients: what is kept is what was sent, and a server's answer is what the client gets.

What each program got from ten servers stands in client_outcomes.json, as tools/clients/capture.py measured it.
"""

import asyncio
import contextlib
import importlib.util
import json
import socket
import sys
import threading
from pathlib import Path

import pytest

from exporter.posture.checks import CHECKS
from exporter.posture.clients import captured_clients
from exporter.posture.exchange import Connect
from exporter.posture.facts import Posture
from exporter.wire.captured_hello import read_captured_hello
from exporter.wire.iana import VERSIONS
from tests.support.programs import need
from tests.support.scanning import Loopback, scanned
from tests.support.servers.credential import make_credential
from tests.support.servers.process import free_port, serving

HERE = Path(__file__).parent
TOOLS = HERE.parents[1] / "tools" / "clients"
DATA = HERE.parents[1] / "exporter" / "posture" / "client_hellos.json"
OUTCOMES = json.loads((HERE / "client_outcomes.json").read_text())
ONLY_CLIENTS = frozenset(check.name for check in CHECKS if check.name not in ("tls12", "tls13", "clients"))


def _tool(name):
    spec = importlib.util.spec_from_file_location(f"clients_{name}", TOOLS / f"{name}.py")
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


servers = _tool("servers")
KINDS = {kind.name: kind for kind in servers.KINDS}


def test_at_least_forty_real_clients_are_kept_with_package_and_date():
    clients = captured_clients()
    assert sum(not client.imitation for client in clients.values()) >= 40
    for client in clients.values():
        assert client.program
        assert client.package.split()[0] in ("npm", "Go", "PyPI", "Maven", "Debian", "crates.io")
        assert client.captured >= "2026-11-29"
        assert client.versions
    assert set(OUTCOMES) == set(clients)


@pytest.mark.parametrize("name", captured_clients())
def test_a_hello_is_sent_again_as_it_was_captured(name):
    message = bytes.fromhex(json.loads(DATA.read_text())[name]["hello"])
    hello = read_captured_hello(message)
    session_id = message[39 : 39 + message[38]]
    records = hello.write(message[6:38] + session_id + bytes(32), "localhost")
    assert records[:3] == b"\x16\x03\x01"
    assert records[5:] == message


@pytest.mark.parametrize("name", captured_clients())
def test_another_name_and_another_random_are_all_that_changes(name):
    hello = captured_clients()[name].hello
    again = read_captured_hello(hello.write(bytes(range(64)), "a-name-of-another-length.example.com")[5:])
    assert again.likeness == hello.likeness
    nameless = read_captured_hello(hello.write(bytes(64), None, alpn=False)[5:])
    assert not {0, 16} & {number for number, _ in nameless.extensions}


@contextlib.contextmanager
def threaded(context):
    """Serve any number of connections on loopback."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)

    def handle(peer):
        with peer, contextlib.suppress(OSError, ValueError):
            peer.settimeout(10)
            with context.wrap_socket(peer, server_side=True) as session:
                session.recv(1)

    def accept():
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=handle, args=(peer,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


async def asked(connect: Connect, server_name: str = "localhost") -> Posture:
    return await scanned(connect, server_name=server_name, clients=True, skip=ONLY_CLIENTS)


@pytest.mark.parametrize("kind", KINDS)
async def test_what_a_hello_gets_is_what_the_program_gets(kind, tmp_path):
    """Ten servers, each of which takes one thing alone."""
    need("openssl")
    await asyncio.to_thread(servers.make_certificates, tmp_path)
    with threaded(servers.context_of(KINDS[kind], tmp_path)) as port:
        posture = await asked(Loopback(port))
    assert "clients" not in posture.undetermined
    connects = {name: one.connects for name, one in posture.clients.items()}
    wrong = {name: one for name, one in connects.items() if one is not OUTCOMES[name][kind]}
    assert not wrong, f"of {len(connects)}"
    assert len(connects) == len(OUTCOMES)
    for seen in posture.clients.values():
        assert bool(seen.protocol) is seen.connects
        assert not seen.connects or seen.protocol in VERSIONS.values()


async def test_clients_are_not_asked_unless_wanted(tmp_path):
    credential, port = make_credential(tmp_path), free_port()
    command = [need("openssl"), "s_server", "-accept", f"127.0.0.1:{port}", "-www"]
    command += ["-cert", str(credential.certificate), "-key", str(credential.key)]
    with serving(command, tmp_path, port):
        posture = await scanned(Loopback(port))
    assert posture.complete
    assert not posture.clients


async def test_a_server_that_is_not_there_locks_nobody_out():
    posture = await asked(Loopback(free_port()))
    assert posture.clients == {}
    assert posture.undetermined["clients"] == "refused"


async def test_a_server_that_goes_away_in_the_middle_locks_nobody_out(tmp_path):
    """It ends every connection after the first ten: who was refused only by ends is not known."""
    need("openssl")
    await asyncio.to_thread(servers.make_certificates, tmp_path)
    with threaded(servers.context_of(KINDS["tls12"], tmp_path)) as port:
        connect = Loopback(port)

        async def ten():
            stream = await connect()
            return stream if connect.opened <= 10 else _Ended(stream)

        posture = await asked(ten)
    assert "clients" in posture.undetermined
    assert all(posture.clients[name].connects is OUTCOMES[name]["tls12"] for name in posture.clients)


class _Ended:
    """A stream whose peer ends it at once."""

    def __init__(self, stream):
        self._stream = stream

    async def read(self):
        return b""

    def write(self, data):
        pass

    def finish(self, then=None):
        self._stream.finish(then)

    def close(self):
        self._stream.close()
