"""What reading a staple, a response or a list may cost whatever is in it, counted by work done."""

import sys

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hostile.shapes import certificate, curve, dsa_of, name_of, rsa

from exporter.certificates.certificate import read_certificate_untrusted
from exporter.revocation import crl, ocsp
from exporter.revocation.crl import read_crl_untrusted
from exporter.revocation.ocsp import MAX_SIGNATURE_WORK, MAX_VALUES, read_ocsp_untrusted
from exporter.revocation.status import Failure
from tests.support import der
from tests.support.pki import NOW, intermediate, leaf, root
from tests.support.revocation import revocation_list

TOP = root()
MIDDLE = intermediate(TOP)
LEAF = leaf(MIDDLE)
READ_LEAF, READ_MIDDLE = (read_certificate_untrusted(one.der) for one in (LEAF, MIDDLE))
MAX_CALLS = 60_000
SHA256 = der.sequence(der.oid("2.16.840.1.101.3.4.2.1"))
BASIC = "1.3.6.1.5.5.7.48.1.1"
LONG_NAME = name_of(1_000)


def answer(serial=None, digest=SHA256):
    """Encode one answer under the leaf's serial number, about nobody."""
    number = der.integer(LEAF.parsed.serial_number if serial is None else serial)
    identity = der.sequence(digest, der.octets(bytes(32)), der.octets(bytes(32)), number)
    return der.sequence(identity, b"\x80\x00", der.element(0x18, b"20260101000000Z"))


def response(answers=(), certificates=(), responder=None, extensions=b""):
    """Encode a response that nobody has signed."""
    responder = responder if responder is not None else der.element(0xA2, der.octets(bytes(20)))
    produced = der.element(0x18, b"20260101000000Z")
    data = der.sequence(responder, produced, der.sequence(*answers), extensions)
    sent = der.element(0xA0, der.sequence(*certificates)) if certificates else b""
    basic = der.sequence(
        data, der.sequence(der.oid("1.2.840.10045.4.3.2")), der.bits(b"\x30\x06\x02\x01\x01\x02\x01\x01"), sent
    )
    return der.sequence(b"\x0a\x01\x00", der.element(0xA0, der.sequence(der.oid(BASIC), der.octets(basic))))


def own_answer():
    """Encode the one answer that is about the leaf, so that what follows is looked at."""
    hashed = [ocsp._hash(ocsp.hashes.SHA256(), data) for data in (READ_LEAF.issuer_der, key_bits())]
    identity = der.sequence(SHA256, *map(der.octets, hashed), der.integer(LEAF.parsed.serial_number))
    return der.sequence(identity, b"\x80\x00", der.element(0x18, b"20260101000000Z"))


def key_bits():
    return ocsp._key_bits(MIDDLE.parsed)


def responders(count, spki, name=LONG_NAME):
    """Encode responders of one name, which say that the issuer certified them."""
    usage = der.sequence(der.oid("2.5.29.37"), der.octets(der.sequence(der.oid("1.3.6.1.5.5.7.3.9"))))
    return [certificate(name, MIDDLE.subject, spki(), usage) for _ in range(count)]


def named(count, spki):
    short = der.name("CN=responder")
    return response([own_answer()], responders(count, spki, short), der.element(0xA1, short))


NOTHING = b"\x05\x00"
STAPLES = {
    "no answer": response,
    "1200 answers of one serial number": lambda: response([answer()] * 850),
    "300 answers of one serial number": lambda: response([answer()] * 250),
    "1200 answers": lambda: response([answer(number) for number in range(900)]),
    "a name of 1000 attributes": lambda: response([own_answer()], [], der.element(0xA1, LONG_NAME)),
    "10 responders of 1000 attributes": lambda: response(
        [own_answer()], responders(5, lambda: curve(ec.SECP256R1)), der.element(0xA1, LONG_NAME)
    ),
    "400 responders": lambda: named(300, lambda: curve(ec.SECP256R1)),
    "10 responders": lambda: named(10, lambda: curve(ec.SECP256R1)),
    "10 responders of RSA 16384": lambda: named(10, lambda: rsa(16_384)),
    "10 responders of RSA 3072 with long exponents": lambda: named(10, lambda: rsa(3_072, (1 << 3_071) | 1)),
    "10 responders on brainpoolP512r1": lambda: named(10, lambda: curve(ec.BrainpoolP512R1)),
    "10 responders of DSA 10000": lambda: named(10, lambda: dsa_of(10_000)),
    "45000 extensions": lambda: response([own_answer()], extensions=der.element(0xA1, der.sequence(NOTHING * 45_000))),
    "a certificate of 20000 names": lambda: named(1, lambda: der.sequence(NOTHING * 20_000)),
    "a serial number of 90 KB": lambda: response([answer(1 << 700_000)]),
    "zeros": lambda: bytes(100_000),
    "sequences": lambda: b"\x30\x80" * 50_000,
    "empty": lambda: b"",
}


@pytest.fixture
def calls():
    class Calls:
        made = 0

        def count(self, _frame, event, _argument):
            self.made += event in ("call", "c_call")

    return Calls()


@pytest.mark.parametrize("name", STAPLES)
def test_a_response_of_any_shape_costs_little(name, calls, monkeypatch):
    data = STAPLES[name]()
    assert len(data) <= 100 * 1024
    hashed, work = [], []
    hash_of, verifies = ocsp._hash, ocsp._is_delegated
    monkeypatch.setattr(ocsp, "_hash", lambda algorithm, content: hashed.append(content) or hash_of(algorithm, content))
    monkeypatch.setattr(ocsp, "_is_delegated", lambda *more: work.append(more[0]) or verifies(*more))
    sys.setprofile(calls.count)
    found = read_ocsp_untrusted(data, READ_LEAF, READ_MIDDLE, NOW, "staple")
    sys.setprofile(None)
    assert found.status is None
    assert found.failure is not None
    assert calls.made < MAX_CALLS
    assert sum(map(len, hashed)) < 10_000, "a name is hashed once, however many answers there are"
    keys = [read_certificate_untrusted(one.public_bytes(ocsp.Encoding.DER)).measure.key.work for one in work]
    assert sum(keys) <= MAX_SIGNATURE_WORK


def test_what_is_left_out_is_said():
    many = read_ocsp_untrusted(STAPLES["400 responders"](), READ_LEAF, READ_MIDDLE, NOW, "staple")
    assert many.failure is Failure.TOO_LARGE
    assert str(MAX_VALUES) in many.problem
    costly = read_ocsp_untrusted(STAPLES["10 responders of DSA 10000"](), READ_LEAF, READ_MIDDLE, NOW, "staple")
    assert costly.failure is Failure.TOO_LARGE


BEGIN = b"-----BEGIN X509 CRL-----"
UNSIGNED = {
    "beginnings of PEM": BEGIN * 40_000,
    "ends of PEM": b"-----END X509 CRL-----" * 40_000,
    "an empty block": BEGIN + b"-----END X509 CRL-----",
    "a block of a megabyte": BEGIN + b"A" * 1_000_000 + b"-----END X509 CRL-----",
    "zeros": bytes(1_000_000),
    "a list of another": revocation_list(MIDDLE, signer=TOP),
    "300000 extensions": der.sequence(
        der.sequence(der.sequence(der.oid("1.2.840.10045.4.3.2")), MIDDLE.subject, b"\x30\x00" * 300_000),
        der.sequence(der.oid("1.2.840.10045.4.3.2")),
        der.bits(b"\x30\x06\x02\x01\x01\x02\x01\x01"),
    ),
    "a signature of a megabyte": der.sequence(
        der.sequence(b"\x30\x00" * 3), der.sequence(der.oid("1.2.840.10045.4.3.2")), der.bits(bytes(1_000_000))
    ),
}


@pytest.mark.parametrize("name", UNSIGNED)
def test_of_a_list_that_the_issuer_has_not_signed_nothing_is_parsed(name, calls, monkeypatch):
    def refuse(_):
        raise AssertionError("it was parsed")

    monkeypatch.setattr(crl.x509, "load_der_x509_crl", refuse)
    sys.setprofile(calls.count)
    found = read_crl_untrusted(UNSIGNED[name], READ_MIDDLE)
    sys.setprofile(None)
    assert found.failure in (Failure.UNREADABLE, Failure.BAD_SIGNATURE, Failure.OTHER_CERTIFICATE)
    assert "parsed" not in found.problem
    assert calls.made < 1_000


def test_a_list_signed_in_a_rare_way_is_read_if_it_is_short(monkeypatch):
    """What cannot be hashed without the interpreter's lock is hashed with it, but not 16 MiB of it."""
    authority = root("CN=Ed", key=ed25519.Ed25519PrivateKey.generate())
    known = read_certificate_untrusted(authority.der)
    data = revocation_list(authority)
    assert read_crl_untrusted(data, known).failure is None
    monkeypatch.setattr(crl, "MAX_UNHASHED", 10)
    assert read_crl_untrusted(data, known).failure is Failure.TOO_LARGE
