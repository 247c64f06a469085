"""`clients` says which real clients can connect to a server, and who uses what."""

import json

import pytest

from exporter.cli.main import main
from exporter.posture.clients import captured_clients
from tests.support.programs import need
from tests.support.servers.credential import make_credential
from tests.support.servers.process import free_port, serving


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("modules:\n  quick: {posture: {pace: 0s}}\n")
    return path


@pytest.fixture
def server(tmp_path):
    """Run a server of TLS 1.2 with RSA key exchange only."""
    credential, port = make_credential(tmp_path), free_port()
    command = [need("openssl"), "s_server", "-accept", f"127.0.0.1:{port}", "-www", "-tls1_2", "-cipher", "AES128-SHA"]
    command += ["-cert", str(credential.certificate), "-key", str(credential.key)]
    with serving(command, tmp_path, port):
        yield port


@pytest.mark.server("openssl")
def test_who_can_connect_and_who_would_be_locked_out(server, config, capsys):
    words = ["--config.file", str(config), "--module", "quick", f"localhost:{server}"]
    assert main(["clients", *words]) == 0
    text = capsys.readouterr().out
    lines = {line.split()[0]: line for line in text.splitlines() if line.startswith("  ") and line.split()}
    assert "TLS_RSA_WITH_AES_128_CBC_SHA" in lines["openssl-1.0.2"]
    assert "refused" in lines["rustls-0.23"]
    assert "(imitated)" in lines["safari-18.4"]
    assert f"of {len(captured_clients())} clients can connect" in text
    [users] = [line for line in text.splitlines() if line.startswith("  suites with RSA key exchange: ")]
    assert "node-8" in users
    assert "java-25" not in users


@pytest.mark.server("openssl")
def test_json_has_a_row_for_each_client(server, config, capsys):
    words = ["--config.file", str(config), "--module", "quick", "--format", "json", f"localhost:{server}"]
    assert main(["clients", *words]) == 0
    output = json.loads(capsys.readouterr().out)
    assert {row["client"] for row in output["clients"]} == set(captured_clients())
    assert output["unknown"] == []
    row = next(row for row in output["clients"] if row["client"] == "go-1.10")
    assert (row["connects"], row["protocol"], row["cipher"]) == (True, "TLSv1.2", "TLS_RSA_WITH_AES_128_CBC_SHA")
    assert row["package"].startswith("Go module golang.org/toolchain")


def test_a_target_that_is_not_there_is_an_exit_status_and_a_reason(config, capsys):
    port = free_port()
    assert main(["clients", "--config.file", str(config), f"localhost:{port}"]) == 1
    assert "nothing is known of any client" in capsys.readouterr().out


def test_words_that_are_no_target_are_wrong_usage(config, capsys):
    assert main(["clients", "--config.file", str(config), "no target"]) == 2
    assert capsys.readouterr().err
