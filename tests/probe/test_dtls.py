"""DTLS against the servers of OpenSSL and GnuTLS: cookies, loss, old versions, and peers that are none."""

import asyncio
import contextlib
import socket
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.probing import probe_one
from support.programs import need
from support.servers.credential import NAME, make_credential
from support.servers.process import free_port

from exporter.config.model import TLSConfig, Transport
from exporter.net.reason import Reason
from exporter.probe.dtls import records_of
from exporter.probe.result import Phase

DTLS = Transport.DTLS


@pytest.fixture(scope="module")
def credential(tmp_path_factory):
    return make_credential(tmp_path_factory.mktemp("credential"))


@contextlib.contextmanager
def running(*command):
    """Run a server that reads its standard input, which stays open."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as one:
        try:
            yield
        finally:
            one.kill()


@contextlib.contextmanager
def openssl(credential, *options):
    port = free_port()
    files = ["-cert", str(credential.certificate), "-key", str(credential.key)]
    with running(need("openssl"), "s_server", "-accept", f"127.0.0.1:{port}", *(options or ("-dtls",)), *files):
        yield port


@contextlib.contextmanager
def gnutls(credential, *options):
    port = free_port()
    files = [f"--x509certfile={credential.certificate}", f"--x509keyfile={credential.key}"]
    with running(need("gnutls-serv"), "--udp", f"--port={port}", "--quiet", *files, *options):
        yield port


async def probed(port, seconds=20.0, **module):
    """Probe until the server has started: a datagram to a closed port is refused at once."""
    async with asyncio.timeout(seconds):
        while True:
            result = await probe_one(f"127.0.0.1:{port}", transport=DTLS, **module)
            if result.failure is None or result.failure.reason is not Reason.REFUSED:
                return result
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("serve", [openssl, gnutls])
async def test_a_server(serve, credential):
    """The session, the certificate and the phases, as over TCP; GnuTLS asks for a cookie first."""
    with serve(credential) as port:
        result = await probed(port, tls_config=TLSConfig(server_name=NAME))
    assert result.success, result.failure
    assert (result.session.protocol, result.session.version) == ("DTLSv1.2", 1.2)
    assert result.session.cipher.startswith("TLS_ECDHE_")
    assert result.chain == (credential.der,)
    assert result.reachable
    assert [phase for phase, _ in result.durations] == [Phase.RESOLVE, Phase.CONNECT, Phase.HANDSHAKE]
    assert (result.address, result.family) == ("127.0.0.1", "ip4")


async def test_the_cookie_exchange_of_openssl(credential):
    """With -listen OpenSSL keeps no state before a cookie has come back."""
    with openssl(credential, "-dtls1_2", "-listen") as port:
        result = await probed(port)
    assert result.success, result.failure


async def test_dtls_1_0(credential):
    """What only speaks the old version is reported with it, not refused."""
    with openssl(credential, "-dtls1", "-cipher", "ALL:@SECLEVEL=0") as port:
        result = await probed(port)
        refused = await probed(port, tls_config=TLSConfig(min_version="TLS12"))
    assert (result.session.protocol, result.session.version) == ("DTLSv1.0", 1.0)
    assert (refused.failure.phase, refused.failure.reason) == (Phase.HANDSHAKE, Reason.PROTOCOL_ERROR)


async def test_a_client_certificate_is_asked_for(credential):
    with openssl(credential, "-dtls1_2", "-verify", "1") as port:
        result = await probed(port)
    assert result.success, result.failure
    assert result.client_certificate_requested


class Lossy(asyncio.DatagramProtocol):
    """Passes datagrams between a client and a server, and drops those of the server whose numbers are given."""

    def __init__(self, port, lost):
        self.port, self.lost, self.count, self.client = port, lost, 0, None

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        if addr[1] != self.port:
            self.client = addr
            self.transport.sendto(data, ("127.0.0.1", self.port))
            return
        self.count += 1
        if self.count not in self.lost:
            self.transport.sendto(data, self.client)


@pytest.mark.parametrize("lost", [{1}, {2}, {3, 4}])
async def test_what_is_lost_is_sent_again(lost, credential):
    """RFC 6347 section 4.2.4: the flight goes out once more, and the handshake completes."""
    with openssl(credential, "-dtls1_2") as port:
        assert (await probed(port)).success
        loop = asyncio.get_running_loop()
        transport, relay = await loop.create_datagram_endpoint(lambda: Lossy(port, lost), local_addr=("127.0.0.1", 0))
        result = await probe_one(f"127.0.0.1:{transport.get_extra_info('sockname')[1]}", transport=DTLS)
        transport.close()
    assert result.success, result.failure
    assert relay.count > max(lost)


async def test_nobody_is_there():
    result = await probe_one(f"127.0.0.1:{free_port()}", transport=DTLS)
    assert (result.failure.phase, result.failure.reason) == (Phase.CONNECT, Reason.REFUSED)
    assert not result.reachable


async def test_silence_is_a_timeout():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        result = await probe_one(f"127.0.0.1:{port}", seconds=0.5, transport=DTLS)
    assert (result.failure.phase, result.failure.reason) == (Phase.CONNECT, Reason.TIMEOUT)


class Answering(asyncio.DatagramProtocol):
    """Answers each datagram with the same one."""

    def __init__(self, answer):
        self.answer = answer

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, _, addr):
        self.transport.sendto(self.answer, addr)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"NTP or so", Reason.NOT_TLS),
        (b"\x15\xfe\xfd\0\0\0\0\0\0\0\0\0\2\2\x28", Reason.ALERT_HANDSHAKE_FAILURE),
    ],
)
async def test_peers_that_refuse(answer, reason):
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: Answering(answer), local_addr=("127.0.0.1", 0))
    result = await probe_one(f"127.0.0.1:{transport.get_extra_info('sockname')[1]}", transport=DTLS)
    transport.close()
    assert result.failure.reason is reason


@given(st.lists(st.binary(max_size=50), max_size=5))
def test_records_are_taken_apart(bodies):
    """What OpenSSL writes at once goes out as one datagram for each record."""
    records = [b"\x16\xfe\xfd" + bytes(8) + len(body).to_bytes(2) + body for body in bodies]
    assert list(records_of(b"".join(records))) == records
