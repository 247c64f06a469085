"""The written forms of targets: what each means, and what is refused because two readers could disagree on it."""

# ruff: noqa: RUF001 - look-alike characters are among what is refused

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.target import Endpoint, TargetError, is_ip_literal, parse_endpoint

GOOD = {
    "example.com": Endpoint("example.com"),
    "EXAMPLE.com.": Endpoint("example.com"),
    "shop-.example.com:443": Endpoint("shop-.example.com", 443),
    "a-.b-.example.com": Endpoint("a-.b-.example.com"),
    "https://a--/": Endpoint("a--", None, "https", "/"),
    "localhost": Endpoint("localhost"),
    "localhost:1": Endpoint("localhost", 1),
    "example.com:65535": Endpoint("example.com", 65535),
    "_443._tcp.example.com:443": Endpoint("_443._tcp.example.com", 443),
    "a-b.example.com:443": Endpoint("a-b.example.com", 443),
    "1.example.com": Endpoint("1.example.com"),
    "1e100.net:443": Endpoint("1e100.net", 443),
    "192.0.2.1": Endpoint("192.0.2.1"),
    "192.0.2.1:8443": Endpoint("192.0.2.1", 8443),
    "192.0.2.1.:8443": Endpoint("192.0.2.1", 8443),
    "2001:db8::1": Endpoint("2001:db8::1"),
    "[2001:DB8:0::1]": Endpoint("2001:db8::1"),
    "[2001:db8::1]:8443": Endpoint("2001:db8::1", 8443),
    "[::ffff:192.0.2.1]:443": Endpoint("::ffff:c000:201", 443),
    "[fe80::1%eth0]:443": Endpoint("fe80::1%eth0", 443),
    "fe80::1%2": Endpoint("fe80::1%2"),
    "https://example.com": Endpoint("example.com", None, "https"),
    "HTTPS://Example.com:8443": Endpoint("example.com", 8443, "https"),
    "https://example.com/Health?a=b&c": Endpoint("example.com", None, "https", "/Health?a=b&c"),
    "https://example.com?a=b": Endpoint("example.com", None, "https", "/?a=b"),
    "https://[2001:db8::1]:8443/": Endpoint("2001:db8::1", 8443, "https", "/"),
    "tls://example.com:993": Endpoint("example.com", 993, "tls"),
    "tls://example.com/": Endpoint("example.com", None, "tls", "/"),
    "bücher.example:443": Endpoint("xn--bcher-kva.example", 443),
    "BÜCHER.example": Endpoint("xn--bcher-kva.example"),
    "faß.example": Endpoint("xn--fa-hia.example"),
    "例え。テスト:443": Endpoint("xn--r8jz45g.xn--zckzah", 443),
    "ｅxample.com": Endpoint("example.com"),
    "unix:/run/server.sock": Endpoint("", unix_path="/run/server.sock"),
    "a" * 63 + ".example": Endpoint("a" * 63 + ".example"),
}
BAD = {
    "": "between 1 and 2048",
    "a" * 2049: "between 1 and 2048",
    " example.com": "spaces or control",
    "example.com\n": "spaces or control",
    "exam\tple.com": "spaces or control",
    "example.com\0": "spaces or control",
    "exa\u200bmple.com": "spaces or control",
    "exa\u00admple.com": "spaces or control",
    "example.com\u202e": "spaces or control",
    "\ud800.example": "spaces or control",
    "http://example.com": "unknown scheme",
    "ftp://example.com": "unknown scheme",
    "://example.com": "unknown scheme",
    "https:example.com": "bad port",
    "https://": "host is missing",
    "https:///path": "host is missing",
    ":443": "host is missing",
    ".": "host is missing",
    ".:443": "host is missing",
    "example.com:": "bad port",
    "example.com:0": "bad port",
    "example.com:65536": "bad port",
    "example.com:+443": "bad port",
    "example.com:-1": "bad port",
    "example.com:４４３": "bad port",
    "example.com:443:80": "IPv6 address with a port",
    "https://example.com:443:80/": "in brackets",
    "https://2001:db8::1/": "in brackets",
    "example.com/path": "a path needs a scheme",
    "//example.com": "a path needs a scheme",
    "tls://example.com/path": "tls:// takes no path",
    "https://example.com/#top": "fragment",
    "https://example.com/ü": "%XX",
    "https://user@example.com": "user or password",
    "user:password@example.com:443": "user or password",
    "example.com?a": "bad host name",
    "example.com#a": "bad host name",
    "exam%70le.com": "bad host name",
    "example.com\\path": "bad host name",
    "-a.example": "bad host name",
    "-.example": "bad host name",
    "☕.example.test": "write xn--53h.example.test",
    "https://i❤.example/": "write xn--i-7iq.example",
    "shop.💩.test:443": "write shop.xn--ls8h.test",
    "a..example": "bad host name",
    "example.com..": "bad host name",
    "*.example.com": "bad host name",
    "a" * 64 + ".example": "bad host name",
    "a." * 130 + "example": "bad host name",
    "2130706433": "neither a name nor an IPv4",
    "0x7f000001": "neither a name nor an IPv4",
    "017700000001": "neither a name nor an IPv4",
    "127.1": "neither a name nor an IPv4",
    "127.0.1": "neither a name nor an IPv4",
    "0x7f.0.0.1": "neither a name nor an IPv4",
    "127.0.0.0x1": "neither a name nor an IPv4",
    "127.0.0.01": "neither a name nor an IPv4",
    "0177.0.0.1": "neither a name nor an IPv4",
    "256.0.0.1": "neither a name nor an IPv4",
    "1.2.3.4.5": "neither a name nor an IPv4",
    "127.0.0.1..": "bad host name",
    "１２７.0.0.1": "neither a name nor an IPv4",
    "127。0。0。1": "neither a name nor an IPv4",
    "①②⑦.⓪.⓪.①": "neither a name nor an IPv4",
    "example.com.0x": "neither a name nor an IPv4",
    "[192.0.2.1]:443": "bad IPv6",
    "[2001:db8::1": "IPv6 address with a port",
    "[2001:db8::1]443": "IPv6 address with a port",
    "[example.com]:443": "bad IPv6",
    "[]:443": "bad IPv6",
    "[::1%]:443": "bad IPv6",
    "[2001:db8::1%eth0]:443": "bad zone",
    "[::1%.example.com]:443": "bad zone",
    "[fe80::1%a/b]:443": "a path needs a scheme",
    "[fe80::1%" + "a" * 16 + "]:443": "bad zone",
    "2001:db8::1::443": "IPv6 address with a port",
    "℀.example": "no name of IDNA 2008",
    "example.com／.example": "no name of IDNA 2008",
    "unix:run/server.sock": "whole path",
    "unix:": "whole path",
    "unix:/" + "a" * 107: "at most 107 bytes",
}


@pytest.mark.parametrize("text", GOOD)
def test_good(text):
    assert parse_endpoint(text) == GOOD[text]


@pytest.mark.parametrize("text", BAD)
def test_bad(text):
    with pytest.raises(TargetError, match=BAD[text]):
        parse_endpoint(text)


def test_no_message_repeats_a_password():
    with pytest.raises(TargetError) as error:
        parse_endpoint("https://user:hunter2@example.com")
    assert "hunter2" not in str(error.value)


def test_an_ipv4_address_is_what_the_standard_library_takes_for_one():
    digits = ["", *map(str, range(1100)), *(f"0{number}" for number in range(300)), "١", "0x1", "+1", "1 "]
    for octet in digits:
        for text in (f"{octet}.0.2.1", f"192.0.2.{octet}"):
            try:
                wanted = str(ipaddress.IPv4Address(text))
            except ValueError:
                with pytest.raises(TargetError):
                    parse_endpoint(text)
            else:
                assert parse_endpoint(text).host == wanted


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "fe80::1%eth0"])
def test_literals(host):
    assert is_ip_literal(host)
    assert Endpoint(host).is_ip


@pytest.mark.parametrize("host", ["example.com", "", "1", "[::1]"])
def test_names(host):
    assert not is_ip_literal(host)


@given(st.text(max_size=60) | st.text(alphabet="aA1.:/[]%@-_xn?#ß。１\\ ", max_size=30))
def test_any_text_is_an_endpoint_or_a_target_error(text):
    """What is accepted is ASCII, in lower case, and means the same when it is read again."""
    try:
        endpoint = parse_endpoint(text)
    except TargetError:
        return
    if endpoint.unix_path is None:
        assert endpoint.host.isascii()
        if not endpoint.is_ip:
            assert endpoint.host == endpoint.host.lower()
        host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
        assert parse_endpoint(host).host == endpoint.host
