"""Revocation lists: what counts, and what is refused with which reason."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.certificates.certificate import read_certificate_untrusted
from exporter.revocation.crl import read_crl_untrusted
from exporter.revocation.status import Failure
from tests.support import der
from tests.support.pki import DAY, NOW, Extension, intermediate, key_usage, leaf, root, rsa_key
from tests.support.revocation import revocation_list

URL = "http://crl.example/1.crl"
TOP = root()
MIDDLE = intermediate(TOP)
POINT = der.sequence(der.sequence(der.element(0xA0, der.element(0xA0, der.element(0x86, URL.encode())))))
LEAF = leaf(MIDDLE, extra=[Extension("2.5.29.31", POINT)])


def scope(**changes):
    values = {
        "full_name": None,
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    return x509.IssuingDistributionPoint(**{**values, **changes}), True


def status(data, about=LEAF, issuer=MIDDLE, now=NOW):
    listed = read_crl_untrusted(data, read_certificate_untrusted(issuer.der), URL)
    return listed.status(read_certificate_untrusted(about.der), now)


def test_a_certificate_is_on_the_list_or_not():
    good = status(revocation_list(MIDDLE))
    assert (good.source, good.status, good.is_revoked) == ("crl", "good", False)
    assert (good.this_update, good.next_update) == (NOW - DAY, NOW + DAY)
    revoked = status(revocation_list(MIDDLE, leaf(MIDDLE), LEAF))
    assert (revoked.status, revoked.is_revoked) == ("revoked", True)
    assert (revoked.revoked_at, revoked.reason) == (NOW - 2 * DAY, "superseded")


def test_a_list_may_be_pem_and_its_issuer_have_an_rsa_key():
    authority = root("CN=RSA", key=rsa_key())
    about = leaf(authority)
    data = revocation_list(authority, about, encoding=Encoding.PEM)
    assert status(data, about, authority).status == "revoked"


@pytest.mark.parametrize(
    ("data", "failure"),
    [
        (revocation_list(TOP, LEAF), Failure.OTHER_CERTIFICATE),
        (revocation_list(MIDDLE, LEAF, signer=TOP), Failure.BAD_SIGNATURE),
        (revocation_list(MIDDLE, extensions=((x509.DeltaCRLIndicator(1), True),)), Failure.DELTA),
        (revocation_list(MIDDLE, extensions=(scope(indirect_crl=True),)), Failure.INDIRECT),
        (
            revocation_list(
                MIDDLE, extensions=(scope(only_some_reasons=frozenset({x509.ReasonFlags.key_compromise})),)
            ),
            Failure.SCOPE,
        ),
        (revocation_list(MIDDLE, extensions=(scope(only_contains_ca_certs=True),)), Failure.SCOPE),
        (revocation_list(MIDDLE, extensions=(scope(only_contains_attribute_certs=True),)), Failure.SCOPE),
        (
            revocation_list(
                MIDDLE, extensions=(scope(full_name=[x509.UniformResourceIdentifier("http://crl.example/2.crl")]),)
            ),
            Failure.SCOPE,
        ),
        (
            revocation_list(
                MIDDLE,
                extensions=((x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True),),
            ),
            Failure.UNKNOWN_CRITICAL_EXTENSION,
        ),
        (b"<html>not found</html>", Failure.UNREADABLE),
        (b"", Failure.UNREADABLE),
        (revocation_list(MIDDLE)[:-3], Failure.UNREADABLE),
    ],
    ids=lambda value: value.value if isinstance(value, Failure) else "",
)
def test_a_list_that_leaves_something_out_says_nothing(data, failure):
    answer = status(data)
    assert (answer.status, answer.failure) == (None, failure)
    assert answer.problem


def test_a_list_of_the_right_scope_counts():
    own = scope(full_name=[x509.UniformResourceIdentifier(URL)], only_contains_user_certs=True)
    assert status(revocation_list(MIDDLE, LEAF, extensions=(own,))).status == "revoked"
    authority = status(revocation_list(TOP, extensions=(own,)), about=MIDDLE, issuer=TOP)
    assert authority.failure is Failure.SCOPE


def test_an_issuer_whose_key_usage_forbids_it_cannot_sign_lists():
    authority = root("CN=No lists", ku=key_usage("key_cert_sign"))
    assert status(revocation_list(authority), leaf(authority), authority).failure is Failure.BAD_SIGNATURE
    free = root("CN=Free", ku=None)
    assert status(revocation_list(free), leaf(free), free).status == "good"


def test_freshness_follows_the_clock():
    data = revocation_list(MIDDLE)
    assert status(data, now=NOW + DAY).status == "good"
    stale = status(data, now=NOW + DAY + 1)
    assert (stale.status, stale.failure, stale.is_stale, stale.next_update) == (None, Failure.STALE, True, NOW + DAY)
    assert status(data, now=NOW - 2 * DAY).failure is Failure.FUTURE


LIST = revocation_list(MIDDLE, LEAF, extensions=(scope(only_contains_user_certs=True),))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(LIST) - 1), st.integers(0, 255)), min_size=1, max_size=6))
def test_no_change_of_bytes_makes_the_reader_raise_or_the_certificate_good(changes):
    broken = bytearray(LIST)
    for position, value in changes:
        broken[position] = value
    answer = status(bytes(broken))
    assert answer.status in (None, "revoked")
    assert answer.problem.isprintable()
