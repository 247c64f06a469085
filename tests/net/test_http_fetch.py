"""Outgoing HTTP is bounded: in size, time, redirects, and in where it may go."""

# ruff: noqa: RUF001 - look-alike characters are among what is tried

import asyncio
import contextlib
import socket
import threading

import pytest
from aiohttp import web

from exporter.config.model import ProxyConfig
from exporter.net import http_fetch
from exporter.net.dns_threads import DNSThreadPool
from exporter.net.fetch import FetchError, Limits
from exporter.net.fetch import FetchReason as Reason
from exporter.net.http_fetch import fetch
from exporter.revocation.status import Failure as RevocationFailure
from tests.support.revocation import serving

HERE = Limits(max_bytes=1000, seconds=5, loopback=True)


async def failure(url, limits=HERE):
    with pytest.raises(FetchError) as caught:
        await fetch(url, limits)
    assert caught.value.detail
    assert RevocationFailure(caught.value.reason.value)  # the caller has a name for it, too
    return caught.value.reason


async def test_a_document_is_fetched():
    async with serving() as pages:
        pages.answers["/a.crl"] = b"x" * 1000
        assert await fetch(f"{pages.url}/a.crl", HERE) == b"x" * 1000
        assert pages.asked == [("GET", "/a.crl", b"")]


async def test_a_body_is_posted_with_its_type():
    async with serving() as pages:
        pages.answers["/ocsp"] = lambda request: web.Response(body=request.content_type.encode())
        assert (
            await fetch(f"{pages.url}/ocsp", HERE, b"request", "application/ocsp-request")
            == b"application/ocsp-request"
        )
        assert pages.asked == [("POST", "/ocsp", b"request")]


async def test_redirects_are_followed_a_few_times():
    async with serving() as pages:
        pages.answers |= {f"/{n}": redirect(f"/{n + 1}") for n in range(5)}
        pages.answers["/5"] = b"found"
        assert await fetch(f"{pages.url}/2", HERE) == b"found"
        assert await failure(f"{pages.url}/0") is Reason.TOO_MANY_REDIRECTS
        assert len(pages.asked) == 8


def redirect(where):
    return lambda _: web.Response(status=302, headers={"Location": where})


@pytest.mark.parametrize("where", ["https://example.com/", "file:///etc/passwd", "http://user:pw@127.0.0.1/"])
async def test_a_redirect_may_not_leave_plain_http(where):
    async with serving() as pages:
        pages.answers["/"] = redirect(where)
        assert await failure(f"{pages.url}/") is Reason.BAD_URL


async def test_a_redirect_may_not_lead_to_a_forbidden_address():
    async with serving() as pages:
        pages.answers["/"] = redirect("http://169.254.169.254/latest/meta-data/")
        assert await failure(f"{pages.url}/") is Reason.FORBIDDEN_ADDRESS


@pytest.mark.parametrize(
    "url", ["https://example.com/", "ldap://example.com/", "http://", "http:///x", "", "http://[::1/"]
)
async def test_only_plain_http_is_asked(url):
    assert await failure(url) in (Reason.BAD_URL, Reason.UNREACHABLE)


async def test_an_answer_larger_than_the_limit_is_dropped():
    async with serving() as pages:
        pages.answers["/"] = b"x" * 1001
        assert await failure(f"{pages.url}/") is Reason.TOO_LARGE


async def test_an_endless_answer_is_dropped():
    async def endless(request):
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 100)

    async with serving() as pages:
        pages.answers["/"] = endless
        assert await failure(f"{pages.url}/") is Reason.TOO_LARGE


async def test_compression_is_neither_asked_for_nor_undone():
    """A small answer must not become a large one."""
    async with serving() as pages:
        pages.answers["/"] = lambda request: web.Response(
            body=b"not gzip", headers={"Content-Encoding": "gzip", "X-Asked": request.headers["Accept-Encoding"]}
        )
        assert await fetch(f"{pages.url}/", HERE) == b"not gzip"


async def test_a_slow_answer_is_given_up():
    async def slow(request):
        await asyncio.sleep(30)
        return web.Response()

    async with serving() as pages:
        pages.answers["/"] = slow
        assert await failure(f"{pages.url}/", Limits(1000, seconds=0.1, loopback=True)) is Reason.TIMEOUT


async def test_silence_ends_a_request_that_may_last_longer():
    async def silent(_):
        await asyncio.sleep(30)

    async with serving() as pages:
        pages.answers["/"] = silent
        limits = Limits(1000, seconds=20, silence=0.1, loopback=True)
        async with asyncio.timeout(5):
            assert await failure(f"{pages.url}/", limits) is Reason.TIMEOUT


async def test_a_large_list_is_fetched_whole():
    async with serving() as pages:
        pages.answers["/"] = lambda _: web.Response(body=b"x" * 15_000_000)
        assert len(await fetch(f"{pages.url}/", Limits(16_000_000, loopback=True))) == 15_000_000


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1000),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nA\r\n" * 1000),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;", b"A" * 65536),
    ],
    ids=["interim answers", "tiny chunks", "a chunk's extension"],
)
async def test_what_belongs_to_no_document_is_bounded_as_well(first, then):
    """Reading it would take all of a core until the time is over."""
    sent = 0

    async def flood(reader, writer):
        nonlocal sent
        await reader.read(1000)
        writer.write(first)
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(then)
                await writer.drain()
                sent += len(then)

    server = await asyncio.start_server(flood, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        found = await failure(f"http://127.0.0.1:{port}/", Limits(16_000_000, seconds=20, loopback=True))
    assert found is Reason.TOO_LARGE
    assert sent < 16_000_000


async def test_a_name_that_hangs_takes_one_thread_and_none_of_the_loops():
    """Reloads and pages work on the loop's own threads, of which there are few."""
    answer = threading.Event()
    asked = []

    def look_up(host, port, *_):
        asked.append(host)
        if host == "hangs.example":
            answer.wait(30)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    names = DNSThreadPool("fetch", 2, look_up)

    def get(host):
        return fetch(f"http://{host}:{port}/", Limits(1000, seconds=2, loopback=True), names=names)

    async with serving() as pages:
        port = pages.url.rpartition(":")[2]
        pages.answers["/"] = b"found"
        hanging = [asyncio.create_task(get("hangs.example")) for _ in range(40)]
        await asyncio.sleep(0)
        assert await asyncio.wait_for(asyncio.to_thread(len, "abc"), 1) == 3
        assert await get("other.example") == b"found"
        answer.set()
        assert await asyncio.gather(*hanging) == [b"found"] * 40
    assert asked == ["hangs.example", "other.example"]


async def test_a_name_that_nobody_waits_for_any_more_is_not_looked_up():
    """Else abandoned names would keep the threads from others."""
    answer = threading.Event()
    asked, begun = [], threading.Event()

    def look_up(host, *_):
        asked.append(host)
        begun.set()
        answer.wait(30)
        return []

    names = DNSThreadPool("fetch", 1, look_up)

    def ask(host):
        return asyncio.create_task(names.look_up(host, 80, socket.AF_INET))

    waiting = [ask("hangs.example"), ask("abandoned.example"), ask("shared.example"), ask("shared.example")]
    await asyncio.to_thread(begun.wait, 5)
    for task in waiting[:3]:
        task.cancel()
    await asyncio.wait(waiting[:3])
    answer.set()
    assert await asyncio.wait_for(waiting[3], 5) == []
    assert asked == ["hangs.example", "shared.example"]


async def test_other_statuses_and_closed_ports_have_their_reasons():
    async with serving() as pages:
        assert await failure(f"{pages.url}/missing") is Reason.HTTP_STATUS
        url = pages.url
    assert await failure(f"{url}/") is Reason.UNREACHABLE


async def test_an_answer_that_is_no_http_is_unreachable():
    async def gc_tuning(reader, writer):
        await reader.read(100)
        writer.write(b"SSH-2.0-OpenSSH\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(gc_tuning, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        assert await failure(f"http://127.0.0.1:{port}/") is Reason.UNREACHABLE


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "2130706433", "0x7f.1"])
async def test_this_machine_is_not_asked_unless_that_is_allowed(host):
    async with serving() as pages:
        port = pages.url.rpartition(":")[2]
        found = await failure(f"http://{host}:{port}/", Limits(1000, seconds=5))
        assert found in (Reason.FORBIDDEN_ADDRESS, Reason.UNREACHABLE)
        assert pages.asked == []


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127。0。0。1",
        "１２７.0.0.1",
        "①②⑦.0.0.1",
        "127.0.0.1.",
        "%31%32%37.0.0.1",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::1]",
        "[::127.0.0.1]",
        "[0:0:0:0:0:0:0:1]",
        "localhost",
        "LOCALHOST.",
        "0.0.0.0",
        "0",
        "[::]",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "redirect"])
async def test_this_machine_is_not_reached_by_any_spelling(host, method, monkeypatch):
    """Neither where the URL says so, nor where a redirect leads: the address that is connected to is judged."""
    async with serving() as pages:
        port = pages.url.rpartition(":")[2]
        url = f"http://{host}:{port}/"
        limits = Limits(1000, seconds=5)
        if method == "redirect":
            pages.answers["/"] = redirect(url)
            judged = []

            def only_once(address, *, loopback):
                judged.append(address)
                return len(judged) == 1

            monkeypatch.setattr(http_fetch, "may_be_fetched_from", only_once)
            url = f"{pages.url}/"
        with pytest.raises(FetchError) as caught:
            await fetch(url, limits, b"request" if method == "POST" else None)
        assert caught.value.reason in (Reason.FORBIDDEN_ADDRESS, Reason.UNREACHABLE, Reason.BAD_URL)
        assert len(pages.asked) == (method == "redirect")


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1.",
        "127.1",
        "2130706433",
        "0x7f000001",
        "127。0。0。1",
        "①②⑦.0.0.1",
        "169.254.169.254",
        "[::ffff:169.254.169.254]",
        "[fd00:ec2::254]",
        "localhost",
        "a.localhost",
        "%31%32%37.0.0.1",
    ],
)
async def test_a_proxy_is_not_asked_for_what_must_not_be_asked(host):
    """What the proxy would make of the host counts: it is given the text, and resolves it itself."""
    async with serving() as pages:
        proxy = ProxyConfig("http", "127.0.0.1", int(pages.url.rpartition(":")[2]))
        with pytest.raises(FetchError) as caught:
            await fetch(f"http://{host}/", Limits(1000, seconds=5), proxy=proxy)
        assert caught.value.reason is Reason.FORBIDDEN_ADDRESS
        assert pages.asked == []
