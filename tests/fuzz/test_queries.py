"""Any request, as bytes on a socket: an answer of the list, never 500, and never a connection that is not permitted.

Every name resolves to an address inside; the one configured target is a closed port.
"""

import asyncio
import socket
import sys
import threading

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support.site import configuration, serving

CONFIGURED = "https://127.0.0.1:1/configured"
ALLOW = ("*.allowed.example:443", "10.20.0.0/16:443")
INSIDE = "127.0.0.2"
REFUSED_RELOAD = b"nothing to reload\n"
ANSWERS = {200, 303, 304, 400, 403, 404, 405, 406, 411, 413, 414, 415, 417, 429, 431, 503}

_WORDS = st.sampled_from(
    [
        *(
            "127.0.0.1:1",
            CONFIGURED,
            "a.allowed.example:443",
            "allowed.example",
            "10.20.0.1:443",
            "127.0.0.1",
            "[::1]:443",
        ),
        *(
            "169.254.169.254",
            "unix:/etc/passwd",
            "0x7f.1",
            "//",
            "@",
            "%00",
            "%ff",
            "%ED%A0%80",
            "%25",
            "%0d%0a",
            "+",
            "\\",
        ),
        *(
            "https",
            "tls",
            "nope",
            "0/1",
            "1/0",
            "9" * 30,
            "true",
            "a" * 300,
            "é",
            "\u202e",
            "..",
            "%2e%2e",
            "style.css",
        ),
    ]
)
_VALUES = st.lists(_WORDS | st.text(st.characters(max_codepoint=0x2FF), max_size=4), max_size=3).map("".join)
_NAMES = st.sampled_from(["target", "module", "debug", "shard", "", "x", "target%00", "sort", "q", "state"])
_QUERIES = st.lists(st.tuples(_NAMES, _VALUES).map("=".join), max_size=4).map("&".join)
_PATHS = st.sampled_from(
    ["/", "/metrics", "/probe", "/sd", "/config", "/target", "/static/style.css", "/-/healthy", "/-/ready", "/-/reload"]
) | _VALUES.map("/{}".format)
_METHODS = st.sampled_from(["GET", "GET", "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "X"])
_FIELDS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *(
                    "Accept",
                    "Accept-Encoding",
                    "Origin",
                    "Sec-Fetch-Site",
                    "X-Prometheus-Scrape-Timeout-Seconds",
                    "Host",
                ),
                *(
                    "Authorization",
                    "X-Forwarded-For",
                    "If-None-Match",
                    "Content-Type",
                    "Content-Length",
                    "Range",
                    "Cookie",
                ),
            ]
        ),
        st.sampled_from(["", "0", "-1", "nan", "1e999", "gzip;q=x", "http://[", "null", "*/*;q=", "Basic YTpi", "1"])
        | st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=12),
    ),
    max_size=3,
)


@pytest.fixture(scope="module")
def site():
    """Serve in a thread of its own; return the port and every address that the process connected to."""
    connected, stop, started = [], [], threading.Event()

    def hook(event, arguments):
        if event == "socket.connect" and stop:
            connected.append(arguments[1])

    def lookup(host, port, family=0, type=0):  # noqa: A002 - getaddrinfo's own names
        return [(socket.AF_INET, 1, 6, "", (INSIDE, port))]

    async def serve():
        config = configuration((CONFIGURED, "https"), allow=ALLOW)
        async with serving(config, lookup=lookup) as served:
            stop.extend((asyncio.get_running_loop(), asyncio.Event(), int(served.url.rpartition(":")[2])))
            started.set()
            await stop[1].wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    started.wait(30)
    sys.addaudithook(hook)
    yield stop[2], connected
    stop[0].call_soon_threadsafe(stop[1].set)
    thread.join()
    stop.clear()  # an audit hook cannot be taken away


def ask(port: int, request: bytes) -> bytes:
    """Send bytes, and return what is answered until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(request)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    return answer


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
@given(_METHODS, _PATHS, _QUERIES, _FIELDS)
@example("POST", "/-/reload", "", [("Origin", "http://[")])
@example("POST", "/target", "", [("Origin", "http://[")])
@example("GET", "/metrics", "target=%ED%A0%80", [])
@example("GET", "/probe", "target=%00&module=%ff", [])
def test_any_query_is_answered_and_connects_to_nothing_else(site, method, path, query, fields):
    port, connected = site
    before = len(connected)
    lines = [f"{method} {path}?{query} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in fields]
    request = ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")
    if any(name == "Content-Length" for name, _ in fields):
        request += b"a" * 64
    answer = ask(port, request)
    status = int(answer[9:12])
    assert status in ANSWERS or answer.endswith(REFUSED_RELOAD), answer[:500]
    assert set(connected[before:]) <= {("127.0.0.1", port), ("127.0.0.1", 1)}


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
@given(st.binary(max_size=300))
def test_any_bytes_are_answered_or_closed(site, data):
    port, connected = site
    before = len(connected)
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    assert not answer or int(answer[9:12]) in ANSWERS
    assert set(connected[before:]) == {("127.0.0.1", port)}
