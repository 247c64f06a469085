"""Lists that must agree with what other rooms know, and readers of single values at their edges."""

import pytest

from exporter.config import parsers
from exporter.config.model import ProxyConfig, Secret
from exporter.metrics import catalogue
from exporter.metrics.vocabulary import VOCABULARY


def test_no_label_of_a_series_can_be_a_label_of_the_user():
    """One label twice in a line would break the whole exposition."""
    used = {label for family in catalogue.FAMILIES for label in family.labels} | set(catalogue.IDENTITY_LABELS)
    for label in (*used, "le", "quantile"):
        with pytest.raises(ValueError, match="reserved: the exporter's own series carry it"):
            parsers.label_name(label, VOCABULARY)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("http://proxy.example", ProxyConfig("http", "proxy.example", 3128)),
        ("HTTP://proxy.example:8080/", ProxyConfig("http", "proxy.example", 8080)),
        ("socks5://[2001:db8::1]", ProxyConfig("socks5", "2001:db8::1", 1080)),
        ("socks5h://10.0.0.1:9050", ProxyConfig("socks5", "10.0.0.1", 9050)),
        ("http://a%3Ab:c%40d@proxy.example", ProxyConfig("http", "proxy.example", 3128, "a:b", Secret("c@d"))),
        ("http://ada:@proxy.example", ProxyConfig("http", "proxy.example", 3128, "ada", Secret(""))),
        ("http://ada@proxy.example", ProxyConfig("http", "proxy.example", 3128, "ada")),
    ],
)
def test_proxies(text, wanted):
    proxy = parsers.proxy_url(text)
    assert proxy == wanted
    masked = parsers.proxy_url(parsers.format_proxy_url(proxy))
    assert (masked.scheme, masked.host, masked.port, masked.username) == (
        wanted.scheme,
        wanted.host,
        wanted.port,
        wanted.username,
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "proxy.example:3128",
        "ftp://proxy.example",
        "http://",
        "http://:hunter2@proxy.example",
        "http://ada:hunter2@",
        "http://ada:hunter2@proxy.example:x",
        "http://ada:hunter2@proxy.example/?q",
        "http://ada:hunter2@[2001:db8::1",
        "http://ada:hunter2%0a@proxy.example",
        "http://ada:hunter2%ff@proxy.example",
    ],
)
def test_bad_proxies_are_refused_without_a_word_of_the_password(text):
    with pytest.raises(ValueError, match="proxy") as error:
        parsers.proxy_url(text)
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        "*",
        ".example.com",
        "*.example.com",
        "example.com",
        "10.0.0.0/8",
        "2001:db8::/32",
        "::1",
        "example.com:443",
        ".example.com:8443",
        "192.0.2.1:443",
        "[2001:db8::1]:443",
    ],
)
def test_no_proxy(text):
    assert parsers.no_proxy(text) == text.removeprefix("*") or text == "*"


@pytest.mark.parametrize("text", ["", "10.0.0.1/8", "a b", "https://example.com", "a:0", "*.*.example", ".1.2.3.4"])
def test_bad_no_proxy(text):
    with pytest.raises(ValueError, match=r"bad|must"):
        parsers.no_proxy(text)


def test_a_pin_in_curls_spelling():
    pin = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
    assert parsers.spki_pin(pin) == parsers.spki_pin(f"sha256//{pin}") == parsers.spki_pin(f"sha256/{pin}") == pin


def test_a_secret_shows_itself_to_nobody():
    secret = Secret("hunter2")
    assert "hunter2" not in f"{secret} {secret!r} {secret!s:>20} {[secret]} {ProxyConfig('http', 'p', 1, 'a', secret)}"
    assert secret.reveal() == "hunter2"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("Monitor.Example.com", "monitor.example.com"),
        ("[192.0.2.1]", "[192.0.2.1]"),
        ("[2001:DB8::1]", "[IPv6:2001:db8::1]"),
    ],
)
def test_the_name_of_a_client(text, read):
    """RFC 5321 section 4.1.3: a domain, or an address literal with its tag."""
    assert parsers.client_name(text) == read


@pytest.mark.parametrize("text", ["", "a b", "[a]", "https://a", "a:25", "[]"])
def test_what_is_no_name_of_a_client(text):
    with pytest.raises(ValueError, match=r"."):
        parsers.client_name(text)
