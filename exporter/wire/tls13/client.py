"""The TLS 1.3 client: a handshake message by message (RFC 8446 section 2), then data. Bytes in, bytes out.

    -> ClientHello
    <- ServerHello, {EncryptedExtensions, Certificate, CertificateVerify, Finished}
    -> {Finished}
    <> [data]

Everything that is not exactly this is a WireError; the handshake is then best tried again with OpenSSL.
"""

import hmac
from collections.abc import Callable, Mapping

from exporter.wire.iana import TLS_1_2
from exporter.wire.records import (
    ALERT,
    APPLICATION_DATA,
    CHANGE_CIPHER_SPEC,
    HANDSHAKE,
    WireError,
    change_cipher_spec,
    handshake_message,
)
from exporter.wire.session_client import CLOSE_NOTIFY_ALERT, LONGEST_PLAINTEXT, MESSAGE_HEADER, SessionClient
from exporter.wire.tls13 import messages, schedule
from exporter.wire.tls13.hello import Hello
from exporter.wire.tls13.protection import Protection
from exporter.wire.tls13.signatures import verify_untrusted

SERVER_HELLO, NEW_SESSION_TICKET, ENCRYPTED_EXTENSIONS, CERTIFICATE, CERTIFICATE_VERIFY, FINISHED = 2, 4, 8, 11, 15, 20
_IN_ORDER = (SERVER_HELLO, ENCRYPTED_EXTENSIONS, CERTIFICATE, CERTIFICATE_VERIFY, FINISHED)
_CLOSE_NOTIFY = 0
_CHANGE_CIPHER_SPEC = change_cipher_spec(TLS_1_2)


class Client(SessionClient):
    """One connection of TLS 1.3."""

    version = 1.3

    def __init__(self, hello: Hello) -> None:
        super().__init__()
        self._hello = hello
        self._step = 0
        self._read: Protection | None = None
        self._write: Protection | None = None

    def _record_untrusted(self, header: bytes, content: bytes) -> None:
        content_type = header[0]
        if content_type == CHANGE_CIPHER_SPEC and self._step and not self.completed:  # appendix D.4
            return
        if self._read is not None:
            if content_type != APPLICATION_DATA:
                raise WireError("a record in plaintext after the ServerHello")
            content_type, content = self._read.open_untrusted(header, content)
        if len(content) > LONGEST_PLAINTEXT:
            raise WireError("a record of more than 2^14 bytes")
        if content_type == HANDSHAKE and content:
            self._messages_untrusted(content)
        elif content_type == APPLICATION_DATA and self.completed:
            self._data.append(content)
        elif content_type == ALERT and self.completed and content[1:] == bytes((_CLOSE_NOTIFY,)):
            self.closed = True
        else:
            raise WireError(f"a record of type {content_type} where none is expected")

    def _message_untrusted(self, message: bytes, *, last: bool) -> None:
        if self.completed:
            if message[0] != NEW_SESSION_TICKET:  # tickets are of no use to a probe
                raise WireError(f"a handshake message of type {message[0]} after the handshake")
            return
        expected = _IN_ORDER[self._step]
        if message[0] != expected:
            raise WireError(f"a handshake message of type {message[0]} where {expected} is expected")
        if expected in (SERVER_HELLO, FINISHED) and not last:  # section 5.1: the keys change after both
            raise WireError("handshake messages across a change of keys")
        self._step += 1
        _READERS[expected](self, message)

    def _server_hello_untrusted(self, message: bytes) -> None:
        choice = messages.read_server_hello_untrusted(message[MESSAGE_HEADER:], self._hello.session_id)
        suite = schedule.SUITES.get(choice.cipher_suite)
        if suite is None:
            raise WireError("a cipher suite that is not known here")
        shared = self._hello.shares.secret_untrusted(choice.group, choice.share)
        self.cipher_suite, self.group, self._suite = choice.cipher_suite, choice.group, suite
        self._transcript = suite.hash(self._hello.message + message)
        transcript = self._transcript.digest()
        self._secret = schedule.handshake_secret(suite, shared)
        self._client_secret = schedule.derive(suite, self._secret, "c hs traffic", transcript)
        self._server_secret = schedule.derive(suite, self._secret, "s hs traffic", transcript)
        self._read = Protection(suite, self._server_secret)

    def _encrypted_extensions_untrusted(self, message: bytes) -> None:
        self._transcript.update(message)
        self.alpn = messages.read_encrypted_extensions_untrusted(message[MESSAGE_HEADER:])
        if self.alpn and self.alpn not in self._hello.alpn:
            raise WireError("an application protocol that was not offered")

    def _certificate_untrusted(self, message: bytes) -> None:
        self._transcript.update(message)
        self.presented = messages.read_certificate_untrusted(message[MESSAGE_HEADER:])

    def _certificate_verify_untrusted(self, message: bytes) -> None:
        scheme, signature = messages.read_certificate_verify_untrusted(message[MESSAGE_HEADER:])
        verify_untrusted(self.presented.certificates[0], scheme, signature, self._transcript.digest())
        self._transcript.update(message)

    def _finished_untrusted(self, message: bytes) -> None:
        expected = schedule.finished(self._suite, self._server_secret, self._transcript.digest())
        if not hmac.compare_digest(expected, message[MESSAGE_HEADER:]):
            raise WireError("a Finished that does not match the handshake")
        self._transcript.update(message)
        verify_data = schedule.finished(self._suite, self._client_secret, self._transcript.digest())
        sealed = Protection(self._suite, self._client_secret).seal(HANDSHAKE, handshake_message(FINISHED, verify_data))
        self._answer = _CHANGE_CIPHER_SPEC + sealed
        self.completed = True

    # data

    def begin_data(self) -> None:
        """Change to the keys of application data (section 7.1); before it nothing can be sent or received."""
        transcript, master = self._transcript.digest(), schedule.master_secret(self._suite, self._secret)
        self._write = Protection(self._suite, schedule.derive(self._suite, master, "c ap traffic", transcript))
        self._read = Protection(self._suite, schedule.derive(self._suite, master, "s ap traffic", transcript))

    def close_notify(self) -> bytes:
        """Return the close_notify record (section 6.1); nothing can be sent after it."""
        if self._write is None:  # no data was sent, and none will be read
            transcript, master = self._transcript.digest(), schedule.master_secret(self._suite, self._secret)
            self._write = Protection(self._suite, schedule.derive(self._suite, master, "c ap traffic", transcript))
        return self._write.seal(ALERT, CLOSE_NOTIFY_ALERT)

    def send(self, data: bytes) -> bytes:
        """Return the records that carry data."""
        assert self._write is not None
        parts = range(0, len(data), LONGEST_PLAINTEXT)
        return b"".join(self._write.seal(APPLICATION_DATA, data[at : at + LONGEST_PLAINTEXT]) for at in parts)


_READERS: Mapping[int, Callable[[Client, bytes], None]] = {
    SERVER_HELLO: Client._server_hello_untrusted,  # noqa: SLF001 - the table of its own methods
    ENCRYPTED_EXTENSIONS: Client._encrypted_extensions_untrusted,  # noqa: SLF001
    CERTIFICATE: Client._certificate_untrusted,  # noqa: SLF001
    CERTIFICATE_VERIFY: Client._certificate_verify_untrusted,  # noqa: SLF001
    FINISHED: Client._finished_untrusted,  # noqa: SLF001
}
