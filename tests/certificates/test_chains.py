"""Both verifiers over the table of chains, without network: bytes and a clock in, verdicts out."""

import pytest

from exporter.certificates.chain_cache import ChainAssessor
from exporter.certificates.names import matches_name
from exporter.certificates.webpki.verifier import REASONS
from tests.support.chains import CASES, Case
from tests.support.pki import NOW
from tests.support.trust import store_of


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_verifier_says_what_the_table_says(case: Case):
    made = case.make()
    chain = ChainAssessor().assess_chain(tuple(one.der for one in made.chain), store_of(*made.roots), NOW)
    openssl, _, webpki = chain.verdicts
    assert {error.name for error in openssl.errors} == set(case.openssl)
    assert {error.name for error in webpki.errors} == set(case.webpki), [e.message for e in webpki.errors]
    assert {error.name for error in webpki.advice} == set(case.advice), [e.message for e in webpki.advice]
    assert openssl.trusted == (None if case.is_unknown else not case.openssl)
    assert webpki.trusted == (None if case.is_unknown_to_browsers else not case.webpki)
    assert matches_name(chain.certificates[0], case.host) == case.matches


def test_the_table_is_large_and_names_each_case_once():
    names = [case.name for case in CASES]
    assert len(names) == len(set(names)) >= 120


def test_every_reason_is_from_the_closed_list():
    assert {reason for case in CASES for reason in (*case.webpki, *case.advice)} <= set(REASONS)


@pytest.mark.parametrize("case", [c for c in CASES if not c.openssl and not c.is_unknown], ids=lambda case: case.name)
def test_a_trusted_chain_begins_with_the_leaf_and_ends_at_a_root(case: Case):
    made = case.make()
    chain = ChainAssessor().assess_chain(tuple(one.der for one in made.chain), store_of(*made.roots), NOW)
    trusted = chain.verdicts[0].chain
    assert trusted[0].der == made.chain[0].der
    assert trusted[-1].der in {root.der for root in made.roots}
