"""A certificate that OpenSSL cannot parse is reported as it came, over TLS 1.3 as well, where it is encrypted."""

import time
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
from OpenSSL import SSL

from exporter.certificates.certificate import read_certificate_untrusted
from exporter.config.model import TLSConfig
from exporter.probe.handshake import handshake
from exporter.probe.openssl_contexts import make_context
from exporter.wire.tls13.hello import Hello
from exporter.wire.tls13.key_shares import X25519
from tests.support import der, pki
from tests.support.tls13_server import Server, certificate_message

ROOT = pki.root()
DAY = time.strftime("%y%m%d")
UNREADABLE = {
    "a padded serial number": {"serial_encoding": der.element(0x02, b"\0\0\1")},
    "a UTCTime without seconds": {"times": (der.element(0x17, b"2001010000Z"), der.element(0x17, b"4001010000Z"))},
    "an element cut short": {"spki": b"\x30\x20\x30"},
    "a time of another type": {"times": (der.utf8("x"), der.utf8("y"))},
}


@dataclass
class Answering:
    """A stream whose other end is a TLS 1.3 server that does not look at what it presents."""

    server: Server
    answer: bytes | None = None  # None: the hello has not come yet

    def write(self, data):
        if self.answer is None:
            self.answer = self.server.flight(received_hello(data))

    async def read(self):
        data, self.answer = self.answer or b"", b""
        return data

    def close(self):
        pass


def received_hello(record):
    """Read session id and X25519 share of a ClientHello of OpenSSL's."""
    session_id = record[44:76]
    start = record.index(X25519.to_bytes(2) + b"\x00\x20") + 4
    shares = SimpleNamespace(public={X25519: record[start : start + 32]})
    return Hello(record, session_id, frozenset(), shares)


def context():
    made = make_context(TLSConfig(min_version="TLS13"), (), None)
    assert SSL._lib.SSL_CTX_set1_curves_list(made._context, b"X25519") == 1
    return made


@pytest.mark.parametrize("kind", UNREADABLE)
async def test_what_openssl_cannot_parse_is_read_over_tls_1_3(kind):
    """RFC 8446 encrypts the certificate; the message is kept before OpenSSL looks into it."""
    presented = pki.leaf(ROOT, **UNREADABLE[kind])
    server = Server(presented, certificate=certificate_message(presented.der, ROOT.der))
    done, stream = await handshake(Answering(server), context(), None)
    assert stream is None
    assert done.failure is not None
    assert done.session.protocol == "TLSv1.3"
    assert done.chain == (presented.der, ROOT.der)
    assert read_certificate_untrusted(presented.der).problems
