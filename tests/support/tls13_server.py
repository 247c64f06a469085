"""A TLS 1.3 server without a network, whose every message a test may change; its keys follow what it says."""

import hmac
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from exporter.wire import records
from exporter.wire.tls13 import schedule
from exporter.wire.tls13.key_shares import X25519
from exporter.wire.tls13.protection import Protection

CONTEXT = b" " * 64 + b"TLS 1.3, server CertificateVerify\x00"


def vector(width, content):
    return len(content).to_bytes(width) + content


def extension(number, content):
    return number.to_bytes(2) + vector(2, content)


def certificate_message(*certificates, context=b"", extensions=b"", more=b""):
    """Write a Certificate message: the extensions are those of the leaf."""
    entries = b"".join(
        vector(3, one) + vector(2, extensions if number == 0 else b"") for number, one in enumerate(certificates)
    )
    return vector(1, context) + vector(3, entries) + more


@dataclass
class Server:
    """What it says: `None` for a message leaves the right one in place; b"" is an empty body."""

    issued: object  # with der and an EC P-256 key
    version: int = 0x0303
    suite: int = 0x1301
    session_id: bytes | None = None
    compression: int = 0
    random: bytes = bytes(range(32))
    hello_extensions: bytes | None = None
    hello_more: bytes = b""
    encrypted_extensions: bytes = b"\x00\x00"
    certificate: bytes | None = None
    scheme: int = 0x0403
    signing: tuple = (ec.ECDSA(hashes.SHA256()),)  # what the key's `sign` takes besides the data
    signature: bytes | None = None
    verify_data: bytes | None = None
    finished_more: bytes = b""
    key: X25519PrivateKey = field(default_factory=X25519PrivateKey.generate)

    def hello(self, hello):
        """Answer a Hello; return the record in plaintext. From then on the server has its handshake keys."""
        share = X25519.to_bytes(2) + vector(2, self.key.public_key().public_bytes_raw())
        extensions = self.hello_extensions
        if extensions is None:
            extensions = extension(43, b"\x03\x04") + extension(51, share)
        session_id = hello.session_id if self.session_id is None else self.session_id
        body = self.version.to_bytes(2) + self.random + vector(1, session_id) + self.suite.to_bytes(2)
        message = records.handshake_message(
            2, body + bytes((self.compression,)) + vector(2, extensions) + self.hello_more
        )
        self._suite = schedule.SUITES.get(self.suite, schedule.SUITES[0x1301])
        self._transcript = hello.message + message
        shared = self.key.exchange(X25519PublicKey.from_public_bytes(hello.shares.public[X25519]))
        self._secret = schedule.handshake_secret(self._suite, shared)
        self._server_secret = self._derived("s hs traffic")
        self._client_secret = self._derived("c hs traffic")
        self.write, self.read = (
            Protection(self._suite, self._server_secret),
            Protection(self._suite, self._client_secret),
        )
        return records.record(22, 0x0303, message)

    def messages(self):
        """Return the messages under handshake keys, one after another."""
        signed = records.handshake_message(8, self.encrypted_extensions)
        body = certificate_message(self.issued.der) if self.certificate is None else self.certificate
        signed += records.handshake_message(11, body)
        first = [signed[: 4 + len(self.encrypted_extensions)], signed[4 + len(self.encrypted_extensions) :]]
        self._transcript += signed
        signature = self.signature
        if signature is None:
            signature = self.issued.key.sign(CONTEXT + self._summary(), *self.signing)
        verify = records.handshake_message(15, self.scheme.to_bytes(2) + vector(2, signature))
        self._transcript += verify
        verify_data = self.verify_data
        if verify_data is None:
            verify_data = schedule.finished(self._suite, self._server_secret, self._summary())
        last = records.handshake_message(20, verify_data)
        self._transcript += last
        return [*first, verify, last + self.finished_more]

    def flight(self, hello):
        """Return everything, each message in records of its own."""
        clear = self.hello(hello)
        pieces = [one[at : at + 16_000] for one in self.messages() for at in range(0, len(one), 16_000)]
        return clear + b"".join(self.write.seal(22, piece) for piece in pieces)

    def begin_data(self):
        """Change to the keys of data; return what the client's Finished must hold."""
        expected = schedule.finished(self._suite, self._client_secret, self._summary())
        master = schedule.master_secret(self._suite, self._secret)
        self.write = Protection(self._suite, self._derived("s ap traffic", master))
        self.read = Protection(self._suite, self._derived("c ap traffic", master))
        return expected

    def _derived(self, label, secret=None):
        return schedule.derive(self._suite, secret or self._secret, label, self._summary())

    def _summary(self):
        return self._suite.hash(self._transcript).digest()


def hkdf_expand_label(digest, secret, label, context, length):
    """RFC 8446 section 7.1, written out once more as the RFC has it."""
    info = length.to_bytes(2) + vector(1, b"tls13 " + label.encode()) + vector(1, context)
    output, block, number = b"", b"", 1
    while len(output) < length:
        block = hmac.digest(secret, block + info + bytes((number,)), digest)
        output, number = output + block, number + 1
    return output[:length]


def hello_of(*extensions, suites=b"\x13\x01"):
    """Write a ClientHello, as OpenSSL's may look."""
    body = b"\x03\x03" + bytes(32) + vector(1, bytes(32)) + vector(2, suites) + b"\x01\x00"
    return records.record(22, 0x0301, records.handshake_message(1, body + vector(2, b"".join(extensions))))


def shares_of(*entries):
    """Write the extension with the key shares of some groups."""
    return extension(51, vector(2, b"".join(group.to_bytes(2) + vector(2, key) for group, key in entries)))
