"""Compliance with a guideline, rule by rule: kept, violated, or not known; and the values at each border."""

from dataclasses import replace

import pytest
from support.results import make_result

from exporter.certificates.certificate import Certificate
from exporter.config.model import HTTPConfig, Module
from exporter.findings.mozilla_profile import PROFILES, RULES, compliance
from exporter.findings.observation import Observation
from exporter.posture.facts import Posture
from exporter.probe.result import HSTS, HTTPFacts, Session
from exporter.target import Target, parse_endpoint

DAY = 86_400
MODERN, INTERMEDIATE = PROFILES["modern"], PROFILES["intermediate"]
OLD = ("SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1")
LEAF = Certificate(
    b"",
    "",
    key="EC secp256r1",
    key_type="EC",
    signature_algorithm="ecdsa-with-SHA256",
    not_before=0,
    not_after=90 * DAY,
)
POSTURE = Posture(
    versions=dict.fromkeys((*OLD, "TLSv1.2"), False) | {"TLSv1.3": True},
    cipher_classes={"modern": False, "cbc": False},
    groups={"X25519MLKEM768": True, "x25519": True, "secp521r1": False},
)


def observed(leaf=LEAF, posture=POSTURE, module=None, http=None, staple=None, session=True):
    shaken = Session("TLSv1.3", 1.3, "TLS_AES_128_GCM_SHA256", "X25519", "") if session else None
    return Observation(
        Target("a.example:443", parse_endpoint("a.example:443"), "https"),
        module or Module("https"),
        make_result(0.0, 0.1, session=shaken, http=http, staple=staple),
        0.0,
        certificates=(leaf,) if leaf else (),
        posture=posture,
    )


def verdicts(rule, observation):
    """Return what a rule says by `modern` and by `intermediate`."""
    return RULES[rule](observation, MODERN), RULES[rule](observation, INTERMEDIATE)


def with_versions(**accepted):
    versions = {name.replace("_", "."): value for name, value in accepted.items() if value is not None}
    without = [name.replace("_", ".") for name, value in accepted.items() if value is None]
    known = {name: value for name, value in POSTURE.versions.items() if name not in without} | versions
    return observed(posture=replace(POSTURE, versions=known))


def test_what_is_right_in_all_is_compliant_by_both():
    assert [(one.profile, one.compliant, one.violations) for one in compliance(observed())] == [
        ("modern", True, ()),
        ("intermediate", True, ()),
    ]


@pytest.mark.parametrize(
    ("observation", "expected"),
    [
        (observed(), (True, True)),
        (with_versions(TLSv1_2=True), (False, True)),
        (with_versions(TLSv1_1=True), (False, False)),
        (with_versions(TLSv1_2=None), (None, True)),
        (with_versions(SSLv2=None), (None, None)),
        (with_versions(SSLv2=None, TLSv1_0=True), (False, False)),
        (with_versions(TLSv1_3=None), (True, True)),
        (observed(posture=None), (None, None)),
    ],
)
def test_versions(observation, expected):
    assert verdicts("versions", observation) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"cipher_classes": {"modern": True}}, (False, True)),
        ({"cipher_classes": {"modern": True, "cbc": True}}, (False, False)),
        ({"cipher_classes": {"modern": False, "cbc": False}}, (True, True)),
        ({"cipher_classes": {}}, (None, None)),
        ({"undetermined": {"ciphers": "timeout"}}, (None, None)),
        ({"undetermined": {"ciphers": "timeout"}, "cipher_classes": {"rc4": True}}, (False, False)),
        ({"undetermined": {"groups": "timeout"}}, (True, True)),
    ],
)
def test_cipher_suites(changes, expected):
    assert verdicts("cipher_suites", observed(posture=replace(POSTURE, **changes))) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"groups": {"secp256r1": True, "secp384r1": True}}, True),
        ({"groups": {"secp521r1": True}}, False),
        ({"groups": {}}, None),
        ({"undetermined": {"groups": "timeout"}}, None),
        ({"undetermined": {"groups": "timeout"}, "groups": {"ffdhe2048": True}}, False),
    ],
)
def test_groups(changes, expected):
    assert verdicts("groups", observed(posture=replace(POSTURE, **changes))) == (expected, expected)


def test_without_a_posture_suites_and_groups_are_unknown():
    assert verdicts("cipher_suites", observed(posture=None)) == (None, None)
    assert verdicts("groups", observed(posture=None)) == (None, None)


@pytest.mark.parametrize(
    ("key", "kind", "size", "expected"),
    [
        ("EC secp256r1", "EC", 256, (True, True)),
        ("EC secp384r1", "EC", 384, (True, True)),
        ("EC secp521r1", "EC", 521, (False, False)),
        ("Ed25519", "Ed25519", None, (False, False)),
        ("RSA 2048", "RSA", 2048, (False, True)),
        ("RSA 2047", "RSA", 2047, (False, False)),
        ("RSA", "RSA", None, (False, False)),
    ],
)
def test_keys(key, kind, size, expected):
    leaf = replace(LEAF, key=key, key_type=kind, key_size=size)
    assert verdicts("certificate_key", observed(leaf)) == expected


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("ecdsa-with-SHA384", (True, True)),
        ("ecdsa-with-SHA512", (True, True)),
        ("sha256WithRSAEncryption", (False, True)),
        ("sha384WithRSAEncryption", (False, False)),
        ("ecdsa-with-SHA1", (False, False)),
    ],
)
def test_signatures(algorithm, expected):
    leaf = replace(LEAF, signature_algorithm=algorithm)
    assert verdicts("certificate_signature", observed(leaf)) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (90 * DAY, (True, True)),
        (90 * DAY + 1, (False, True)),
        (366 * DAY, (False, True)),
        (366 * DAY + 1, (False, False)),
    ],
)
def test_lifetimes(seconds, expected):
    leaf = replace(LEAF, not_before=1000, not_after=1000 + seconds)
    assert verdicts("certificate_lifetime", observed(leaf)) == expected


@pytest.mark.parametrize("missing", ["not_before", "not_after"])
def test_a_date_that_is_not_known_leaves_the_lifetime_unknown(missing):
    assert verdicts("certificate_lifetime", observed(replace(LEAF, **{missing: None}))) == (None, None)


def test_without_a_certificate_nothing_is_known_of_it():
    for rule in ("certificate_key", "certificate_signature", "certificate_lifetime", "ocsp_staple"):
        assert verdicts(rule, observed(None)) == (None, None)


def test_a_staple_is_due_where_the_certificate_names_a_responder():
    named = replace(LEAF, ocsp_urls=("http://ocsp.example/",))
    assert verdicts("ocsp_staple", observed(named)) == (False, False)
    assert verdicts("ocsp_staple", observed(named, staple=b"a")) == (True, True)
    assert verdicts("ocsp_staple", observed(LEAF)) == (True, True)
    assert verdicts("ocsp_staple", observed(named, session=False)) == (None, None)


@pytest.mark.parametrize(
    ("hsts", "expected"),
    [(HSTS(63_072_000), True), (HSTS(63_071_999), False), (HSTS(None, malformed="x"), False), (None, False)],
)
def test_hsts(hsts, expected):
    module = Module("https", http=HTTPConfig())
    assert verdicts("hsts", observed(module=module, http=HTTPFacts(200, "1.1", hsts))) == (expected, expected)


def test_hsts_is_unknown_without_an_answer_and_kept_where_it_is_not_asked_for():
    module = Module("https", http=HTTPConfig())
    assert verdicts("hsts", observed(module=module)) == (None, None)
    assert verdicts("hsts", observed(module=module, http=HTTPFacts(failure="closed"))) == (None, None)
    unasked = Module("https", http=HTTPConfig(hsts=False))
    assert verdicts("hsts", observed(module=unasked, http=HTTPFacts(200, "1.1"))) == (True, True)


def test_one_violation_is_enough_and_an_unknown_rule_forbids_the_whole():
    violated = observed(replace(LEAF, key="Ed25519", key_type="Ed25519"), posture=replace(POSTURE, groups={}))
    assert [(one.compliant, one.violations) for one in compliance(violated)] == [(False, ("certificate_key",))] * 2
    unknown = observed(posture=replace(POSTURE, groups={}))
    assert [(one.compliant, one.violations) for one in compliance(unknown)] == [(None, ())] * 2
    assert list(compliance(observed(posture=None))) == []
