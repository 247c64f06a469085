"""The TLS 1.2 client: a handshake message by message (RFC 5246 section 7.3), then data. Bytes in, bytes out.

    -> ClientHello
    <- ServerHello, Certificate, [CertificateStatus], ServerKeyExchange, ServerHelloDone
    -> ClientKeyExchange, ChangeCipherSpec, {Finished}
    <- [NewSessionTicket], ChangeCipherSpec, {Finished}
    <> {data}

Everything that is not exactly this is a WireError; the handshake is then best tried again with OpenSSL.
"""

import hashlib
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
    record,
)
from exporter.wire.session_client import (
    CLOSE_NOTIFY_ALERT,
    LONGEST_PLAINTEXT,
    MESSAGE_HEADER,
    Presented,
    SessionClient,
)
from exporter.wire.tls12 import key_schedule, messages
from exporter.wire.tls12.protection import Protection
from exporter.wire.tls12.signatures import verify_untrusted
from exporter.wire.tls13.hello import RANDOM_LENGTH, Hello

SERVER_HELLO, NEW_SESSION_TICKET, CERTIFICATE, KEY_EXCHANGE, DONE, FINISHED, STATUS = 2, 4, 11, 12, 14, 20, 22
_CLIENT_KEY_EXCHANGE = 16
_FOLLOWERS: Mapping[int, frozenset[int]] = {
    0: frozenset((SERVER_HELLO,)),
    SERVER_HELLO: frozenset((CERTIFICATE,)),
    CERTIFICATE: frozenset((STATUS, KEY_EXCHANGE)),
    STATUS: frozenset((KEY_EXCHANGE,)),
    KEY_EXCHANGE: frozenset((DONE,)),
    DONE: frozenset((NEW_SESSION_TICKET, FINISHED)),
    NEW_SESSION_TICKET: frozenset((FINISHED,)),
}
_RANDOM_AT = 2
_CHANGE_CIPHER_SPEC = change_cipher_spec(TLS_1_2)
_CHANGE = b"\x01"


class Client(SessionClient):
    """One connection of TLS 1.2."""

    version = 1.2

    def __init__(self, hello: Hello) -> None:
        super().__init__()
        self._hello = hello
        self._random = hello.message[MESSAGE_HEADER + _RANDOM_AT :][:RANDOM_LENGTH]
        self._messages: list[bytes] = [hello.message]  # the suite, and with it the hash, is known later
        self._last = 0
        self._next_read: Protection | None = None
        self._read: Protection | None = None
        self._write: Protection | None = None
        self._staple: bytes | None = None

    def _record_untrusted(self, header: bytes, content: bytes) -> None:
        content_type = header[0]
        if content_type == CHANGE_CIPHER_SPEC and self._read is None:
            if content != _CHANGE or self._next_read is None or self._handshake or self.completed:
                raise WireError("a change of keys where none is expected")
            self._read = self._next_read
            return
        if self._read is not None:
            content = self._read.open_untrusted(header, content)
        if len(content) > LONGEST_PLAINTEXT:
            raise WireError("a record of more than 2^14 bytes")
        if content_type == HANDSHAKE and content and not self.completed:
            self._messages_untrusted(content)
        elif content_type == APPLICATION_DATA and self.completed:
            self._data.append(content)
        elif content_type == ALERT and self.completed and content == CLOSE_NOTIFY_ALERT:
            self.closed = True
        else:
            raise WireError(f"a record of type {content_type} where none is expected")

    def _message_untrusted(self, message: bytes, *, last: bool) -> None:
        number = message[0]
        if self.completed or number not in _FOLLOWERS[self._last]:
            raise WireError(f"a handshake message of type {number} after one of type {self._last}")
        if (number == FINISHED) != (self._read is not None) or (number in (DONE, FINISHED) and not last):
            raise WireError("a handshake message across a change of keys")
        self._last = number
        if number != FINISHED:
            self._messages.append(message)
        _READERS[number](self, message[MESSAGE_HEADER:])

    def _server_hello_untrusted(self, body: bytes) -> None:
        self._choice = messages.read_server_hello_untrusted(body)
        suite = key_schedule.SUITES.get(self._choice.cipher_suite)
        if suite is None:
            raise WireError("a cipher suite that is not known here")
        if self._choice.alpn and self._choice.alpn not in self._hello.alpn:
            raise WireError("an application protocol that was not offered")
        self._suite, self.cipher_suite, self.alpn = suite, self._choice.cipher_suite, self._choice.alpn

    def _certificate_untrusted(self, body: bytes) -> None:
        self._certificates = messages.read_certificate_untrusted(body)

    def _status_untrusted(self, body: bytes) -> None:
        if not self._choice.staples:
            raise WireError("a CertificateStatus that was not announced")
        self._staple = messages.read_status_untrusted(body)

    def _key_exchange_untrusted(self, body: bytes) -> None:
        exchange = messages.read_key_exchange_untrusted(body)
        signed = self._random + self._choice.random + exchange.parameters
        verify_untrusted(self._certificates[0], exchange.scheme, exchange.signature, signed)
        self.group = exchange.group
        self._public, self._shared = self._hello.shares.agree_untrusted(exchange.group, exchange.public)

    def _done_untrusted(self, body: bytes) -> None:
        if body:
            raise WireError("a ServerHelloDone with content")
        suite, choice = self._suite, self._choice
        exchange = handshake_message(_CLIENT_KEY_EXCHANGE, len(self._public).to_bytes(1) + self._public)
        self._messages.append(exchange)
        self._transcript = hashlib.new(suite.hash_name, b"".join(self._messages))
        digest = self._transcript.digest()
        if choice.extended_master_secret:
            self._master = key_schedule.master_secret(suite, self._shared, digest)
        else:
            self._master = key_schedule.old_master_secret(suite, self._shared, self._random + choice.random)
        client_key, server_key, client_iv, server_iv = key_schedule.key_block(
            suite, self._master, choice.random + self._random
        )
        self._write = Protection(suite, client_key, client_iv)
        self._next_read = Protection(suite, server_key, server_iv)
        finished = handshake_message(
            FINISHED, key_schedule.verify_data(suite, self._master, b"client finished", digest)
        )
        self._transcript.update(finished)
        self._answer = record(HANDSHAKE, TLS_1_2, exchange) + _CHANGE_CIPHER_SPEC
        self._answer += self._write.seal(HANDSHAKE, finished)

    def _ticket_untrusted(self, body: bytes) -> None:
        """Take note of a ticket: it is of no use to a probe, but part of the transcript."""
        self._transcript.update(handshake_message(NEW_SESSION_TICKET, body))

    def _finished_untrusted(self, body: bytes) -> None:
        expected = key_schedule.verify_data(self._suite, self._master, b"server finished", self._transcript.digest())
        if not hmac.compare_digest(expected, body):
            raise WireError("a Finished that does not match the handshake")
        self.presented = Presented(self._certificates, self._staple, self._choice.scts)
        self.completed = True

    def begin_data(self) -> None:
        """Do nothing: the keys of the handshake's end are those of data."""

    def send(self, data: bytes) -> bytes:
        """Return the records that carry data."""
        assert self._write is not None
        parts = range(0, len(data), LONGEST_PLAINTEXT)
        return b"".join(self._write.seal(APPLICATION_DATA, data[at : at + LONGEST_PLAINTEXT]) for at in parts)

    def close_notify(self) -> bytes:
        """Return the record that ends what is sent (RFC 5246 section 7.2.1)."""
        assert self._write is not None
        return self._write.seal(ALERT, CLOSE_NOTIFY_ALERT)


_READERS: Mapping[int, Callable[[Client, bytes], None]] = {
    SERVER_HELLO: Client._server_hello_untrusted,  # noqa: SLF001 - the table of its own methods
    CERTIFICATE: Client._certificate_untrusted,  # noqa: SLF001
    STATUS: Client._status_untrusted,  # noqa: SLF001
    KEY_EXCHANGE: Client._key_exchange_untrusted,  # noqa: SLF001
    DONE: Client._done_untrusted,  # noqa: SLF001
    NEW_SESSION_TICKET: Client._ticket_untrusted,  # noqa: SLF001
    FINISHED: Client._finished_untrusted,  # noqa: SLF001
}
