"""What breaks DER or RFC 5280 by our own reading, and what does not although a library cannot parse it."""

import pytest
from cryptography import x509

from exporter.certificates.certificate import read_certificate_untrusted
from exporter.certificates.conformance import faults_untrusted
from exporter.certificates.trust_store import TrustError, load_trust
from exporter.demo.pki import mistagged
from tests.support import der, pki
from tests.support.pki import Extension, alternative_names, dns

TOP = pki.root()
UTC, GENERALIZED = 0x17, 0x18


RIGHT = {
    "as usual": {},
    "an ediPartyName": {
        "san": alternative_names(dns("a.example"), der.element(0xA5, der.element(0xA1, der.utf8("p"))))
    },
    "an x400Address": {"san": alternative_names(dns("a.example"), der.element(0xA3, der.sequence()))},
    "an unknown extension of any bytes": {"extra": [Extension("1.2.3.4.5", b"\xff\x00")]},
    "an unknown key": {"spki": der.sequence(der.sequence(der.oid("1.3.6.1.5.5.7.6.45")), der.bits(bytes(99)))},
    "a serial number of 40 octets": {"serial": 1 << 310},
    "serial number zero": {"serial": 0},
    "the year 9999": {"times": (der.time(0), der.element(GENERALIZED, b"99991231235959Z"))},
}
WRONG = {
    "a padded serial number": ({"serial_encoding": der.element(2, b"\0\0\1")}, "integer_padded"),
    "a negative serial number": ({"serial": -5}, "serial_negative"),
    "GeneralizedTime before 2050": (
        {"times": (der.time(0), der.element(GENERALIZED, b"20400101000000Z"))},
        "time_type",
    ),
    "a time without seconds": ({"times": (der.time(0), der.element(UTC, b"4001010000Z"))}, "time"),
    "a time with an offset": ({"times": (der.time(0), der.element(UTC, b"400101000000+0100"))}, "time"),
    "the thirtieth of February": ({"times": (der.time(0), der.element(UTC, b"300230000000Z"))}, "time"),
    "a UTCTime of 14 digits": ({"times": (der.time(0), der.element(UTC, b"19020701025736Z"))}, "time"),
    "version 4": ({"version": 3}, "version"),
    "version 1 with extensions": ({"version": None}, "version_with_extensions"),
    "subjectAltName twice": ({"extra": [Extension("2.5.29.17", alternative_names(dns("b")))]}, "duplicate_known"),
    "an unknown extension twice": ({"extra": [Extension("1.2.3", b"\5\0")] * 2}, "duplicate_unknown"),
    "two algorithms": ({"inner_algorithm": der.sequence(der.oid("1.2.840.10045.4.3.3"))}, "algorithm_mismatch"),
    "a name that is not ASCII": ({"san": alternative_names(dns("müller.example"))}, "extension_subjectAltName"),
    "an address of five octets": ({"san": alternative_names(der.element(0x87, bytes(5)))}, "extension_subjectAltName"),
    "no usage": ({"ku": der.element(3, b"\0")}, "extension_keyUsage"),
    "empty policies": ({"extra": [Extension("2.5.29.32", der.sequence())]}, "extension_certificatePolicies"),
    "cA FALSE written out": ({"bc": der.sequence(der.boolean(False))}, "extension_basicConstraints"),
    "a length that is too long": ({"san": b"\x30\x81\x03" + dns("x")}, "length"),
    "a key without bits": ({"spki": der.sequence(der.sequence(der.oid("1.2.3")))}, "structure"),
}


@pytest.mark.parametrize("case", RIGHT)
def test_what_the_rfcs_allow_is_no_fault(case):
    certificate = read_certificate_untrusted(pki.leaf(TOP, **RIGHT[case]).der)
    assert certificate.faults == ()


def test_a_teletex_string_with_an_accent_is_no_fault():
    """`cryptography` cannot read it; OpenSSL and every browser do."""
    presented = pki.leaf(TOP, subject="O=Zoe").der.replace(der.utf8("Zoe"), der.element(0x14, b"Zo\xeb"))
    certificate = read_certificate_untrusted(presented)
    assert (certificate.faults, certificate.subject) == ((), "O=Zoë")


def test_the_library_cannot_read_what_is_no_fault():
    """The cases are worth something only as long as that is so."""
    parsed = x509.load_der_x509_certificate(pki.leaf(TOP, **RIGHT["an ediPartyName"]).der)
    with pytest.raises(x509.UnsupportedGeneralNameType):
        _ = parsed.extensions
    assert read_certificate_untrusted(pki.leaf(TOP, **RIGHT["an ediPartyName"]).der).parsed is None


@pytest.mark.parametrize("case", WRONG)
def test_what_breaks_a_rule_is_named(case):
    changes, kind = WRONG[case]
    assert kind in {fault.kind for fault in faults_untrusted(pki.leaf(TOP, **changes).der)}


@pytest.mark.parametrize("junk", [b"", b"\x30", b"\x30\x03abc", b"\x30\x80", b"\x05\x00", bytes(100)])
def test_junk_is_one_fault_and_no_exception(junk):
    assert [fault.kind for fault in faults_untrusted(junk)][-1:] == ["structure"]


def test_bytes_after_the_certificate_are_a_fault():
    assert faults_untrusted(pki.leaf(TOP).der + b"\0")[0].kind == "structure"


def test_an_extension_of_another_tag_is_a_fault():
    assert faults_untrusted(mistagged(pki.leaf(TOP).der))


def test_deep_nesting_is_refused_and_costs_no_stack():
    nested = b""
    for _ in range(5000):
        nested = der.sequence(nested)
    assert faults_untrusted(nested)


def test_the_roots_of_the_system_are_right():
    """One root of 2011 has GeneralizedTime before 2050; everything else that is reported would be a false alarm."""
    try:
        roots = load_trust().roots
    except TrustError:
        pytest.skip("no roots of a system: the Debian package ca-certificates")
    assert {fault.kind for root in roots for fault in root.faults} <= {"time_type"}
