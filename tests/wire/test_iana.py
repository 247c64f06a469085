"""The tables of names against what OpenSSL and RFC 8446 say, and the classes of suites against their definition."""

import pytest
from OpenSSL import SSL

from exporter.net.reason import Reason
from exporter.wire import iana
from tests.support.programs import need, run


def test_every_suite_of_openssl_has_its_iana_name():
    """`openssl ciphers -V -stdname` prints number, IANA's name and OpenSSL's own."""
    lines = run(need("openssl"), "ciphers", "-V", "-stdname", "ALL:COMPLEMENTOFALL:@SECLEVEL=0").splitlines()
    assert len(lines) > 100
    for line in lines:
        number, _, standard, _, own, *_ = line.split()
        assert iana.CIPHER_SUITES[int(number.replace(",0x", ""), 16)] == standard
        assert iana.cipher_suite_from_openssl(own) == standard


def test_every_suite_of_the_openssl_in_use_has_an_iana_name():
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_cipher_list(b"ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    for name in SSL.Connection(context, None).get_cipher_list():
        assert iana.cipher_suite_number(iana.cipher_suite_from_openssl(name)) is not None, name


def test_names_are_unique_and_numbers_find_their_way_back():
    assert len(iana.CIPHER_SUITES) == len(set(iana.CIPHER_SUITES.values())) > 340
    for number, name in iana.CIPHER_SUITES.items():
        assert iana.cipher_suite_number(name) == number


@pytest.mark.parametrize(
    ("suite", "classes"),
    [
        ("TLS_RSA_WITH_NULL_SHA256", {"null", "rsa_key_exchange"}),
        ("TLS_SHA256_SHA256", {"null"}),
        ("TLS_DH_anon_WITH_RC4_128_MD5", {"anonymous", "rc4"}),
        ("TLS_ECDH_anon_WITH_NULL_SHA", {"anonymous", "null"}),
        ("TLS_RSA_EXPORT_WITH_DES40_CBC_SHA", {"export", "des", "cbc", "rsa_key_exchange"}),
        ("TLS_RSA_WITH_DES_CBC_SHA", {"des", "cbc", "rsa_key_exchange"}),
        ("TLS_RSA_WITH_3DES_EDE_CBC_SHA", {"3des", "cbc", "rsa_key_exchange"}),
        ("TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", {"dhe"}),
        ("TLS_DHE_DSS_WITH_AES_128_CBC_SHA", {"dhe", "cbc"}),
        ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", set()),
        ("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", {"cbc"}),
        ("TLS_AES_128_GCM_SHA256", set()),
        ("unknown_0x1234", set()),
    ],
)
def test_classes_of_suites(suite, classes):
    assert iana.cipher_classes(suite) == classes


def test_groups_are_at_their_numbers():
    """RFC 8446 section 4.2.7 and RFC 10024."""
    expected = {23: "secp256r1", 24: "secp384r1", 25: "secp521r1", 29: "x25519", 30: "x448", 256: "ffdhe2048"}
    expected |= {0x11EC: "X25519MLKEM768", 0x11EB: "SecP256r1MLKEM768", 0x11ED: "SecP384r1MLKEM1024", 41: "curveSM2"}
    assert {number: iana.group_name(number) for number in expected} == expected
    assert iana.group_name(0xFFFF) == "unknown_0xFFFF"


@pytest.mark.parametrize(
    ("openssl", "ours"),
    [("x25519", "x25519"), ("prime256v1", "secp256r1"), ("P-384", "secp384r1"), (None, ""), ("unheard", "unheard")],
)
def test_groups_by_openssls_names(openssl, ours):
    assert iana.group_from_openssl(openssl) == ours


def test_every_alert_is_a_reason():
    """The reasons of a failure are a closed list, whatever code an alert has."""
    reasons = {iana.alert_reason(code) for code in range(256)}
    assert all(Reason(reason) for reason in reasons)
    assert len(reasons) == len(iana.ALERTS) + 1


def test_unknown_numbers_get_names_that_say_so():
    assert iana.cipher_suite_name(0x5601) == "unknown_0x5601"
    assert iana.signature_scheme_name(0x0403) == "ecdsa_secp256r1_sha256"
    assert iana.signature_scheme_name(0xFE00) == "unknown_0xFE00"
