"""How a probe leaves: what the server hears after the handshake, whose time it is, and who holds the place."""

import asyncio
import contextlib
import ssl

import pytest
from support.probing import make_prober, probe_all, probe_one
from support.scripted import TIMEOUT, ScriptedStream
from support.servers.credential import make_credential

from exporter.config.model import HTTPConfig
from exporter.net.own_name import as_domain
from exporter.net.reason import Reason
from exporter.probe.leave import MAX_LEAVING, Departures, Place
from exporter.probe.result import Phase
from exporter.wire.starttls.farewell import QUIT


@pytest.fixture(scope="module")
def credential(tmp_path_factory):
    return make_credential(tmp_path_factory.mktemp("credential"))


class MailServer:
    """SMTP with STARTTLS, in a few lines. It answers QUIT once it `may_answer`, and remembers how clients go."""

    def __init__(self, credential, *, offers=True, version=ssl.TLSVersion.TLSv1_3):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(credential.certificate, credential.key)
        self.context.maximum_version = version
        self.offers = offers
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.heard: list[bytes] = []
        self.ends: list[str] = []

    async def handle(self, reader, writer):
        with contextlib.suppress(ConnectionError):
            writer.write(b"220 a ESMTP\r\n")
            while line := await reader.readline():
                self.heard.append(line)
                if line.startswith(b"EHLO"):
                    writer.write(b"250-a\r\n250 STARTTLS\r\n" if self.offers else b"250 a\r\n")
                elif line == b"STARTTLS\r\n":
                    writer.write(b"220 go\r\n")
                    await writer.start_tls(self.context)
                else:
                    await self.may_answer.wait()
                    writer.write(b"221 bye\r\n")
                    break
            self.ends.append("in order" if not await reader.read() else "with data")
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    @contextlib.asynccontextmanager
    async def serving(self):
        server = await asyncio.start_server(self.handle, "127.0.0.1", 0)
        async with server:
            yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_session_ends_as_its_protocol_ends(credential, version):
    """By OpenSSL and by the fast path: QUIT inside TLS, close_notify, the end of the stream."""
    server, prober = MailServer(credential, version=version), make_prober()
    async with server.serving() as target:
        for _ in range(3):
            assert (await probe_one(target, prober, starttls="smtp", starttls_name="monitor.example.com")).success
            await prober.departures.all_left()
    assert server.heard == [b"EHLO monitor.example.com\r\n", b"STARTTLS\r\n", b"QUIT\r\n"] * 3
    assert server.ends == ["in order"] * 3
    prober.resolver.close()


async def test_where_tls_is_turned_down_the_session_ends_in_plaintext(credential):
    server = MailServer(credential, offers=False)
    async with server.serving() as target:
        result = await probe_one(target, starttls="smtp", starttls_name="monitor.example.com")
    assert result.failure.phase is Phase.STARTTLS
    assert server.heard == [b"EHLO monitor.example.com\r\n", b"QUIT\r\n"]
    assert server.ends == ["in order"]


async def test_leaving_is_no_part_of_the_probe_and_holds_its_place(credential):
    """The result is there before the server has answered QUIT; the next connection waits until the first is gone."""
    server, prober = MailServer(credential), make_prober()
    server.may_answer.clear()
    async with server.serving() as target:
        (result,) = await probe_all(prober, target, starttls="smtp")
        assert result.success
        assert len(prober.departures) == 1
        assert len(prober.slots) == 1, "the address is still taken"
        server.may_answer.set()
        await prober.departures.all_left()
        assert not len(prober.departures)
        assert not len(prober.slots)
    assert server.ends == ["in order"]
    prober.resolver.close()


async def test_after_a_request_the_session_ends_too(credential):
    """An HTTP answer is followed by close_notify, whatever of the body is unread."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(credential.certificate, credential.key)
    ends = []

    async def handle(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(10_000))
        ends.append(await reader.read())
        writer.close()

    server, prober = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context), make_prober()
    async with server:
        target = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        for _ in range(2):
            assert (await probe_one(target, prober, http=HTTPConfig())).http.status_code == 200
            await prober.departures.all_left()
    assert ends == [b"", b""]
    prober.resolver.close()


async def test_a_server_that_fails_while_it_is_left_costs_nothing():
    """Whatever happens after the result is nobody's failure, and the place is given back."""
    departures, given_back = Departures(), []
    for answer in ([TIMEOUT], [b"4"], [], [bytes(100_000)]):
        departures.leave(ScriptedStream(answer), QUIT("", ""), lambda: given_back.append(1))
    await departures.all_left()
    assert len(given_back) == 4


async def test_only_so_many_are_left_at_once():
    """Beyond it a connection is closed at once: a fleet of peers that never end must not hold descriptors."""

    class Silent(ScriptedStream):
        def finish(self, then=None):
            self.then = then

    departures, streams, given_back = Departures(), [Silent([]) for _ in range(MAX_LEAVING + 1)], []
    for stream in streams:
        departures.leave(stream, None, lambda: given_back.append(1))
    assert (len(departures), len(given_back), streams[-1].closed) == (MAX_LEAVING, 1, True)
    for stream in streams[:-1]:
        stream.then()
    await departures.all_left()
    assert len(given_back) == MAX_LEAVING + 1


def test_a_place_is_given_back_once():
    given_back = []
    place = Place(lambda: given_back.append(1))
    take = place.take_over()
    place.give_back()
    assert not given_back
    take()
    place.take_over()()
    assert given_back == [1]


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("Monitor.Example.com", "monitor.example.com"),
        ("monitor.example.com.", "monitor.example.com"),
        ("monitor", ""),
        ("3f2a1b", ""),
        ("localhost.localdomain", ""),
        ("mac.local", ""),
        ("1.0.0.127.in-addr.arpa", ""),
        ("a b.example", ""),
        ("", ""),
    ],
)
def test_the_machines_own_name(name, domain):
    """A host name is presented if it is a domain name that others could know."""
    assert as_domain(name) == domain


@pytest.mark.parametrize(
    ("sends", "reason", "detail"),
    [
        (
            b"554 5.7.0 no TLS for you\r\n",
            Reason.NOT_TLS,
            "the server said in plaintext: 554 5.7.0 no TLS",
        ),
        (b"\x15\3\3\0\2\1\x00454 not now\r\n", Reason.STARTTLS_REFUSED, "the server said in plaintext: 454 not now"),
        (
            b"\x15\3\3\0\2\2\x28#08S01Bad handshake",
            Reason.ALERT_HANDSHAKE_FAILURE,
            "the peer sent the fatal alert handshake_failure, and said: #08S01Bad handshake",
        ),
        (b"\x15\3\3\0\2\2\x28", Reason.ALERT_HANDSHAKE_FAILURE, "the peer sent the fatal alert handshake_failure"),
    ],
)
async def test_a_refusal_in_plaintext_is_an_answer(sends, reason, detail):
    """After the go-ahead a server may still say no, in its own protocol: its text is what is reported."""

    async def handle(reader, writer):
        writer.write(b"220 a ESMTP\r\n")
        await reader.readline()
        writer.write(b"250-a\r\n250 STARTTLS\r\n")
        await reader.readline()
        writer.write(b"220 go\r\n")
        await reader.read(100)
        writer.write(sends)
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        target = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        result = await probe_one(target, starttls="smtp")
    assert (result.failure.phase, result.failure.reason) == (Phase.HANDSHAKE, reason)
    assert result.failure.detail.startswith(detail)
