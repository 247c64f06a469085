"""One HTTP/1.1 request on a stream that is there already, and the header of its answer. It follows no redirect.

The request is a GET, for many servers answer HEAD with less or not at all. The answer's body is not read: its header
says all that is asked here, and a body could make the probe as slow as a peer likes.
"""

from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import quote

import h11

from exporter import __version__
from exporter.net.reason import NetworkError
from exporter.net.stream import Stream
from exporter.probe.hsts import read_hsts_untrusted
from exporter.probe.result import HTTPFacts
from exporter.text import printable

MAX_HEADER_BYTES = 64 * 1024
MAX_ANSWER_BYTES = 256 * 1024  # with the interim answers before the one that counts
MAX_LOCATION = 2048
_BEGINNING = b"HTTP/"
_START = 40  # bytes of what is no HTTP, repeated in the failure
MAX_ALT_SVC = 256
MAX_LENGTH_DIGITS = 18  # of a Content-Length: an exabyte
MAX_REMEMBERED = 16_384
_REDIRECTS = frozenset({301, 302, 303, 307, 308})  # RFC 9110 section 15.4, those with a meaning to Location
_PATH_CHARACTERS = "/?:@!$&'()*+,;=%~-._[]"  # RFC 3986 section 3.3 and 3.4, and what is encoded already


NOT_HTTP_1 = "the answer is not HTTP/1.1"
CLOSED = "the connection was closed before an answer"
NO_REQUEST = "no request can be made of this host and path"


class _NoAnswerError(Exception):
    """There is no answer; the message says why, in words that name nothing of a library's inside."""


async def request(stream: Stream, host_header: str, path: str) -> HTTPFacts:
    """Ask for a path and return the facts in the answer's header. Never raises except when cancelled."""
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEADER_BYTES)
    try:
        stream.write(_request_bytes(connection, host_header, path))
        answer = await _answer(connection, stream)
        return answer_facts(answer.status_code, answer.http_version.decode("ascii"), answer.headers)
    except h11.LocalProtocolError:
        return HTTPFacts(failure=NO_REQUEST)
    except _NoAnswerError as error:
        return HTTPFacts(failure=str(error))
    except NetworkError as error:
        return HTTPFacts(failure=f"{error.reason}: {error.detail}" if error.detail else str(error.reason))


def request_target(path: str) -> str:
    """Return a path as it is sent: what is not ASCII is encoded."""
    return quote(path, safe=_PATH_CHARACTERS)


def _request_bytes(connection: h11.Connection, host_header: str, path: str) -> bytes:
    return (connection.send(_request_event(host_header, path)) or b"") + (connection.send(_END) or b"")


_END = h11.EndOfMessage()


@lru_cache(maxsize=MAX_REMEMBERED)
def _request_event(host_header: str, path: str) -> h11.Request:
    """Return the request, which is checked when it is made and is the same at each probe."""
    headers = [
        ("Host", host_header),
        ("User-Agent", f"tls-exporter/{__version__}"),
        ("Accept", "*/*"),
        ("Connection", "close"),
    ]
    return h11.Request(method="GET", target=request_target(path), headers=headers)


async def _answer(connection: h11.Connection, stream: Stream) -> h11.Response:
    """Return the answer's header. Raises NetworkError and _NoAnswerError."""
    received, start = 0, b""
    while True:
        try:
            event = connection.next_event()
        except h11.RemoteProtocolError:
            raise _not_http(start) from None
        if isinstance(event, h11.Response):
            return event
        if event is h11.NEED_DATA:
            data = await stream.read()
            if not data:
                raise _NoAnswerError(CLOSED) if _BEGINNING.startswith(start[: len(_BEGINNING)]) else _not_http(start)
            received, start = received + len(data), start or data[:_START]
            if received > MAX_ANSWER_BYTES:
                raise _NoAnswerError(f"more than {MAX_ANSWER_BYTES} bytes before the answer's header ends")
            connection.receive_data(data)


def _not_http(start: bytes) -> _NoAnswerError:
    return _NoAnswerError(f"{NOT_HTTP_1}: it began with '{printable(start.decode('latin-1'))}'")


def answer_facts(status: int, version: str, headers: Iterable[tuple[bytes, bytes]]) -> HTTPFacts:
    """Return the facts in the header of an answer, whose names are in lower case."""
    fields = list(headers)

    def values(name: bytes) -> list[bytes]:
        return [value for field, value in fields if field == name]

    def text(name: bytes, limit: int) -> str:
        return printable(b", ".join(values(name)).decode("latin-1"), limit)

    return HTTPFacts(
        status_code=status,
        version=version,
        hsts=read_hsts_untrusted(values(b"strict-transport-security")),
        location=text(b"location", MAX_LOCATION) if status in _REDIRECTS else "",
        alt_svc=text(b"alt-svc", MAX_ALT_SVC),
        content_length=_length_untrusted(values(b"content-length")),
    )


def _length_untrusted(values: list[bytes]) -> int | None:
    """Return what Content-Length says (RFC 9110 section 8.6); None where it is missing, contradictory or no number."""
    sent = values[0] if values and values.count(values[0]) == len(values) else b""
    return int(sent) if sent.isdigit() and len(sent) <= MAX_LENGTH_DIGITS else None
