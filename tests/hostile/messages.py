"""Peers whose handshake messages break the protocol, loop, or claim and send too much."""

from hostile.attack import Attack, handshake

from exporter.demo import flights
from exporter.demo.scripts import Answer, Await, Finish, Flood, Hold, Pause, Reset, Send

HANDSHAKE, CCS, DATA = 22, 20, 23
PROTOCOL = handshake("protocol_error")
TOO_MUCH = handshake("too_much_data")
RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")  # RFC 8446 section 4.1.3
TLS13 = bytes.fromhex("002b00020304")
X25519, SECP256R1 = 0x001D, 0x0017


_HOLD = (Hold(),)


def extension(number, body):
    return number.to_bytes(2, "big") + len(body).to_bytes(2, "big") + body


def send(*messages):
    return Send(flights.record(HANDSHAKE, b"".join(messages)))


def answers(name, *messages, expected=PROTOCOL, certificates=0, after=_HOLD):
    return Attack(name, (Await(), send(*messages), *after), expected, certificates=certificates)


def raw_hello(version=b"\x03\x03", random=bytes(32), session=b"\x00", suite=b"\xc0\x2f", compression=b"\x00", tail=b""):
    return flights.handshake(2, version + random + session + suite + compression + tail)


def extensions(*parts):
    body = b"".join(parts)
    return len(body).to_bytes(2, "big") + body


def session_of(hello):
    """Return the ClientHello's session id with its length: a TLS 1.3 server must echo it."""
    return hello[43 : 44 + hello[43]] if len(hello) > 44 else b"\x00"


def tls13(hello, *parts, random=bytes(32), suite=b"\x13\x01"):
    tail = extensions(TLS13, *parts)
    return flights.record(HANDSHAKE, raw_hello(random=random, session=session_of(hello), suite=suite, tail=tail))


def retry(hello, group, cookie=b""):
    parts = [extension(51, group.to_bytes(2, "big"))] if group else []
    parts += [extension(44, len(cookie).to_bytes(2, "big") + cookie)] if cookie else []
    return tls13(hello, *parts, random=RETRY)


def key_share(group, size):
    return extension(51, group.to_bytes(2, "big") + size.to_bytes(2, "big") + b"\x09" * size)


def vector(number):
    body = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return len(body).to_bytes(2, "big") + body


def anonymous_dh(bits):
    """Return the flight of an anonymous suite, whose group nobody has signed; the prime is any odd number."""
    prime = (1 << bits) - (1 << (bits // 2)) - 1
    exchange = flights.handshake(12, vector(prime) + vector(2) + vector(prime >> 3))
    return flights.server_hello(suite=0x00A6), exchange, flights.handshake(14, b"")


def scripted(name, *steps, expected=PROTOCOL):
    return Attack(name, (Await(), *steps), expected)


HELLO = flights.server_hello()
DONE = flights.handshake(14, b"")
REQUEST = flights.handshake(0, b"")

MESSAGES = (
    answers("hello-of-version-0304", raw_hello(version=b"\x03\x04")),
    answers("hello-of-version-0505", raw_hello(version=b"\x05\x05")),
    answers("hello-of-ssl3", raw_hello(version=b"\x03\x00")),
    answers("hello-with-unknown-suite", raw_hello(suite=b"\xff\xff")),
    answers("hello-with-null-suite", raw_hello(suite=b"\x00\x00")),
    answers("hello-with-export-suite", raw_hello(suite=b"\x00\x03")),
    answers("hello-with-compression", raw_hello(compression=b"\x01")),
    answers("hello-with-long-session", raw_hello(session=b"\xff" + bytes(255))),
    answers("hello-with-short-body", flights.handshake(2, b"\x03\x03")),
    answers("hello-with-empty-body", flights.handshake(2, b"")),
    answers("hello-with-lying-extensions", raw_hello(tail=b"\xff\xff\x00\x00")),
    answers("hello-with-lying-extension", raw_hello(tail=extensions(b"\xff\x01\xff\xff\x00"))),
    answers(
        "hello-with-double-extension",
        raw_hello(tail=extensions(extension(0xFF01, b"\x00"), extension(0xFF01, b"\x00"))),
    ),
    answers(
        "hello-with-unasked-extension",
        raw_hello(tail=extensions(extension(0x7777, b"x"))),
        expected=handshake("timeout"),
    ),
    answers(
        "hello-with-64k-of-extensions",
        raw_hello(tail=extensions(*[extension(0x7777, bytes(1000))] * 60)),
        expected=handshake("timeout"),
    ),
    answers("hello-with-unasked-alpn", raw_hello(tail=extensions(extension(16, b"\x00\x03\x02h2")))),
    answers("hello-twice", HELLO, HELLO),
    answers("hello-then-ends", HELLO, expected=handshake("closed"), after=(Finish(),)),
    answers("hello-then-silent", HELLO, expected=handshake("timeout")),
    answers("hello-then-resets", HELLO, expected=handshake("reset"), after=(Pause(0.3), Reset())),
    answers("a-client-hello-back", flights.handshake(1, bytes(64))),
    answers("certificate-before-hello", flights.certificates([bytes(100)]), certificates=1),
    answers("done-first", DONE),
    answers("finished-first", flights.handshake(20, bytes(12))),
    answers("finished-after-hello", HELLO, flights.handshake(20, bytes(12))),
    answers("ticket-after-hello", HELLO, flights.handshake(4, bytes(64))),
    answers("unknown-message", flights.handshake(99, bytes(64))),
    answers("unknown-message-after-hello", HELLO, flights.handshake(99, bytes(64))),
    answers("key-exchange-after-hello", HELLO, flights.handshake(12, bytes(64))),
    answers("done-after-hello", HELLO, DONE),
    answers("request-first-then-silent", REQUEST, expected=handshake("timeout")),
    scripted("floods-hello-requests", Flood(flights.record(HANDSHAKE, REQUEST * 4000)), expected=TOO_MUCH),
    scripted(
        "floods-hello-requests-later", send(HELLO), Flood(flights.record(HANDSHAKE, REQUEST * 4000)), expected=TOO_MUCH
    ),
    answers("a-prime-of-4096-bits", *anonymous_dh(4_096), expected=handshake("timeout")),
    answers("a-prime-of-4104-bits", *anonymous_dh(4_104), expected=handshake("too_expensive")),
    answers("a-prime-of-10000-bits", *anonymous_dh(10_000), expected=handshake("too_expensive")),
    answers("a-prime-of-100000-bits", *anonymous_dh(100_000), expected=handshake("too_expensive")),
    answers("message-of-16-mb", flights.handshake(2, b"", 0xFFFFFF), expected=TOO_MUCH),
    scripted(
        "streams-a-message",
        send(HELLO, flights.handshake(11, b"", 0xFFFFFF)),
        Flood(flights.record(HANDSHAKE, bytes(16384))),
        expected=TOO_MUCH,
    ),
    scripted(
        "streams-a-hello", send(flights.handshake(2, b"", 0xFFFF)), Flood(flights.record(HANDSHAKE, bytes(16384)))
    ),
    # TLS 1.3
    scripted("tls13-bad-key-share", Answer(lambda hello: tls13(hello, key_share(X25519, 1))), Hold()),
    scripted("tls13-no-key-share", Answer(tls13), Hold()),
    scripted("tls13-unasked-group", Answer(lambda hello: tls13(hello, key_share(0x9999, 32))), Hold()),
    scripted(
        "tls13-zero-key-share",
        Answer(lambda hello: tls13(hello, extension(51, bytes.fromhex("001d0020") + bytes(32)))),
        Hold(),
    ),
    scripted("tls13-wrong-session-echo", Answer(lambda _: tls13(bytes(60), key_share(X25519, 32))), Hold()),
    scripted(
        "tls13-unknown-suite", Answer(lambda hello: tls13(hello, key_share(X25519, 32), suite=b"\x13\x99")), Hold()
    ),
    scripted(
        "tls13-then-silent",
        Answer(lambda hello: tls13(hello, key_share(X25519, 32))),
        Hold(),
        expected=(*handshake("timeout"), *PROTOCOL),
    ),
    scripted(
        "tls13-undecryptable",
        Answer(lambda hello: tls13(hello, key_share(X25519, 32)) + flights.record(DATA, bytes(512))),
        Hold(),
    ),
    scripted("retry-without-change", Answer(lambda hello: retry(hello, 0)), Hold()),
    scripted("retry-to-unknown-group", Answer(lambda hello: retry(hello, 0x9999)), Hold()),
    scripted("retry-to-the-group-sent", Answer(lambda hello: retry(hello, X25519)), Hold()),
    scripted(
        "retry-twice",
        Answer(lambda hello: retry(hello, SECP256R1)),
        Await(),
        Answer(lambda hello: retry(hello, SECP256R1)),
        Hold(),
    ),
    scripted("retry-then-silent", Answer(lambda hello: retry(hello, SECP256R1)), Hold(), expected=handshake("timeout")),
    scripted(
        "retry-then-ends",
        Answer(lambda hello: retry(hello, SECP256R1)),
        Await(),
        Finish(),
        expected=handshake("closed"),
    ),
    scripted(
        "retry-with-a-huge-cookie",
        Answer(lambda hello: retry(hello, SECP256R1, bytes(15000))),
        Hold(),
        expected=(*handshake("timeout"), *PROTOCOL),
    ),
    scripted("retry-then-tls12", Answer(lambda hello: retry(hello, SECP256R1)), Await(), send(HELLO), Hold()),
)
