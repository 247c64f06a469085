"""The findings on certificates tell apart what is wrong: each chain gives exactly the findings listed."""

from dataclasses import replace

import pytest

from exporter.certificates.chain_cache import ChainAssessor
from exporter.certificates.names import matches_name
from exporter.config.model import Module, TrustConfig
from exporter.findings import certificate, refused, trust, validity
from exporter.findings import chain as chain_findings
from exporter.findings.observation import Observation
from exporter.target import Target, parse_endpoint
from tests.support import der
from tests.support.chains import CASES, Made
from tests.support.findings import details
from tests.support.pki import (
    DAY,
    NOW,
    Extension,
    dns,
    ec_key,
    extended_key_usage,
    intermediate,
    leaf,
    root,
    rsa_key,
)
from tests.support.results import make_result
from tests.support.trust import store_of

RULES = (*validity.RULES, *certificate.RULES, *trust.RULES, *refused.RULES, *chain_findings.RULES)
TARGET = Target("example.com:443", parse_endpoint("example.com:443"), "tls")
AIA = "1.3.6.1.5.5.7.1.1"


def observation(made, public=False, trusted=True, host="example.com", **trust):
    roots = store_of(*made.roots, public=public) if trusted else None
    presented = tuple(one.der for one in made.chain)
    chain = ChainAssessor().assess_chain(presented, roots, NOW)
    return Observation(
        TARGET,
        Module("tls", trust=TrustConfig(**trust)),
        make_result(started_at=NOW, total_seconds=0.1, chain=presented),
        NOW,
        certificates=chain.certificates,
        verdicts=chain.verdicts,
        chain=chain,
        name_match=matches_name(chain.certificates[0], host) if chain.certificates else None,
    )


def found(made, **options):
    one = observation(made, **options)
    return {name.removeprefix("certificate_"): detail for name, detail in details(RULES, one).items()}


def issuers(*urls):
    descriptions = (der.sequence(der.oid("1.3.6.1.5.5.7.48.2"), der.element(0x86, url.encode())) for url in urls)
    return [Extension(AIA, der.sequence(*descriptions))]


TOP = root()
MIDDLE = intermediate(TOP)
UNRELATED = root("CN=Unrelated Root")
UNRELATED_MIDDLE = intermediate(UNRELATED, "CN=Unrelated Intermediate")
EXPIRED_MIDDLE = intermediate(TOP, "CN=Expired Intermediate", not_after=NOW - DAY)


def chain(*certificates, roots=(TOP,)):
    return Made(certificates, roots)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (chain(leaf(MIDDLE), MIDDLE), set()),
        (chain(leaf(TOP)), set()),
        (chain(leaf(MIDDLE, not_after=NOW - DAY), MIDDLE), {"expired"}),
        (chain(leaf(UNRELATED_MIDDLE, not_after=NOW - DAY), UNRELATED_MIDDLE), {"expired", "untrusted_issuer"}),
        (chain(leaf(EXPIRED_MIDDLE), EXPIRED_MIDDLE), {"expired"}),
        (chain(leaf(MIDDLE, not_before=NOW + DAY), MIDDLE), {"not_yet_valid"}),
        (chain(leaf(intermediate(TOP, not_before=NOW + DAY))), {"chain_incomplete"}),
        (chain(leaf(MIDDLE, names=[dns("example.org")]), MIDDLE), {"name_mismatch"}),
        (chain(leaf(None)), {"self_signed"}),
        (chain(leaf(None, not_after=NOW - DAY)), {"self_signed", "expired"}),
        (chain(leaf(UNRELATED_MIDDLE), UNRELATED_MIDDLE), {"untrusted_issuer"}),
        (chain(leaf(UNRELATED_MIDDLE), UNRELATED_MIDDLE, UNRELATED), {"untrusted_issuer", "root_sent"}),
        (chain(leaf(UNRELATED)), {"untrusted_issuer"}),
        (chain(leaf(UNRELATED), UNRELATED), {"untrusted_issuer", "root_sent"}),
        (chain(leaf(MIDDLE)), {"chain_incomplete"}),
        (chain(leaf(MIDDLE, extra=issuers("http://ca.example/i.crt"))), {"chain_incomplete"}),
        (chain(leaf(root())), {"untrusted_issuer"}),  # the name of a trusted root, but another key
        (chain(leaf(MIDDLE), MIDDLE, TOP), {"root_sent"}),
        (chain(leaf(MIDDLE), TOP, MIDDLE), {"root_sent", "chain_misordered"}),
        (chain(leaf(MIDDLE), MIDDLE, UNRELATED_MIDDLE), {"chain_misordered"}),
        (chain(leaf(MIDDLE, key=rsa_key(1024)), MIDDLE), {"weak_key"}),
        (chain(leaf(root("CN=Other", key=rsa_key()), digest="sha1"), roots=()), {"untrusted_issuer", "weak_signature"}),
        (chain(leaf(MIDDLE, eku=extended_key_usage(), critical={"eku": True}), MIDDLE), {"webpki_noncompliant"}),
        (chain(leaf(MIDDLE, san=b"junk"), MIDDLE), {"malformed", "name_mismatch", "refused"}),
    ],
)
def test_each_chain_has_its_findings_and_no_others(made, expected):
    made = made if made.roots else chain(*made.chain)
    assert set(found(made)) == expected


def test_a_trusted_self_signed_leaf_is_no_finding():
    """It may be against the Web PKI's rules, but the user has said that it is trusted."""
    own = leaf(None)
    assert set(found(chain(own, roots=(own,)))) <= {"webpki_noncompliant"}


def test_the_detail_says_whether_the_missing_intermediate_can_be_had():
    without = found(chain(leaf(MIDDLE)))["chain_incomplete"]
    assert without == "CN=Test Intermediate is not sent, and the certificate does not say where it can be had"
    with_address = found(chain(leaf(MIDDLE, extra=issuers("http://ca.example/i.crt"))))["chain_incomplete"]
    assert with_address == "CN=Test Intermediate is not sent; it can be had from http://ca.example/i.crt"


def test_a_leaf_of_a_private_authority_is_not_incomplete_where_only_public_roots_are_trusted():
    """Public authorities say in the leaf where their certificate can be had; this one does not, so it is another's."""
    made = chain(leaf(intermediate(UNRELATED, "CN=Private Issuing Authority")))
    assert set(found(made, public=True)) == {"untrusted_issuer"}
    assert set(found(made)) == {"chain_incomplete"}
    assert set(found(chain(leaf(intermediate(UNRELATED, "CN=Private Int CA"))))) == {"chain_incomplete"}
    public = chain(leaf(MIDDLE, extra=issuers("http://ca.example/i.crt")))
    assert set(found(public, public=True)) == {"chain_incomplete"}


def test_an_issuer_that_is_said_to_have_issued_itself_is_a_root():
    authority = root("CN=Private Intermediate")
    named = der.sequence(
        der.element(0x80, authority.ski),
        der.element(0xA1, der.element(0xA4, authority.subject)),
        der.element(0x82, b"\x01"),
    )
    assert set(found(chain(leaf(authority, aki=named)))) == {"untrusted_issuer"}


def test_an_expired_certificate_that_no_client_needs_raises_no_alarm():
    """AddTrust 2020 and DST Root CA X3 2021: the leaf's chain is good through another root."""
    for name in ("expired_cross_certificate_of_the_root", "expired_root_that_signed_the_new_one"):
        made = next(case for case in CASES if case.name == name).make()
        assert set(found(made)) == set()


def test_a_weak_key_that_no_client_needs_raises_no_alarm():
    unrelated = intermediate(UNRELATED, "CN=Unused", key=rsa_key(1024))
    assert set(found(chain(leaf(MIDDLE), MIDDLE, unrelated))) == {"chain_misordered"}


def test_a_weak_signature_of_a_root_does_not_count():
    top = root(key=rsa_key(), digest="sha1")
    assert set(found(chain(leaf(top), roots=(top,)))) == set()


def test_a_weak_signature_of_a_servers_own_counts_unless_it_is_trusted():
    own = leaf(None, key=rsa_key(), digest="sha1")
    assert set(found(chain(own))) == {"self_signed", "weak_signature"}
    assert "weak_signature" not in found(chain(own, roots=(own,)))


def test_lifetimes_are_limited_for_public_authorities_and_where_the_module_says_so():
    long = chain(leaf(TOP, not_before=NOW - DAY, not_after=NOW + 400 * DAY))
    assert "lifetime_too_long" not in found(long)
    assert found(long, public=True)["lifetime_too_long"] == "valid for 401.0 days where 200 are allowed".replace(
        ".0", ""
    )
    assert "lifetime_too_long" in found(long, max_lifetime=90 * DAY)
    assert "lifetime_too_long" not in found(long, public=True, max_lifetime=500 * DAY)
    short = chain(leaf(TOP, not_before=NOW - DAY, not_after=NOW + 40 * DAY))
    assert set(found(short, public=True)) == set()


def test_a_pin_must_be_met_by_the_chain_that_clients_use():
    made = chain(leaf(MIDDLE), MIDDLE, UNRELATED_MIDDLE)
    certificates = observation(made).certificates
    pins = [certificate.spki_sha256 for certificate in certificates]
    root_pin = observation(chain(leaf(TOP), TOP)).certificates[1].spki_sha256
    for pin in (pins[0], pins[1], root_pin):
        assert "pin_mismatch" not in found(made, spki_sha256_pins=("A" * 43 + "=", pin))
    assert "pin_mismatch" in found(made, spki_sha256_pins=(pins[2],))
    assert pins[0] in found(made, spki_sha256_pins=("A" * 43 + "=",))["pin_mismatch"]


def test_without_roots_nothing_is_said_of_trust():
    assert set(found(chain(leaf(UNRELATED)), trusted=False)) == set()
    assert set(found(chain(leaf(None, not_after=NOW - DAY)), trusted=False)) == {"expired"}
    assert set(found(chain(leaf(TOP, key=rsa_key(1024))), trusted=False)) == {"weak_key"}


def test_without_certificates_there_are_no_findings():
    nothing = Observation(TARGET, Module("tls"), make_result(started_at=NOW, total_seconds=0.1), NOW)
    assert details(RULES, nothing) == {}


def test_addresses_that_disagree_are_a_finding():
    one = observation(chain(leaf(MIDDLE), MIDDLE))
    assert details(RULES, one) == details(RULES, replace(one, addresses_disagree=False)) == {}
    assert set(details(RULES, replace(one, addresses_disagree=True))) == {"addresses_disagree"}


def test_noncompliance_names_every_rule_that_is_broken():
    made = chain(leaf(TOP, subject="CN=other.example", key=ec_key(), eku=None))
    detail = found(made)["webpki_noncompliant"]
    assert "common_name_not_in_san: " in detail
    assert "extended_key_usage_missing: no extended key usage (BR 7.1.2.7.6)" in detail


@pytest.mark.parametrize("case", [c for c in CASES if c.openssl], ids=lambda case: case.name)
def test_every_chain_that_clients_refuse_has_a_finding_that_says_so(case):
    """Whatever OpenSSL refuses, one of the findings of severity high or worse is there."""
    refusing = {
        "expired", "not_yet_valid", "self_signed", "untrusted_issuer", "chain_incomplete", "weak_key",
        "weak_signature", "malformed", "refused", "partial_chain",
    }  # fmt: skip
    assert set(found(case.make(), host=case.host)) & refusing


@pytest.mark.parametrize("case", [c for c in CASES if not c.openssl and not c.webpki], ids=lambda case: case.name)
def test_no_chain_that_both_verifiers_accept_has_a_serious_finding(case):
    """Nothing but the name, the order, a root that was sent along, or what binds CAs and no client asks for."""
    harmless = {"name_mismatch", "chain_misordered", "root_sent"} | ({"webpki_noncompliant"} if case.advice else set())
    harmless |= {"malformed"} if "malformed" in case.advice else set()
    assert set(found(case.make(), host=case.host)) <= harmless
