"""Revocation by way of a proxy: what it is asked for, whose proxy it is, and what is said when it cannot be had."""

import asyncio
import contextlib
from dataclasses import replace

import pytest

from exporter.certificates.chain_cache import ChainAssessor
from exporter.config.model import Module, ProxyConfig, RevocationConfig, Secret
from exporter.net.http_fetch import fetch
from exporter.revocation.checker import RevocationChecker, proxy_of
from exporter.revocation.status import Failure
from tests.revocation.test_checker import MIDDLE, STORE, leaf
from tests.support import der
from tests.support.pki import NOW, Extension
from tests.support.revocation import revocation_list

URL = "http://crl.example.test/r.crl"  # no resolver knows it, the proxy does
CONFIG = RevocationConfig(ocsp=False)


class Proxy:
    """An HTTP or SOCKS5 proxy that answers every request itself, with one document."""

    def __init__(self, document, scheme="http"):
        self.document, self.scheme, self.asked = document, scheme, []
        self.status = 200

    async def handle(self, reader, writer):
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            if self.scheme == "socks5":
                await reader.readexactly((await reader.readexactly(2))[1])
                writer.write(b"\5\0")
                head = await reader.readexactly(5)
                name, port = await reader.readexactly(head[4]), await reader.readexactly(2)
                self.asked.append(f"{name.decode()}:{int.from_bytes(port)}")
                writer.write(b"\5\0\0\1\0\0\0\0\0\0" if self.status == 200 else b"\5\2\0\1\0\0\0\0\0\0")
            request = await reader.readuntil(b"\r\n\r\n")
            self.asked += [line for line in request.decode().split("\r\n") if line.startswith(("GET", "Proxy-A"))]
            head = f"HTTP/1.1 {self.status} x\r\nContent-Length: {len(self.document)}\r\n\r\n"
            writer.write(head.encode() + self.document)
            await writer.drain()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    @contextlib.asynccontextmanager
    async def serving(self):
        server = await asyncio.start_server(self.handle, "127.0.0.1", 0)
        async with server:
            yield ProxyConfig(self.scheme, "127.0.0.1", server.sockets[0].getsockname()[1])


def named(*urls):
    points = b"".join(
        der.sequence(der.element(0xA0, der.element(0xA0, der.element(0x86, url.encode())))) for url in urls
    )
    return leaf(MIDDLE, extra=[Extension("2.5.29.31", der.sequence(points))])


async def known(one, module):
    """Ask twice, as two scrapes do; the answer is there at the second."""
    checker = RevocationChecker(fetch, lambda: float(NOW))
    chain = ChainAssessor().assess_chain((one.der, MIDDLE.der), STORE, NOW)
    checker.known(chain, None, module)
    await checker.settled()
    return {answer.source: answer for answer in checker.known(chain, None, module)}


@pytest.mark.parametrize("scheme", ["http", "socks5"])
@pytest.mark.parametrize("whose", ["module", "revocation"])
async def test_a_list_is_fetched_through_the_proxy(scheme, whose):
    """The proxy is asked by name; on loopback it may be, for the user wrote it."""
    proxy = Proxy(revocation_list(MIDDLE), scheme)
    async with proxy.serving() as at:
        settings = {"proxy": at} if whose == "module" else {}
        config = CONFIG if whose == "module" else replace(CONFIG, proxy=at)
        answers = await known(named(URL), Module("m", revocation=config, **settings))
    assert answers["crl"].status == "good"
    expected = {"http": [f"GET {URL} HTTP/1.1"], "socks5": ["crl.example.test:80", "GET /r.crl HTTP/1.1"]}
    assert proxy.asked == expected[scheme]


async def test_the_proxys_user_and_password():
    proxy = Proxy(revocation_list(MIDDLE))
    async with proxy.serving() as at:
        module = Module("m", revocation=CONFIG, proxy=replace(at, username="a", password=Secret("b")))
        assert (await known(named(URL), module))["crl"].status == "good"
    assert "Proxy-Authorization: Basic YTpi" in proxy.asked


@pytest.mark.parametrize(
    ("scheme", "status", "failure"),
    [("http", 407, Failure.PROXY_FAILED), ("socks5", 403, Failure.PROXY_FAILED), ("http", 503, Failure.HTTP_STATUS)],
)
async def test_a_proxy_that_refuses(scheme, status, failure):
    proxy = Proxy(b"", scheme)
    proxy.status = status
    async with proxy.serving() as at:
        answers = await known(named(URL), Module("m", revocation=CONFIG, proxy=at))
    assert (answers["crl"].status, answers["crl"].failure) == (None, failure)


@pytest.mark.parametrize("scheme", ["http", "socks5"])
async def test_a_proxy_that_is_not_there(scheme):
    async with Proxy(b"", scheme).serving() as at:
        pass
    answers = await known(named(URL), Module("m", revocation=CONFIG, proxy=at))
    assert answers["crl"].status is None
    assert answers["crl"].failure is Failure.PROXY_FAILED


async def test_no_address_is_asked_through_a_proxy_that_must_not_be():
    """A certificate must not reach the metadata service of a cloud by way of the proxy."""
    proxy = Proxy(revocation_list(MIDDLE))
    async with proxy.serving() as at:
        answers = await known(named("http://169.254.169.254/x"), Module("m", revocation=CONFIG, proxy=at))
    assert answers["crl"].failure is Failure.FORBIDDEN_ADDRESS
    assert proxy.asked == []


@pytest.mark.parametrize(
    "url", ["ldap:///cn=x?certificateRevocationList", "https://crl.example.test/r.crl", "ftp://a/b"]
)
async def test_a_source_that_is_never_asked_says_so(url):
    """Named, and not by plain http: unknown, with the reason."""
    answers = await known(named(url), Module("m", revocation=CONFIG))
    assert (answers["crl"].status, answers["crl"].failure) == (None, Failure.UNSUPPORTED_SCHEME)
    assert url in answers["crl"].problem


PROXY, OTHER = ProxyConfig("http", "proxy", 3128), ProxyConfig("socks5", "other", 1080)


@pytest.mark.parametrize(
    ("module", "proxy"),
    [
        (Module("m", revocation=CONFIG), None),
        (Module("m", revocation=CONFIG, proxy=PROXY), PROXY),
        (Module("m", revocation=replace(CONFIG, proxy=OTHER), proxy=PROXY), OTHER),
        (Module("m", revocation=replace(CONFIG, proxy=OTHER)), OTHER),
        (Module("m", revocation=replace(CONFIG, proxy=OTHER), no_proxy=("example.test",)), None),
        (Module("m", revocation=CONFIG, proxy=PROXY, no_proxy=("example.test:8080",)), PROXY),
    ],
)
def test_whose_proxy_it_is(module, proxy):
    assert proxy_of(URL, module) == proxy
    assert proxy_of("http://a:99999/", Module("m", proxy=PROXY)) == PROXY, "a bad port is not an internal error"
