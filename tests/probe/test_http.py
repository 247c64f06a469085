"""The request on the probed connection: what is sent, what is read of the answer, and where reading ends."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.scripted import TIMEOUT, ScriptedStream

from exporter import __version__
from exporter.probe.http import MAX_ANSWER_BYTES, NO_REQUEST, request
from exporter.probe.result import HSTS, HTTPFacts

OK = b"HTTP/1.1 200 OK\r\n"


async def ask(*chunks, path="/"):
    return await request(ScriptedStream(chunks), "www.example.com", path)


async def test_the_request():
    stream = ScriptedStream([OK + b"\r\n"])
    await request(stream, "www.example.com:8443", "/health?x=1")
    assert stream.written == (
        b"GET /health?x=1 HTTP/1.1\r\n"
        b"Host: www.example.com:8443\r\n"
        b"User-Agent: tls-exporter/" + __version__.encode() + b"\r\n"
        b"Accept: */*\r\n"
        b"Connection: close\r\n"
        b"\r\n"
    )


async def test_a_path_beyond_ascii_is_encoded_once():
    stream = ScriptedStream([OK + b"\r\n"])
    await request(stream, "a", "/ü%20")
    assert stream.written.startswith(b"GET /%C3%BC%20 HTTP/1.1\r\n")


async def test_facts():
    facts = await ask(
        OK,
        b"Strict-Transport-Sec",
        b'urity: max-age=63072000\r\nAlt-Svc: h3=":443"; ma=86400\r\nLocation: /ignored\r\n\r\nbody',
    )
    assert facts == HTTPFacts(200, "1.1", HSTS(63072000), alt_svc='h3=":443"; ma=86400')


async def test_the_body_is_not_read():
    """A body without end costs nothing: reading ends with the header."""
    assert (await ask(OK + b"\r\n", AssertionError("read too much"))).status_code == 200


async def test_interim_answers_are_passed_over():
    early = b"HTTP/1.1 103 Early Hints\r\nStrict-Transport-Security: max-age=1\r\n\r\n"
    facts = await ask(b"HTTP/1.1 100 Continue\r\n\r\n", early, b"HTTP/1.0 404 No\r\n\r\n")
    assert (facts.status_code, facts.version, facts.hsts) == (404, "1.0", None)


@pytest.mark.parametrize(("status", "location"), [(301, "/x"), (308, "/x"), (304, ""), (201, "")])
async def test_location_counts_with_a_redirect_only(status, location):
    facts = await ask(b"HTTP/1.1 %d x\r\nLocation: /x\r\n\r\n" % status)
    assert facts.location == location


async def test_what_the_server_says_is_escaped_and_cut():
    """h11 lets bytes beyond ASCII through; they reach neither terminal nor page as they are."""
    facts = await ask(b"HTTP/1.1 302 x\r\nAlt-Svc: " + b"a" * 1000 + b"\r\nLocation: /\x85\xad\r\n\r\n")
    assert facts.location == r"/\x85\xad"
    assert len(facts.alt_svc) == 259
    assert facts.alt_svc.endswith("...")


@pytest.mark.parametrize(
    ("chunks", "failure"),
    [
        ([], "the connection was closed before an answer"),
        ([OK], "the connection was closed before an answer"),
        ([b"SSH-2.0-OpenSSH\r\n"], "the answer is not HTTP/1.1: it began with 'SSH-2.0-OpenSSH\\r\\n'"),
        ([b"\x00\x00\x12\x04\x00\x00\x00\x00\x00"], r"the answer is not HTTP/1.1: it began with '\x00\x00\x12\x04"),
        ([OK, *[b"X: y\r\n" * 1000] * 20], "the answer is not HTTP/1.1: it began with 'HTTP/1.1 200 OK"),
        ([b"HTTP/1.1 100 x\r\n\r\n" * 4000] * 4, f"more than {MAX_ANSWER_BYTES} bytes before"),
        ([OK, TIMEOUT], "timeout: the deadline passed"),
    ],
)
async def test_failure(chunks, failure):
    facts = await ask(*chunks)
    assert facts == HTTPFacts(failure=facts.failure)
    assert facts.failure.startswith(failure)


async def test_a_host_that_is_no_header_value():
    assert (await request(ScriptedStream([]), "a\r\nX: y", "/")).failure == NO_REQUEST


@settings(deadline=None)
@given(st.binary(max_size=200), st.booleans(), st.lists(st.integers(0, 230), max_size=4))
async def test_any_bytes_end_in_a_result(data, answer, cuts):
    heard = (OK if answer else b"") + data
    edges = [0, *sorted(set(cuts)), len(heard)]
    parts = [part for start, end in itertools.pairwise(edges) if (part := heard[start:end])]
    facts = await ask(*parts)
    assert (facts.status_code is None) == bool(facts.failure)
    assert facts.failure.isprintable()
