"""Documents by HTTPS: from whom, from where, how much and how long; nothing of it is the server's to decide."""

import asyncio
import ssl

import pytest
from support import pki
from support.pki import DAY, NOW, dns
from support.servers.sni_https import Site, response, sni_https

from exporter.net import https_fetch
from exporter.net.https_fetch import HTTPSError, HTTPSReason, fetch_https, retry_after_seconds
from tests.support.trust import store_of

ROOT = pki.root()
STORE = store_of(ROOT)
HOST = "policy.test"


def leaf_of(name=HOST, **changes):
    return [pki.leaf(ROOT, names=(dns(name),), **changes)]


def resolving(*addresses):
    async def resolve(_host):
        return list(addresses)

    return resolve


async def fetched(folder, answer, chain=None, addresses=("127.0.0.1",), loopback=True, max_bytes=100):
    with sni_https({HOST: Site(chain or leaf_of(), answer)}, folder, 0) as port:
        url = f"https://{HOST}:{port}/x"
        return await fetch_https(url, max_bytes, STORE, resolving(*addresses), loopback=loopback)


async def reason(*args, **more):
    with pytest.raises(HTTPSError) as caught:
        await fetched(*args, **more)
    return caught.value.reason


async def test_a_document_comes_with_what_the_server_says_of_it(tmp_path):
    document = await fetched(tmp_path, response(b"hello", "text/plain", "200 OK", "Retry-After: 30"))
    assert (document.data, document.content_type, document.retry_after) == (b"hello", "text/plain", "30")


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "::1", "0.0.0.0", "169.254.169.254", "fe80::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "224.0.0.1"],
)
async def test_no_name_leads_to_an_address_that_the_policy_forbids(tmp_path, address):
    assert await reason(tmp_path, response(b""), addresses=(address,), loopback=False) is HTTPSReason.FORBIDDEN_ADDRESS


async def test_of_several_addresses_only_those_are_tried_that_may_be(tmp_path):
    document = await fetched(tmp_path, response(b"ok"), addresses=("169.254.169.254", "127.0.0.1"))
    assert document.data == b"ok"


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "2130706433", "127.1", "0x7f.1"])
async def test_no_spelling_of_a_host_leads_to_this_machine(tmp_path, host):
    with (
        sni_https({HOST: Site(leaf_of(), response(b"secret"))}, tmp_path, 0) as port,
        pytest.raises(HTTPSError) as caught,
    ):
        await fetch_https(f"https://{host}:{port}/", 100, STORE)
    assert caught.value.reason in (HTTPSReason.FORBIDDEN_ADDRESS, HTTPSReason.NO_ADDRESS, HTTPSReason.UNREACHABLE)


@pytest.mark.parametrize(
    "url", ["http://a.test/", "ftp://a.test/", "https:///x", "https://u:p@a.test/", "https://[", ""]
)
async def test_only_https_urls_are_fetched(url):
    with pytest.raises(HTTPSError) as caught:
        await fetch_https(url, 100, STORE)
    assert caught.value.reason is HTTPSReason.BAD_URL


@pytest.mark.parametrize(
    ("chain", "expected"),
    [
        (leaf_of("other.test"), HTTPSReason.CERTIFICATE),
        (leaf_of(not_after=NOW - DAY), HTTPSReason.CERTIFICATE),
        ([pki.leaf(pki.root("CN=Unrelated"), names=(dns(HOST),))], HTTPSReason.CERTIFICATE),
    ],
)
async def test_the_server_must_prove_its_name(tmp_path, chain, expected):
    assert await reason(tmp_path, response(b""), chain) is expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (response(b"x" * 101), HTTPSReason.TOO_LARGE),
        (response(b"", status="404 Not Found"), HTTPSReason.HTTP_STATUS),
        (response(b"", "text/plain", "302 Found", f"Location: https://{HOST}/"), HTTPSReason.REDIRECT),
        (b"garbage\r\n\r\n", HTTPSReason.UNREACHABLE),
        (b"", HTTPSReason.UNREACHABLE),
        (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000, HTTPSReason.UNREACHABLE),
    ],
)
async def test_an_unusable_answer_has_its_reason(tmp_path, answer, expected):
    assert await reason(tmp_path, answer) is expected


async def test_a_silent_server_costs_the_time_and_no_more(tmp_path, monkeypatch):
    monkeypatch.setattr(https_fetch, "SECONDS", 0.3)
    with (
        sni_https({HOST: Site(leaf_of(), silent=True)}, tmp_path, 0) as port,
        pytest.raises(HTTPSError) as caught,
    ):
        await fetch_https(f"https://{HOST}:{port}/", 100, STORE, resolving("127.0.0.1"), loopback=True)
    assert caught.value.reason is HTTPSReason.TIMEOUT


async def test_nobody_listening_is_a_refusal():
    with pytest.raises(HTTPSError) as caught:
        await fetch_https(f"https://{HOST}:1/", 100, STORE, resolving("127.0.0.1"), loopback=True)
    assert caught.value.reason is HTTPSReason.REFUSED


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120.0),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("9" * 30, None),
        ("Thu, 01 Jan 1970 00:01:00 GMT", 60.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(text, seconds):
    assert retry_after_seconds(text, 0.0) == seconds


def test_the_context_checks_names_and_chains():
    context = https_fetch._context(https_fetch._Roots(STORE))
    assert (context.check_hostname, context.verify_mode) == (True, ssl.CERT_REQUIRED)
    assert https_fetch._context(https_fetch._Roots(store_of(ROOT))) is context


async def test_waiting_is_cancelled_with_its_waiter(tmp_path):
    with sni_https({HOST: Site(leaf_of(), silent=True)}, tmp_path, 0) as port:
        url = f"https://{HOST}:{port}/"
        task = asyncio.create_task(fetch_https(url, 100, STORE, resolving("127.0.0.1"), loopback=True))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
