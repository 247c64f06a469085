"""The TLS of the web configuration, on a real server: versions, client certificates, certificates swapped, mistakes."""

import asyncio
import os
import ssl
from types import SimpleNamespace

import aiohttp
import pytest

from exporter.config.problems import ConfigError
from exporter.web import server_tls
from exporter.web.access import WebConfig
from tests.support import pki
from tests.support.web_access import HASH, PAGE, ROOT, config_file, issue, presented, status, trusting, write


async def test_tls_from_files_and_from_the_text_itself(serve_behind, visitor, tmp_path):
    leaf = issue(tmp_path, "server")
    for tls in (
        {"cert_file": "server.pem", "key_file": "server.key"},
        {"cert": leaf.pem.decode(), "key": pki.key_pem(leaf.key).decode()},
    ):
        server = await serve_behind(config_file(tmp_path, tls_server_config=tls))
        assert await status(visitor, server, ssl=trusting()) == 200


async def test_versions(serve_behind, visitor, tmp_path):
    issue(tmp_path, "server")
    tls = {"cert_file": "server.pem", "key_file": "server.key", "min_version": "TLS13"}
    server = await serve_behind(config_file(tmp_path, tls_server_config=tls))
    assert await status(visitor, server, ssl=trusting()) == 200
    with pytest.raises(aiohttp.ClientError):
        await status(visitor, server, ssl=trusting(maximum=ssl.TLSVersion.TLSv1_2))


async def test_cipher_suites_and_curve(serve_behind, tmp_path):
    issue(tmp_path, "server")
    tls = {
        "cert_file": "server.pem",
        "key_file": "server.key",
        "max_version": "TLS12",
        "cipher_suites": ["TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256"],
        "curve_preferences": ["CurveP384"],
        "prefer_server_cipher_suites": True,
    }
    server = await serve_behind(config_file(tmp_path, tls_server_config=tls))
    _, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=trusting(), server_hostname="localhost")
    assert writer.get_extra_info("cipher")[0] == "ECDHE-ECDSA-AES256-GCM-SHA384"
    writer.close()
    await writer.wait_closed()
    assert any("TLS 1.3" in note for note in server.config.notes)


@pytest.mark.parametrize("oldest", ["TLS10", "TLS11"])
async def test_old_versions_where_they_are_asked_for(serve_behind, tmp_path, oldest):
    issue(tmp_path, "server")
    tls = {"cert_file": "server.pem", "key_file": "server.key", "min_version": oldest, "max_version": oldest}
    tls["curve_preferences"] = ["CurveP256", "X25519"]
    server = await serve_behind(config_file(tmp_path, tls_server_config=tls))
    context = trusting()
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1 is deprecated"):
        context.minimum_version = ssl.TLSVersion.TLSv1
    _, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=context, server_hostname="localhost")
    assert writer.get_extra_info("ssl_object").version() == {"TLS10": "TLSv1", "TLS11": "TLSv1.1"}[oldest]
    writer.close()
    await writer.wait_closed()
    assert any("curve_preferences" in note for note in server.config.notes)


async def test_a_swapped_certificate_is_served_without_a_restart(serve_behind, tmp_path):
    """Even when certificate and key do not change in one moment: the old pair is served until the new one fits."""
    first = issue(tmp_path, "server")
    path = config_file(tmp_path, tls_server_config={"cert_file": "server.pem", "key_file": "server.key"})
    server = await serve_behind(path)
    assert await presented(server) == first.der
    old_key = (tmp_path / "server.key").read_bytes()
    second = issue(tmp_path, "server")
    new_key = (tmp_path / "server.key").read_bytes()
    write(tmp_path / "server.key", old_key)
    assert await presented(server) == first.der
    write(tmp_path / "server.key", new_key)
    assert await presented(server) == second.der


async def test_client_certificates(serve_behind, visitor, tmp_path):
    issue(tmp_path, "server")
    issue(tmp_path, "allowed", names=("prometheus.example",), client=True)
    issue(tmp_path, "untrusted", names=("untrusted.example",), client=True, issuer=pki.root("CN=Another"))
    write(tmp_path / "ca.pem", ROOT.pem)
    tls = {
        "cert_file": "server.pem",
        "key_file": "server.key",
        "client_ca_file": "ca.pem",
        "client_auth_type": "RequireAndVerifyClientCert",
    }
    server = await serve_behind(config_file(tmp_path, tls_server_config=tls))
    assert server.config.authenticates
    assert await status(visitor, server, ssl=trusting(tmp_path / "allowed")) == 200
    for certificate in (None, tmp_path / "untrusted"):
        with pytest.raises((aiohttp.ClientError, ConnectionError)):
            await status(visitor, server, ssl=trusting(certificate))
    assert server.handled == 1


@pytest.mark.parametrize(
    ("sans", "wanted"),
    [
        (["prometheus.example"], 200),
        (["other.example", "0:0:0:0:0:0:0:1"], 200),
        (["other.example"], 403),
        (["example"], 403),
    ],
)
async def test_names_of_client_certificates(serve_behind, visitor, tmp_path, sans, wanted):
    issue(tmp_path, "server")
    issue(tmp_path, "allowed", names=("prometheus.example",), client=True)
    tls = {
        "cert_file": "server.pem",
        "key_file": "server.key",
        "client_ca": ROOT.pem.decode(),
        "client_auth_type": "RequireAndVerifyClientCert",
        "client_allowed_sans": sans,
    }
    server = await serve_behind(config_file(tmp_path, tls_server_config=tls))
    assert await status(visitor, server, ssl=trusting(tmp_path / "allowed")) == wanted


async def test_a_client_certificate_that_is_optional_is_verified_if_given(serve_behind, visitor, tmp_path):
    issue(tmp_path, "server")
    issue(tmp_path, "allowed", client=True)
    issue(tmp_path, "untrusted", client=True, issuer=pki.root("CN=Another"))
    tls = {
        "cert_file": "server.pem",
        "key_file": "server.key",
        "client_ca": ROOT.pem.decode(),
        "client_auth_type": "VerifyClientCertIfGiven",
    }
    server = await serve_behind(config_file(tmp_path, tls_server_config=tls))
    assert not server.config.authenticates
    assert await status(visitor, server, ssl=trusting()) == 200
    assert await status(visitor, server, ssl=trusting(tmp_path / "allowed")) == 200
    with pytest.raises((aiohttp.ClientError, ConnectionError)):
        await status(visitor, server, ssl=trusting(tmp_path / "untrusted"))


async def test_garbage_on_the_tls_port_harms_nobody(serve_behind, visitor, tmp_path):
    issue(tmp_path, "server")
    server = await serve_behind(
        config_file(tmp_path, tls_server_config={"cert_file": "server.pem", "key_file": "server.key"})
    )
    for data in (b"GET /metrics HTTP/1.1\r\n\r\n", os.urandom(500), b"\x16\x03\x01\x40\x00" + b"\0" * 100):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(data)
        writer.write_eof()
        assert PAGE.encode() not in await reader.read()
        writer.close()
        await writer.wait_closed()
    assert await status(visitor, server, ssl=trusting()) == 200


# Mistakes

BAD = {
    "tls_server_config: {}": [
        "1:20: tls_server_config.cert_file: a server needs",
        "tls_server_config.key_file: a server",
    ],
    "tls_server_config: {cert_file: server.pem, key_file: gone.key}": ["key_file: there is no file"],
    "tls_server_config: {cert_file: server.key, key_file: server.pem}": ["it holds a PRIVATE KEY", "holds a CERTIF"],
    "tls_server_config: {cert_file: server.pem, key_file: other.key}": ["1:20: tls_server_config: certificate and key"],
    "tls_server_config: {cert_file: server.pem, key_file: secret.key}": ["cannot be used together"],
    "tls_server_config: {cert_file: server.pem, key_file: server.key, cert: x}": ["cert_file is written too"],
    "tls_server_config: {cert_file: server.pem, key_file: server.key, client_auth_type: Require}": [
        "unknown client_auth_type 'Require'"
    ],
    "tls_server_config: {cert_file: server.pem, key_file: server.key, client_auth_type: RequireAnyClientCert}": [
        "proves nothing"
    ],
    "tls_server_config: {cert_file: server.pem, key_file: server.key, client_auth_type: VerifyClientCertIfGiven}": [
        "it needs client_ca_file"
    ],
    "tls_server_config: {cert_file: server.pem, key_file: server.key, client_ca_file: server.pem}": ["without effect"],
    "tls_server_config: {cert_file: server.pem, key_file: server.key, client_allowed_sans: [a]}": ["they need client_"],
    "tls_server_config: {cert_file: server.pem, key_file: server.key, max_version: TLS11}": ["below min_version TLS12"],
    "tls_server_config: {cert_file: server.pem, key_file: server.key, min_version: TLS1.2}": ["did you mean 'TLS12'"],
    "tls_server_config: {cert_file: server.pem, key_file: server.key, cipher_suites: [AES128-SHA]}": [
        "unknown cipher suite"
    ],
    "tls_server_config: {cert_file: server.pem, key_file: server.key, curve_preferences: [P256]}": [
        "did you mean 'CurveP256'"
    ],
    "tls_server_config: {cert_file: server.pem, key_file: server.key, client_ca: none, client_auth_type:"
    " RequireAndVerifyClientCert}": ["the client CA cannot be used"],
    "tls_server_config: {cert_file: server.pem, key_file: server.key, curve_preferences: [X25519MLKEM768]}": [
        "the curve X25519MLKEM768 cannot be set alone"
    ],
    "http_server_config: {headers: {Server: x}}": ["unknown header field 'Server'"],
    'http_server_config: {headers: {X-Frame-Options: "a\\nb"}}': ["bad header field"],
    "basic_auth_users: {ada: engine}": ["basic_auth_users.ada: not a bcrypt hash"],
    "basic_auth_users: {'a:b': x}": ["bad user name", "not a bcrypt hash"],
    f"basic_auth_users: {{ada: '{HASH.replace('$04$', '$32$')}'}}": ["the cost 32"],
    "rate_limit: {interval: 5, burst: -1}": ["did you mean '5s'", "a whole number"],
    "basic_auth_user: {}": ["did you mean 'basic_auth_users'"],
    "- a": ["known keys: tls_server_config"],
}


@pytest.mark.parametrize("text", BAD)
def test_mistakes(text, tmp_path):
    leaf = issue(tmp_path, "server")
    issue(tmp_path, "other")
    encrypted = pki.serialization.BestAvailableEncryption(b"password")
    formats = (pki.serialization.Encoding.PEM, pki.serialization.PrivateFormat.PKCS8, encrypted)
    write(tmp_path / "secret.key", leaf.key.private_bytes(*formats))
    with pytest.raises(ConfigError) as error:
        WebConfig.load(str(write(tmp_path / "web.yml", text)))
    for message in BAD[text]:
        assert message in str(error.value)
    assert len(error.value.problems) == len(BAD[text])
    assert "engine" not in str(error.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match="there is no file"):
        WebConfig.load(str(tmp_path / "web.yml"))


def test_no_private_key_is_left_on_the_disk(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr("tempfile.tempdir", None)
    (tmp_path / "tmp").mkdir()
    leaf = issue(tmp_path, "server")
    tls = {"cert": leaf.pem.decode(), "key": pki.key_pem(leaf.key).decode()}
    config = WebConfig.load(str(config_file(tmp_path, tls_server_config=tls)))
    assert config.ssl_context is not None
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize(
    ("version", "alert"),
    [(ssl.TLSVersion.TLSv1_2, "SSLV3_ALERT_HANDSHAKE_FAILURE"), (ssl.TLSVersion.TLSv1_3, "CERTIFICATE_REQUIRED")],
)
async def test_a_client_without_its_certificate_gets_an_alert_and_the_log_a_line(
    serve_behind, tmp_path, version, alert, monkeypatch
):
    """As from exporter-toolkit: the operator of the scraper sees what is missing on both sides."""
    lines = []
    monkeypatch.setattr(server_tls, "log", SimpleNamespace(warning=lambda text, **more: lines.append((text, more))))
    monkeypatch.setattr(server_tls, "_throttle", lambda _: True)
    issue(tmp_path, "server")
    write(tmp_path / "ca.pem", ROOT.pem)
    tls = {"cert_file": "server.pem", "key_file": "server.key", "client_ca_file": "ca.pem"}
    path = config_file(tmp_path, tls_server_config={**tls, "client_auth_type": "RequireAndVerifyClientCert"})
    server = await serve_behind(path)
    context = ssl.create_default_context(cadata=ROOT.pem.decode() if isinstance(ROOT.pem, bytes) else ROOT.pem)
    context.minimum_version = context.maximum_version = version

    async def ask():
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", server.port, ssl=context, server_hostname="localhost"
        )
        try:
            return await reader.read(100)
        finally:
            writer.transport.abort()

    with pytest.raises(ssl.SSLError) as refused:
        await ask()
    assert alert in str(refused.value).upper().replace(" ", "_")
    ((text, more),) = lines
    assert text == "TLS handshake with a client failed"
    assert more["reason"] == "PEER_DID_NOT_RETURN_A_CERTIFICATE"
    assert more["client"].startswith("127.0.0.1:")
    assert server.handled == 0
