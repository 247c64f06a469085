"""Timestamps that a real server delivers by the TLS extension: asked for, and counted in every version."""

import base64

import pytest

from tests.certificates.test_transparency import listed, timestamp
from tests.support.pki import key_pem, leaf
from tests.support.probing import make_prober, probe_one
from tests.support.programs import need
from tests.support.servers.process import free_port, serving

EXTENSION = 18
IN_SERVER_HELLO, IN_CERTIFICATE = 0x80 | 0x100, 0x80 | 0x1000  # SSL_EXT_* of OpenSSL, each with the ClientHello


def server_info(context: int, content: bytes) -> bytes:
    """Write an extension for the option -serverinfo of s_server."""
    encoded = context.to_bytes(4) + EXTENSION.to_bytes(2) + len(content).to_bytes(2) + content
    label = b"SERVERINFOV2 FOR TEST"
    return b"-----BEGIN %b-----\n%b-----END %b-----\n" % (label, base64.encodebytes(encoded), label)


@pytest.mark.server("openssl")
@pytest.mark.parametrize(
    ("options", "context"),
    [
        (("-tls1_1", "-cipher", "ALL:@SECLEVEL=0"), IN_SERVER_HELLO),
        (("-tls1_2",), IN_SERVER_HELLO),
        (("-tls1_3",), IN_CERTIFICATE),
        (("-tls1_3", "-Verify", "1", "-verify_return_error"), IN_CERTIFICATE),
    ],
    ids=["1.1", "1.2", "1.3", "1.3-for-clients-with-a-certificate"],
)
async def test_timestamps_of_the_tls_extension_are_seen(options, context, tmp_path):
    """The second probe of an ordinary TLS 1.3 server takes the fast path, and must see the same."""
    timestamps = (timestamp(1), timestamp(2))
    issued = leaf(None)
    (tmp_path / "leaf.pem").write_bytes(issued.pem + key_pem(issued.key))
    (tmp_path / "info.pem").write_bytes(server_info(context, listed(*timestamps)))
    port = free_port()
    files = ("-cert", str(tmp_path / "leaf.pem"), "-serverinfo", str(tmp_path / "info.pem"))
    command = [need("openssl"), "s_server", "-accept", f"127.0.0.1:{port}", "-www", *files, *options]
    prober = make_prober()
    with serving(command, tmp_path, port):
        results = [await probe_one(f"127.0.0.1:{port}", prober) for _ in range(2)]
    prober.resolver.close()
    assert [result.tls_scts for result in results] == [timestamps, timestamps]
