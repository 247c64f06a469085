"""The findings on revocation: present when it was said, absent when nothing is known."""

import pytest

from exporter.certificates.chain_cache import ChainAssessor
from exporter.config.model import Module
from exporter.findings.observation import Observation
from exporter.findings.revocation import RULES
from exporter.net.reason import Reason
from exporter.probe.result import Failure as ProbeFailure
from exporter.probe.result import Phase, Session
from exporter.revocation.status import Failure, Revocation
from exporter.target import Target, parse_endpoint
from tests.support import der
from tests.support.findings import details
from tests.support.pki import NOW, Extension, leaf, root
from tests.support.results import make_result
from tests.support.trust import store_of

TARGET = Target("example.com:443", parse_endpoint("example.com:443"), "tls")
MUST_STAPLE = [Extension("1.3.6.1.5.5.7.1.24", der.sequence(der.integer(5)))]
SESSION = Session("TLSv1.3", 1.3, "TLS_AES_128_GCM_SHA256", "x25519", "")
TOP = root()


def found(*revocations, staple=None, must_staple=False, failure=None):
    presented = (leaf(TOP, extra=MUST_STAPLE if must_staple else ()).der,)
    chain = ChainAssessor().assess_chain(presented, store_of(TOP), NOW)
    result = make_result(NOW, 0.1, chain=presented, staple=staple, session=SESSION, failure=failure)
    one = Observation(
        TARGET, Module("tls"), result, NOW, certificates=chain.certificates, chain=chain, revocations=revocations
    )
    return details(RULES, one)


@pytest.mark.parametrize("source", ["staple", "responder", "crl"])
def test_a_revoked_certificate_is_found_by_every_source(source):
    revoked = Revocation(source, "revoked", NOW, NOW + 60, revoked_at=0, reason="keyCompromise")
    detail = f"revoked at 1970-01-01 00:00:00 UTC, reason keyCompromise, says the {source}"
    assert found(revoked) == {"certificate_revoked": detail}


def test_one_source_that_says_revoked_is_enough():
    assert "certificate_revoked" in found(Revocation("staple", "good"), Revocation("crl", "revoked"))


@pytest.mark.parametrize(
    "unknown",
    [
        Revocation("responder", "good"),
        Revocation("responder", "unknown"),
        Revocation("responder", failure=Failure.TIMEOUT),
        Revocation("crl", failure=Failure.STALE, is_stale=True),
    ],
)
def test_what_is_not_revoked_or_not_known_is_no_finding(unknown):
    assert found(unknown) == {}


def test_a_stale_staple_is_found_and_a_bad_one_is_not_called_stale():
    assert set(found(Revocation("staple", next_update=NOW - 1, is_stale=True))) == {"ocsp_staple_stale"}
    assert found(Revocation("staple", failure=Failure.BAD_SIGNATURE)) == {}


def test_must_staple_needs_a_staple():
    assert set(found(must_staple=True)) == {"ocsp_must_staple_missing"}
    assert found(must_staple=True, staple=b"whatever") == {}
    assert found() == {}


def test_a_handshake_that_failed_says_nothing_of_staples():
    broken = ProbeFailure(Phase.HANDSHAKE, Reason.PROTOCOL_ERROR)
    assert found(must_staple=True, failure=broken) == {}
