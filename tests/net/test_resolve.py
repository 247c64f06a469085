"""Names to addresses, with a lookup that lies, hangs and fails."""

import asyncio
import socket
import threading

import pytest

from exporter.config.model import IPProtocol
from exporter.net.limits import MAX_ADDRESSES
from exporter.net.reason import NetworkError, Reason
from exporter.net.resolve import Address, Resolver


def answer(*addresses):
    return [
        (
            socket.AF_INET6 if ":" in ip else socket.AF_INET,
            socket.SOCK_STREAM,
            6,
            "",
            (ip, 443, 0, 0) if ":" in ip else (ip, 443),
        )
        for ip in addresses
    ]


async def resolve(lookup, host="name.example", protocol=IPProtocol.ANY, seconds=5.0):
    resolver = Resolver(lookup, threads=2)
    try:
        return await resolver.resolve(host, 443, protocol, asyncio.get_running_loop().time() + seconds)
    finally:
        resolver.close()


async def reason(lookup, **arguments):
    with pytest.raises(NetworkError) as caught:
        await resolve(lookup, **arguments)
    return caught.value.reason


def never(*_):
    raise AssertionError("an IP literal needs no lookup")


async def test_addresses_keep_their_order_and_come_once():
    found = await resolve(lambda *_: answer("2001:db8::1", "192.0.2.1", "2001:db8::1"))
    assert found == (Address("2001:db8::1", 443, "ip6"), Address("192.0.2.1", 443, "ip4"))


@pytest.mark.parametrize(("host", "family"), [("192.0.2.1", "ip4"), ("2001:db8::1", "ip6"), ("fe80::1%lo", "ip6")])
async def test_a_literal_is_its_own_answer(host, family):
    assert await resolve(never, host=host) == (Address(host, 443, family),)


async def test_a_literal_of_the_other_family_is_no_address():
    assert await reason(never, host="192.0.2.1", protocol=IPProtocol.IP6) is Reason.NO_ADDRESS


async def test_the_family_asked_for_is_passed_on():
    asked = []
    await resolve(lambda *arguments: asked.append(arguments) or answer("192.0.2.1"), protocol=IPProtocol.IP4)
    assert asked == [("name.example", 0, socket.AF_INET, socket.SOCK_STREAM)]


async def test_a_resolver_that_returns_hundreds_is_cut():
    found = await resolve(lambda *_: answer(*(f"198.51.100.{n}" for n in range(250))))
    assert len(found) == MAX_ADDRESSES


@pytest.mark.parametrize(
    "error",
    [
        socket.gaierror(socket.EAI_NONAME, "no name"),
        socket.gaierror(socket.EAI_AGAIN, "later"),
        UnicodeError("label too long"),
        OSError(24, "too many files"),
    ],
)
async def test_every_failure_of_the_resolver_is_no_address(error):
    def lookup(*_):
        raise error

    assert await reason(lookup) is Reason.NO_ADDRESS


async def test_no_answer_at_all_is_no_address():
    assert await reason(lambda *_: []) is Reason.NO_ADDRESS


async def test_a_resolver_that_hangs_is_left_behind_at_the_deadline():
    release = threading.Event()
    try:
        assert await reason(lambda *_: release.wait(10) and [], seconds=0.1) is Reason.TIMEOUT
    finally:
        release.set()


async def test_lookups_of_one_name_are_shared_and_survive_one_who_leaves():
    calls = []
    release = threading.Event()

    def lookup(host, *_):
        calls.append(host)
        release.wait(10)
        return answer("192.0.2.1")

    resolver = Resolver(lookup, threads=4)
    deadline = asyncio.get_running_loop().time() + 5
    asking = [asyncio.create_task(resolver.resolve("a.example", 443, IPProtocol.ANY, deadline)) for _ in range(3)]
    await asyncio.sleep(0.05)
    asking[0].cancel()
    await asyncio.sleep(0)
    release.set()
    assert await asyncio.gather(*asking[1:]) == [(Address("192.0.2.1", 443, "ip4"),)] * 2
    assert calls == ["a.example"]
    resolver.close()


async def test_names_below_localhost_are_this_machine():
    """RFC 6761 section 6.3; getaddrinfo alone does not know them everywhere."""
    asked = []

    def lookup(host, port, *_, **__):
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    resolver = Resolver(lookup)
    deadline = asyncio.get_running_loop().time() + 5
    try:
        for host in ("expired.localhost", "A.B.LocalHost.", "localhost", "localhost.example", "notlocalhost"):
            assert await resolver.resolve(host, 1, IPProtocol.ANY, deadline)
    finally:
        resolver.close()
    assert asked == ["localhost", "localhost", "localhost", "localhost.example", "notlocalhost"]
