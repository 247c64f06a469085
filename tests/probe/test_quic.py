"""Probes over QUIC against aioquic's own server: the same facts as over TCP, and what can go wrong."""

import contextlib
import socket
import subprocess
import sys
import threading

import pytest
from support.probing import probe_one
from support.servers.caddy import caddy
from support.servers.credential import NAME, make_credential
from support.servers.process import free_port
from support.servers.quic import quic_server

from exporter.config.model import HTTPConfig, TLSConfig, Transport
from exporter.net.reason import Reason
from exporter.probe.result import HSTS, Phase

WITHOUT_AIOQUIC = "import sys; sys.modules['aioquic'] = None\n"
HEADERS = (
    (b"strict-transport-security", b"max-age=63072000"),
    (b"alt-svc", b'h3=":443"'),
    (b"location", b"/ignored"),
)


@pytest.fixture(scope="module")
def credential(tmp_path_factory):
    return make_credential(tmp_path_factory.mktemp("credential"))


@pytest.fixture(scope="module")
def port(credential):
    with quic_server(credential, headers=HEADERS) as port:
        yield port


async def probe_quic(port, host="127.0.0.1", **module):
    settings = {"tls_config": TLSConfig(server_name=NAME), **module}
    return await probe_one(f"{host}:{port}", transport=Transport.QUIC, **settings)


async def test_the_same_facts(port, credential):
    result = await probe_quic(port)
    assert result.failure is None
    assert result.reachable
    assert result.chain == (credential.der,)
    assert (result.session.protocol, result.session.version, result.session.alpn) == ("TLSv1.3", 1.3, "h3")
    assert result.session.cipher.startswith("TLS_")
    assert result.session.group in ("x25519", "secp256r1")
    assert result.server_name == NAME
    assert (result.address, result.family) == ("127.0.0.1", "ip4")
    assert [phase for phase, _ in result.durations] == [Phase.RESOLVE, Phase.CONNECT, Phase.HANDSHAKE]
    assert 0 < sum(seconds for _, seconds in result.durations) <= result.total_seconds


async def test_a_request(port):
    """Interim answers are passed over, and the body is not waited for."""
    result = await probe_quic(port, http=HTTPConfig(path="/"))
    assert result.http.failure == ""
    assert (result.http.status_code, result.http.version) == (200, "3")
    assert result.http.hsts == HSTS(63072000)
    assert result.http.alt_svc == 'h3=":443"'
    assert result.http.location == ""
    assert [phase for phase, _ in result.durations][-1] is Phase.HTTP


async def test_a_server_that_wants_to_see_the_address_first(credential):
    """RFC 9000 section 8.1.2: a Retry makes the client start again."""
    with quic_server(credential, retry=True) as port:
        result = await probe_quic(port)
    assert result.success
    assert result.chain == (credential.der,)


async def test_a_staple_is_asked_for():
    """What was not requested is not reported as missing."""
    from aioquic.quic.configuration import QuicConfiguration

    from exporter.probe.quic import Endpoint

    endpoint = Endpoint(QuicConfiguration(), 0.0)
    endpoint.connection.connect(None, 0.0)
    assert (5, b"\x01\x00\x00\x00\x00") in endpoint.connection.tls.handshake_extensions


async def test_a_certificate_that_the_library_refuses(credential):
    """The handshake fails on our side, and what was presented is there all the same."""
    with quic_server(credential, presenting=(b"no certificate at all", credential.der)) as port:
        result = await probe_quic(port)
    assert (result.failure.phase, result.failure.reason) == (Phase.HANDSHAKE, Reason.PROTOCOL_ERROR)
    assert result.chain == (b"no certificate at all", credential.der)


async def test_no_common_protocol(port):
    """RFC 9001 section 8.1: the server refuses with an alert, which is reported as over TCP."""
    result = await probe_quic(port, alpn=("doq",))
    assert result.reachable
    assert not result.success
    assert result.failure.phase is Phase.HANDSHAKE
    assert result.failure.reason is Reason.ALERT_NO_APPLICATION_PROTOCOL


async def test_another_protocol_than_http(credential):
    with quic_server(credential, alpn=("doq",)) as other:
        result = await probe_quic(other, alpn=("doq",), http=HTTPConfig())
    assert result.success
    assert result.session.alpn == "doq"
    assert result.http.failure == "the server chose doq, not HTTP/3 (ALPN h3)"


async def test_another_implementation(tmp_path, credential):
    """Caddy speaks QUIC by quic-go. Over TCP it advertises HTTP/3, and both transports show the same certificate."""
    with caddy(tmp_path, credential) as port:
        over_quic = await probe_quic(port, http=HTTPConfig())
        over_tcp = await probe_one(f"127.0.0.1:{port}", http=HTTPConfig(), tls_config=TLSConfig(server_name=NAME))
    assert over_quic.failure is None
    assert over_quic.chain == over_tcp.chain == (credential.der,)
    assert over_quic.session.alpn == "h3"
    assert over_quic.http.hsts == over_tcp.http.hsts == HSTS(31536000, include_subdomains=True)
    assert over_tcp.http.alt_svc.startswith(f'h3=":{port}"')


async def test_a_closed_port():
    """ICMP tells it on the loopback."""
    result = await probe_quic(free_port())
    assert not result.reachable
    assert (result.failure.phase, result.failure.reason) == (Phase.CONNECT, Reason.REFUSED)


@contextlib.contextmanager
def udp_speaker(answer, times=1):
    """Answer every datagram so many times."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))

        def speak():
            with contextlib.suppress(OSError):
                while True:
                    data, peer = listener.recvfrom(65536)
                    if data == b"stop":
                        return
                    for _ in range(times):
                        listener.sendto(answer(data), peer)

        thread = threading.Thread(target=speak)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.sendto(b"stop", listener.getsockname())
            thread.join()


async def probe_briefly(port):
    from support.probing import make_prober, probe_all

    prober = make_prober()
    with contextlib.closing(prober.resolver):
        (result,) = await probe_all(prober, f"127.0.0.1:{port}", 0.5, transport=Transport.QUIC)
    return result


async def test_silence():
    with udp_speaker(bytes, times=0) as port:
        result = await probe_briefly(port)
    assert not result.reachable
    assert (result.failure.phase, result.failure.reason) == (Phase.CONNECT, Reason.TIMEOUT)


@pytest.mark.parametrize("answer", [b"", b"\x00", b"\xff" * 1200, b"HTTP/1.1 400 Bad Request\r\n\r\n"])
async def test_what_is_no_quic(answer):
    """The probe ends in a failure, whatever comes: QUIC passes over what it cannot read."""
    with udp_speaker(lambda _: answer) as port:
        result = await probe_briefly(port)
    assert not result.success
    assert result.failure.reason in (Reason.TIMEOUT, Reason.PROTOCOL_ERROR)


async def test_a_flood():
    """There is an end to the datagrams that are read, be they QUIC or not."""
    with udp_speaker(lambda _: bytes(1200), times=300) as port:
        result = await probe_quic(port)
    assert (result.failure.phase, result.failure.reason) == (Phase.HANDSHAKE, Reason.TOO_MUCH_DATA)


async def test_no_common_version():
    """RFC 9000 section 6: a server that knows other versions only."""

    def negotiate(data):
        destination, source = data[6 : 6 + data[5]], data[7 + data[5] : 7 + data[5] + data[6 + data[5]]]
        ids = bytes([len(source)]) + source + bytes([len(destination)]) + destination
        return b"\x80\x00\x00\x00\x00" + ids + b"\x0a\x0a\x0a\x0a"

    with udp_speaker(negotiate) as port:
        result = await probe_briefly(port)
    assert result.reachable
    assert result.failure.phase is Phase.HANDSHAKE
    assert result.failure.reason is Reason.PROTOCOL_ERROR
    assert "version" in result.failure.detail


async def test_a_client_certificate_that_cannot_be_read(port, tmp_path):
    missing = str(tmp_path / "missing.pem")
    result = await probe_quic(port, tls_config=TLSConfig(cert_file=missing, key_file=missing))
    assert result.failure.reason is Reason.CLIENT_CERTIFICATE_UNUSABLE


def test_nothing_else_needs_the_extra():
    """Without aioquic the probe can be imported and used over TCP."""
    program = WITHOUT_AIOQUIC + "import exporter.probe.runner, exporter.scrape.engine"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_a_configuration_that_needs_the_extra(tmp_path):
    """It is a problem of the configuration, with its place and what to do, not a failure of each probe."""
    config = tmp_path / "config.yaml"
    config.write_text("modules:\n  h3:\n    transport: quic\n")
    program = WITHOUT_AIOQUIC + (
        "from exporter.config.reader import ConfigError, load\n"
        "try: load(sys.argv[1])\n"
        "except ConfigError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, config], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stderr == ""
    assert "config.yaml:3:" in done.stdout
    assert "quic needs an extra that is not installed: pip install 'tls-exporter[quic]'" in done.stdout
