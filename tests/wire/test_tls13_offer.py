"""What the TLS 1.3 client offers, and its key schedule: another client's hello, and the RFC's formulas."""

import hmac

import pytest

from exporter.wire.records import WireError
from exporter.wire.tls13 import schedule
from exporter.wire.tls13.hello import read_offer
from exporter.wire.tls13.key_shares import X25519, X25519MLKEM768, KeyShares
from tests.support.tls13_server import extension, hello_of, hkdf_expand_label, shares_of, vector


def test_another_clients_hello_is_repeated_with_our_name_and_keys():
    shares = KeyShares()
    alpn = extension(16, vector(2, b"\x02h2\x08http/1.1"))
    first, last = extension(43, b"\x02\x03\x04"), extension(13, b"\x00\x02\x04\x03")
    theirs = shares_of((X25519, bytes(32)), (X25519MLKEM768, bytes(1216)))
    offer = read_offer(hello_of(extension(0, b"\x00\x04\x00\x00\x01b"), first, theirs, alpn, last), shares)
    assert offer.alpn == {b"h2", b"http/1.1"}
    made = offer.hello("a.example")
    name = extension(0, vector(2, b"\x00" + vector(2, b"a.example")))
    ours = shares_of(*((group, shares.public[group]) for group in (X25519, X25519MLKEM768)))
    assert made.message[4:6] == b"\x03\x03"
    assert made.message[38] == 32
    assert made.message[39:71] == made.session_id
    assert made.message[71:] == b"\x00\x02\x13\x01\x01\x00" + vector(2, name + first + ours + alpn + last)
    assert made.record[:3] == b"\x16\x03\x01"
    again = offer.hello(None)
    assert again.message[6:38] != made.message[6:38]
    assert again.session_id != made.session_id
    assert again.message[71:] == b"\x00\x02\x13\x01\x01\x00" + vector(2, first + ours + alpn + last)


@pytest.mark.parametrize(
    ("hello", "why"),
    [
        (hello_of(), "without key shares"),
        (hello_of(shares_of()), "not known here"),
        (hello_of(shares_of((0x0017, bytes(65)))), "not known here"),
        (hello_of(shares_of((X25519, bytes(32)), (0x0017, bytes(65)))), "not known here"),
        (hello_of()[:60], "a field of"),
    ],
)
def test_a_hello_whose_keys_cannot_be_replaced_is_refused(hello, why):
    with pytest.raises(WireError, match=why):
        read_offer(hello, KeyShares())


# the key schedule


@pytest.mark.parametrize("number", [0x1301, 0x1302, 0x1303])
def test_the_schedule_is_the_rfcs(number):
    """Against HKDF as RFC 8446 section 7.1 writes it."""
    suite = schedule.SUITES[number]
    digest, length = suite.hash, suite.hash_length
    zeros, empty = bytes(length), digest().digest()
    secret, transcript = bytes(range(length)), digest(b"transcript").digest()
    assert (digest().digest_size, digest().block_size) == (length, suite.block_length)
    assert schedule.expand(suite, secret, "key", 16) == hkdf_expand_label(digest, secret, "key", b"", 16)
    assert schedule.derive(suite, secret, "x", transcript) == hkdf_expand_label(digest, secret, "x", transcript, length)
    early = hmac.digest(zeros, zeros, digest)
    salt = hkdf_expand_label(digest, early, "derived", empty, length)
    handshake = hmac.digest(salt, b"shared", digest)
    assert schedule.handshake_secret(suite, b"shared") == handshake
    master = hmac.digest(hkdf_expand_label(digest, handshake, "derived", empty, length), zeros, digest)
    assert schedule.master_secret(suite, handshake) == master
    key = hkdf_expand_label(digest, secret, "finished", b"", length)
    assert schedule.finished(suite, secret, transcript) == hmac.digest(key, transcript, digest)
