import json
import re

import pytest

from exporter.cli.findings import as_json, as_text
from exporter.findings.catalogue import CATALOGUE, RULES, SEVERITIES, Finding

PUBLIC_IDS = [
    "ct_noncompliant",
    "root_distrusted",
    "root_store_outdated",
    "certificate_partial_chain",
    "certificate_expired",
    "certificate_not_yet_valid",
    "certificate_name_mismatch",
    "certificate_self_signed",
    "certificate_untrusted_issuer",
    "certificate_refused",
    "certificate_chain_incomplete",
    "certificate_revoked",
    "certificate_weak_key",
    "certificate_weak_signature",
    "certificate_lifetime_too_long",
    "certificate_pin_mismatch",
    "certificate_malformed",
    "certificate_excessive",
    "certificate_webpki_noncompliant",
    "ocsp_must_staple_missing",
    "ocsp_staple_stale",
    "addresses_disagree",
    "sslv2_accepted",
    "sslv3_accepted",
    "tls10_accepted",
    "tls11_accepted",
    "tls12_not_accepted",
    "cipher_null",
    "cipher_anonymous",
    "cipher_export",
    "cipher_des",
    "cipher_rc4",
    "cipher_3des",
    "rsa_key_exchange",
    "weak_dh",
    "weak_curve",
    "large_hello_refused",
    "compression",
    "insecure_renegotiation",
    "no_downgrade_protection",
    "heartbleed",
    "early_ccs",
    "robot",
    "hsts_missing",
    "hsts_too_short",
    "no_redirect_to_https",
    "no_post_quantum_key_exchange",
    "certificate_root_sent",
    "certificate_chain_misordered",
    "starttls_injection",
    "client_renegotiation",
    "hsts_malformed",
    "no_extended_master_secret",
    "sha1_handshake_signature",
    "early_data_accepted",
    "renewed_but_not_served",
    "served_but_not_on_disk",
    "certificate_expiring_soon",
    "certificate_expiry_imminent",
    "dane_mismatch",
    "dane_unsigned",
    "dane_no_rollover",
    "caa_forbids_issuer",
    "https_record_mismatch",
    "ech_config_stale",
    "mta_sts_mismatch",
    "mta_sts_unreachable",
    "renewal_overdue",
]

CRITICAL = {
    "certificate_expired",
    "certificate_not_yet_valid",
    "certificate_name_mismatch",
    "certificate_self_signed",
    "certificate_untrusted_issuer",
    "certificate_refused",
    "certificate_revoked",
    "certificate_pin_mismatch",
    "sslv2_accepted",
    "cipher_null",
    "cipher_anonymous",
    "cipher_export",
    "heartbleed",
    "early_ccs",
    "robot",
}


def test_ids_are_those_that_users_rely_on():
    """An id is public: alerts name it. Removing or renaming one must be noticed here."""
    assert sorted(CATALOGUE) == sorted(PUBLIC_IDS)


def test_no_id_is_defined_twice():
    assert len(RULES) == len(CATALOGUE)


def test_critical_is_what_breaks_clients_or_secrecy_today():
    assert {name for name, finding in CATALOGUE.items() if finding.severity == "critical"} == CRITICAL


@pytest.mark.parametrize("finding", CATALOGUE.values(), ids=lambda finding: finding.id)
def test_texts_serve_an_operator(finding: Finding):
    """Each text is there, made of whole sentences, short enough for a page at night, and plain text."""
    assert finding.severity in SEVERITIES
    assert re.fullmatch(r"[a-z0-9_]+", finding.id)
    assert not finding.title.endswith(".")
    assert len(finding.title) <= 60
    for text in (finding.meaning, finding.fix):
        assert text.endswith(".")
        assert "  " not in text
        assert text.isprintable()
        assert text.isascii()
        assert 60 <= len(text) <= 420
        assert text.count("`") % 2 == 0


def test_text_table_lists_the_worst_first_and_each_once():
    lines = as_text().splitlines()
    assert len(lines) == len(CATALOGUE)
    severities = [line.split()[0] for line in lines]
    assert severities == sorted(severities, key=SEVERITIES.index)
    assert {line.split()[1] for line in lines} == set(CATALOGUE)


def test_long_text_explains_within_the_width():
    text = as_text(width=80, long=True)
    assert "Fix: Renew the certificate" in text
    explanations = [line for line in text.splitlines() if line.startswith("    ")]
    assert max(map(len, explanations)) <= 80


def test_json_round_trips():
    assert [Finding(**entry) for entry in json.loads(as_json())] == list(CATALOGUE.values())


def test_an_empty_catalogue_is_an_empty_table():
    assert as_text({}) == ""
    assert json.loads(as_json({})) == []


def test_explanations_are_as_wide_as_a_page_by_default():
    lines = [line for line in as_text(long=True).splitlines() if line.startswith("    ")]
    assert 95 < max(map(len, lines)) <= 100
