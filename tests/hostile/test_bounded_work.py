"""What one probe may cost whatever its peer presents, counted by work done: calls made, and what verifiers are given.

A call of Python or of a library takes between 0.05 and 1 microseconds here, unless it is given something large: those
that are, the verifiers, are given nothing that is estimated to take more than MAX_WORK.
"""

import sys
import tracemalloc

import pytest
from hostile.shapes import SHAPES, made

from exporter.certificates.certificate import read_certificate_untrusted
from exporter.certificates.chain_cache import MAX_BYTES_PER_OWNER, ChainAssessor
from exporter.certificates.measure import MAX_WORK, measure_untrusted, work_of
from exporter.certificates.openssl_verifier import OpenSSLVerifier
from exporter.certificates.webpki.verifier import WebPKIVerifier
from exporter.config.model import Module
from exporter.findings.assessment import assess
from exporter.findings.observation import Observation
from exporter.metrics.collect import collect
from exporter.target import Target, parse_endpoint
from tests.support.pki import NOW, root
from tests.support.results import make_result
from tests.support.trust import store_of

MAX_CALLS = 250_000
MAX_BYTES = 100 * 1024  # of handshake
STORE = store_of(root())
MODULE = Module("tls")
TARGET = Target("a.example:443", parse_endpoint("a.example:443"), "tls")


class Calls:
    """Counts every call that is made, of Python and of C."""

    def __enter__(self):
        self.made = 0
        sys.setprofile(self._count)
        return self

    def _count(self, _frame, event, _argument):
        self.made += event in ("call", "c_call")

    def __exit__(self, *_):
        sys.setprofile(None)


@pytest.fixture
def given(monkeypatch):
    """Note the work of each chain that a verifier is given."""
    works = []
    for verifier in (OpenSSLVerifier, WebPKIVerifier):

        def verify(self, chain, *more, original=verifier.verify):
            works.append(work_of(one.measure for one in chain).total)
            return original(self, chain, *more)

        monkeypatch.setattr(verifier, "verify", verify)
    return works


@pytest.mark.parametrize("name", SHAPES)
def test_a_chain_of_any_shape_costs_little(name, given):
    """Reading, verifying, finding and exposing, all of it on the event loop."""
    chain = made(name)
    assert sum(map(len, chain)) < MAX_BYTES, "a peer cannot send it"
    assessor = ChainAssessor()
    assessor.assess_chain((root().der,), STORE, NOW)  # what is loaded once
    given.clear()
    with Calls() as calls:
        assessed = assessor.assess_chain(chain, STORE, NOW)
        seen = make_result(started_at=NOW, total_seconds=1.0, reachable=True, chain=chain)
        observation = Observation(
            TARGET, MODULE, seen, NOW, assessed.certificates, assessed.verdicts, assessed, name_match=False
        )
        assessment = assess(observation)
        lines = collect(assessment)
    assert calls.made < MAX_CALLS
    assert all(work <= MAX_WORK for work in given)
    assert bool(given) != bool(assessed.excess), "either it is verified or it is too much"
    found = {one.finding.id for one in assessment.findings}
    assert ("certificate_excessive" in found) == bool(assessed.excess)
    assert lines["tls_certificate_info"].count("\n") == len(chain), "what can be read is still reported"
    assert sum(map(len, lines.values())) < 1024 * 1024


@pytest.mark.parametrize("name", SHAPES)
def test_counting_takes_a_step_for_each_value(name):
    for der in made(name):
        with Calls() as calls:
            measured = measure_untrusted(der)
        assert calls.made < 1000 + 2 * measured.values + 12 * measured.extensions


def test_there_are_shapes_of_every_kind():
    assert len(SHAPES) >= 40


def test_ordinary_chains_are_far_from_the_limit():
    """2,500 names are judged, and a path of forty certificates; a certificate of four names is a hundredth of it."""
    for name in ("2500 names", "a path of 40", "2 issuers of RSA 16384"):
        assert not ChainAssessor().assess_chain(made(name), STORE, NOW).excess
    assert work_of([measure_untrusted(root().der)]).total < MAX_WORK / 30


def test_what_is_read_in_brief_is_unknown_and_not_wrong():
    (leaf,) = ChainAssessor().assess_chain(made("12000 extensions"), STORE, NOW).certificates
    assert (leaf.san_count, leaf.sct_count, leaf.is_ca, leaf.problems) == (None, None, None, ())
    (leaf,) = ChainAssessor().assess_chain(made("24000 names"), STORE, NOW).certificates
    assert leaf.san_count == 24_000
    assert len(leaf.dns_names) < 10
    (authority, *_) = ChainAssessor().assess_chain(made("100 issuers of one name"), STORE, NOW).certificates
    assert authority.is_self_signed is None


def test_one_endpoint_fills_its_own_share_of_the_cache_and_no_more():
    assessor = ChainAssessor()
    ordinary = (root().der,)
    other = assessor.assess_chain(ordinary, STORE, NOW, "other")
    (leaf,) = made("2500 names")
    for number in range(10):
        assessor.assess_chain((leaf[:-2] + number.to_bytes(2),), STORE, NOW, "hostile")
    assert MAX_BYTES_PER_OWNER / 2 < assessor.bytes <= MAX_BYTES_PER_OWNER + 50_000
    assert assessor.assess_chain(ordinary, STORE, NOW, "other") is other
    assessor.clear()
    assert (len(assessor), assessor.bytes) == (0, 0)


@pytest.mark.parametrize("name", ["typical", *SHAPES])
def test_a_certificate_weighs_what_it_takes(name):
    """Against what Python allocates for it, traced."""
    ders = (root().der,) if name == "typical" else made(name)[:1]
    read_certificate_untrusted(ders[0])
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    kept = [read_certificate_untrusted(bytes(bytearray(der))) for der in ders for _ in range(3)]
    taken = (tracemalloc.get_traced_memory()[0] - before) / len(kept)
    tracemalloc.stop()
    assert taken <= kept[0].weight * 1.25
