"""STARTTLS servers and proxies that misbehave before any TLS."""

from hostile.attack import Attack

from exporter.demo.scripts import Await, Drip, Finish, Flood, Hold, Pause, Reset, Send
from exporter.wire.starttls import PROTOCOLS

SMTP = b"220 localhost ESMTP\r\n"
OFFER = b"250-localhost\r\n250 STARTTLS\r\n"
GO = b"220 go ahead\r\n"


def starttls(reason, *more):
    return tuple(("starttls", one) for one in (reason, *more))


def proxied(reason, *more):
    return tuple(("proxy", one) for one in (reason, *more))


def smtp(name, expected, *steps):
    return Attack(f"smtp-{name}", steps, expected, {"starttls": "smtp"})


def through(scheme, name, expected, *steps):
    return Attack(f"{scheme}-proxy-{name}", steps, expected, through_proxy=scheme)


REFUSED, UNSUPPORTED, BROKEN = "starttls_refused", "starttls_unsupported", "starttls_protocol_error"

SMTP_PEERS = (
    smtp("greets-with-554", starttls(REFUSED), Send(b"554 go away\r\n"), Hold()),
    smtp("greets-for-ever", starttls("too_much_data", BROKEN), Flood(b"220-hello\r\n" * 1000)),
    smtp("greets-on-one-endless-line", starttls("too_much_data", BROKEN), Flood(b"220-" + b"A" * 65536)),
    smtp("greets-drop-by-drop", starttls("timeout"), Drip(SMTP, 0.3), Hold()),
    smtp("offers-nothing", starttls(UNSUPPORTED), Send(SMTP), Await(), Send(b"250 localhost\r\n"), Hold()),
    smtp("offers-for-ever", starttls("too_much_data", BROKEN), Send(SMTP), Await(), Flood(b"250-SIZE\r\n" * 1000)),
    smtp("ends-after-its-greeting", starttls("closed"), Send(SMTP), Await(), Finish()),
    smtp("says-454", starttls(REFUSED), Send(SMTP), Await(), Send(OFFER), Await(), Send(b"454 not now\r\n"), Hold()),
    smtp("never-says-go", starttls("timeout"), Send(SMTP), Await(), Send(OFFER), Hold()),
    smtp(
        "says-go-then-silent", (("handshake", "timeout"),), Send(SMTP), Await(), Send(OFFER), Await(), Send(GO), Hold()
    ),
    smtp(
        "says-go-then-ends",
        (("handshake", "closed"),),
        Send(SMTP),
        Await(),
        Send(OFFER),
        Await(),
        Send(GO),
        Await(),
        Finish(),
    ),
    smtp(
        "says-go-then-letters",
        (("handshake", "not_tls"),),
        Send(SMTP),
        Await(),
        Send(OFFER),
        Await(),
        Send(GO),
        Await(),
        Send(b"500 what?\r\n"),
        Hold(),
    ),
    smtp("answers-with-bytes", starttls(BROKEN), Send(b"\xff\xfe\x00\x01" * 10 + b"\r\n"), Hold()),
    smtp("answers-with-escapes", starttls(BROKEN, REFUSED), Send(b"\x1b[2J\x1b]0;owned\x07\r\n"), Hold()),
)

NONSENSE = (Send(b"\x00\xff\x13\x37" * 64 + b"\r\n"), Hold())

# every protocol: silent, ending, resetting, nonsense, and two kinds of flood
EVERY_PROTOCOL = tuple(
    Attack(f"{protocol}-{name}", steps, (*starttls(*reasons), *also), {"starttls": protocol})
    for protocol in sorted(PROTOCOLS)
    for name, steps, reasons, also in (
        ("silent", (Hold(),), ("timeout",), ()),
        ("ends-at-once", (Finish(),), ("closed",), ()),
        # where the machine is busy, the reset is there before the connection has been looked at
        ("resets", (Pause(0.3), Reset()), ("reset",), (("connect", "reset"),)),
        ("nonsense", NONSENSE, (BROKEN, UNSUPPORTED, REFUSED, "timeout"), ()),
        ("floods-letters", (Flood(b"A" * 65536),), (BROKEN, UNSUPPORTED, REFUSED, "too_much_data"), ()),
        ("floods-lines", (Flood(b"* hello\r\n" * 4000),), (BROKEN, UNSUPPORTED, REFUSED, "too_much_data"), ()),
    )
)

PROXY_BROKEN = "proxy_protocol_error"
OPEN = b"HTTP/1.1 200 Connection established\r\n\r\n"
SOCKS_HELLO, SOCKS_OPEN = b"\x05\x00", b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"

PROXIES = (
    through("http", "silent", proxied("timeout"), Hold()),
    through("http", "ends", proxied("closed"), Await(), Finish()),
    through("http", "resets", proxied("reset"), Await(), Reset()),
    through(
        "http", "says-407", proxied("proxy_authentication_required"), Await(), Send(b"HTTP/1.1 407 No\r\n\r\n"), Hold()
    ),
    through("http", "says-403", proxied("proxy_refused"), Await(), Send(b"HTTP/1.1 403 No\r\n\r\n"), Hold()),
    through("http", "says-502", proxied("proxy_refused"), Await(), Send(b"HTTP/1.1 502 Bad\r\n\r\n"), Hold()),
    through(
        "http", "says-999", proxied("proxy_refused", PROXY_BROKEN), Await(), Send(b"HTTP/1.1 999 Bad\r\n\r\n"), Hold()
    ),
    through("http", "says-nonsense", proxied(PROXY_BROKEN), Await(), Send(b"\x00\x01\x02\r\n\r\n"), Hold()),
    through("http", "speaks-ssh", proxied(PROXY_BROKEN), Send(b"SSH-2.0-x\r\n\r\n"), Hold()),
    through(
        "http",
        "floods-headers",
        proxied("too_much_data", PROXY_BROKEN),
        Await(),
        Send(b"HTTP/1.1 200 OK\r\n"),
        Flood(b"A: b\r\n" * 4000),
    ),
    through("http", "floods-its-status", proxied("too_much_data", PROXY_BROKEN), Await(), Flood(b"H" * 65536)),
    through(
        "http",
        "interim-for-ever",
        proxied("too_much_data", PROXY_BROKEN),
        Await(),
        Flood(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
    ),
    through("http", "drips", proxied("timeout"), Await(), Drip(OPEN, 0.2), Hold()),
    through("http", "opens-then-silent", (("handshake", "timeout"),), Await(), Send(OPEN), Hold()),
    through("http", "opens-then-letters", (("handshake", "not_tls"),), Await(), Send(OPEN + b"hello, hello"), Hold()),
    through("http", "opens-then-ends", (("handshake", "closed"),), Await(), Send(OPEN), Await(), Finish()),
    through("socks5", "silent", proxied("timeout"), Hold()),
    through("socks5", "ends", proxied("closed"), Await(), Finish()),
    through("socks5", "speaks-socks4", proxied(PROXY_BROKEN), Await(), Send(b"\x00\x5a" + bytes(6)), Hold()),
    through(
        "socks5",
        "wants-another-method",
        proxied("proxy_authentication_required", "proxy_refused"),
        Await(),
        Send(b"\x05\xff"),
        Hold(),
    ),
    through(
        "socks5",
        "wants-a-password",
        proxied("proxy_authentication_required", PROXY_BROKEN),
        Await(),
        Send(b"\x05\x02"),
        Hold(),
    ),
    *(
        through(
            "socks5",
            f"replies-{code}",
            proxied(*reasons),
            Await(),
            Send(SOCKS_HELLO),
            Await(),
            Send(bytes((5, code)) + SOCKS_OPEN[2:]),
            Hold(),
        )
        for code, reasons in (
            (1, ("proxy_refused",)),
            (2, ("proxy_refused",)),
            (3, ("proxy_refused", "unreachable")),
            (4, ("proxy_refused", "unreachable")),
            (5, ("proxy_refused", "refused")),
            (8, ("proxy_refused",)),
            (200, ("proxy_refused", PROXY_BROKEN)),
        )
    ),
    through(
        "socks5",
        "replies-by-halves",
        proxied("timeout"),
        Await(),
        Send(SOCKS_HELLO),
        Await(),
        Send(SOCKS_OPEN[:5]),
        Hold(),
    ),
    through(
        "socks5",
        "replies-with-address-type-9",
        proxied(PROXY_BROKEN),
        Await(),
        Send(SOCKS_HELLO),
        Await(),
        Send(b"\x05\x00\x00\x09" + bytes(300)),
        Hold(),
    ),
    through("socks5", "floods", proxied(PROXY_BROKEN, "too_much_data"), Await(), Flood(b"A" * 65536)),
    through(
        "socks5",
        "opens-then-silent",
        (("handshake", "timeout"),),
        Await(),
        Send(SOCKS_HELLO),
        Await(),
        Send(SOCKS_OPEN),
        Hold(),
    ),
)
