"""One text with every family of the catalogue, as it was last accepted: `make golden` accepts what is seen now."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from prometheus_client import CollectorRegistry
from support.results import make_result

from exporter.at_rest.formats.entry import EntryKind
from exporter.at_rest.stored import KubernetesPlace, Stored, StoredCertificate
from exporter.certificates.chain_cache import ChainAssessor
from exporter.certificates.ct_policy import CTVerdict
from exporter.certificates.trust_store import load_trust
from exporter.certificates.verdict import StoreVerdict
from exporter.config.model import HTTPConfig, Module, PostureConfig, RevocationConfig
from exporter.findings.assessment import assess
from exporter.findings.observation import Observation
from exporter.metrics.catalogue import FAMILIES
from exporter.metrics.collect import collect
from exporter.metrics.exposition import pages
from exporter.net.reason import Reason
from exporter.policy import Acceptance, PolicyLayer, policy_of
from exporter.posture.facts import ClientResult, Posture
from exporter.posture.finite_fields import DHGroup
from exporter.probe.result import HSTS, Failure, HTTPFacts, Phase, Session, Variant
from exporter.published.ari import Window
from exporter.published.caa import CAA
from exporter.published.dane import DANE, RecordMatch, Support, TLSARecord
from exporter.published.facts import MTASTS, Published, Renewal, SourceFailure
from exporter.published.https_record import HTTPSAgreement, HTTPSRecords
from exporter.published.mta_sts import Mode, Policy
from exporter.revocation.status import Failure as RevocationFailure
from exporter.revocation.status import Revocation
from exporter.scrape.report import make_report
from exporter.scrape.stored_assess import assess_stored
from exporter.target import FILE, Target, parse_endpoint, stored_target

HERE = Path(__file__).parent
NOW = 1_795_000_000.0
CHAIN = tuple(
    certificate.public_bytes(Encoding.DER)
    for certificate in x509.load_pem_x509_certificates((HERE / "chain.pem").read_bytes())
)
POLICY = policy_of((PolicyLayer(accept=(Acceptance("tls11_accepted", "until the appliance is replaced"),)),))
MODULE = Module("web", http=HTTPConfig(), posture=PostureConfig(), revocation=RevocationConfig(), policy=POLICY)
TARGET = Target("www.example.com:443", parse_endpoint("www.example.com:443"), "web", (("team", 'the "a" team'),))


def good():
    """Everything that can be known of an endpoint."""
    result = make_result(
        started_at=NOW - 1,
        total_seconds=0.03,
        durations=tuple((phase, 0.005) for phase in Phase),
        reachable=True,
        variant=Variant("192.0.2.1", "www.example.com", "rsa"),
        address="192.0.2.1",
        family="ip4",
        server_name="www.example.com",
        session=Session("TLSv1.3", 1.3, "TLS_AES_256_GCM_SHA384", "X25519MLKEM768", "http/1.1"),
        chain=CHAIN,
        staple=b"\x30\x03\x0a\x01\x06",
        http=HTTPFacts(
            status_code=200,
            version="1.1",
            hsts=HSTS(86400, include_subdomains=True),
            alt_svc='h3=":443"; ma=86400',
            redirects_to_https=False,
            redirect_detail="the request is answered in plaintext",
        ),
    )
    chain = ChainAssessor().assess_chain(CHAIN, load_trust(str(HERE / "root.pem")), NOW)
    posture = Posture(
        timestamp=NOW - 300,
        versions={"SSLv2": False, "SSLv3": False, "TLSv1.0": True, "TLSv1.1": True, "TLSv1.2": True, "TLSv1.3": True},
        cipher_classes={"null": False, "3des": True, "cbc": True},
        suites={"3des": ("TLS_RSA_WITH_3DES_EDE_CBC_SHA",)},
        groups={"X25519MLKEM768": True, "x25519": True, "secp256r1": False},
        dh_groups=(DHGroup(1024, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA", weakness="the prime has 1024 bits"),),
        features={"compression": False, "secure_renegotiation": True},
        vulnerabilities={"heartbleed": False, "early_ccs": False},
        clients={
            "java-11": ClientResult(True, "TLSv1.2", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "secp256r1"),
            "openssl-1.0.2": ClientResult(connects=False),
        },
        undetermined={"robot": "timeout"},
    )
    revocations = (
        Revocation("staple", "good", int(NOW) - 3600, int(NOW) + 3600),
        Revocation("responder", "revoked", int(NOW) - 3600, int(NOW) + 7200, int(NOW) - 7200, "keyCompromise"),
        Revocation("crl", failure=RevocationFailure.UNREACHABLE, problem="no answer"),
        Revocation("crl", "good", int(NOW) - 3600, int(NOW) + 86400),
    )
    record = TLSARecord(3, 1, 1, b"\xab" * 32)
    published = Published(
        dane=DANE("_443._tcp.www.example.com", Support.SECURE, True, (RecordMatch(record, matches=True),), 1),
        caa=CAA(permits=True, issuer="An Issuer"),
        https=HTTPSAgreement(HTTPSRecords("www.example.com"), ech_accepted=True),
        mta_sts=MTASTS("example.com", Policy(Mode.ENFORCE, 604_800, ("mx.example.com",))),
        tls_reporting=True,
        renewal=Renewal(Window(NOW + 86_400, NOW + 172_800), is_overdue=False),
        failures=(SourceFailure("caa", "timeout", "no answer"),),
    )
    return Observation(
        TARGET,
        MODULE,
        result,
        NOW,
        certificates=chain.certificates,
        verdicts=chain.verdicts,
        chain=chain,
        ct=CTVerdict(2, compliant=True),
        stores=(StoreVerdict("system", False), StoreVerdict("mozilla", True)),
        name_match=True,
        sct_count=2,
        revocations=revocations,
        posture=posture,
        published=published,
        addresses_disagree=False,
    )


def failed():
    """Yield an endpoint that could not be reached, and one whose chain is not trusted."""
    failure = Failure(Phase.CONNECT, Reason.REFUSED, "Connection refused")
    yield Observation(
        replace(TARGET, name="closed"), MODULE, make_result(NOW, 0.25, ((Phase.RESOLVE, 0.25),), failure=failure), NOW
    )
    chain = ChainAssessor().assess_chain(CHAIN[:1], load_trust(str(HERE / "root.pem")), NOW)
    result = make_result(NOW, 0.5, reachable=True, chain=CHAIN[:1], failure=Failure(Phase.HANDSHAKE, Reason.RESET))
    yield Observation(
        replace(TARGET, name="untrusted"),
        MODULE,
        result,
        NOW,
        chain.certificates,
        chain.verdicts,
        chain=chain,
        name_match=False,
    )


def stored():
    """Return what is known of a key store."""
    target = stored_target(FILE, "/etc/ssl/web.jks", "web", (("team", "web"),))
    certificates = tuple(StoredCertificate(der, 0, EntryKind.KEY, "web", "admin") for der in CHAIN)
    place = KubernetesPlace("secrets", "web", "keystore", "web.jks")
    file = Stored("JKS", certificates, opened=True, modified_at=NOW - 60, seconds=0.001, kubernetes=place)
    return assess_stored(target, MODULE, file, NOW, load_trust(str(HERE / "root.pem")), ChainAssessor())[0]


def exposition(accept=""):
    assessments = [*(assess(observation) for observation in (good(), *failed())), stored()]
    lines = [make_report(TARGET, MODULE, (assessment,)).lines for assessment in assessments]
    return b"".join(pages(accept, lines, [CollectorRegistry()])).decode()


@pytest.mark.parametrize(
    ("name", "accept"), [("metrics.txt", ""), ("metrics.openmetrics.txt", "application/openmetrics-text;version=1.0.0")]
)
def test_the_exposition_is_as_accepted(name, accept, request):
    seen = exposition(accept)
    golden = HERE / name
    if request.config.getoption("--accept"):
        golden.write_text(seen, encoding="utf-8")
    assert seen == golden.read_text(encoding="utf-8"), "if this is wanted, accept it with: make golden"


def test_every_family_of_the_catalogue_is_in_it():
    """So that a family that nothing collects, or a label that the catalogue does not know, is noticed."""
    assessments = [*(assess(observation) for observation in (good(), *failed())), stored()]
    collected = set().union(*(collect(assessment) for assessment in assessments))
    assert collected == {family.name for family in FAMILIES}


@pytest.mark.server("promtool")
def test_promtool_accepts_it():
    done = subprocess.run(
        [shutil.which("promtool"), "check", "metrics"], input=exposition(), text=True, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
