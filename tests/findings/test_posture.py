"""The findings on posture: present when observed, absent when refused, and absent when not known."""

from dataclasses import replace

import pytest
from support.results import make_result

from exporter.config.model import HTTPConfig, Module
from exporter.findings import posture as posture_findings
from exporter.findings import protocol
from exporter.findings.accepted import FINDING_OF_ACCEPTED, is_bad
from exporter.findings.catalogue import CATALOGUE
from exporter.findings.mozilla_profile import PROFILES, compliance
from exporter.findings.observation import Observation
from exporter.posture.facts import Oracle, Posture
from exporter.posture.finite_fields import DHGroup
from exporter.probe.result import HSTS, HTTPFacts, Session
from exporter.target import Target, parse_endpoint
from exporter.wire.iana import CIPHER_CLASSES
from tests.support.findings import details

RULES = (*protocol.RULES, *posture_findings.RULES)
TARGET = Target("localhost", parse_endpoint("localhost:443"), "tls")
VERSIONS = ("SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")
ALL_WELL = Posture(
    timestamp=1.0,
    versions={version: version in ("TLSv1.2", "TLSv1.3") for version in VERSIONS},
    cipher_classes={**dict.fromkeys((*CIPHER_CLASSES, "other"), False), "modern": True},
    groups={"X25519MLKEM768": True, "x25519": True, "secp521r1": False},
    dh_groups=(DHGroup(2048, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", "ffdhe2048"),),
    features={
        "compression": False,
        "secure_renegotiation": True,
        "extended_master_secret": True,
        "downgrade_sentinel": True,
        "sha1_signature": False,
        "heartbeat": False,
        "client_renegotiation": False,
        "early_data": False,
    },
    vulnerabilities={"heartbleed": False, "early_ccs": False, "robot": False},
    robot=Oracle.NONE,
)
WEAK = DHGroup(1024, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA", weakness="the prime has 1024 bits")


def observed(posture, session=None, module=None, http=None):
    result = make_result(started_at=0, total_seconds=0, session=session, http=http)
    return Observation(TARGET, module or Module("tls"), result, 0, posture=posture)


def present(posture, session=None):
    return set(details(RULES, observed(posture, session)))


def accepting(version):
    return replace(ALL_WELL, versions={**ALL_WELL.versions, version: True})


def with_features(**features):
    return replace(ALL_WELL, features={**ALL_WELL.features, **features})


def without_sentinel(**features):
    return replace(ALL_WELL, features={"secure_renegotiation": True, **features})


def with_class(label):
    return replace(ALL_WELL, cipher_classes={**ALL_WELL.cipher_classes, label: True}, suites={label: ("TLS_X",)})


BAD = [
    ("sslv2_accepted", accepting("SSLv2")),
    ("sslv3_accepted", accepting("SSLv3")),
    ("tls10_accepted", accepting("TLSv1.0")),
    ("tls11_accepted", accepting("TLSv1.1")),
    (
        "tls12_not_accepted",
        replace(ALL_WELL, versions={"SSLv3": False, "TLSv1.2": False, "TLSv1.3": False, "SSL": True}),
    ),
    *((f"cipher_{label}", with_class(label)) for label in ("null", "anonymous", "export", "des", "rc4", "3des")),
    ("rsa_key_exchange", with_class("rsa_key_exchange")),
    ("weak_dh", replace(ALL_WELL, dh_groups=(WEAK,))),
    ("weak_curve", replace(ALL_WELL, groups={**ALL_WELL.groups, "sect163k1": True})),
    (
        "no_post_quantum_key_exchange",
        replace(
            ALL_WELL,
            groups={
                "x25519": True,
                **dict.fromkeys(("X25519MLKEM768", "SecP256r1MLKEM768", "SecP384r1MLKEM1024"), False),
            },
        ),
    ),
    ("sha1_handshake_signature", with_features(sha1_signature=True)),
    ("compression", with_features(compression=True)),
    ("insecure_renegotiation", with_features(secure_renegotiation=False)),
    ("client_renegotiation", with_features(client_renegotiation=True)),
    ("no_downgrade_protection", with_features(downgrade_sentinel=False)),
    ("no_downgrade_protection", without_sentinel(fallback_scsv=False)),
    ("no_extended_master_secret", with_features(extended_master_secret=False)),
    ("early_data_accepted", with_features(early_data=True)),
    ("heartbleed", replace(ALL_WELL, vulnerabilities={"heartbleed": True})),
    ("early_ccs", replace(ALL_WELL, vulnerabilities={"early_ccs": True})),
    ("robot", replace(ALL_WELL, robot=Oracle.WEAK)),
    ("robot", replace(ALL_WELL, robot=Oracle.STRONG)),
]


@pytest.mark.parametrize(("finding", "posture"), BAD)
def test_a_fault_is_its_finding_and_no_other(finding, posture):
    assert present(posture) == {finding}


def test_every_finding_is_in_the_catalogue_and_has_its_case():
    names = {rule.finding.id for rule in RULES}
    assert names <= set(CATALOGUE)
    assert {finding for finding, _ in BAD} | {"large_hello_refused"} == names


def test_a_large_hello_that_is_refused_is_what_the_probe_saw():
    seen = observed(None)
    refused = replace(seen, result=replace(seen.result, large_hello_refused=True))
    assert set(details(RULES, refused)) == {"large_hello_refused"}


@pytest.mark.parametrize("posture", [ALL_WELL, None, Posture(), Posture(undetermined={"baseline": "timeout"})])
def test_what_is_well_or_not_known_is_no_finding(posture):
    assert present(posture) == set()


def test_anonymous_suites_make_no_group_weak():
    """OpenSSL gives 1024 bits to anonymous suites whatever its key; a stronger group would not help them."""
    anonymous = replace(WEAK, suite="TLS_DH_anon_WITH_AES_128_CBC_SHA", anonymous=True)
    assert present(replace(ALL_WELL, dh_groups=(anonymous,))) == set()


def test_tls_1_3_alone_is_no_finding():
    versions = {**ALL_WELL.versions, "TLSv1.2": False}
    assert present(replace(ALL_WELL, versions=versions)) == set()


def test_a_fallback_signal_makes_up_for_the_sentinel():
    """Java 17 marks its hellos and ignores the signal; a server without TLS 1.3 has nothing to mark."""
    assert present(with_features(fallback_scsv=False)) == set()
    assert present(without_sentinel(fallback_scsv=True)) == set()


def test_one_hybrid_group_that_is_not_known_leaves_post_quantum_unknown():
    groups = {"x25519": True, "X25519MLKEM768": False, "SecP256r1MLKEM768": False}
    assert present(replace(ALL_WELL, groups=groups)) == set()


@pytest.mark.parametrize(
    ("session", "findings"),
    [
        (Session("TLSv1.0", 1.0, "TLS_RSA_WITH_AES_128_CBC_SHA", "", ""), {"tls10_accepted", "rsa_key_exchange"}),
        (
            Session("SSLv3", 0.3, "TLS_RSA_WITH_RC4_128_SHA", "", ""),
            {"sslv3_accepted", "cipher_rc4", "rsa_key_exchange"},
        ),
        (Session("TLSv1.3", 1.3, "TLS_AES_128_GCM_SHA256", "x25519", "h2"), set()),
    ],
)
def test_what_the_probe_itself_was_given_counts_without_any_posture(session, findings):
    assert present(None, session) == findings


# Mozilla's guideline


def verdicts(observation):
    return {one.profile: (one.compliant, one.violations) for one in compliance(observation)}


def test_nothing_is_reported_on_profiles_where_the_posture_was_never_determined():
    assert verdicts(observed(None)) == {}


def test_without_a_certificate_compliance_is_unknown_but_violations_are_reported():
    assert verdicts(observed(ALL_WELL)) == {
        "modern": (False, ("versions", "cipher_suites")),
        "intermediate": (None, ()),
    }


def test_weak_groups_violate_both():
    posture = replace(ALL_WELL, groups={**ALL_WELL.groups, "secp521r1": True})
    assert all("groups" in violations for _, violations in verdicts(observed(posture)).values())


@pytest.mark.parametrize(
    ("hsts", "violated"),
    [(HSTS(63_072_000), False), (HSTS(31_536_000), True), (None, True)],
)
def test_hsts_counts_where_the_module_asks_for_it(hsts, violated):
    module = Module("https", http=HTTPConfig())
    seen = observed(ALL_WELL, module=module, http=HTTPFacts(status_code=200, hsts=hsts))
    assert all(("hsts" in violations) == violated for _, violations in verdicts(seen).values())


def test_both_profiles_are_there():
    assert set(PROFILES) == {"modern", "intermediate"}


def test_what_is_bad_has_its_finding_and_nothing_else_is_called_so():
    """Pages and `probe` colour by this table, so that they cannot differ from the findings."""
    for version in VERSIONS:
        bad = {FINDING_OF_ACCEPTED[version]} if is_bad(version) else set()
        assert present(accepting(version)) == bad
    for name in CIPHER_CLASSES:
        seen = replace(ALL_WELL, cipher_classes={**ALL_WELL.cipher_classes, name: True}, suites={name: ("X",)})
        assert present(seen) == ({FINDING_OF_ACCEPTED[name]} if is_bad(name) else set())
