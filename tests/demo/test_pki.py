"""The throwaway infrastructure makes what it is asked for, the forbidden included."""

import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.x509 import ocsp

from exporter.demo.pki import AUTHORITIES, PKI, SELF, Leaf, mistagged, spki_pin

NOW = dt.datetime(2026, 7, 1, 12, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def pki():
    return PKI(NOW)


def test_a_leaf_has_the_validity_and_names_that_it_was_asked_for(pki):
    certificate = pki.leaf(Leaf(names=("a.example", "b.example"), addresses=("::1",), starts=-1, ends=2)).certificate
    assert certificate.not_valid_before_utc == NOW - dt.timedelta(days=1)
    assert certificate.not_valid_after_utc == NOW + dt.timedelta(days=2)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["a.example", "b.example"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["::1"]


@pytest.mark.parametrize("name", AUTHORITIES)
def test_every_authority_is_signed_by_its_issuer(pki, name):
    issuer = AUTHORITIES[name].issuer
    signer = pki.authority(name if issuer == SELF else issuer).certificate
    pki.authority(name).certificate.verify_directly_issued_by(signer)


def test_the_cross_certificate_has_the_roots_name_and_key(pki):
    root, cross = pki.authority("root"), pki.authority("cross")
    assert cross.certificate.subject == root.certificate.subject
    assert cross.certificate.public_key() == root.certificate.public_key()
    assert cross.certificate.issuer != root.certificate.issuer


def test_a_sha1_signature_is_a_true_one(pki):
    """The builder refuses SHA-1, so it is signed by hand; it must verify all the same."""
    certificate = pki.leaf(Leaf(issuer="legacy", sha1=True)).certificate
    assert isinstance(certificate.signature_hash_algorithm, SHA1)
    key = pki.authority("legacy").certificate.public_key()
    key.verify(certificate.signature, certificate.tbs_certificate_bytes, padding.PKCS1v15(), SHA1())


def test_a_leaf_is_made_once(pki):
    assert pki.leaf(Leaf()) is pki.leaf(Leaf())


def test_a_staple_says_good_revoked_and_until_when(pki):
    good = ocsp.load_der_ocsp_response(pki.staple(Leaf(), ends=4))
    assert good.certificate_status is ocsp.OCSPCertStatus.GOOD
    assert good.next_update_utc == NOW + dt.timedelta(days=4)
    assert good.serial_number == pki.leaf(Leaf()).certificate.serial_number
    revoked = ocsp.load_der_ocsp_response(pki.staple(Leaf(), revoked=True))
    assert revoked.certificate_status is ocsp.OCSPCertStatus.REVOKED


def test_a_mistagged_certificate_cannot_be_parsed(pki):
    broken = mistagged(pki.leaf(Leaf(key="rsa-2048")).der)
    with pytest.raises(ValueError, match="error parsing"):
        x509.load_der_x509_certificate(broken)


def test_a_pin_has_the_form_of_rfc_7469(pki):
    assert len(spki_pin(pki.leaf(Leaf()))) == 44
