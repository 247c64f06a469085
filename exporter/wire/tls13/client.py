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
    MAX_HANDSHAKE,
    MAX_RECORD,
    WireError,
    change_cipher_spec,
    handshake_message,
)
from exporter.wire.tls13 import messages, schedule
from exporter.wire.tls13.hello import Hello
from exporter.wire.tls13.protection import Protection
from exporter.wire.tls13.signatures import verify_untrusted

SERVER_HELLO, NEW_SESSION_TICKET, ENCRYPTED_EXTENSIONS, CERTIFICATE, CERTIFICATE_VERIFY, FINISHED = 2, 4, 8, 11, 15, 20
_IN_ORDER = (SERVER_HELLO, ENCRYPTED_EXTENSIONS, CERTIFICATE, CERTIFICATE_VERIFY, FINISHED)
_HEADER = 5
_MESSAGE_HEADER = 4
_LONGEST_PLAINTEXT = 16_384
_CLOSE_NOTIFY = 0
_CLOSE_NOTIFY_ALERT = bytes((1, _CLOSE_NOTIFY))  # at level warning
_CHANGE_CIPHER_SPEC = change_cipher_spec(TLS_1_2)


class Client:
    """One connection. What the server chose and presented is there once `completed`."""

    def __init__(self, hello: Hello) -> None:
        self._hello = hello
        self._waiting = b""  # of a record
        self._handshake = b""  # of a message
        self._received = 0
        self._step = 0
        self._read: Protection | None = None
        self._write: Protection | None = None
        self._answer = b""
        self._data: list[bytes] = []
        self.completed = False
        self.closed = False  # the server has said that it sends nothing more
        self.cipher_suite = 0
        self.group = 0
        self.alpn = b""
        self.presented = messages.Presented((), None)

    def receive_untrusted(self, data: bytes) -> bytes:
        """Take what has arrived, and return what is to be sent. Raises WireError."""
        self._received += len(data)
        if not self.completed and self._received > MAX_HANDSHAKE:
            raise WireError(f"more than {MAX_HANDSHAKE} bytes of handshake")
        waiting = self._waiting + data if self._waiting else data
        start, arrived = 0, len(waiting)
        while (begin := start + _HEADER) <= arrived:
            length = waiting[begin - 2] << 8 | waiting[begin - 1]
            if length > MAX_RECORD:
                raise WireError("a record longer than RFC 8446 section 5.2 allows")
            end = begin + length
            if end > arrived:
                break
            self._record_untrusted(waiting[start:begin], waiting[begin:end])
            start = end
        self._waiting = waiting[start:]
        answer, self._answer = self._answer, b""
        return answer

    def _record_untrusted(self, header: bytes, content: bytes) -> None:
        content_type = header[0]
        if header[1] != 3:  # noqa: PLR2004 - the major version of every TLS
            raise WireError("no TLS record")
        if content_type == CHANGE_CIPHER_SPEC and self._step and not self.completed:  # appendix D.4
            return
        if self._read is not None:
            if content_type != APPLICATION_DATA:
                raise WireError("a record in plaintext after the ServerHello")
            content_type, content = self._read.open_untrusted(header, content)
        if len(content) > _LONGEST_PLAINTEXT:
            raise WireError("a record of more than 2^14 bytes")
        if content_type == HANDSHAKE and content:
            self._messages_untrusted(content)
        elif content_type == APPLICATION_DATA and self.completed:
            self._data.append(content)
        elif content_type == ALERT and self.completed and content[1:] == bytes((_CLOSE_NOTIFY,)):
            self.closed = True
        else:
            raise WireError(f"a record of type {content_type} where none is expected")

    def _messages_untrusted(self, content: bytes) -> None:
        waiting = self._handshake + content if self._handshake else content
        start, arrived = 0, len(waiting)
        while (begin := start + _MESSAGE_HEADER) <= arrived:
            end = begin + int.from_bytes(waiting[start + 1 : begin])
            if end > arrived:
                break
            self._message_untrusted(waiting[start:end], last=end == arrived)
            start = end
        self._handshake = waiting[start:]
        if arrived - start > MAX_HANDSHAKE:
            raise WireError(f"more than {MAX_HANDSHAKE} bytes of handshake")

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
        choice = messages.read_server_hello_untrusted(message[_MESSAGE_HEADER:], self._hello.session_id)
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
        self.alpn = messages.read_encrypted_extensions_untrusted(message[_MESSAGE_HEADER:])
        if self.alpn and self.alpn not in self._hello.alpn:
            raise WireError("an application protocol that was not offered")

    def _certificate_untrusted(self, message: bytes) -> None:
        self._transcript.update(message)
        self.presented = messages.read_certificate_untrusted(message[_MESSAGE_HEADER:])

    def _certificate_verify_untrusted(self, message: bytes) -> None:
        scheme, signature = messages.read_certificate_verify_untrusted(message[_MESSAGE_HEADER:])
        verify_untrusted(self.presented.certificates[0], scheme, signature, self._transcript.digest())
        self._transcript.update(message)

    def _finished_untrusted(self, message: bytes) -> None:
        expected = schedule.finished(self._suite, self._server_secret, self._transcript.digest())
        if not hmac.compare_digest(expected, message[_MESSAGE_HEADER:]):
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
        """Return the record that ends what we send (section 6.1); nothing can be sent after it."""
        if self._write is None:  # no data was sent, and none will be read
            transcript, master = self._transcript.digest(), schedule.master_secret(self._suite, self._secret)
            self._write = Protection(self._suite, schedule.derive(self._suite, master, "c ap traffic", transcript))
        return self._write.seal(ALERT, _CLOSE_NOTIFY_ALERT)

    def send(self, data: bytes) -> bytes:
        """Return the records that carry data."""
        assert self._write is not None
        parts = range(0, len(data), _LONGEST_PLAINTEXT)
        return b"".join(self._write.seal(APPLICATION_DATA, data[at : at + _LONGEST_PLAINTEXT]) for at in parts)

    def take(self) -> bytes:
        """Return the data that has been received since the last time."""
        data = b"".join(self._data)
        self._data.clear()
        return data


_READERS: Mapping[int, Callable[[Client, bytes], None]] = {
    SERVER_HELLO: Client._server_hello_untrusted,  # noqa: SLF001 - the table of its own methods
    ENCRYPTED_EXTENSIONS: Client._encrypted_extensions_untrusted,  # noqa: SLF001
    CERTIFICATE: Client._certificate_untrusted,  # noqa: SLF001
    CERTIFICATE_VERIFY: Client._certificate_verify_untrusted,  # noqa: SLF001
    FINISHED: Client._finished_untrusted,  # noqa: SLF001
}
