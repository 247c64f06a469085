"""Peers whose certificates are bombs, floods, lies or nonsense, sent in the clear flight of TLS 1.2."""

import datetime as dt

from hostile.attack import Attack, handshake

from exporter.demo import flights
from exporter.demo.pki import PKI, SELF, Leaf, mistagged
from exporter.demo.scripts import Await, Drip, Finish, Hold, Pause, Reset, Send

HANDSHAKE = 22
PROTOCOL = handshake("protocol_error")
TOO_MUCH = handshake("too_much_data")
pki = PKI(dt.datetime.now(dt.UTC))
LEAF, CA = pki.leaf(Leaf()).der, pki.authority("intermediate").der
RSA_LEAF = pki.leaf(Leaf(key="rsa-2048")).der
SELF_SIGNED = pki.leaf(Leaf(issuer=SELF)).der
HELLO = flights.server_hello()
_HOLD = (Hold(),)
ANY = -1  # as many as had arrived when OpenSSL gave up


def presents(name, chain, expected=PROTOCOL, certificates=None, after=_HOLD):
    """Present a chain, then ServerHelloDone, which an ECDHE suite does not allow: the handshake must break."""
    certificates = len(chain) if certificates is None else certificates
    certificates = None if certificates == ANY else certificates
    return Attack(
        f"presents-{name}", (Await(), Send(flights.flight(chain)), *after), expected, certificates=certificates
    )


def sends(name, *messages, expected=PROTOCOL, certificates=0):
    data = flights.record(HANDSHAKE, HELLO + b"".join(messages))
    return Attack(f"sends-{name}", (Await(), Send(data), Hold()), expected, certificates=certificates)


def sequence(body):
    """Return a DER SEQUENCE with a length of any size."""
    if len(body) < 128:
        return b"\x30" + bytes((len(body),)) + body
    size = (len(body).bit_length() + 7) // 8
    return b"\x30" + bytes((0x80 | size,)) + len(body).to_bytes(size, "big") + body


def nested(depth):
    body = b"\x05\x00"
    for _ in range(depth):
        body = sequence(body)
    return body


def hostile_name(text):
    return pki.leaf(Leaf(organization=text)).der


def without_done(chain):
    return flights.record(HANDSHAKE, HELLO + flights.certificates(chain))


def same_names(count):
    """Return self-signed certificates with one name and as many keys: every one could be the issuer of every other."""
    return [pki.leaf(Leaf(issuer=SELF, ends=60 + number)).der for number in range(count)]


CERTIFICATES = (
    presents("a-good-chain", [LEAF, CA]),
    presents("nothing", [], certificates=0),
    presents("an-empty-certificate", [b""]),
    presents("zeros", [bytes(1000)]),
    presents("letters", [b"A" * 1000]),
    presents("one-byte", [b"\x30"]),
    presents("an-indefinite-length", [b"\x30\x80" + LEAF[4:] + b"\x00\x00"]),
    presents("an-overlong-length", [b"\x30\x84\xff\xff\xff\xff" + LEAF[4:]]),
    presents("a-length-of-128-bytes", [b"\x30\xff" + b"\xff" * 127]),
    presents("a-truncated-leaf", [LEAF[:200]]),
    presents("a-leaf-with-a-tail", [LEAF + bytes(1000)]),
    presents("a-mistagged-leaf", [mistagged(LEAF), CA]),
    presents("a-nest-of-1000", [nested(1000)]),
    presents("a-nest-of-8000", [nested(8000)]),
    presents("the-leaf-100-times", [LEAF] * 100),
    presents("the-leaf-200-times", [LEAF] * 200, certificates=100),
    presents("the-leaf-2000-times", [LEAF] * 2000, TOO_MUCH, certificates=0),
    presents("2000-tiny-ones", [b"\x30\x00"] * 2000, certificates=100),
    presents("50-issuers-of-one-name", same_names(50)),
    presents("a-chain-upside-down", [CA, LEAF]),
    presents("a-ca-as-leaf", [CA]),
    presents("a-self-signed-leaf", [SELF_SIGNED]),
    presents("a-name-of-lines", [hostile_name('a\nb\r"c" \\n tls_probe_success{target="x"} 1\n')]),
    presents("a-name-of-escapes", [hostile_name("\x1b[2J\x1b]0;owned\x07\x9b31m")]),
    presents("a-name-of-nul", [hostile_name("good.example\x00.evil.example")]),
    presents("a-name-of-markup", [hostile_name("</td><script>alert(1)</script>&amp;'\"`")]),
    presents("a-name-backwards", [hostile_name("\u202ereverse\u2066\ufeff\u200b")]),
    presents("a-name-of-30000", [hostile_name("A" * 30000)]),
    presents("a-name-not-utf8", [hostile_name("XYZXYZ").replace(b"XYZXYZ", b"\xff\xfe\xc0\x80\xed\xa0")]),
    presents("2000-names", [pki.leaf(Leaf(names=tuple(f"h{n}.example.com" for n in range(2000)))).der]),
    presents("a-certificate-of-120-kb", [LEAF + bytes(120_000)], (*TOO_MUCH, *PROTOCOL), certificates=ANY),
    presents("a-certificate-of-4-mb", [bytes(4_000_000)], TOO_MUCH, certificates=0),
    presents("then-silent-for-ever", [LEAF, CA], certificates=2, expected=(*PROTOCOL, *handshake("timeout"))),
    sends("a-list-that-lies", flights.handshake(11, b"\x00\xff\xff" + bytes(100))),
    sends("an-entry-that-lies", flights.handshake(11, b"\x00\x00\x06\x00\xff\xff" + bytes(3))),
    sends("a-list-too-short", flights.handshake(11, b"\x00")),
    sends("certificates-twice", flights.certificates([LEAF]), flights.certificates([CA]), certificates=None),
    sends("a-status-of-nonsense", flights.certificates([LEAF]), flights.handshake(22, b"\xff" * 50), certificates=None),
    sends("a-request-of-16k-names", flights.certificates([LEAF]), flights.handshake(13, bytes(16000)), certificates=1),
    Attack(
        "certificates-then-silent",
        (Await(), Send(without_done([RSA_LEAF, CA])), Hold()),
        handshake("timeout"),
        certificates=2,
    ),
    Attack(
        "certificates-then-ends",
        (Await(), Send(without_done([RSA_LEAF, CA])), Finish()),
        handshake("closed"),
        certificates=2,
    ),
    Attack(
        "certificates-then-resets",
        (Await(), Send(without_done([RSA_LEAF, CA])), Pause(0.3), Reset()),
        handshake("reset"),
        certificates=2,
    ),
    Attack(
        "certificates-then-alert",
        (Await(), Send(without_done([RSA_LEAF, CA]) + flights.alert(40)), Finish()),
        handshake("alert_handshake_failure"),
        certificates=2,
    ),
    Attack(
        "certificates-then-letters",
        (Await(), Send(without_done([RSA_LEAF, CA]) + b"HTTP/1.1 500 oops\r\n"), Hold()),
        PROTOCOL,
        certificates=2,
    ),
    Attack(
        "certificates-drop-by-drop",
        (Await(), Drip(without_done([RSA_LEAF, CA]), 0.01), Hold()),
        handshake("timeout"),
        certificates=None,
    ),
)
