"""A table of bad and doubtful configurations with what is said of each, in one text that was read and accepted.

With the files of tests/configs/bad these are all kinds of mistakes that are known. To accept new messages:
pytest tests/config/test_table.py --accept
"""

from pathlib import Path

import pytest

from exporter.config.problems import ConfigError
from exporter.config.reader import load
from exporter.metrics.vocabulary import VOCABULARY
from tests.support.pki import key_pem, leaf, pem, root, rsa_key

HERE = Path(__file__).parent
T = "targets: [{targets: [example.com]}]\n"

ROWS = (
    # findings
    "global: {accept: [{finding: certificate_expird, reason: x}]}\n" + T,
    "global: {accept: [{finding: self-signed, reason: x}]}\n" + T,
    "global: {accept: [{finding: robot}]}\n" + T,
    "global: {accept: [{reason: old}]}\n" + T,
    "global: {accept: [{finding: robot, reason: ''}]}\n" + T,
    "global: {accept: [robot]}\n" + T,
    "global: {accept: {finding: robot, reason: x}}\n" + T,
    "global: {accept: [{finding: robot, reason: x, until: 30.6.2027}]}\n" + T,
    "global: {accept: [{finding: robot, reason: x, until: 2027-02-30}]}\n" + T,
    "global: {accept: [{finding: robot, reason: x, until: 90d}]}\n" + T,
    "global: {accept: [{finding: robot, reason: x, till: 2027-06-30}]}\n" + T,
    "global: {accept: [{finding: robot, reason: a}, {finding: robot, reason: b}]}\n" + T,
    "global: {ignore: [robot]}\n" + T,
    "global: {severity: {robot: urgent}}\n" + T,
    "global: {severity: {robot: warning}}\n" + T,
    "global: {severity: {robott: low}}\n" + T,
    "global: {severity: [robot]}\n" + T,
    "modules: {https: {accept: [{finding: hsts, reason: x}]}}\n" + T,
    "targets: [{targets: [example.com], severity: {no_such: low}}]\n",
    # expiry
    "global: {expiry: {warn: 21}}\n" + T,
    "global: {expiry: 21d}\n" + T,
    "global: {expiry: {warn_fraction: 25%}}\n" + T,
    "global: {expiry: {warn_fraction: 25}}\n" + T,
    "global: {expiry: {warn_fraction: 0}}\n" + T,
    "global: {expiry: {critical_fraction: '0.1'}}\n" + T,
    "global: {expiry: {warn: 3d, critical: 7d}}\n" + T,
    "modules: {https: {expiry: {warn_fraction: 0.1, critical_fraction: 0.5}}}\n" + T,
    "global: {warn_days: 30}\n" + T,
    "modules: {https: {warn: 30d}}\n" + T,
    # keys that stand elsewhere
    "targets: [{targets: [mail.example.com:25], starttls: smtp}]\n",
    "targets: [{targets: [example.com], tls_config: {server_name: a.example}}]\n",
    "targets: [{targets: [example.com], ca_file: ca.pem}]\n",
    "targets: [{targets: [example.com], timeout: 5s}]\n",
    "targets: [{url: https://example.com}]\n",
    "targets: [{target: example.com}]\n",
    "modules: {https: {ca_file: ca.pem}}\n" + T,
    "modules: {https: {server_name: a.example}}\n" + T,
    "modules: {https: {max_lifetime: 90d}}\n" + T,
    "modules: {https: {hsts: true}}\n" + T,
    "modules: {https: {active_checks: true}}\n" + T,
    "modules: {https: {targets: [example.com]}}\n",
    "modules: {https: {concurrency: 5}}\n" + T,
    "timeout: 5s\n" + T,
    "starttls: smtp\n" + T,
    "allow: ['*:443']\n" + T,
    "global: {starttls: smtp}\n" + T,
    "module: {https: {}}\n" + T,
    "scrape_configs: []\n" + T,
    "tls_server_config: {cert_file: a}\n" + T,
    # truth in place of a mapping
    "modules: {https: {posture: yes}}\n" + T,
    "modules: {https: {posture: false}}\n" + T,
    "modules: {https: {http: 'true'}}\n" + T,
    "modules: {https: {revocation: [ocsp]}}\n" + T,
    # templates
    "targets: [{targets: ['${HOST}:443']}]\n",
    "targets: [{targets: [example.com], labels: {team: $TEAM_NAME}}]\n",
    "targets: [{targets: [example.com], labels: {team: '{{ team }}'}}]\n",
    "modules: {https: {tls_config: {ca_file: $(CA_FILE)}}}\n" + T,
    "modules: {https: {tls_config: {server_name: '%HOST%'}}}\n" + T,
    # targets in the words of others
    "targets: [{targets: ['ldaps://ldap.example.com']}]\n",
    "targets: [{targets: ['imaps://mail.example.com:993']}]\n",
    "targets: [{targets: ['postgresql://db.example.com/app']}]\n",
    "targets: [{targets: ['wss://example.com/socket']}]\n",
    "targets: [{targets: ['ssl://kafka.example.com:9093']}]\n",
    "targets: [{targets: ['http://example.com/health']}]\n",
    "targets: [{targets: ['gopher://example.com']}]\n",
    "targets: [{targets: ['2001:db8::1:443']}]\n",
    "targets: [{targets: ['[2001:db8::1']}]\n",
    "targets: [{targets: ['2001:db8::g']}]\n",
    # labels
    "targets: [{targets: [example.com], labels: {Team.Name: a, Team-Name: b}}]\n",
    "targets: [{targets: [example.com], labels: {serial.number: a}}]\n",
    "targets: [{targets: [example.com], labels: {'': a}}]\n",
    "targets: [{targets: [example.com], labels: {finding: a}}]\n",
    "targets: [{targets: [a.example], labels: {module: x}}, {targets: [a.example], labels: {target: y}}]\n",
    # files of targets
    "target_files: [{files: ['a/*.yml'], module: smtp}]\n" + T,
    "target_files: [{module: tls}]\n" + T,
    "target_files: [{files: a.yml}]\n" + T,
    "target_files: [{files: [a.txt]}]\n" + T,
    "target_files: [{files: [a.yml], labels: {target: x}}]\n" + T,
    # keys and certificates
    "modules: {m: {tls_config: {cert_file: one.pem, key_file: other.key}}}\n" + T,
    "modules: {m: {tls_config: {cert_file: chain.pem, key_file: other.key}}}\n" + T,
    "modules: {m: {tls_config: {cert_file: one.pem, key_file: locked.key}}}\n" + T,
    "modules: {m: {tls_config: {cert_file: one.pem, key_file: locked.key, key_password: wrong}}}\n" + T,
    "modules: {m: {tls_config: {cert_file: one.pem, key_file: one.key, key_password: needless}}}\n" + T,
    "modules: {m: {tls_config: {cert_file: broken.pem, key_file: one.key}}}\n" + T,
    # valid, and hardly meant
    "global: {accept: [{finding: robot, reason: x, until: 2020-01-31}]}\n" + T,
    "",
    "modules: {a: {}}\n",
    "target_files: ['targets/*.yml']\n",
    "targets: [{targets: [example.com, 'example.com:443']}]\n",
    "targets: [{targets: [example.com, 'https://EXAMPLE.com/']}]\n",
    "targets: [{targets: ['[2001:db8::1]:443', '[2001:db8:0::1]:443']}]\n",
    "targets: [{targets: [example.com]}, {targets: ['https://example.com'], labels: {team: a}}]\n",
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Make a folder with the files that the rows name."""
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        PrivateFormat,
        load_pem_private_key,
    )

    monkeypatch.chdir(tmp_path)
    one, other = rsa_key(2048), rsa_key(3072)
    certificate, second = leaf(root(), key=one), leaf(root(), key=other)
    (tmp_path / "one.pem").write_bytes(pem(certificate.der))
    (tmp_path / "chain.pem").write_bytes(pem(certificate.der) + pem(second.der))
    (tmp_path / "broken.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    (tmp_path / "one.key").write_bytes(key_pem(one))
    (tmp_path / "other.key").write_bytes(key_pem(other))
    locked = load_pem_private_key(key_pem(one), None).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"right")
    )
    (tmp_path / "locked.key").write_bytes(locked)
    return tmp_path


def said(text):
    """Return every message about a configuration, and whether it is used."""
    Path("c.yaml").write_text(text)
    try:
        config = load("c.yaml", VOCABULARY)
    except ConfigError as error:
        return "refused", str(error).splitlines()
    return "used", list(map(str, config.warnings)) or ["nothing is said"]


def test_messages(folder, request):
    written = []
    for text in ROWS:
        verdict, messages = said(text)
        written.append("\n".join([(text or "# empty").rstrip(), *(f"    {line}" for line in (verdict, *messages))]))
    seen = "\n\n".join(written).replace(str(folder), "FOLDER") + "\n"
    golden = HERE / "table.txt"
    if request.config.getoption("--accept"):
        golden.write_text(seen)
    assert seen == golden.read_text()
    assert "nothing is said" in seen.split("\n\n")[-1], "two teams may watch one endpoint"
    assert seen.count("nothing is said") == 1


def test_enough_of_them():
    files = list((HERE.parent / "configs" / "bad").glob("*.txt"))
    assert len(files) + len(ROWS) >= 140
