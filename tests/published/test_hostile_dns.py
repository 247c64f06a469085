"""Name servers that lie, flood, cut, stall and lead in circles: each costs one failure with its reason, and no more."""

import asyncio
import contextlib
import struct
from types import SimpleNamespace

import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset
import pytest
from dns.rdatatype import RdataType
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.config.model import DNSConfig, NameServer
from exporter.published import dns_client
from exporter.published.ari import ARIError, read_directory_untrusted, read_window_untrusted
from exporter.published.caa import read_caa_untrusted
from exporter.published.dane import read_tlsa_untrusted
from exporter.published.dns_answer import DNSError, DNSFailure
from exporter.published.dns_message import MAX_RECORDS
from exporter.published.dns_wire import WireError, make_generic, read_message_untrusted
from exporter.published.dnssec import MAX_KEYS_OF_ONE_TAG, MAX_SIGNATURES, Validator, Zone
from exporter.published.https_record import read_https_untrusted
from exporter.published.lookup import Lookup
from exporter.published.mta_sts import (
    PolicyError,
    read_policy_untrusted,
    read_record_untrusted,
    read_report_record_untrusted,
)

NAME = "host.test"


class Server(asyncio.DatagramProtocol):
    """Answers by UDP and TCP with what `answer` makes of a query: a list of messages; None: nothing over UDP."""

    def __init__(self, answer, over_tcp=None):
        self.answer, self.over_tcp = answer, over_tcp
        self.asked = 0

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        self.asked += 1
        for message in self.answer(dns.message.from_wire(data)):
            self.transport.sendto(message, addr)

    async def stream(self, reader, writer):
        length = int.from_bytes(await reader.readexactly(2), "big")
        query = dns.message.from_wire(await reader.readexactly(length))
        try:
            await self.over_tcp(query, writer)
        finally:
            writer.close()


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(dns_client, "UDP_SECONDS", (0.2, 0.2))
    monkeypatch.setattr(dns_client, "TCP_SECONDS", 0.3)


async def asked(answer, over_tcp=None, kind=RdataType.TLSA, servers=1):
    """Ask such a server; return the answer, or the failure's reason."""
    loop = asyncio.get_running_loop()
    server = Server(answer, over_tcp)
    listener = await asyncio.start_server(server.stream, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    if over_tcp is None:
        listener.close()
    transport, _ = await loop.create_datagram_endpoint(lambda: server, local_addr=("127.0.0.1", port))
    lookup = Lookup(DNSConfig(nameservers=(NameServer("127.0.0.1", port),) * servers))
    try:
        return await lookup.look_up(NAME, kind)
    except DNSError as error:
        return error.reason
    finally:
        transport.close()
        listener.close()
        await listener.wait_closed()


def reply(query, *records, code=dns.rcode.NOERROR, authority=(), **flags):
    made = dns.message.make_response(query, recursion_available=flags.get("ra", True))
    made.set_rcode(code)
    made.flags |= flags.get("set", 0)
    made.answer = [dns.rrset.from_text(*one) for one in records]
    made.authority = [dns.rrset.from_text(*one) for one in authority]
    return made.to_wire(max_size=65535)


GOOD = (f"{NAME}.", 60, "IN", "TLSA", "3 1 1 " + "ab" * 32)
LOOP = [(f"{NAME}.", 60, "IN", "CNAME", "b.test."), ("b.test.", 60, "IN", "CNAME", f"{NAME}.")]
LONG = [(f"a{n}.test." if n else f"{NAME}.", 60, "IN", "CNAME", f"a{n + 1}.test.") for n in range(40)]
MANY = (f"{NAME}.", 60, "IN", "TLSA", *[f"3 1 1 {n:064x}" for n in range(MAX_RECORDS + 1)])


def with_id(message, identifier):
    return struct.pack("!H", identifier) + message[2:]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda _: [], DNSFailure.TIMEOUT),
        (lambda q: [q.to_wire()], DNSFailure.TIMEOUT),  # an echo is no response
        (lambda q: [with_id(reply(q, GOOD), q.id ^ 1)] * 70, DNSFailure.MALFORMED),
        (lambda q: [reply(q, GOOD)[:20]], DNSFailure.MALFORMED),
        (lambda q: [reply(q, GOOD)[:60]], DNSFailure.MALFORMED),
        (lambda q: [reply(dns.message.make_query("x.test", "TLSA", id=q.id), GOOD)], DNSFailure.MALFORMED),
        (lambda q: [reply(q, GOOD)[:12] + b"\xc0\x0c" + b"\x00\x34\x00\x01"], DNSFailure.MALFORMED),
        (lambda q: [struct.pack("!HHHHHH", q.id, 0x8180, 1, 60000, 60000, 0)], DNSFailure.MALFORMED),
        (lambda q: [reply(q, code=dns.rcode.SERVFAIL)], DNSFailure.SERVER_FAILURE),
        (lambda q: [reply(q, code=dns.rcode.FORMERR)], DNSFailure.SERVER_FAILURE),
        (lambda q: [reply(q, code=dns.rcode.REFUSED)], DNSFailure.REFUSED),
        (lambda q: [reply(q, ra=False, authority=[("test.", 60, "IN", "NS", "ns.test.")])], DNSFailure.LAME),
        (lambda q: [reply(q, *LOOP)], DNSFailure.ALIAS_LOOP),
        (lambda q: [reply(q, *LONG)], DNSFailure.ALIAS_LOOP),
        (lambda q: [reply(q, MANY)], DNSFailure.TOO_MANY),
    ],
)
async def test_a_hostile_answer_is_a_failure_with_its_reason(answer, reason):
    assert await asked(answer) is reason


async def test_the_right_datagram_counts_among_a_few_forged_ones():
    answer = await asked(lambda q: [with_id(reply(q), q.id ^ n) for n in range(1, 30)] + [reply(q, GOOD)])
    assert len(answer.records) == 1


async def test_nothing_is_secure_that_the_resolver_does_not_call_so():
    assert (await asked(lambda q: [reply(q, GOOD)])).secure is False
    assert (await asked(lambda q: [reply(q, GOOD, set=dns.flags.AD)])).secure is True


async def test_a_record_of_another_name_in_the_answer_is_not_believed():
    answer = await asked(lambda q: [reply(q, ("evil.test.", 60, "IN", "TLSA", "3 1 1 " + "ab" * 32))])
    assert answer.records == ()


def cut(query):
    return [reply(query, set=dns.flags.TC)]


async def test_a_cut_answer_is_asked_for_over_tcp():
    async def whole(query, writer):
        message = reply(query, GOOD)
        writer.write(len(message).to_bytes(2, "big") + message)
        await writer.drain()

    assert len((await asked(cut, whole)).records) == 1


async def stall(query, writer):
    writer.write(b"\xff\xff" + reply(query, GOOD))
    await writer.drain()
    await asyncio.sleep(1)


async def half(query, writer):
    writer.write(b"\xff\xff" + reply(query, GOOD)[:9])
    await writer.drain()


async def cut_again(query, writer):
    message = reply(query, set=dns.flags.TC)
    writer.write(len(message).to_bytes(2, "big") + message)
    await writer.drain()


@pytest.mark.parametrize(
    ("over_tcp", "reason"),
    [
        (None, DNSFailure.UNREACHABLE),
        (stall, DNSFailure.TIMEOUT),
        (half, DNSFailure.UNREACHABLE),
        (cut_again, DNSFailure.MALFORMED),
    ],
)
async def test_a_cut_answer_without_an_honest_tcp_is_a_failure(over_tcp, reason):
    assert await asked(cut, over_tcp) is reason


@pytest.mark.parametrize("name", ["a" * 64 + ".test", ".".join(["a" * 60] * 5), "a..test"])
async def test_a_name_that_the_dns_cannot_have_is_not_asked_for(name):
    lookup = Lookup(DNSConfig(nameservers=(NameServer("127.0.0.1", 1),)))
    with pytest.raises(DNSError) as caught:
        await lookup.look_up(name, RdataType.A)
    assert caught.value.reason is DNSFailure.BAD_NAME


async def test_a_failure_is_kept_for_a_while_and_shared():
    asked_for = 0

    async def ask(_query, _servers):
        nonlocal asked_for
        asked_for += 1
        raise DNSError(DNSFailure.TIMEOUT, "no answer")

    lookup = Lookup(DNSConfig(), ask=ask)
    for _ in range(5):
        results = await asyncio.gather(*(lookup.look_up(NAME, RdataType.A) for _ in range(20)), return_exceptions=True)
        assert all(isinstance(one, DNSError) for one in results)
    assert asked_for == 1


def test_a_zone_of_colliding_keys_and_signatures_costs_a_bounded_number_of_checks(monkeypatch):
    """KeyTrap (CVE-2023-50387): every signature is tried with every key of its tag."""
    checks = 0

    def validate(*_args, **_more):
        nonlocal checks
        checks += 1
        raise dns.dnssec.ValidationFailure("wrong")

    monkeypatch.setattr(dns.dnssec, "validate_rrsig", validate)
    monkeypatch.setattr("exporter.published.dnssec._matches", lambda _key, _signature: True)
    zone = Zone(dns.name.from_text("test."), tuple(dns.rrset.from_text("test.", 60, "IN", "DNSKEY",
                *[f"257 3 13 {'A' * 84}{n:02d}==" for n in range(10, 99)])))  # fmt: skip
    signatures = [SimpleNamespace(signer=zone.name, key_tag=1)] * 500
    one = dns.rrset.from_text("a.test.", 60, "IN", "A", "192.0.2.1")
    with pytest.raises(DNSError):
        Validator(None, {}, lambda: 0.0)._verify(one, signatures, zone)
    assert checks <= MAX_SIGNATURES
    assert MAX_SIGNATURES * MAX_KEYS_OF_ONE_TAG <= 8


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_a_message_or_an_error(data):
    with contextlib.suppress(WireError):
        read_message_untrusted(data)


@settings(deadline=None)
@given(st.lists(st.binary(max_size=120), max_size=5))
def test_any_record_data_can_be_read(pieces):
    for kind, read in (
        (RdataType.TLSA, read_tlsa_untrusted),
        (RdataType.CAA, read_caa_untrusted),
        (RdataType.HTTPS, lambda records: read_https_untrusted(records, "a.test")),
    ):
        read([make_generic(kind, piece) for piece in pieces])


@settings(deadline=None)
@given(st.text(max_size=200) | st.from_regex(r"v=(STS|TLSRPT)v1[; =a-z:,@]*"), st.binary(max_size=300))
def test_any_text_is_a_policy_or_an_error(text, data):
    for read in (
        lambda: read_record_untrusted([text]),
        lambda: read_report_record_untrusted([text, text]),
        lambda: read_policy_untrusted(data, "text/plain"),
        lambda: read_policy_untrusted(b"version: STSv1\n" + data, "text/plain"),
        lambda: read_window_untrusted(data),
        lambda: read_directory_untrusted(data),
    ):
        with contextlib.suppress(PolicyError, ARIError):
            read()
