"""Rare certificates are not blamed for what a library cannot do, and broken ones are blamed for the right thing."""

import pytest

from exporter.certificates.chain_cache import ChainAssessor
from exporter.config.model import Module
from exporter.findings.catalogue import RULES
from exporter.findings.observation import Observation
from exporter.target import Target, parse_endpoint
from tests.support import der, pki
from tests.support.findings import details
from tests.support.pki import NOW, Extension, extended_key_usage, key_usage
from tests.support.results import make_result
from tests.support.trust import store_of

TOP = pki.root()
MIDDLE = pki.intermediate(TOP)
CLIENT_AUTH = der.sequence(der.oid("1.3.6.1.5.5.7.3.2"))
BLAME = {"certificate_weak_key", "certificate_malformed", "certificate_untrusted_issuer", "certificate_refused"}


def look(leaf, *rest, root=TOP):
    chain = ChainAssessor().assess_chain(tuple(one.der for one in (leaf, *rest)), store_of(root), NOW)
    endpoint = Target("example.com:443", parse_endpoint("example.com:443"), "tls")
    seen = Observation(
        endpoint, Module("tls"), make_result(chain=tuple(one.der for one in (leaf, *rest))), NOW,
        certificates=chain.certificates, verdicts=chain.verdicts, chain=chain, name_match=True,
    )  # fmt: skip
    return details(RULES, seen), {one.verifier: one.trusted for one in chain.verdicts}


def unknown_key(oid, parameters=b"", octets=99):
    return der.sequence(der.sequence(der.oid(oid), parameters), der.bits(b"\x04" + bytes(octets)))


@pytest.mark.parametrize(
    "spki",
    [
        unknown_key("1.3.6.1.5.5.7.6.45"),
        unknown_key("1.2.643.7.1.1.1.1"),
        unknown_key("1.3.9999.3.6"),
        unknown_key("1.2.840.10045.2.1", der.oid("1.3.36.3.3.2.8.1.1.9"), 80),
    ],
    ids=["composite ML-DSA", "GOST", "Falcon", "brainpoolP320r1"],
)
def test_a_key_that_openssl_cannot_read_is_neither_weak_nor_malformed(spki):
    """OpenSSL says that such a key is too small, which it cannot know; its verdict is absent."""
    findings, trusted = look(pki.leaf(MIDDLE, spki=spki), MIDDLE)
    assert not BLAME & set(findings)
    assert (trusted["openssl"], trusted["openssl_strict"]) == (None, None)


def test_a_short_key_on_a_curve_that_openssl_lacks_is_weak():
    """Our own reading knows its length."""
    short = unknown_key("1.2.840.10045.2.1", der.oid("1.3.132.0.8"), 40)
    findings, _ = look(pki.leaf(MIDDLE, spki=short), MIDDLE)
    assert "secp160r1" in findings["certificate_weak_key"]


def test_a_certificate_for_clients_is_refused_and_its_root_is_not_blamed():
    findings, trusted = look(pki.leaf(MIDDLE, subject="CN=x", eku=CLIENT_AUTH), MIDDLE)
    assert findings["certificate_refused"] == "CN=x: invalid purpose"
    assert "certificate_untrusted_issuer" not in findings
    assert trusted["openssl"] is False


def test_an_extension_that_occurs_twice_is_the_leafs_fault():
    twice = pki.leaf(MIDDLE, subject="CN=x", extra=[Extension("2.5.29.17", pki.alternative_names(pki.dns("b")))])
    findings, _ = look(twice, MIDDLE)
    assert findings["certificate_refused"].startswith("CN=x: extension 2.5.29.17 occurs twice")
    assert "certificate_untrusted_issuer" not in findings


@pytest.mark.parametrize("name", ["test INTERMEDIATE", "Test  Intermediate", " Test Intermediate "])
def test_an_issuer_named_in_another_way_did_sign(name):
    """OpenSSL and Chromium find the path; Firefox, Go and rustls compare octets and do not, and webpki says why."""
    findings, trusted = look(pki.leaf(MIDDLE, issuer_name=f"CN={name}"), MIDDLE)
    assert "certificate_chain_misordered" not in findings
    assert (trusted["openssl"], trusted["webpki"]) == (True, False)
    assert "issuer_name_differs" in findings["certificate_webpki_noncompliant"]


def test_what_chromium_alone_refuses_is_named_with_it():
    findings, trusted = look(pki.leaf(MIDDLE, key=pki.rsa_key(), ku=key_usage("key_encipherment")), MIDDLE)
    assert (trusted["openssl"], trusted["webpki"]) == (True, False)
    assert "refused by chromium java" in findings["certificate_webpki_noncompliant"]


def test_what_binds_authorities_alone_leaves_the_verdict():
    """The common name of many private CAs' certificates is none of the names; no client looks at it."""
    findings, trusted = look(pki.leaf(MIDDLE, subject="CN=My Service"), MIDDLE)
    assert trusted == {"openssl": True, "openssl_strict": True, "webpki": True}
    assert "common_name_not_in_san" in findings["certificate_webpki_noncompliant"]


def test_a_trusted_intermediate_is_an_anchor_for_some():
    findings, trusted = look(pki.leaf(MIDDLE, eku=extended_key_usage()), root=MIDDLE)
    assert trusted == {"openssl": False, "openssl_strict": True, "webpki": True}
    assert "PARTIAL_CHAIN" in findings["certificate_partial_chain"]
    assert not BLAME & set(findings)
