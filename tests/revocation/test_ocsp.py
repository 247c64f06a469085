"""OCSP responses: what counts, and what is refused with which reason."""

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.certificates.certificate import read_certificate_untrusted
from exporter.revocation.ocsp import ocsp_request, read_ocsp_untrusted
from exporter.revocation.status import Failure
from tests.support.pki import DAY, NOW, extended_key_usage, intermediate, leaf, root, rsa_key
from tests.support.revocation import GOOD, REVOKED, UNKNOWN, ocsp_response

TOP = root()
MIDDLE = intermediate(TOP)
LEAF = leaf(MIDDLE)
OCSP_SIGNING = extended_key_usage(ExtendedKeyUsageOID.OCSP_SIGNING)


def read(data, about=LEAF, issuer=MIDDLE, now=NOW):
    known = read_certificate_untrusted(issuer.der) if issuer is not None else None
    return read_ocsp_untrusted(data, read_certificate_untrusted(about.der), known, now, "responder")


@pytest.mark.parametrize(
    ("status", "said", "is_revoked"), [(GOOD, "good", False), (REVOKED, "revoked", True), (UNKNOWN, "unknown", None)]
)
def test_a_response_of_the_issuer_counts(status, said, is_revoked):
    answer = read(ocsp_response(LEAF, MIDDLE, status))
    assert (answer.source, answer.status, answer.is_revoked) == ("responder", said, is_revoked)
    assert (answer.this_update, answer.next_update) == (NOW - DAY, NOW + DAY)
    assert answer.failure is None


def test_a_revocation_has_its_time_and_reason():
    answer = read(ocsp_response(LEAF, MIDDLE, REVOKED))
    assert (answer.revoked_at, answer.reason) == (NOW - 2 * DAY, "keyCompromise")


@pytest.mark.parametrize("by_name", [True, False])
@pytest.mark.parametrize("digest", [hashes.SHA1(), hashes.SHA256()], ids=["sha1", "sha256"])
def test_the_responder_may_be_named_and_the_certificate_hashed_in_every_way(by_name, digest):
    assert read(ocsp_response(LEAF, MIDDLE, by_name=by_name, digest=digest)).status == "good"


def test_an_rsa_issuer_counts_too():
    authority = root("CN=RSA", key=rsa_key())
    about = leaf(authority)
    assert read(ocsp_response(about, authority), about, authority).status == "good"


def test_a_delegated_responder_counts():
    responder = leaf(MIDDLE, subject="CN=Responder", eku=OCSP_SIGNING)
    assert read(ocsp_response(LEAF, MIDDLE, signer=responder, send_signer=True)).status == "good"


@pytest.mark.parametrize(
    ("responder", "why"),
    [
        (lambda: leaf(MIDDLE, subject="CN=Responder"), "not certified for OCSP signing"),
        (lambda: leaf(TOP, subject="CN=Responder", eku=OCSP_SIGNING), "certified by another authority"),
        (lambda: leaf(MIDDLE, subject="CN=Responder", eku=OCSP_SIGNING, not_after=NOW - DAY), "expired"),
        (lambda: leaf(MIDDLE, subject="CN=Responder", eku=OCSP_SIGNING, not_before=NOW + DAY), "not yet valid"),
        (lambda: leaf(None, subject="CN=Responder", eku=OCSP_SIGNING), "self-signed"),
        (lambda: LEAF, "the certificate itself"),
    ],
)
def test_any_other_signer_does_not_count(responder, why):
    answer = read(ocsp_response(LEAF, MIDDLE, signer=responder(), send_signer=True))
    assert (answer.status, answer.failure) == (None, Failure.BAD_SIGNATURE), why


def test_a_signature_by_another_key_does_not_count():
    """The response names the issuer as responder, but its key did not sign."""
    impostor = intermediate(root())
    assert impostor.subject == MIDDLE.subject
    assert read(ocsp_response(LEAF, MIDDLE, signer=impostor, by_name=True)).failure is Failure.BAD_SIGNATURE


def test_a_changed_response_does_not_count():
    data = bytearray(ocsp_response(LEAF, MIDDLE))
    data[-1] ^= 1
    assert read(bytes(data)).status is None


def test_a_response_about_another_certificate_says_nothing():
    assert read(ocsp_response(leaf(MIDDLE), MIDDLE)).failure is Failure.OTHER_CERTIFICATE
    twin = intermediate(TOP, "CN=Twin")
    same_serial = leaf(twin, serial=read_certificate_untrusted(LEAF.der).parsed.serial_number)
    assert read(ocsp_response(same_serial, twin)).failure is Failure.OTHER_CERTIFICATE


def test_freshness_follows_the_clock():
    data = ocsp_response(LEAF, MIDDLE)
    assert read(data, now=NOW + DAY).status == "good"
    stale = read(data, now=NOW + DAY + 1)
    assert (stale.status, stale.failure, stale.is_stale) == (None, Failure.STALE, True)
    assert stale.next_update == NOW + DAY
    assert read(data, now=NOW - DAY - 200).status == "good"
    assert read(data, now=NOW - DAY - 400).failure is Failure.FUTURE


def test_a_response_without_next_update_does_not_grow_old():
    assert read(ocsp_response(LEAF, MIDDLE, next_update=None), now=NOW + 100 * DAY).status == "good"


def test_what_was_known_grows_old():
    answer = read(ocsp_response(LEAF, MIDDLE, REVOKED))
    assert answer.at(NOW + DAY) is answer
    later = answer.at(NOW + DAY + 1)
    assert (later.status, later.is_revoked, later.failure, later.is_stale) == (None, None, Failure.STALE, True)


def test_without_the_issuer_nothing_can_be_verified():
    assert read(ocsp_response(LEAF, MIDDLE), issuer=None).failure is Failure.NO_ISSUER


@pytest.mark.parametrize("status", ["TRY_LATER", "UNAUTHORIZED", "INTERNAL_ERROR", "MALFORMED_REQUEST"])
def test_a_responder_that_declines_is_quoted(status):
    refusal = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus[status])
    answer = read(refusal.public_bytes(Encoding.DER))
    assert (answer.failure, answer.problem) == (Failure.REFUSED, f"the responder says {status.lower()}")


@pytest.mark.parametrize("junk", [b"", b"\x30\x00", b"<html>", ocsp_response(LEAF, MIDDLE)[:-5]])
def test_junk_is_unreadable(junk):
    assert read(junk).failure is Failure.UNREADABLE


def test_a_request_names_the_certificate():
    request = ocsp_request(read_certificate_untrusted(LEAF.der), read_certificate_untrusted(MIDDLE.der))
    parsed = ocsp.load_der_ocsp_request(request)
    assert parsed.serial_number == LEAF.parsed.serial_number
    assert ocsp_request(read_certificate_untrusted(b"junk"), read_certificate_untrusted(MIDDLE.der)) is None


RESPONSE = ocsp_response(LEAF, MIDDLE, signer=leaf(MIDDLE, subject="CN=R", eku=OCSP_SIGNING), send_signer=True)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(RESPONSE) - 1), st.integers(0, 255)), min_size=1, max_size=6))
def test_no_change_of_bytes_makes_the_reader_raise_or_the_answer_good(changes):
    broken = bytearray(RESPONSE)
    for position, value in changes:
        broken[position] = value
    answer = read(bytes(broken))
    assert answer.problem.isprintable()
    if answer.status is not None:  # a change outside of what is signed
        assert answer.status == "good"
