"""The last second, the last byte and the odd form: where a reader or verifier of certificates must turn."""

import pytest

from exporter.certificates.algorithms import EC_PUBLIC_KEY, read_key_untrusted
from exporter.certificates.certificate import read_certificate_untrusted
from exporter.certificates.der import SEQUENCE, Element, element_untrusted
from exporter.certificates.extensions import authority_issuer_untrusted
from exporter.certificates.names import a_labels, matches_name
from exporter.certificates.trust_store import TrustError, load_trust
from exporter.revocation.crl import read_crl_untrusted
from exporter.revocation.ocsp import read_ocsp_untrusted
from tests.support import der
from tests.support.pki import DAY, NOW, dns, extended_key_usage, intermediate, leaf, root
from tests.support.revocation import ocsp_response, revocation_list

TOP = root()
MIDDLE = intermediate(TOP)
LEAF = leaf(MIDDLE)
OCSP_SIGNING = der.sequence(der.oid("1.3.6.1.5.5.7.3.9"))


def read(issued):
    return read_certificate_untrusted(issued.der)


def test_names_are_mapped_before_they_are_encoded():
    assert a_labels("BÜCHER.example.") == "xn--bcher-kva.example"
    assert a_labels("") is None
    assert a_labels("ü..example") is None


def test_a_second_wildcard_stands_for_nothing():
    assert not matches_name(read(leaf(MIDDLE, names=[dns("*.*.example")])), "a.*.example")
    assert matches_name(read(leaf(MIDDLE, names=[dns("*.b.example")])), "a.b.example")
    assert not matches_name(read(leaf(MIDDLE, names=[dns("*.example")])), ".example")


@pytest.mark.parametrize(
    ("begin", "end", "status"),
    [(NOW, NOW + DAY, "good"), (NOW - DAY, NOW, "good"), (NOW + 1, NOW + DAY, None), (NOW - DAY, NOW - 1, None)],
)
def test_a_responder_counts_from_its_first_second_to_its_last(begin, end, status):
    responder = leaf(MIDDLE, subject="CN=Responder", eku=OCSP_SIGNING, not_before=begin, not_after=end)
    answer = ocsp_response(LEAF, MIDDLE, signer=responder, send_signer=True)
    assert read_ocsp_untrusted(answer, read(LEAF), read(MIDDLE), NOW, "responder").status == status


@pytest.mark.parametrize(("ahead", "status"), [(300, "good"), (301, None)])
def test_a_list_may_be_ahead_by_five_minutes(ahead, status):
    data = revocation_list(MIDDLE, last_update=NOW + ahead, next_update=NOW + DAY)
    assert read_crl_untrusted(data, read(MIDDLE)).status(read(LEAF), NOW).status == status


@pytest.mark.parametrize(("ago", "status"), [(0, "good"), (1, None)])
def test_a_list_holds_through_its_last_second(ago, status):
    data = revocation_list(MIDDLE, last_update=NOW - DAY, next_update=NOW - ago)
    assert read_crl_untrusted(data, read(MIDDLE)).status(read(LEAF), NOW).status == status


def test_a_bundle_of_more_than_16_mib_is_refused(tmp_path):
    file = tmp_path / "roots.pem"
    file.write_bytes(TOP.pem)
    assert len(load_trust(str(file)).roots) == 1
    with file.open("ab") as bundle:
        bundle.truncate(16 * 1024 * 1024 + 1)
    with pytest.raises(TrustError, match="larger than 16 MiB"):
        load_trust(str(file), max_age=0)


def test_the_issuers_issuer_where_the_certificate_names_it():
    named = der.sequence(
        der.element(0x80, TOP.ski), der.element(0xA1, der.element(0xA4, TOP.subject)), der.element(0x82, b"\x01")
    )
    assert authority_issuer_untrusted(read(leaf(MIDDLE, aki=named)).parsed) == TOP.subject
    assert authority_issuer_untrusted(read(LEAF).parsed) is None
    assert authority_issuer_untrusted(None) is None


def test_a_curve_by_its_parameters_is_an_ec_key_all_the_same():
    algorithm = der.sequence(der.oid(EC_PUBLIC_KEY), der.sequence())
    key = read_key_untrusted(element_untrusted(der.sequence(algorithm, der.bits(b"\x04")), SEQUENCE))
    assert (key.text, key.type, key.size) == ("EC explicit", "EC", None)
    assert isinstance(element_untrusted(algorithm), Element)


def test_usages_do_not_make_a_responder_of_a_server():
    server = leaf(MIDDLE, subject="CN=Responder", eku=extended_key_usage())
    answer = ocsp_response(LEAF, MIDDLE, signer=server, send_signer=True)
    assert read_ocsp_untrusted(answer, read(LEAF), read(MIDDLE), NOW, "responder").status is None
