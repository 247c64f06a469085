"""The allowlist of /probe: what it opens, and the many spellings of what it must not."""

# ruff: noqa: RUF001 - look-alike characters are among what is tried

import contextlib
import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.config.model import BUILT_IN_MODULES
from exporter.config.patterns import parse_pattern
from exporter.config.targets import make_target
from exporter.target import TargetError
from exporter.web.allowlist import Allowlist

ALLOW = Allowlist.of(
    [
        "*.example.com:443",
        "example.org:8443",
        "mail.example.net:*",
        "10.0.0.0/8:*",
        "[2001:db8::]/32:443",
        "192.0.2.7:25",
    ],
)
EVERYTHING = Allowlist.of(["*:*", "0.0.0.0/0:*", "[::]/0:*"])
NAMES_ONLY = Allowlist.of(["*:*"])


def permits(allowlist, text):
    """Judge a target as /probe gets it, before anything is resolved."""
    return allowlist.permits_name(make_target(text, None, BUILT_IN_MODULES).endpoint)


@pytest.mark.parametrize(
    "text",
    [
        "a.example.com",
        "a.example.com:443",
        "A.Example.COM.:443",
        "a.b.example.com:443",
        "https://a.example.com/path",
        "ａ。example．com:443",
        "example.org:8443",
        "mail.example.net:25",
        "mail.example.net",
        "10.1.2.3:5432",
        "[::ffff:10.1.2.3]:5432",
        "[2001:db8:1::1]:443",
        "192.0.2.7:25",
    ],
)
def test_what_is_allowed(text):
    assert permits(ALLOW, text)


SMUGGLED = [
    # other names
    "example.com:443",
    "example.com",
    "badexample.com:443",
    "a.example.com.evil.test:443",
    "evil.test",
    "https://evil.test/a.example.com",
    "https://evil.test/?a.example.com:443",
    "https://evil.test?.example.com",
    "xn--exmple-cua.com:443",
    "a.exаmple.com:443",  # a Cyrillic letter
    "localhost:443",
    # other ports
    "a.example.com:444",
    "https://a.example.com:22/",
    "example.org",
    "tls://a.example.com:8443",
    "[2001:db8::1]:22",
    "192.0.2.7:443",
    # user and password, fragments, separators
    "https://a.example.com@evil.test/",
    "https://a.example.com:443@evil.test/",
    "https://evil.test#.example.com",
    "https://evil.test\\.example.com/",
    "https://evil.test\\@a.example.com/",
    "evil.test/.example.com:443",
    "evil.test?.example.com:443",
    "evil.test;.example.com:443",
    "evil.test,a.example.com:443",
    "a.example.com:443:evil.test",
    "a.example.com evil.test",
    "a.example.com\r\n.evil.test",
    "evil.test\0.example.com:443",
    "//a.example.com:443",
    "http://a.example.com/",
    "gopher://a.example.com:443/",
    "file:///etc/passwd",
    "unix:/run/server.sock",
    # percent-encoding
    "evil.test%2f.example.com:443",
    "evil.test%00.example.com:443",
    "%31%30.0.0.1:443",
    "https://evil.test%40a.example.com/",
    # characters that become separators or digits by normalisation
    "evil.test／.example.com:443",
    "evil.test？.example.com:443",
    "evil.test＃.example.com:443",
    "a.example.com＠evil.test:443",
    "evil.tes℀.example.com:443",
    "１０.0.0.1:443",
    "⑩.0.0.1:443",
    "10。0。0。1:443",
    # IPv4 in other spellings
    "167772161:443",
    "0xa000001:443",
    "0xa.0.0.1:443",
    "012.0.0.1:443",
    "10.1:443",
    "10.0.1:443",
    "10.0.0.1.:443/",
    "10.0.0.256:443",
    "127.0.0.1:443",
    "0.0.0.0:443",
    "169.254.169.254:443",
    "169.254.169.254.:443",
    "192.168.0.1:443",
    "8.8.8.8:443",
    "255.255.255.255:443",
    # IPv6 that is, or carries, another address
    "[::1]:443",
    "[::]:443",
    "[::ffff:127.0.0.1]:443",
    "[::ffff:7f00:1]:443",
    "[0:0:0:0:0:ffff:a9fe:a9fe]:443",
    "[::ffff:0:127.0.0.1]:443",
    "[::127.0.0.1]:443",
    "[64:ff9b::7f00:1]:443",
    "[64:ff9b::a9fe:a9fe]:443",
    "[64:ff9b:1::a00:1]:443",
    "[2002:7f00:1::]:443",
    "[2002:a9fe:a9fe::1]:443",
    "[2001:0:a00:1:0:0:80ff:fffe]:443",  # Teredo, to 127.0.0.1
    "[fe80::1]:443",
    "[fe80::1%eth0]:443",
    "[fe80::1%.example.com]:443",
    "[2001:db8::1%.example.com]:443",
    "[fd00:ec2::254]:443",
    "[ff02::1]:443",
    "[2001:db9::1]:443",
    "[10.0.0.1]:443",
]


@pytest.mark.parametrize("text", SMUGGLED)
def test_what_is_smuggled_is_refused_before_anything_is_resolved(text):
    with contextlib.suppress(TargetError):  # which /probe answers with 400
        assert not permits(ALLOW, text)


def test_there_are_enough_of_them():
    assert len(SMUGGLED) >= 40


def test_without_patterns_nothing_is_allowed():
    for text in ("example.com", "127.0.0.1:443", "10.0.0.1", "[::1]:443", "unix:/run/server.sock"):
        assert not permits(Allowlist(), text)
    assert not Allowlist().permits_address("10.0.0.1", 443)


# After DNS

PUBLIC = ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1", "2a00::1"]
INSIDE = [
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "192.0.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "fc00::1",
    "fd12::1",
    "2001:db8::1",
    "2001:2::1",
    "3fff::1",
    "5f00::1",
    "100::1",
    "::ffff:10.0.0.1",
    "64:ff9b::a00:1",
    "2002:a00:1::1",
    "2001:0:808:808::f5ff:fffe",
]
SELF_AND_METADATA = [
    "127.0.0.1",
    "127.255.255.254",
    "::1",
    "169.254.169.254",
    "169.254.0.1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "fd00:ec2::254",
    "::ffff:169.254.169.254",
    "::ffff:127.0.0.1",
    "::127.0.0.1",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::1",
    "2001:0:7f00:1::f7f7:f7f7",
    "2001:0:808:808::80ff:fffe",
]
NEVER = [
    "0.0.0.0",
    "0.1.2.3",
    "::",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "ff02::1",
    "ff0e::1",
    "::ffff:0.0.0.0",
    "::ffff:224.0.0.1",
    "64:ff9b::",
    "not an address",
    "",
]


@pytest.mark.parametrize("ip", PUBLIC)
def test_a_permitted_name_may_lead_to_public_addresses(ip):
    assert NAMES_ONLY.permits_address(ip, 443)


@pytest.mark.parametrize("ip", INSIDE + SELF_AND_METADATA + NEVER)
def test_a_permitted_name_that_leads_inside_is_refused(ip):
    """DNS rebinding: the owner of a name chooses its addresses."""
    assert not NAMES_ONLY.permits_address(ip, 443)


@pytest.mark.parametrize("ip", PUBLIC + INSIDE)
def test_networks_open_what_they_hold(ip):
    assert EVERYTHING.permits_address(ip, 443)


@pytest.mark.parametrize("ip", SELF_AND_METADATA)
def test_the_whole_internet_does_not_include_the_host_itself_and_metadata(ip):
    assert not EVERYTHING.permits_address(ip, 443)


@pytest.mark.parametrize("ip", NEVER)
def test_some_addresses_are_opened_by_nothing(ip):
    exact = Allowlist.of(["0.0.0.0/0:*", "[::]/0:*", "0.0.0.0:*", "224.0.0.1:*", "[::]:*", "[ff02::1]:*"])
    assert not exact.permits_address(ip, 443)


@pytest.mark.parametrize(
    ("pattern", "ip", "wanted"),
    [
        ("127.0.0.1:*", "127.0.0.1", True),
        ("127.0.0.0/8:*", "127.0.0.1", True),
        ("127.0.0.0/8:444", "127.0.0.1", False),
        ("127.0.0.0/8:*", "::1", False),
        ("[::1]:443", "::1", True),
        ("[::]/0:*", "::1", False),
        ("[fe80::]/10:*", "fe80::1%eth0", True),
        ("169.254.10.0/24:*", "169.254.10.1", True),
        ("169.254.0.0/16:*", "169.254.10.1", True),
        ("169.254.0.0/16:*", "169.254.169.254", False),
        ("169.254.169.254:*", "169.254.169.254", True),
        ("100.64.0.0/10:*", "100.100.100.200", False),
        ("[fd00::]/8:*", "fd00::1", True),
        ("[fd00::]/8:*", "fd00:ec2::254", False),
        ("127.0.0.0/8:*", "::ffff:127.0.0.1", True),
        ("[64:ff9b::]/96:*", "64:ff9b::7f00:1", False),
        ("[64:ff9b:1::]/48:*", "64:ff9b:1::a00:1", False),
        ("10.0.0.0/8:*", "64:ff9b::a00:1", True),
    ],
)
def test_what_is_special_is_opened_on_purpose_only(pattern, ip, wanted):
    assert Allowlist.of([pattern]).permits_address(ip, 443) is wanted


def test_the_port_counts_after_dns_too():
    allowlist = Allowlist.of(["10.0.0.0/8:443"])
    assert allowlist.permits_address("10.0.0.1", 443)
    assert not allowlist.permits_address("10.0.0.1", 22)


def test_a_network_does_not_allow_names():
    """A name may be tried only when a pattern for names covers it, whatever it would resolve to."""
    assert not permits(Allowlist.of(["10.0.0.0/8:*"]), "db.internal:443")


def test_a_pattern_for_names_does_not_allow_addresses():
    assert not permits(NAMES_ONLY, "8.8.8.8:443")
    assert permits(NAMES_ONLY, "dns.google:443")


_V4 = st.integers(0, 2**32 - 1).map(ipaddress.IPv4Address)


@given(_V4)
def test_every_spelling_of_an_ipv4_address_is_judged_as_that_address(address):
    number = int(address)
    wrapped = [
        ipaddress.IPv6Address(0xFFFF_0000_0000 | number),
        ipaddress.IPv6Address((0x64_FF9B << 96) | number),
        ipaddress.IPv6Address((0x2002 << 112) | (number << 80) | 1),
    ]
    for allowlist in (NAMES_ONLY, EVERYTHING, ALLOW):
        wanted = allowlist.permits_address(str(address), 443)
        assert [allowlist.permits_address(str(one), 443) for one in wrapped] == [wanted] * 3


@given(_V4 | st.integers(0, 2**128 - 1).map(ipaddress.IPv6Address))
def test_what_is_public_here_is_global_to_the_standard_library(address):
    """Ours is the stricter of the two opinions."""
    if NAMES_ONLY.permits_address(str(address), 443) and address.version == 4:
        assert address.is_global


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("example.com", "bad pattern"),
        (":443", "bad pattern"),
        ("", "bad pattern"),
        ("*.example.com:", "bad pattern"),
        ("*.example.com:https", "bad pattern"),
        ("*.example.com:0", "bad port"),
        ("a.*.com:443", "stands at the beginning"),
        ("*example.com:443", "stands at the beginning"),
        ("*.:443", "between 1 and"),
        ("*.*.com:443", "bad host name"),
        ("10.0.0.0/33:443", "bad network"),
        ("10.0.0.0/:443", "bad network"),
        ("10.1:443", "neither a name"),
        ("2001:db8::1:443", "bad pattern"),
        ("[2001:db8::]/129:443", "bad network"),
        ("[example.com]:443", "bad network"),
        ("https://example.com:443", "bad pattern"),
        ("user@example.com:443", "user or password"),
        ("exa mple.com:443", "spaces"),
    ],
)
def test_bad_patterns(text, message):
    with pytest.raises(ValueError, match=message):
        parse_pattern(text)


@given(st.text(alphabet="*.:/[]0123456789abcxyz%@- ", max_size=30))
def test_any_text_is_a_pattern_or_a_value_error(text):
    try:
        pattern = parse_pattern(text)
    except ValueError:
        return
    assert pattern.name or pattern.suffix or pattern.network is not None


LOCALHOST = Allowlist.of(["localhost:8443", "app.localhost:*", "*.example.com:8443", "*.localhost:22"])


@pytest.mark.parametrize("ip", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_localhost_opens_the_loopback_to_itself(ip):
    assert LOCALHOST.permits_address(ip, 8443, "localhost")
    assert LOCALHOST.permits_address(ip, 1, "app.localhost")
    for host, port in (("localhost", 22), ("a.example.com", 8443), ("b.localhost", 22), ("", 8443)):
        assert not LOCALHOST.permits_address(ip, port, host)
    assert not Allowlist.of(["*:*"]).permits_address(ip, 8443, "localhost")


def test_localhost_opens_nothing_else():
    for ip in ("10.0.0.1", "0.0.0.0", "::", "169.254.169.254", "192.168.0.1"):
        assert not LOCALHOST.permits_address(ip, 8443, "localhost")
    assert not permits(LOCALHOST, "127.0.0.1:8443")
