"""One HTTP/3 request (RFC 9114) on a QUIC connection that is there already, and the header of its answer.

As over TCP: a GET, whose answer's body is not read and whose redirect is not followed.
"""

from aioquic.h3.connection import H3Connection
from aioquic.h3.events import HeadersReceived

from exporter import __version__
from exporter.net.reason import NetworkError
from exporter.probe.http import answer_facts, request_target
from exporter.probe.quic import Endpoint
from exporter.probe.result import HTTPFacts
from exporter.text import printable

_FINAL = 200  # RFC 9110 section 15.2: below it are interim answers


async def request(endpoint: Endpoint, authority: str, path: str, alpn: str) -> HTTPFacts:
    """Request a path and return the facts in the answer's header. Never raises except when cancelled."""
    if alpn != "h3":
        return HTTPFacts(failure=f"the server chose {printable(alpn, 40) or 'no protocol'}, not HTTP/3 (ALPN h3)")
    http = H3Connection(endpoint.connection)
    stream = endpoint.connection.get_next_available_stream_id()
    http.send_headers(
        stream,
        [
            (b":method", b"GET"),
            (b":scheme", b"https"),
            (b":authority", authority.encode("ascii", "replace")),
            (b":path", request_target(path).encode("ascii")),
            (b"user-agent", f"tls-exporter/{__version__}".encode()),
            (b"accept", b"*/*"),
        ],
        end_stream=True,
    )
    try:
        endpoint.transmit()
        while True:
            for event in http.handle_event(await endpoint.event()):
                if isinstance(event, HeadersReceived) and event.stream_id == stream:
                    status = _status_untrusted(event.headers)
                    if status >= _FINAL:
                        return answer_facts(status, "3", event.headers)
    except NetworkError as error:
        return HTTPFacts(failure=f"{error.reason}: {error.detail}" if error.detail else str(error.reason))


def _status_untrusted(headers: list[tuple[bytes, bytes]]) -> int:
    """RFC 9114 section 4.3.2: one :status, of three digits, which aioquic has seen to."""
    text = dict(headers).get(b":status", b"")
    return int(text) if text.isdigit() and len(text) == 3 else 0  # noqa: PLR2004 - see above
