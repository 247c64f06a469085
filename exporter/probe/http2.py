"""One HTTP/2 request (RFC 9113) on an open stream, and the header of its answer.

It is for services that speak nothing else: gRPC, and servers configured that way. As over HTTP/1.1 the request is a
GET, the body is not read and no redirect is followed. Failures are reported in this file's own words, because the
library's messages name its own states and classes.
"""

from collections.abc import Iterable

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import ConnectionTerminated, Event, ResponseReceived, StreamReset
from h2.exceptions import H2Error

from exporter import __version__
from exporter.net.reason import NetworkError
from exporter.net.stream import Stream
from exporter.probe.http import CLOSED, MAX_ANSWER_BYTES, NO_REQUEST, answer_facts, request_target
from exporter.probe.result import HTTPFacts

_STREAM = 1
_CONFIGURATION = H2Configuration(client_side=True, header_encoding=None)
_TYPE, _SETTINGS = 3, b"\x04"  # section 3.4: the first frame of a server, of whose length three bytes tell
NOT_HTTP_2 = "the answer is not HTTP/2"


async def request(stream: Stream, authority: str, path: str) -> HTTPFacts:
    """Request a path and return the facts in the answer's header. Never raises except when cancelled."""
    connection = H2Connection(_CONFIGURATION)
    try:
        headers = _headers(authority, path)
    except UnicodeEncodeError:
        return HTTPFacts(failure=NO_REQUEST)
    try:
        connection.initiate_connection()
        connection.send_headers(_STREAM, headers, end_stream=True)
        stream.write(connection.data_to_send())
        facts = await _answer(connection, stream)
        connection.close_connection()
        stream.write(connection.data_to_send())
    except (H2Error, ValueError, LookupError):  # the two last by bytes that the library does not expect
        return HTTPFacts(failure=NOT_HTTP_2)
    except NetworkError as error:
        return HTTPFacts(failure=f"{error.reason}: {error.detail}" if error.detail else str(error.reason))
    return facts


def _headers(authority: str, path: str) -> list[tuple[bytes, bytes]]:
    fields = {
        ":method": "GET",
        ":scheme": "https",
        ":authority": authority,
        ":path": request_target(path),
        "user-agent": f"tls-exporter/{__version__}",
        "accept": "*/*",
    }
    return [(name.encode("ascii"), value.encode("ascii")) for name, value in fields.items()]


async def _answer(connection: H2Connection, stream: Stream) -> HTTPFacts:
    received, start = 0, b""
    while received <= MAX_ANSWER_BYTES:
        data = await stream.read()
        if not data:
            is_preface = start[_TYPE : _TYPE + 1] in (_SETTINGS, b"")
            return HTTPFacts(failure=CLOSED if is_preface else NOT_HTTP_2)
        received, start = received + len(data), (start + data)[: _TYPE + 1]
        facts = _read_events_untrusted(connection.receive_data(data))
        stream.write(connection.data_to_send())  # it acknowledges settings and pings
        if facts is not None:
            return facts
    return HTTPFacts(failure=f"more than {MAX_ANSWER_BYTES} bytes before the answer's header ends")


def _read_events_untrusted(events: Iterable[Event]) -> HTTPFacts | None:
    """Return the outcome of the request from the events; None if they do not end it. Raises ValueError."""
    for event in events:
        if isinstance(event, ResponseReceived):
            headers = [(bytes(name), bytes(value)) for name, value in event.headers or ()]
            status = dict(headers)[b":status"]
            if not status.isdigit() or len(status) != 3:  # noqa: PLR2004 - RFC 9110 section 15
                raise ValueError("a bad status code")
            return answer_facts(int(status), "2", headers)
        if isinstance(event, StreamReset | ConnectionTerminated):
            return HTTPFacts(failure=f"the server ended the request with {_error_name(event.error_code)}")
    return None


def _error_name(code: ErrorCodes | int | None) -> str:
    """Return the name of an error code (RFC 9113 section 7)."""
    return code.name if isinstance(code, ErrorCodes) else f"error {code}"
