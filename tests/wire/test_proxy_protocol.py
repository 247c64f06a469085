"""The header of the PROXY protocol, byte for byte as its specification writes it."""

import pytest

from exporter.wire.proxy_protocol import proxy_header

SIGNATURE = bytes.fromhex("0D0A0D0A000D0A515549540A")


@pytest.mark.parametrize(
    ("source", "destination", "expected"),
    [
        # the examples of section 2.1, with other ports
        (("255.255.255.255", 65535), ("192.0.2.1", 443), b"PROXY TCP4 255.255.255.255 192.0.2.1 65535 443\r\n"),
        (("2001:db8::2", 4000), ("2001:db8::1", 443), b"PROXY TCP6 2001:db8::2 2001:db8::1 4000 443\r\n"),
        (("fe80::2%eth0", 4000), ("fe80::1%eth0", 443), b"PROXY TCP6 fe80::2 fe80::1 4000 443\r\n"),
        (None, None, b"PROXY UNKNOWN\r\n"),
        (("192.0.2.2", 4000), ("2001:db8::1", 443), b"PROXY UNKNOWN\r\n"),
    ],
)
def test_version_1(source, destination, expected):
    """A line of text; at most 107 characters, as section 2.1 counts them."""
    assert proxy_header("v1", source, destination) == expected
    assert len(expected) <= 107


@pytest.mark.parametrize(
    ("source", "destination", "expected"),
    [
        (("192.0.2.2", 0x1234), ("192.0.2.1", 443), "2111000C C0000202 C0000201 1234 01BB"),
        (
            ("2001:db8::2", 0x1234),
            ("2001:db8::1", 443),
            "21210024 20010DB8000000000000000000000002 20010DB8000000000000000000000001 1234 01BB",
        ),
        (None, None, "20000000"),
    ],
)
def test_version_2(source, destination, expected):
    """Signature, version and command, family, length, addresses; LOCAL where there are none."""
    assert proxy_header("v2", source, destination) == SIGNATURE + bytes.fromhex(expected)
