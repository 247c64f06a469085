"""Chains judged once: the cache is bounded, and a kept verdict still follows the clock."""

import pytest

from exporter.certificates.certificate import read_certificate_untrusted
from exporter.certificates.chain_cache import ChainAssessor
from exporter.certificates.openssl_verifier import OpenSSLVerifier
from tests.support.pki import DAY, NOW, intermediate, leaf, root
from tests.support.trust import store_of

ROOT = root()
MIDDLE = intermediate(ROOT, not_after=NOW + 300 * DAY)
LEAF = leaf(MIDDLE, not_before=NOW - 10 * DAY, not_after=NOW + 80 * DAY)
CHAIN = (LEAF.der, MIDDLE.der)
STORE = store_of(ROOT)


def names(chain):
    openssl, _, webpki = chain.verdicts
    return [[error.name for error in verdict.errors] for verdict in (openssl, webpki)]


def test_an_unchanged_chain_is_judged_once():
    assess = ChainAssessor()
    assert assess.assess_chain(CHAIN, STORE, NOW) is assess.assess_chain(CHAIN, STORE, NOW + DAY)
    assert len(assess) == 1


def test_a_certificate_is_read_once_for_all_chains():
    assess = ChainAssessor()
    one = assess.assess_chain(CHAIN, STORE, NOW)
    two = assess.assess_chain((leaf(MIDDLE).der, MIDDLE.der), STORE, NOW)
    assert one.certificates[1] is two.certificates[1]


def test_the_same_chain_under_other_roots_is_another_matter():
    assess = ChainAssessor()
    assert assess.assess_chain(CHAIN, STORE, NOW).openssl.trusted
    assert not assess.assess_chain(CHAIN, store_of(root("CN=Other")), NOW).openssl.trusted


@pytest.mark.parametrize(
    ("when", "openssl", "webpki"),
    [
        (NOW - 20 * DAY, ["cert_not_yet_valid"], ["not_yet_valid"]),
        (NOW - 10 * DAY - 1, ["cert_not_yet_valid"], ["not_yet_valid"]),
        (NOW - 10 * DAY, [], []),
        (NOW + 80 * DAY - 1, [], []),
        (NOW + 80 * DAY + 1, ["cert_has_expired"], ["expired"]),
        (NOW + 301 * DAY, ["cert_has_expired"] * 2, ["expired"]),
    ],
)
def test_a_kept_verdict_follows_the_clock(when, openssl, webpki):
    """The chain is first judged in the middle of its life, then at the moment in question."""
    assess = ChainAssessor()
    assess.assess_chain(CHAIN, STORE, NOW)
    assert names(assess.assess_chain(CHAIN, STORE, when)) == [openssl, webpki]
    assert names(ChainAssessor().assess_chain(CHAIN, STORE, when)) == [openssl, webpki]


def test_the_clock_may_go_back():
    assess = ChainAssessor()
    assert not assess.assess_chain(CHAIN, STORE, NOW + 100 * DAY).openssl.trusted
    assert assess.assess_chain(CHAIN, STORE, NOW).openssl.trusted


def test_the_expiry_of_a_root_that_was_not_sent_ends_a_verdict():
    old = root("CN=Old", not_after=NOW + 5 * DAY)
    chain = (leaf(old).der,)
    assess = ChainAssessor()
    assert assess.assess_chain(chain, store_of(old), NOW).valid_until <= NOW + 5 * DAY + 1
    assert not assess.assess_chain(chain, store_of(old), NOW + 6 * DAY).openssl.trusted


def test_the_cache_is_bounded_and_forgets_the_oldest():
    assess = ChainAssessor(max_chains=3)
    first = assess.assess_chain(CHAIN, STORE, NOW)
    for _ in range(5):
        assess.assess_chain((leaf(MIDDLE).der, MIDDLE.der), STORE, NOW)
    assert len(assess) == 3
    assert assess.assess_chain(CHAIN, STORE, NOW) is not first


def test_without_roots_there_are_facts_and_no_verdicts():
    chain = ChainAssessor().assess_chain(CHAIN, None, NOW)
    assert len(chain.certificates) == 2
    assert chain.verdicts == ()
    assert chain.openssl is None
    assert chain.trusted_not_after is None


def test_no_certificates_are_no_chain():
    chain = ChainAssessor().assess_chain((), STORE, NOW)
    assert (chain.certificates, chain.verdicts, chain.presented_not_after) == ((), (), None)


def test_the_expiry_of_the_trusted_chain_leaves_out_what_no_client_needs():
    """An expired certificate behind a good chain: the presented chain has expired, the trusted one has not."""
    old = root("CN=Old", not_after=NOW - 5 * DAY)
    cross = intermediate(old, "CN=Test Root", key=ROOT.key, not_after=NOW - 5 * DAY)
    chain = ChainAssessor().assess_chain((*CHAIN, cross.der), store_of(ROOT, old), NOW)
    assert chain.presented_not_after == NOW - 5 * DAY
    assert chain.trusted_not_after == NOW + 80 * DAY


def test_the_issuer_is_found_among_the_sent_and_the_trusted():
    assess = ChainAssessor()
    assert assess.assess_chain(CHAIN, STORE, NOW).issuer.der == MIDDLE.der
    assert assess.assess_chain(CHAIN, store_of(root()), NOW).issuer.der == MIDDLE.der
    alone = leaf(ROOT, not_after=NOW - DAY)
    assert assess.assess_chain((alone.der,), STORE, NOW).issuer.der == ROOT.der
    assert assess.assess_chain((LEAF.der,), STORE, NOW).issuer is None


def test_openssl_names_the_certificate_and_its_depth():
    expired = intermediate(ROOT, "CN=Expired", not_after=NOW - DAY)
    verdict = ChainAssessor().assess_chain((leaf(expired).der, expired.der), STORE, NOW).openssl
    (error,) = verdict.errors
    assert (error.code, error.name, error.depth, error.subject) == (10, "cert_has_expired", 1, "CN=Expired")


@pytest.mark.parametrize("position", [0, 1])
def test_openssl_says_which_certificate_it_cannot_read(position):
    chain = [LEAF.der, MIDDLE.der]
    chain[position] = chain[position][:-9]
    verdict = ChainAssessor().assess_chain(tuple(chain), STORE, NOW).openssl
    assert [(error.name, error.depth) for error in verdict.errors] == [("unreadable_certificate", position)]


def test_a_chain_larger_than_clients_read_is_refused():
    """OpenSSL's clients read a Certificate message of 100 KiB at most."""
    many = tuple(read_certificate_untrusted(leaf(MIDDLE).der) for _ in range(300))
    verdict = OpenSSLVerifier(STORE).verify(many, NOW)
    assert [error.name for error in verdict.errors] == ["unreadable_certificate"]


def test_one_verifier_serves_many_chains_without_mixing_their_errors():
    verifier = OpenSSLVerifier(STORE)
    good = tuple(read_certificate_untrusted(one) for one in CHAIN)
    bad = (read_certificate_untrusted(leaf(MIDDLE, not_after=NOW - DAY).der), good[1])
    for _ in range(3):
        assert verifier.verify(good, NOW).errors == ()
        assert [error.name for error in verifier.verify(bad, NOW).errors] == ["cert_has_expired"]
