"""Which hosts go without a proxy, and what a tunnel is to those who read from it."""

import pytest
from support.scripted import ScriptedStream

from exporter.config.model import ProxyConfig, Secret
from exporter.net.reason import NetworkError, Reason
from exporter.probe.proxy import connect_through, is_excepted


@pytest.mark.parametrize(
    ("entry", "host", "excepted"),
    [
        ("example.com", "example.com", True),
        ("example.com", "www.example.com", True),
        ("example.com", "notexample.com", False),
        ("Example.COM", "www.EXAMPLE.com.", True),
        (".example.com", "example.com", False),
        (".example.com", "www.example.com", True),
        ("*.example.com", "example.com", False),
        ("*.example.com", "a.www.example.com", True),
        ("*", "anything", True),
        ("*", "192.0.2.1", True),
        ("example.com:443", "example.com", True),
        ("example.com:8443", "example.com", False),
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1:443", "192.0.2.1", True),
        ("192.0.2.1:80", "192.0.2.1", False),
        ("192.0.2.0/24", "192.0.2.200", True),
        ("192.0.2.0/24", "198.51.100.1", False),
        ("192.0.2.0/24", "2001:db8::1", False),
        ("192.0.2.0/24", "example.com", False),
        ("2001:db8::/32", "2001:db8::1", True),
        ("2001:0db8::1", "2001:db8::1", True),
        ("[2001:db8::1]:443", "2001:db8::1", True),
        ("[2001:db8::1]:80", "2001:db8::1", False),
        ("fe80::/10", "fe80::1%eth0", True),
        ("2.1", "192.0.2.1", False),
        ("", "example.com", False),
    ],
)
def test_no_proxy(entry, host, excepted):
    assert is_excepted(host, 443, [entry]) is excepted
    assert is_excepted(host, 443, ["unrelated.example", entry]) is excepted


def test_loopback_is_no_exception():
    """A proxy that is configured for a local name is used; Go's silent exception holds for its environment only."""
    assert not is_excepted("localhost", 443, [])
    assert not is_excepted("127.0.0.1", 443, [])


async def test_the_secret_reaches_the_proxy_and_nobody_else():
    stream = ScriptedStream([b"\x05\x02", b"\x01\x00", b"\x05\x00\x00\x01" + bytes(6)])
    proxy = ProxyConfig("socks5", "proxy", 1080, "user", Secret("s3cret"))
    assert await connect_through(stream, proxy, "a.example", 443) is stream
    assert b"\x01\x04user\x06s3cret" in stream.written
    assert "s3cret" not in repr(proxy)


async def test_a_tunnel_begins_with_what_has_come_already():
    stream = ScriptedStream([b"HTTP/1.1 200 OK\r\n\r\n220 hello\r\n", b"more"])
    tunnel = await connect_through(stream, ProxyConfig("http", "proxy", 3128), "a.example", 25)
    assert [await tunnel.read() for _ in range(3)] == [b"220 hello\r\n", b"more", b""]
    tunnel.write(b"QUIT\r\n")
    tunnel.close()
    assert stream.written.endswith(b"\r\n\r\nQUIT\r\n")
    assert stream.closed


async def test_a_refusal_is_a_network_error():
    stream = ScriptedStream([b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"])
    with pytest.raises(NetworkError) as caught:
        await connect_through(stream, ProxyConfig("http", "proxy", 3128), "a.example", 443)
    assert caught.value.reason is Reason.PROXY_AUTHENTICATION_REQUIRED
