"""The running program behind its web configuration: who gets in, to every path, and what a flood of guesses does."""

import base64
import http.client
import json
import ssl
import threading
import time

import bcrypt
import pytest
from support.exporter_process import ROOT, running_exporter
from support.site import configuration, serving

from tests.support import pki
from tests.support.web_access import ROOT as ROOT_CERTIFICATE
from tests.support.web_access import issue

EMPTY = ROOT / "tests" / "configs" / "good" / "empty.yaml"
PATHS = (
    "/",
    "/metrics",
    "/probe?target=x",
    "/target?target=x",
    "/sd",
    "/config",
    "/static/style.css",
    "/nothing",
    "/-/healthy",
    "/-/ready",
)
PASSWORD = "an operator's password"
HASH = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()


def basic(user, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


@pytest.fixture
def files(tmp_path):
    """Write certificates for a server and its clients; return their folder."""
    issue(tmp_path, "server")
    issue(tmp_path, "client", client=True)
    issue(tmp_path, "untrusted", client=True, issuer=pki.root())
    (tmp_path / "ca.pem").write_bytes(ROOT_CERTIFICATE.pem)
    return tmp_path


def web_config(folder, **settings):
    path = folder / "web.yml"
    path.write_text(json.dumps(settings), encoding="utf-8")
    return f"--web.config.file={path}"


def test_passwords_before_every_path(tmp_path):
    flag = web_config(tmp_path, basic_auth_users={"ada": HASH})
    with running_exporter(flag, config_file=EMPTY) as exporter:
        for path in PATHS:
            assert exporter.request(path).status == 401, path
            for user, password in (("ada", "wrong"), ("ada", ""), ("eve", PASSWORD), ("", ""), ("ada", "x" * 100)):
                assert exporter.request(path, headers=basic(user, password)).status == 401, path
            assert exporter.request(path, headers=basic("ada", PASSWORD)).status != 401, path
        for path in ("/-/reload", "/target"):
            assert exporter.request(path, method="POST").status == 401
        assert exporter.request("/-/reload", method="POST", headers=basic("ada", PASSWORD)).status == 200


def ask(address, context, path="/-/healthy"):
    """Return the status of an answer over TLS."""
    connection = http.client.HTTPSConnection(address, context=context, timeout=30)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def test_a_client_without_a_certificate_is_refused(files):
    tls = {"cert_file": "server.pem", "key_file": "server.key", "client_ca_file": "ca.pem"}
    flag = web_config(files, tls_server_config={**tls, "client_auth_type": "RequireAndVerifyClientCert"})
    with running_exporter(flag, config_file=EMPTY) as exporter:
        context = ssl.create_default_context(cafile=str(files / "ca.pem"))
        with pytest.raises((ssl.SSLError, ConnectionError, http.client.HTTPException)):
            ask(exporter.address, context)
        unrelated = ssl.create_default_context(cafile=str(files / "ca.pem"))
        unrelated.load_cert_chain(files / "untrusted.pem", files / "untrusted.key")
        with pytest.raises((ssl.SSLError, ConnectionError, http.client.HTTPException)):
            ask(exporter.address, unrelated)
        context.load_cert_chain(files / "client.pem", files / "client.key")
        for path in ("/-/healthy", "/metrics", "/"):
            assert ask(exporter.address, context, path) == 200
        plain = http.client.HTTPConnection(exporter.address, timeout=30)
        plain.request("GET", "/")
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            plain.getresponse()
        plain.close()


def test_a_certificate_is_swapped_without_a_restart(files):
    flag = web_config(files, tls_server_config={"cert_file": "server.pem", "key_file": "server.key"})
    with running_exporter(flag, config_file=EMPTY) as exporter:
        host, port = exporter.address.split(":")
        before = ssl.get_server_certificate((host, int(port)))
        other = issue(files, "server")
        after = ssl.get_server_certificate((host, int(port)))
        assert after != before
        assert ssl.PEM_cert_to_DER_cert(after) == ssl.PEM_cert_to_DER_cert(other.pem.decode())


def test_a_thousand_wrong_passwords_do_not_starve_a_scrape(tmp_path):
    """Eight guessers at once; the scraper that knows its password is answered all the while."""
    slow = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(6)).decode()
    flag = web_config(tmp_path, basic_auth_users={"ada": slow})
    with running_exporter(flag, config_file=EMPTY) as exporter:
        assert exporter.request("/metrics", headers=basic("ada", PASSWORD)).status == 200
        statuses = []

        def guess(first):
            guesses = (basic("ada", f"guess {number}") for number in range(first, first + 125))
            statuses.extend(exporter.request("/metrics", headers=guess).status for guess in guesses)

        guessers = [threading.Thread(target=guess, args=(number * 125,)) for number in range(8)]
        for guesser in guessers:
            guesser.start()
        scrapes = []
        while any(guesser.is_alive() for guesser in guessers):
            scrapes.append(exporter.request("/metrics", headers=basic("ada", PASSWORD)).status)
            time.sleep(0.02)
        for guesser in guessers:
            guesser.join()
    assert len(statuses) == 1000
    assert set(statuses) <= {401, 429}
    assert len(scrapes) > 3
    assert set(scrapes) == {200}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("basic_auth_users: {ada: plain}", "web.yml:1:"),
        ("tls_server_configuration: {}", "did you mean"),
        ("{", "web.yml:"),
    ],
)
def test_a_mistake_in_the_file_ends_the_start(tmp_path, text, words):
    path = tmp_path / "web.yml"
    path.write_text(text, encoding="utf-8")
    with (
        pytest.raises(AssertionError, match="does not serve") as failure,
        running_exporter(f"--web.config.file={path}", config_file=EMPTY),
    ):
        pass
    assert words in str(failure.value)
    assert "Traceback" not in str(failure.value)


def test_several_addresses():
    with running_exporter("--web.listen-address=[::1]:0", config_file=EMPTY) as exporter:
        line = next(line for line in exporter.log.splitlines() if "msg=serving" in line)
        assert "127.0.0.1:" in line
        assert "[::1]:" in line


async def test_an_authenticated_client_may_probe_by_hand():
    """The page offers it to them, and to nobody else from afar: see test_target_page.py."""
    async with serving(configuration("127.0.0.1:1"), authenticates=True) as site:
        _, _, text = await site.get("/target?target=127.0.0.1:1", headers={"Host": "tls.example"})
    assert "Probe now" in text
