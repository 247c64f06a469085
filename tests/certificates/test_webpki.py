"""The profile of the Web PKI: the table has every rule of the exporter, and the system's roots are not rechecked."""

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from exporter.certificates.chain_cache import ChainAssessor
from exporter.certificates.webpki.profile import OTHER, SENTENCES, _plain
from exporter.certificates.webpki.public_suffixes import is_public_suffix
from exporter.certificates.webpki.rules import RULES
from exporter.certificates.webpki.verifier import REASONS
from tests.support.chains import CASES
from tests.support.pki import (
    DAY,
    NOW,
    dns,
    ec_key,
    extended_key_usage,
    intermediate,
    key_usage,
    leaf,
    name_constraints,
    root,
)
from tests.support.trust import store_of


def reasons(chain, *roots, public=False):
    judged = ChainAssessor().assess_chain(tuple(one.der for one in chain), store_of(*roots, public=public), NOW)
    webpki = judged.verdicts[2]
    assert webpki.trusted == (not webpki.errors)
    return [error.name for error in (*webpki.errors, *webpki.advice)]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_has_a_case_and_a_source(rule):
    shown = {"key_usage_unsuitable", "key_usage_empty"} | {
        reason for case in CASES for reason in (*case.webpki, *case.advice)
    }
    assert rule.name in shown
    assert rule.source.startswith(("RFC ", "BR "))
    assert rule.name in REASONS


def test_most_sentences_of_the_verifier_have_a_case():
    shown = {reason for case in CASES for reason in (*case.webpki, *case.advice)}
    assert {name for _, name in SENTENCES} - {"validity"} <= shown
    assert OTHER not in shown


def test_a_key_that_can_only_sign_must_not_be_meant_for_more():
    top = root()
    for usages, expected in (
        (("digital_signature",), []),
        (("digital_signature", "key_agreement"), []),
        (("digital_signature", "key_encipherment"), ["key_usage_unsuitable"]),
        (("digital_signature", "data_encipherment"), ["key_usage_unsuitable"]),
    ):
        assert reasons([leaf(top, key=ec_key(), ku=key_usage(*usages))], top) == expected


def test_a_root_of_the_system_is_not_judged_again():
    """Those who put it there have done so; its form may be older than the rules."""
    top = root(eku=extended_key_usage(), ski=None)
    chain = [leaf(top)]
    assert reasons(chain, top) == ["root_extended_key_usage", "subject_key_identifier_missing"]
    assert reasons(chain, top, public=True) == []


def test_lifetimes_count_for_the_systems_roots_only():
    top = root()
    chain = [leaf(top, not_before=NOW - DAY, not_after=NOW + 500 * DAY)]
    assert reasons(chain, top) == []
    assert reasons(chain, top, public=True) == ["lifetime_too_long"]


def test_every_rule_that_is_broken_is_named_once():
    top = root()
    middle = intermediate(top, ski=None, aki=None)
    chain = [leaf(middle, subject="CN=a,CN=b", eku=None), middle]
    assert reasons(chain, top) == [
        "common_name_repeated",
        "common_name_not_in_san",
        "extended_key_usage_missing",
        "authority_key_identifier_missing",
        "subject_key_identifier_missing",
    ]


def test_name_constraints_above_a_rollover_are_not_lost():
    """The lower part alone would not be held to them, so such a path is not verified in two parts."""
    top = root(nc=name_constraints([dns("example.org")]))
    first = intermediate(top, "CN=First", pathlen=1)
    again = intermediate(first, "CN=First")
    third = intermediate(again, "CN=Third")
    assert reasons([leaf(third), third, again, first], top) != []


def test_extended_key_usages_above_a_rollover_are_not_lost():
    top = root()
    first = intermediate(top, "CN=First", pathlen=1, eku=extended_key_usage(ExtendedKeyUsageOID.CLIENT_AUTH))
    again = intermediate(first, "CN=First")
    third = intermediate(again, "CN=Third")
    assert reasons([leaf(third), third, again, first], top) != []


def test_a_rollover_does_not_make_an_untrusted_root_trusted():
    first = intermediate(root("CN=Other"), "CN=First", pathlen=1)
    again = intermediate(first, "CN=First")
    third = intermediate(again, "CN=Third")
    assert reasons([leaf(third), third, again, first], root()) == ["no_path"]


@pytest.mark.parametrize(
    ("name", "is_suffix"),
    [("com", True), ("CO.UK", True), ("com.au", True), ("example.com", False), ("example.co.uk", False)],
)
def test_public_suffixes(name, is_suffix):
    assert is_public_suffix(name) is is_suffix


def test_what_is_reported_is_in_words():
    judged = ChainAssessor().assess_chain((leaf(root("CN=Other")).der,), store_of(root()), NOW)
    (error,) = judged.verdicts[2].errors
    assert (error.name, error.message) == ("no_path", "no path leads to a trusted root")
    assert _plain("invalid extension: 2.5.29.15: Certificate is missing required extension") == (
        "keyUsage: Certificate is missing required extension"
    )
    assert _plain("RSA key is too weak") == "RSA key is too weak"


def test_a_store_without_roots_trusts_nothing():
    judged = ChainAssessor().assess_chain((leaf(root()).der,), store_of(), NOW)
    assert [verdict.trusted for verdict in judged.verdicts] == [False] * 3
