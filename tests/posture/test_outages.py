"""During an outage nothing that is accepted becomes "not accepted", and no finding disappears as if it were mended.

A relay stands before a server with every weakness that OpenSSL still has, and fails in all the ways that networks do,
from its n-th connection on, for every n that a scan comes to. What is known then must be true, however little it is.
"""

import asyncio
import contextlib
import itertools
import socket
import struct
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest

from exporter.posture.facts import Posture
from exporter.posture.merge import merged
from tests.posture.test_truth_table import findings
from tests.support.programs import need
from tests.support.scanning import posture_of
from tests.support.servers.credential import make_credential
from tests.support.servers.process import free_port, serving

SECONDS = 0.4
LAST = 24  # more connections than any of these scans makes
HANDSHAKE_FAILURE = bytes((21, 3, 3, 0, 2, 2, 40))
RESET = struct.pack("ii", 1, 0)  # SO_LINGER of zero: close() sends a reset


@dataclass
class Relay:
    """Passes connections on to a port, except those that `fails` names by number: these meet the failure."""

    port: int
    failure: str
    fails: Callable[[int], bool]
    numbers: itertools.count = field(default_factory=itertools.count)
    server: asyncio.Server | None = None
    tasks: set[object] = field(default_factory=set)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.tasks.add(asyncio.current_task())  # nobody else holds it
        try:
            if self.fails(next(self.numbers)):
                await self.fail(reader, writer)
            else:
                await self.relay(reader, writer)
        except OSError:
            pass
        finally:
            writer.close()

    async def fail(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        match self.failure:
            case "tarpit":
                await reader.read(-1)
            case "reset":
                await reader.read(1)
                peer = writer.get_extra_info("socket")
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            case "close":
                await reader.read(1)
            case "alert":
                await reader.read(1)
                writer.write(HANDSHAKE_FAILURE)
            case "plain":
                writer.write(b"HTTP/1.1 503 Service Unavailable\r\n\r\n")
            case "stop":
                assert self.server is not None
                self.server.close()

    async def relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.port)

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError):
                while data := await source.read(65536):
                    sink.write(data)
                if sink.can_write_eof():
                    sink.write_eof()

        try:
            await asyncio.gather(pump(reader, up_writer), pump(up_reader, writer))
        finally:
            up_writer.close()


@contextlib.asynccontextmanager
async def relay(port: int, failure: str, fails: Callable[[int], bool]) -> AsyncIterator[int]:
    one = Relay(port, failure, fails)
    one.server = await asyncio.start_server(one.handle, "127.0.0.1", 0)
    try:
        yield one.server.sockets[0].getsockname()[1]
    finally:
        one.server.close()
        await asyncio.sleep(0.01)  # a connection that was accepted just now gets its task
        for task in one.tasks:
            task.cancel()
        await asyncio.gather(*one.tasks, return_exceptions=True)
        await asyncio.sleep(0.01)  # transports close in the loop's next turns


@pytest.fixture(scope="module")
def weak_server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weak")
    credential = make_credential(folder)
    port = free_port()
    command = [need("openssl"), "s_server", "-accept", f"127.0.0.1:{port}", "-www", "-cipher", "ALL:eNULL:@SECLEVEL=0"]
    command += ["-client_renegotiation"]
    command += ["-cert", str(credential.certificate), "-key", str(credential.key)]
    with serving(command, folder, port):
        yield port


@pytest.fixture(scope="module")
def truth(weak_server):
    posture = asyncio.run(posture_of(weak_server, active=False))
    assert posture.complete
    assert len(findings(posture)) >= 7
    return posture


def assert_true(seen: Posture, truth: Posture) -> None:
    """Everything that is known is true; a full timestamp stands only where everything is known."""
    for facts in ("versions", "cipher_classes", "groups"):
        wrong = getattr(seen, facts).items() - getattr(truth, facts).items()
        assert not {name for name, _ in wrong if name in getattr(truth, facts)}
    for fact in (
        "secure_renegotiation",
        "extended_master_secret",
        "downgrade_sentinel",
        "sha1_signature",
        "fallback_scsv",
    ):
        assert seen.features.get(fact) in (None, truth.features.get(fact))
    assert findings(seen) <= findings(truth)
    assert (seen.timestamp is None) == bool(seen.undetermined)


@pytest.mark.parametrize("failure", ["tarpit", "reset", "close", "alert", "plain", "stop"])
async def test_a_server_that_fails_in_the_middle_of_a_scan(failure, weak_server, truth):
    """It fails from the n-th connection on, and never recovers."""
    step = 5 if failure == "tarpit" else 1
    for n in range(0, LAST, step):
        async with relay(weak_server, failure, lambda number, n=n: number >= n) as port:
            seen = await posture_of(port, active=False, seconds=SECONDS)
        assert_true(seen, truth)
        assert n >= seen.connections or not seen.complete
        after = merged(truth, seen)
        assert findings(after) == findings(truth)
        assert after.versions == truth.versions
        assert after.cipher_classes == truth.cipher_classes


@pytest.mark.parametrize("failure", ["reset", "close", "plain"])
@pytest.mark.parametrize("period", [2, 3, 4, 7])
async def test_a_server_that_fails_every_few_connections(failure, period, weak_server, truth):
    """A rate limit or one dead machine behind a load balancer; which connections it hits is a matter of luck."""
    for offset in range(period):
        async with relay(weak_server, failure, lambda number, o=offset: number % period == o) as port:
            seen = await posture_of(port, active=False, seconds=SECONDS)
        assert_true(seen, truth)
        assert findings(merged(truth, seen)) == findings(truth)


@pytest.mark.parametrize("failure", ["reset", "close", "alert", "plain", "stop"])
async def test_an_outage_in_the_middle_of_the_active_checks(failure, weak_server):
    """What no check determined is reported neither as present nor as absent."""
    truth = await posture_of(weak_server)
    assert truth.features["client_renegotiation"]
    for n in range(truth.connections - 10, truth.connections):
        async with relay(weak_server, failure, lambda number, n=n: number >= n) as port:
            seen = await posture_of(port, seconds=SECONDS)
        assert_true(seen, truth)
        assert not any(seen.vulnerabilities.values())
        assert seen.features.get("client_renegotiation") is not False
        assert seen.features.get("early_data") is not True
        assert findings(merged(truth, seen)) == findings(truth)


async def test_a_server_that_answers_a_few_connections_and_then_blocks_the_client(weak_server, truth):
    """A rate limit that lasts: connections are accepted and never answered."""
    async with relay(weak_server, "tarpit", lambda number: number >= 6) as port:
        seen = await posture_of(port, active=False, seconds=SECONDS)
    assert_true(seen, truth)
    assert seen.connections <= 6 + 1 + 3, "after three failures in a row, and a silence that may be a refusal"


async def test_a_port_where_nobody_listens_gives_no_facts(truth):
    seen = await posture_of(free_port(), seconds=SECONDS)
    assert (seen.versions, seen.cipher_classes, seen.groups, findings(seen)) == ({}, {}, {}, frozenset())
    assert set(seen.undetermined.values()) == {"refused"}
    assert merged(truth, seen).versions == truth.versions
    assert merged(truth, seen).timestamp == truth.timestamp
