"""The one table of addresses that somebody else may not make the exporter connect to, and its two callers."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.net.address_policy import EXPLICIT, NEVER, is_public, may_be_fetched_from
from exporter.web.allowlist import Allowlist

EVERYTHING = Allowlist.of(["*:*", "0.0.0.0/0:*", "[::]/0:*"])


@pytest.mark.parametrize(
    ("address", "forbidden"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("0.0.0.0", True),
        ("0.1.2.3", True),
        ("169.254.169.254", True),
        ("100.100.100.200", True),
        ("224.0.0.1", True),
        ("255.255.255.255", True),
        ("::1", True),
        ("::", True),
        ("fe80::1", True),
        ("fe80::1%eth0", True),
        ("ff02::1", True),
        ("fd00:ec2::254", True),
        ("fd20:ce::254", True),
        ("168.63.129.16", True),
        ("192.0.0.192", True),
        ("fec0::1", True),
        ("::127.0.0.1", True),
        ("::ffff:0:127.0.0.1", True),
        ("64:ff9b:1::7f00:1", True),
        ("2001:0:a00:1::80ff:fffe", True),
        ("nonsense", True),
        ("", True),
        ("::ffff:127.0.0.1", True),
        ("::ffff:169.254.169.254", True),
        ("2002:7f00:1::", True),
        ("64:ff9b::a9fe:a9fe", True),
        ("10.0.0.1", False),
        ("192.168.1.1", False),
        ("fd00::1", False),
        ("192.0.2.1", False),
        ("2001:db8::1", False),
        ("64:ff9b::c000:201", False),
    ],
)
def test_which_addresses_are_forbidden(address, forbidden):
    assert may_be_fetched_from(address) is not forbidden


def test_allowing_this_machine_allows_nothing_else():
    assert may_be_fetched_from("127.0.0.1", loopback=True)
    assert not may_be_fetched_from("169.254.169.254", loopback=True)
    assert not may_be_fetched_from("::ffff:169.254.169.254", loopback=True)


NETWORKS = (*NEVER, *EXPLICIT)


@given(st.sampled_from(NETWORKS).flatmap(lambda network: st.ip_addresses(network=network)))
def test_what_an_open_allowlist_keeps_shut_is_never_fetched_from(address):
    """The callers agree: what `*:*` and `0.0.0.0/0:*` do not open, no certificate opens either."""
    assert not EVERYTHING.permits_address(str(address), 80)
    assert not may_be_fetched_from(str(address))


@given(st.ip_addresses())
def test_what_is_public_may_be_fetched_from(address):
    if is_public(address):
        assert may_be_fetched_from(str(address)) == EVERYTHING.permits_address(str(address), 80)


def test_addresses_are_what_the_connection_takes():
    assert may_be_fetched_from(str(ipaddress.ip_address("192.0.2.1")))
