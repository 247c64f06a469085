"""What the fast path's clients of TLS 1.2 and 1.3 share: cutting bytes into records and messages, and what they show.

Bytes in, bytes out. Whatever is not exactly what a client expects is a WireError: ask OpenSSL, on a new connection.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from exporter.wire.records import MAX_HANDSHAKE, MAX_RECORD, WireError

CLOSE_NOTIFY_ALERT = bytes((1, 0))  # at level warning
LONGEST_PLAINTEXT = 16_384
MESSAGE_HEADER = 4
_HEADER = 5
_MAJOR = 3  # of every TLS


@dataclass(frozen=True, slots=True)
class Presented:
    """What a server presented: its certificates, leaf first, and with the leaf a staple and timestamps."""

    certificates: tuple[bytes, ...]
    staple: bytes | None
    scts: tuple[bytes, ...] = ()


class SessionClient(ABC):
    """One connection. What the server chose and presented is there once `completed`."""

    version: float  # as a number: 1.2, 1.3

    def __init__(self) -> None:
        self._waiting = b""  # of a record
        self._handshake = b""  # of a message
        self._received = 0
        self._answer = b""
        self._data: list[bytes] = []
        self.completed = False
        self.closed = False  # the server has sent close_notify
        self.cipher_suite = 0
        self.group = 0
        self.alpn = b""
        self.presented = Presented((), None)

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
            if waiting[start + 1] != _MAJOR:
                raise WireError("no TLS record")
            self._record_untrusted(waiting[start:begin], waiting[begin:end])
            start = end
        self._waiting = waiting[start:]
        answer, self._answer = self._answer, b""
        return answer

    def _messages_untrusted(self, content: bytes) -> None:
        """Cut the content of handshake records into messages. Raises WireError."""
        waiting = self._handshake + content if self._handshake else content
        start, arrived = 0, len(waiting)
        while (begin := start + MESSAGE_HEADER) <= arrived:
            end = begin + int.from_bytes(waiting[start + 1 : begin])
            if end > arrived:
                break
            self._message_untrusted(waiting[start:end], last=end == arrived)
            start = end
        self._handshake = waiting[start:]
        if arrived - start > MAX_HANDSHAKE:
            raise WireError(f"more than {MAX_HANDSHAKE} bytes of handshake")

    @abstractmethod
    def _record_untrusted(self, header: bytes, content: bytes) -> None:
        """Take one record; `header` are its five bytes. Raises WireError."""

    @abstractmethod
    def _message_untrusted(self, message: bytes, *, last: bool) -> None:
        """Take one handshake message with its header; `last` if its record ends with it. Raises WireError."""

    @abstractmethod
    def begin_data(self) -> None:
        """Prepare for application data, once the handshake has completed."""

    @abstractmethod
    def send(self, data: bytes) -> bytes:
        """Return the records that carry data."""

    @abstractmethod
    def close_notify(self) -> bytes:
        """Return the record that ends what is sent (RFC 8446 section 6.1)."""

    def take(self) -> bytes:
        """Return the data that has been received since the last time."""
        data = b"".join(self._data)
        self._data.clear()
        return data
