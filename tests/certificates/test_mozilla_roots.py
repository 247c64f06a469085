"""Mozilla's roots: the file can be read, is dated, and says which roots are distrusted and since when."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from exporter.certificates import mozilla_roots
from exporter.certificates.chain_cache import ChainAssessor
from exporter.certificates.mozilla_roots import is_distrusted, read_facts
from exporter.certificates.trust_store import mozilla_store
from exporter.config.model import Module, RootStore, TLSConfig
from exporter.findings.root_stores import RULES
from exporter.scrape import root_stores
from exporter.scrape.root_stores import MOZILLA, RootStores, stores_of
from exporter.target import Target, parse_endpoint
from tests.support.pki import DAY, NOW, intermediate, leaf, root
from tests.support.trust import store_of

TARGET = Target("example.com:443", parse_endpoint("example.com:443"), "tls")
TOP = root()
MIDDLE = intermediate(TOP)
CHAIN = (leaf(MIDDLE, not_before=NOW - 5 * DAY), MIDDLE)


def assessed(store):
    return ChainAssessor().assess_chain(tuple(one.der for one in CHAIN), store, NOW)


def test_the_file_holds_roots_that_are_right_and_their_facts():
    facts, store = read_facts(), mozilla_store()
    assert len(store.roots) >= 100
    assert all(one.is_ca and one.is_self_signed for one in store.roots)
    assert facts.date > 1_700_000_000
    assert set(facts.distrust_after) <= {one.fingerprint_sha256 for one in store.roots}
    assert len(facts.removed) >= 50
    assert not set(facts.removed) & {one.fingerprint_sha256 for one in store.roots}


def test_a_removed_root_is_distrusted_and_an_unknown_one_is_not_known():
    """A private authority that was added to the system was never Mozilla's: nothing is to be said of it."""
    assert is_distrusted(next(iter(read_facts().removed)), NOW) is True
    assert is_distrusted("00" * 32, NOW) is None
    mark, date = next(iter(read_facts().distrust_after.items()))
    assert (is_distrusted(mark, int(date) - 1), is_distrusted(mark, int(date) + 1)) == (False, True)


@pytest.mark.parametrize(("issued_after_the_date", "trusted"), [(False, True), (True, False)])
def test_what_was_issued_after_the_date_of_distrust_is_not_trusted(monkeypatch, issued_after_the_date, trusted):
    plain = store_of(TOP)
    date = NOW - 10 * DAY if issued_after_the_date else NOW - DAY
    store = replace(plain, distrust_after={plain.roots[0].fingerprint_sha256: date})
    monkeypatch.setattr(root_stores, "mozilla_store", lambda: store)
    chain = assessed(store_of(TOP))
    module = Module("tls", stores=(MOZILLA,))
    (verdict,) = RootStores(ChainAssessor()).verdicts(TARGET, module, chain, NOW)
    assert (verdict.store, verdict.trusted) == ("mozilla", trusted)


def test_a_root_that_the_system_trusts_and_mozilla_removed_is_found(monkeypatch):
    facts = replace(read_facts(), removed={store_of(TOP).roots[0].fingerprint_sha256: "CN=Test Root"})
    monkeypatch.setattr(mozilla_roots, "read_facts", lambda: facts)
    monkeypatch.setattr(root_stores, "mozilla_store", lambda: store_of(root("CN=Other")))
    stores = RootStores(ChainAssessor())
    assert stores.is_root_distrusted(TARGET, assessed(store_of(TOP, public=True)), NOW)
    assert not stores.is_root_distrusted(TARGET, assessed(store_of(TOP)), NOW)
    monkeypatch.setattr(root_stores, "mozilla_store", lambda: store_of(TOP))
    assert not RootStores(ChainAssessor()).is_root_distrusted(TARGET, assessed(store_of(TOP, public=True)), NOW)


@pytest.mark.parametrize(
    ("module", "stores"),
    [
        (Module("a"), ["system"]),
        (Module("a", tls_config=TLSConfig(ca_file="ca.pem")), []),
        (
            Module("a", tls_config=TLSConfig(ca_file="ca.pem"), stores=(MOZILLA, RootStore("own", "x.pem"))),
            ["mozilla", "own"],
        ),
    ],
)
def test_which_stores_are_asked(module, stores):
    assert [one.name for one in stores_of(module)] == stores


@pytest.mark.parametrize(("age", "found"), [(300 * DAY, False), (366 * DAY, True)])
def test_a_list_of_roots_that_is_a_year_old_is_a_finding(age, found):
    outdated = next(rule for rule in RULES if rule.finding.id == "root_store_outdated")
    observed = SimpleNamespace(stores=(SimpleNamespace(store="mozilla"),), now=read_facts().date + age)
    assert (outdated.condition(observed) is not None) == found
    assert outdated.condition(SimpleNamespace(stores=(), now=observed.now)) is None
