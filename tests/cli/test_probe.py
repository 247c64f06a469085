"""`probe` says what the daemon says, whatever the format, and takes the words that people write."""

import json
import re
import ssl
import subprocess
import urllib.parse
import urllib.request

import pytest
import yaml
from support.exporter_process import running_exporter

from exporter.cli.main import main
from exporter.demo.gallery import Gallery

FINDING = re.compile(r'^tls_finding\{.*?finding="(\w+)",severity="(\w+)"', re.MULTILINE)


@pytest.fixture(scope="module")
def gallery():
    with Gallery() as running:
        config = yaml.safe_load(running.config_file.read_text())
        for module in config["modules"].values():
            del module["posture"]  # one probe then sees all there is
        running.config_file.write_text(json.dumps(config))
        yield running


@pytest.fixture
def run(capsys, gallery):
    def call(*words):
        try:
            status = main(["probe", "--config.file", str(gallery.config_file), *words])
        except SystemExit as end:
            status = end.code
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


@pytest.fixture(scope="module")
def exporter(gallery):
    with running_exporter(config_file=gallery.config_file) as running:
        yield running


def fetched(exporter, target):
    query = urllib.parse.urlencode({"target": target})
    with urllib.request.urlopen(f"{exporter.url}/probe?{query}", timeout=30) as answer:
        return answer.read().decode()


def status_of(findings, success):
    return 1 if not success else 3 if {"critical", "high"} & {severity for _, severity in findings} else 0


def test_every_endpoint_has_one_verdict_by_probe_and_daemon(gallery, exporter, run):
    """The whole gallery: the same findings with the same severities, success and exit status."""
    status, out, _ = run("--all", "--format", "json")
    document = json.loads(out)
    assert document["schema_version"] == 1
    assert len(document["targets"]) == len(gallery.scenarios)
    names = {target: scenario for scenario, target in gallery.targets.items()}
    for target in document["targets"]:
        text = fetched(exporter, target["target"])
        (result,) = target["results"]
        mine = {(found["finding"], found["severity"]) for found in result["findings"]}
        assert mine == set(FINDING.findall(text)), names[target["target"]]
        assert result["success"] == bool(re.search(r"^tls_probe_success\{.*\} 1$", text, re.MULTILINE))
        assert (target["state"] == "healthy") == (not mine and result["success"]) or target["severity"] == "low"
    assert status == 1, "some of the gallery cannot be reached"


def test_page_and_api_say_the_same_as_probe(gallery, exporter, run):
    """One word for each endpoint of the gallery, whichever command is asked."""
    _, out, _ = run("--all", "--format", "json")
    mine = {target["target"]: target["state"] for target in json.loads(out)["targets"]}
    urllib.request.urlopen(f"{exporter.url}/metrics", timeout=60).close()
    with urllib.request.urlopen(f"{exporter.url}/api/v1/targets", timeout=30) as answer:
        assert {one["target"]: one["state"] for one in json.load(answer)["targets"]} == mine
    with urllib.request.urlopen(f"{exporter.url}/?per_page=100", timeout=30) as answer:
        rows = re.findall(r"<tr\b.*?</tr>", answer.read().decode(), re.DOTALL)
    for target, state in mine.items():
        row = next(row for row in rows if f">{target}<" in row)
        assert re.search(r'class="badge[^"]*">([^<]+)<', row)[1].strip().lower().replace(" ", "_") == state


@pytest.mark.parametrize(
    ("scenario", "status", "state"),
    [
        ("valid", 0, "healthy"),
        ("expired", 3, "expired"),
        ("almost-expired", 3, "expiring"),
        ("self-signed", 3, "untrusted"),
        ("missing-intermediate", 3, "untrusted"),
        ("wrong-name", 3, "wrong_name"),
        ("revoked-by-staple", 3, "revoked"),
        ("not-yet-valid", 3, "not_yet_valid"),
        ("pin-mismatch", 3, "wrong_key"),
        ("closed-port", 1, "down"),
        ("plain-http", 1, "no_handshake"),
        ("smtp-starttls", 0, "healthy"),
    ],
)
def test_exit_status_and_state(gallery, run, scenario, status, state):
    seen, out, _ = run(gallery.targets[scenario], "--format", "json")
    document = json.loads(out)
    assert (seen, document["state"]) == (status, state)


def test_a_configured_target_is_probed_with_its_own_module(gallery, run):
    """In whatever spelling: the mail server of the gallery wants STARTTLS, which only its module knows."""
    target = gallery.targets["smtp-starttls"]
    for spelling in (target, f"tls://{target}", target.upper()):
        status, out, _ = run(spelling, "--format", "json")
        assert (status, json.loads(out)["module"]) == (0, "demo-smtp")
    status, out, _ = run(target, "--module", "tls", "--ca-file", str(gallery.config_file.with_name("root.pem")))
    assert status == 1
    assert "The peer speaks SMTP here, not TLS" in out
    assert "`starttls: smtp`" in " ".join(out.split())


def test_config_yaml_is_read_by_default(gallery, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    target = gallery.targets["valid"]
    assert main(["probe", target, "--quiet"]) == 3, "nobody trusts the gallery's root without its configuration"
    root = gallery.config_file.with_name("root.pem")
    (tmp_path / "targets").mkdir()
    (tmp_path / "targets" / "a.yml").write_text(f"- targets: ['{target}']\n")
    (tmp_path / "config.yaml").write_text(
        f"modules: {{own: {{tls_config: {{ca_file: {root}}}}}}}\n"
        "target_files: [{files: ['targets/*.yml'], module: own}]\n"
    )
    capsys.readouterr()
    assert main(["probe", target, "--quiet"]) == 0
    assert capsys.readouterr().out.startswith(f"Healthy  {target}")
    assert main(["probe", "--all", "--quiet"]) == 0, "files of targets belong to the configuration"


def test_the_first_line_sums_up(gallery, run):
    _, out, _ = run(gallery.targets["expired"])
    first = out.splitlines()[0]
    assert first.startswith(
        f"Expired  {gallery.targets['expired']}  The certificate has expired: the certificate ended at"
    )
    _, out, _ = run(gallery.targets["expired"], gallery.targets["valid"], gallery.targets["closed-port"])
    assert out.splitlines()[0] == "3 targets: 1 down, 1 expired, 1 healthy"


def test_quiet_is_one_line_a_target(gallery, run, tmp_path):
    names = [gallery.targets[name] for name in ("valid", "expired")]
    file = tmp_path / "targets.txt"
    file.write_text(f"# ours\n{names[0]}  # good\n\n{names[1]}\n")
    status, out, _ = run("-f", str(file), "--quiet")
    assert status == 3
    assert [line.split()[:2] for line in out.splitlines()] == [["Healthy", names[0]], ["Expired", names[1]]]


def test_targets_from_standard_input(gallery, run, monkeypatch):
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO(gallery.targets["valid"] + "\n"))
    assert run("-f", "-", "--quiet")[0] == 0


@pytest.mark.parametrize(
    ("scenario", "status", "word"),
    [
        ("valid", 0, "OK"),
        ("expired", 2, "CRITICAL"),
        ("almost-expired", 2, "CRITICAL"),
        ("hsts-missing", 1, "WARNING"),
        ("closed-port", 2, "CRITICAL"),
    ],
)
def test_nagios(gallery, run, scenario, status, word):
    seen, out, _ = run(gallery.targets[scenario], "--format", "nagios")
    assert (seen, out.split(" - ")[0]) == (status, f"TLS {word}")
    text, bar, data = out.partition(" | ")
    assert bar
    assert "|" not in text
    assert "'time'=" in data
    assert ("'days_left'=" in data) == (scenario != "closed-port")


def test_nagios_says_unknown_on_wrong_usage(run, capsys):
    for words in (["a b", "--format=nagios"], ["--format", "nagios", "--no-such"], ["--format=nagios"]):
        status, out, _ = run(*words)
        assert (status, out[:11]) == (3, "TLS UNKNOWN")


def test_nagios_with_several_targets(gallery, run):
    status, out, _ = run(gallery.targets["valid"], gallery.targets["expired"], "--format", "nagios")
    assert status == 2
    lines = out.splitlines()
    assert lines[0].startswith("TLS CRITICAL - 1 of 2 targets have problems | '1_days_left'=")
    assert [line.partition("]")[0] for line in lines[1:]] == ["[OK", "[CRITICAL"]


def test_min_days(gallery, run):
    status, out, _ = run(gallery.targets["valid"], "--min-days", "3650")
    assert status == 3
    assert "certificate_expiry_imminent" in out
    assert run(gallery.targets["valid"], "--min-days", "1")[0] == 0


def test_groups_are_those_that_are_offered(gallery, run):
    status, out, _ = run(gallery.targets["valid"], "--groups", "secp256r1", "--format", "json")
    assert (status, json.loads(out)["results"][0]["session"]["group"]) == (0, "secp256r1")


def test_pem_is_what_other_programs_read(gallery, run):
    _, out, _ = run(gallery.targets["valid"], "--pem")
    assert out.count("-----BEGIN CERTIFICATE-----") == 2
    done = subprocess.run(
        ["openssl", "x509", "-noout", "-subject"], input=out, capture_output=True, text=True, check=True
    )
    assert "localhost" in done.stdout
    _, out, _ = run(gallery.targets["valid"], "--pem", "--format", "json")
    (result,) = json.loads(out)["results"]
    assert ssl.PEM_cert_to_DER_cert(result["certificates"][0]["pem"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["localhost:1", "--cert", "/no/such/file"], "--cert and --key go together"),
        (["localhost:1", "--cert", "/no/such/file", "--key", "/no/such/file"], "there is no file /no/such/file"),
        (["localhost:1", "--proxy", "ftp://a"], "--proxy: a proxy is written"),
        (["localhost:1", "--alpn", "a b"], "--alpn: bad ALPN protocol"),
        (["localhost:1", "--groups", "x25519,secp265r1"], "did you mean 'secp256r1'?"),
        (["localhost:1", "--min-days", "0"], "bad --min-days"),
        (["localhost:1", "--min-days", "nan"], "bad --min-days"),
        (["-f", "/no/such/file"], "there is no file /no/such/file"),
        (["localhost:1", "--starttls", "smpt"], "did you mean 'smtp'?"),
        (["ldaps://localhost"], "write localhost:636"),
    ],
)
def test_wrong_usage(run, words, message):
    status, out, err = run(*words)
    assert (status, out) == (2, "")
    assert message in err


def test_a_key_of_another_certificate_is_refused(gallery, run, tmp_path):
    from tests.support.pki import key_pem, leaf, root, rsa_key

    one = leaf(root())
    cert, key = tmp_path / "a.pem", tmp_path / "a.key"
    cert.write_text(ssl.DER_cert_to_PEM_cert(one.der))
    key.write_bytes(key_pem(rsa_key(2048)))
    status, _, err = run(gallery.targets["valid"], "--cert", str(cert), "--key", str(key))
    assert status == 2
    assert "does not belong to the certificate" in err


def test_accepted_findings_stand_apart_and_do_not_count(gallery, capsys, tmp_path):
    config = json.loads(gallery.config_file.read_text())
    config["modules"]["demo"]["accept"] = [{"finding": "certificate_self_signed", "reason": "the old printer"}]
    path = gallery.config_file.with_name("accepting.yaml")
    path.write_text(json.dumps(config))
    assert main(["probe", "--config.file", str(path), gallery.targets["self-signed"]]) == 0
    out = capsys.readouterr().out
    assert out.startswith("Healthy")
    assert "the old printer" in out


def test_a_file_is_probed_like_an_endpoint(gallery, run, tmp_path):
    """Configured or not; flags count, and what cannot be read has the exit status of what cannot be reached."""
    root = gallery.config_file.with_name("root.pem")
    (tmp_path / "half.pem").write_bytes(root.read_bytes()[:100])
    status, out, _ = run(f"file:{root}", "--quiet")
    assert (status, out.split()[0]) == (0, "Healthy")
    status, out, _ = run(f"file:{tmp_path}/half.pem", "--quiet")
    assert (status, out.split()[0]) == (1, "Unreadable")
    status, out, _ = run(f"file:{tmp_path}/none.pem", "--format", "prometheus")
    assert status == 1
    assert 'phase="read",reason="not_found"' in out


def test_all_includes_the_configured_files(capsys, gallery, tmp_path):
    root = gallery.config_file.with_name("root.pem")
    (tmp_path / "config.yaml").write_text(f"files: [{{paths: ['{root}']}}]\n")
    status = main(["probe", "--config.file", str(tmp_path / "config.yaml"), "--all", "--format", "json"])
    (one,) = [json.loads(capsys.readouterr().out)]
    assert status == 0
    assert f"file:{root}" in json.dumps(one)
