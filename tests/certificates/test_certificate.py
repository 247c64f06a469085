"""Facts of certificates, well-formed and broken: what can be read is there, and nothing raises."""

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.certificates.certificate import read_certificate_untrusted
from tests.support import der
from tests.support.pki import (
    DAY,
    NOW,
    Extension,
    alternative_names,
    dns,
    dsa_key,
    ec_key,
    ip,
    leaf,
    root,
    rsa_key,
    spki_of,
)

AIA, CRL_POINTS, TLS_FEATURE = "1.3.6.1.5.5.7.1.1", "2.5.29.31", "1.3.6.1.5.5.7.1.24"
SCT_LIST = "1.3.6.1.4.1.11129.2.4.2"


def uri(text):
    return der.element(0x86, text.encode())


def read(issued):
    return read_certificate_untrusted(issued.der)


def test_a_leaf_says_everything():
    top = root("CN=Root,O=Example")
    access = der.sequence(
        der.sequence(der.oid("1.3.6.1.5.5.7.48.1"), uri("http://ocsp.example/")),
        der.sequence(der.oid("1.3.6.1.5.5.7.48.2"), uri("http://ca.example/ca.crt")),
    )
    points = der.sequence(
        der.sequence(der.element(0xA0, der.element(0xA0, uri("http://crl.example/1"), uri("ldap://crl.example")))),
        der.sequence(der.element(0xA0, der.element(0xA0, uri("http://reasons"))), der.element(0x81, b"\x01\x80")),
    )
    issued = leaf(
        top,
        subject="CN=example.com",
        names=[dns("example.com"), dns("*.example.org"), ip("192.0.2.1"), ip("2001:db8::1")],
        serial=0xABCDEF,
        extra=[
            Extension(AIA, access),
            Extension(CRL_POINTS, points),
            Extension(TLS_FEATURE, der.sequence(der.integer(5))),
        ],
    )
    certificate = read(issued)
    assert certificate.subject == "CN=example.com"
    assert certificate.issuer == "O=Example,CN=Root"
    assert certificate.serial_number == "abcdef"
    assert certificate.fingerprint_sha256 == hashlib.sha256(issued.der).hexdigest()
    assert (certificate.not_before, certificate.not_after) == (NOW - 10 * DAY, NOW + 80 * DAY)
    assert certificate.dns_names == ("example.com", "*.example.org")
    assert certificate.ip_addresses == ("192.0.2.1", "2001:db8::1")
    assert certificate.san_count == 4
    assert certificate.spki_sha256 == base64.b64encode(hashlib.sha256(spki_of(issued.key)).digest()).decode()
    assert certificate.ocsp_urls == ("http://ocsp.example/",)
    assert certificate.ca_issuer_urls == ("http://ca.example/ca.crt",)
    assert certificate.crl_urls == ("http://crl.example/1", "ldap://crl.example")
    assert certificate.must_staple
    assert certificate.sct_count == 0
    assert certificate.is_ca is False
    assert certificate.is_self_issued is False
    assert certificate.is_self_signed is False
    assert certificate.problems == ()
    assert certificate.parsed is not None


@pytest.mark.parametrize(
    ("key", "text", "kind", "size"),
    [
        (ec_key, "EC secp256r1", "EC", 256),
        (lambda: ec_key(ec.SECP384R1), "EC secp384r1", "EC", 384),
        (lambda: ec_key(ec.SECP256K1), "EC secp256k1", "EC", 256),
        (rsa_key, "RSA 2048", "RSA", 2048),
        (lambda: rsa_key(1024), "RSA 1024", "RSA", 1024),
        (dsa_key, "DSA 2048", "DSA", 2048),
        (ed25519.Ed25519PrivateKey.generate, "Ed25519", "Ed25519", None),
    ],
)
def test_keys_are_named_as_people_write_them(key, text, kind, size):
    certificate = read(leaf(root(), key=key()))
    assert (certificate.key, certificate.key_type, certificate.key_size) == (text, kind, size)


@pytest.mark.parametrize(
    ("authority", "digest", "name", "algorithm"),
    [
        (lambda: root(key=rsa_key()), "sha256", "sha256", "sha256WithRSAEncryption"),
        (lambda: root(key=rsa_key()), "sha1", "sha1", "sha1WithRSAEncryption"),
        (root, "sha256", "sha256", "ecdsa-with-SHA256"),
        (root, "sha384", "sha384", "ecdsa-with-SHA384"),
        (lambda: root(key=ed25519.Ed25519PrivateKey.generate()), "", None, "ed25519"),
    ],
)
def test_signature_algorithms_have_their_usual_names(authority, digest, name, algorithm):
    certificate = read(leaf(authority(), digest=digest))
    assert (certificate.signature_algorithm, certificate.signature_hash) == (algorithm, name)


def test_an_unknown_algorithm_is_shown_by_its_number():
    spki = der.sequence(der.sequence(der.oid("1.2.3.4")), der.bits(b"key"))
    assert read(leaf(root(), spki=spki)).key == "1.2.3.4"


def test_a_curve_given_by_its_parameters_is_called_explicit():
    spki = der.sequence(der.sequence(der.oid("1.2.840.10045.2.1"), der.sequence(der.integer(1))), der.bits(b"\x04"))
    assert read(leaf(root(), spki=spki)).key == "EC explicit"


def test_a_root_is_self_signed_and_an_impostor_only_self_issued():
    top = root()
    assert read(top).is_self_signed is True
    assert read(top).is_ca is True
    impostor = leaf(root("CN=Same"), subject="CN=Same")
    assert (read(impostor).is_self_issued, read(impostor).is_self_signed) == (True, False)


def test_a_certificate_of_version_1_does_not_say_whether_it_is_an_authority():
    none = dict.fromkeys(("ku", "eku", "san", "ski", "aki"))
    assert read(leaf(root(), version=None, subject="CN=a", **none)).is_ca is None


def test_dates_before_1970_and_after_2049_are_read():
    certificate = read(leaf(root(), not_before=-18_000, not_after=31_536_000_000))
    assert (certificate.not_before, certificate.not_after) == (-18_000, 31_536_000_000)


def test_a_date_that_cannot_be_read_does_not_hide_the_other():
    broken, good = der.element(0x17, b"99"), der.time(NOW)
    starts, ends = (read(leaf(root(), times=times)) for times in ((good, broken), (broken, good)))
    assert (starts.not_before, starts.not_after) == (NOW, None)
    assert (ends.not_before, ends.not_after) == (None, NOW)


@pytest.mark.parametrize(
    ("broken", "problem"),
    [
        ({"san": b"example.com"}, "subjectAltName"),
        ({"extra": [Extension("2.5.29.17", alternative_names(dns("b.example")))]}, "extension 2.5.29.17 occurs twice"),
        ({"serial_encoding": der.element(0x02, b"\x80")}, "the serial number is negative"),
        ({"times": (der.element(0x17, b"99"), der.time(NOW))}, "validity"),
        ({"spki": der.sequence(der.sequence(), der.bits(b""))}, "public key"),
        ({"names": [ip("192.0.2.0/24")]}, "an IP address must have 4 or 16 octets"),
        ({"extra": [Extension(AIA, b"malformed")]}, "authorityInfoAccess"),
        ({"extra": [Extension(SCT_LIST, der.octets(b"\x00\x09abc"))]}, "bad list of signed certificate timestamps"),
    ],
)
def test_what_is_wrong_is_said_and_the_rest_is_read(broken, problem):
    certificate = read(leaf(root(), subject="CN=broken", **broken))
    assert any(problem in one for one in certificate.problems), certificate.problems
    assert certificate.subject == "CN=broken"
    assert certificate.fingerprint_sha256


def test_a_certificate_that_strict_parsers_refuse_still_shows_its_dates():
    broken = leaf(root(), serial_encoding=der.element(0x02, b"\x00\x00\x01"), not_after=NOW + DAY)
    certificate = read(broken)
    assert certificate.problems
    assert certificate.not_after == NOW + DAY
    assert certificate.dns_names == ("example.com",)


def test_a_certificate_that_ends_too_soon_still_shows_its_names():
    certificate = read_certificate_untrusted(leaf(root(), subject="CN=cut").der[:-20])
    assert certificate.problems
    assert certificate.parsed is None
    assert certificate.subject == "CN=cut"


@pytest.mark.parametrize(
    "junk", [b"", b"0", b"\x30\x80", b"\x30\x84\xff\xff\xff\xff", b"\x1f\x85\x01", b"GET / HTTP/1.1"]
)
def test_junk_is_a_certificate_with_nothing_but_problems(junk):
    certificate = read_certificate_untrusted(junk)
    assert certificate.problems
    assert certificate.subject == ""
    assert certificate.not_after is None
    assert certificate.san_count is None


@pytest.mark.parametrize(
    "broken",
    [
        {"san": b"example.com"},
        {"san": der.sequence(b"\x82\x7fshort")},
        {"extra": [Extension("2.5.29.17", b"")], "san": None},
    ],
)
def test_names_that_cannot_be_read_are_not_none_at_all(broken):
    """Unknown is absent: no count of 0."""
    certificate = read(leaf(root(), subject="CN=broken", **broken))
    assert (certificate.dns_names, certificate.san_count) == ((), None)


def test_a_certificate_without_names_has_a_count_of_0():
    certificate = read(leaf(root(), subject="CN=example.com", san=None))
    assert certificate.san_count == 0


def test_names_are_printable_whatever_they_hold():
    certificate = read(leaf(root(), subject='CN=a\nb"c\x1b[31m\u202e,O= \u00e9;+'))
    assert certificate.subject == 'O=\\ é\\;\\+,CN=a\\0Ab\\"c\\1B[31m\\E2\\80\\AE'
    assert certificate.subject.isprintable()
    names = read(leaf(root(), names=[dns("a\nb\x00é")])).dns_names
    assert names == ("a\\nb\\x00\\xc3\\xa9",)


GOOD = leaf(root(), subject="CN=example.com").der


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=8), st.data())
def test_no_change_of_bytes_makes_the_reader_raise(changes, data):
    broken = bytearray(GOOD)
    for position, value in changes:
        broken[position] = value
    cut = data.draw(st.integers(0, len(broken)))
    for candidate in (bytes(broken), bytes(broken[:cut])):
        certificate = read_certificate_untrusted(candidate)
        assert certificate.der == candidate
        assert all(text.isprintable() for text in (certificate.subject, certificate.issuer, *certificate.problems))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_make_the_reader_raise(junk):
    read_certificate_untrusted(junk)
