"""The verdict on port 80, and how long it is kept."""

import asyncio

import pytest
from support.scripted import ScriptedStream

from exporter.net.reason import NetworkError, Reason
from exporter.probe import redirect
from exporter.probe.redirect import RedirectVerdicts, check_redirect, redirect_verdict
from exporter.probe.result import HTTPFacts

HOST = "www.example.com"


@pytest.mark.parametrize(
    ("location", "verdict", "detail"),
    [
        ("https://www.example.com/", True, "redirects to https://www.example.com/"),
        ("HTTPS://WWW.example.com:8443/x", True, "redirects to https://WWW.example.com:8443/x"),
        ("//www.example.com/", False, "the redirect goes in a circle: http://www.example.com/"),
        ("/", False, "the redirect goes in a circle: http://www.example.com/"),
        ("/login", False, "the redirect goes to another place without TLS: http://www.example.com/login"),
        ("http://www.example.com/x", False, "the redirect goes to another place without TLS: http://www.ex"),
        ("https://example.com/", True, "redirects to https://example.com/, by which browsers learn nothing of"),
        ("https://login.example.com/", True, "redirects to https://login.example.com/, by which browsers"),
        ("https://localhost/", False, "the redirect goes to another host: https://localhost/"),
        ("https://example.org/", False, "the redirect goes to another host: https://example.org/"),
        ("https:///x", False, "the redirect goes to another host: https:///x"),
        ("https://[::1", False, "the redirect goes nowhere: https://[::1"),
        ("ftp://www.example.com/", False, "the redirect goes to another place without TLS: ftp://www.ex"),
    ],
)
def test_location(location, verdict, detail):
    judged, reason = redirect_verdict(HTTPFacts(301, location=location), HOST, "/")
    assert judged is verdict
    assert reason.startswith(detail)


def test_addresses_have_no_relatives():
    facts = HTTPFacts(301, location="https://192.168.0.1/")
    assert redirect_verdict(facts, "10.0.0.1", "/")[0] is False
    assert redirect_verdict(facts, "192.168.0.1", "/")[0] is True


@pytest.mark.parametrize(
    ("facts", "verdict", "detail"),
    [
        (HTTPFacts(200), False, "the request is answered in plaintext, with HTTP status 200"),
        (HTTPFacts(404), False, "the request is answered in plaintext, with HTTP status 404"),
        (HTTPFacts(503), None, "the server is in trouble: HTTP status 503"),
        (HTTPFacts(failure="timeout"), None, "no answer: timeout"),
    ],
)
def test_no_location(facts, verdict, detail):
    """Unknown is not false: without an answer there is no verdict."""
    assert redirect_verdict(facts, HOST, "/") == (verdict, detail)


async def test_the_whole_check():
    stream = ScriptedStream([b"HTTP/1.1 301 x\r\nLocation: https://www.example.com/\r\n\r\n"])

    async def open_stream():
        return stream

    assert await check_redirect(open_stream, HOST) == (True, "redirects to https://www.example.com/")
    assert stream.written.startswith(b"GET / HTTP/1.1\r\nHost: www.example.com\r\n")
    assert stream.closed


@pytest.mark.parametrize(
    ("reason", "detail"),
    [
        (Reason.REFUSED, "the port is closed, which is fine"),
        (Reason.TIMEOUT, "no connection: timeout"),
    ],
)
async def test_no_connection(reason, detail):
    async def open_stream():
        raise NetworkError(reason)

    assert await check_redirect(open_stream, HOST) == (None, detail)


class Opener:
    """Answers every request with a redirect, and counts them."""

    def __init__(self):
        self.opened = 0

    async def __call__(self):
        self.opened += 1
        return ScriptedStream([b"HTTP/1.1 301 x\r\nLocation: https://www.example.com/\r\n\r\n"])


async def renewed(verdicts, key, opener):
    loop = asyncio.get_running_loop()
    verdicts.renew(key, opener, HOST)
    verdict = await verdicts.get(key, loop.time() + 60)
    await asyncio.gather(*verdicts._in_flight.values())
    await asyncio.sleep(0)
    return verdict


async def test_a_verdict_is_kept_for_its_time():
    now, opener = [0.0], Opener()
    verdicts = RedirectVerdicts(clock=lambda: now[0])
    for now[0] in (0.0, 599.0, 600.0, 1199.0):
        assert (await renewed(verdicts, "a", opener))[0] is True
    assert opener.opened == 2
    await renewed(verdicts, "b", opener)
    assert opener.opened == 3


async def test_only_the_first_verdict_is_waited_for():
    """A port that has become silent does not hold up a probe: the last verdict is there meanwhile."""
    now, opener, silent = [0.0], Opener(), asyncio.Event()

    async def open_silent():
        await silent.wait()
        raise NetworkError(Reason.TIMEOUT, "no answer")

    verdicts = RedirectVerdicts(clock=lambda: now[0])
    await renewed(verdicts, "a", opener)
    now[0] = 601.0
    loop = asyncio.get_running_loop()
    for _ in range(2):
        verdicts.renew("a", open_silent, HOST)
        assert (await verdicts.get("a", loop.time()))[0] is True
    verdicts.renew("b", open_silent, HOST)
    assert await verdicts.get("b", loop.time()) == (None, "no answer yet")
    silent.set()
    assert await verdicts.get("b", loop.time() + 60) == (None, "no connection: no answer")
    assert await verdicts.get("a", loop.time() + 60) == (None, "no connection: no answer")
    assert await verdicts.get("never asked for", loop.time() + 60) == (None, "no answer yet")


async def test_no_more_verdicts_are_kept_than_the_limit(monkeypatch):
    """The oldest goes first, and one that was renewed is not the oldest."""
    monkeypatch.setattr(redirect, "MAX_KEPT", 2)
    now, opener = [0.0], Opener()
    verdicts = RedirectVerdicts(clock=lambda: now[0], refresh=10)
    for now[0], key in ((0.0, "a"), (1.0, "b"), (20.0, "a"), (21.0, "c")):
        await renewed(verdicts, key, opener)
    assert len(verdicts) == 2
    await renewed(verdicts, "a", opener)
    assert opener.opened == 4
