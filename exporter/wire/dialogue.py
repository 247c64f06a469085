"""A dialogue in plaintext before TLS (STARTTLS, proxies), without I/O: what is sent and received, how it may fail.

A dialogue is a generator. It yields bytes to be sent, and is resumed at once; it yields b"" to receive more, and is
resumed with what arrived (b"" at the end of the stream). It returns the bytes that came after the server's go-ahead,
or raises DialogueError. It knows no clock: the driver has the deadline.
"""

from collections.abc import Generator
from enum import StrEnum
from typing import TypeAlias, TypeVar

from exporter.text import escaped

T = TypeVar("T")
Steps: TypeAlias = Generator[bytes, bytes, T]

MAX_BYTES = 64 * 1024  # received in one dialogue; the longest EHLO or CAPABILITY answers are below 4 KiB
MAX_QUOTED = 200  # characters of what a server said that are kept in a failure


class DialogueReason(StrEnum):
    """Why a dialogue ends without its go-ahead; spelled as the probe's closed list of reasons spells it."""

    STARTTLS_UNSUPPORTED = "starttls_unsupported"  # the server does not offer TLS at all
    STARTTLS_REFUSED = "starttls_refused"  # it knows TLS and does not want to, or turned the client away before
    STARTTLS_PROTOCOL_ERROR = "starttls_protocol_error"  # what it said is not this protocol
    PROXY_REFUSED = "proxy_refused"
    PROXY_AUTHENTICATION_REQUIRED = "proxy_authentication_required"  # or what was given is wrong
    PROXY_PROTOCOL_ERROR = "proxy_protocol_error"
    CLOSED = "closed"
    TOO_MUCH_DATA = "too_much_data"


class DialogueError(Exception):
    """The one exception that a dialogue lets out. `detail` is a sentence, already escaped and cut."""

    def __init__(self, reason: DialogueReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def printable_untrusted(data: bytes) -> str:
    """Return what a server said as one line that is safe in logs and terminals, cut at MAX_QUOTED."""
    text = data[: 4 * MAX_QUOTED].decode("utf-8", "backslashreplace")
    safe = escaped(text)
    return safe if len(safe) <= MAX_QUOTED else safe[: MAX_QUOTED - 1] + "…"


class Dialogue:
    """The client of a dialogue: sends bytes, receives lines and lengths, and counts what it received."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._taken = 0
        self._searched = 0

    def send(self, data: bytes) -> Steps[None]:
        """Send data."""
        yield data

    def until_untrusted(self, mark: bytes) -> Steps[bytes]:
        """Return what arrives up to and with a one-byte mark."""
        while (end := self._received.find(mark, self._searched)) < 0:
            self._searched = len(self._received)
            yield from self._receive()
        return self._take(end + 1)

    def line_untrusted(self) -> Steps[bytes]:
        """Return the next line without its LF or CR LF."""
        line = yield from self.until_untrusted(b"\n")
        return line[:-1].removesuffix(b"\r")

    def exactly_untrusted(self, length: int) -> Steps[bytes]:
        """Return the next `length` bytes."""
        while len(self._received) < length:
            yield from self._receive()
        return self._take(length)

    def leftover(self) -> bytes:
        """Return what was received and not taken."""
        return bytes(self._received)

    def _receive(self) -> Steps[None]:
        self._limit(self._taken + len(self._received) + 1)
        arrived = yield b""
        if not arrived:
            said = f" in the middle of: {printable_untrusted(bytes(self._received))}" if self._received else ""
            raise DialogueError(DialogueReason.CLOSED, f"the peer closed the connection{said}")
        self._received += arrived

    def _take(self, length: int) -> bytes:
        self._taken += length
        self._limit(self._taken)
        taken = bytes(self._received[:length])
        del self._received[:length]
        self._searched = 0
        return taken

    def _limit(self, heard: int) -> None:
        if heard > MAX_BYTES:
            raise DialogueError(DialogueReason.TOO_MUCH_DATA, f"more than {MAX_BYTES} bytes before TLS")
