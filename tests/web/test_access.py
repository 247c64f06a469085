"""The web configuration before a real server on loopback: passwords, TLS, client certificates, headers, swaps."""

import asyncio
import base64
import json
import os
import ssl

import aiohttp
import bcrypt
import pytest
from aiohttp import web
from cryptography.x509.oid import ExtendedKeyUsageOID

from exporter.config.problems import ConfigError
from exporter.web.access import RateLimit, WebConfig, read_basic_untrusted
from tests.support import pki

HASH = bcrypt.hashpw(b"engine", bcrypt.gensalt(4)).decode()
ROOT = pki.root()
LONGER = "the metrics\n"


def write(path, data):
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def issue(tmp_path, name, *, names=("localhost",), client=False, issuer=ROOT):
    usage = ExtendedKeyUsageOID.CLIENT_AUTH if client else ExtendedKeyUsageOID.SERVER_AUTH
    alternative = pki.alternative_names(*map(pki.dns, names), pki.ip("::1" if client else "127.0.0.1"))
    leaf = pki.leaf(issuer, eku=pki.extended_key_usage(usage), san=alternative)
    write(tmp_path / f"{name}.pem", leaf.pem)
    write(tmp_path / f"{name}.key", pki.key_pem(leaf.key))
    return leaf


def config_file(tmp_path, **sections):
    return write(tmp_path / "web.yml", json.dumps(sections))


class Server:
    """An application behind a web configuration."""

    def __init__(self, config):
        self.config = config
        self.handled = 0

    async def start(self):
        async def page(_):
            self.handled += 1
            return web.Response(text=LONGER)

        app = web.Application()
        app.router.add_get("/metrics", page)
        self.config.install(app)
        self.runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", 0, ssl_context=self.config.ssl_context)
        await site.start()
        self.port = self.runner.addresses[0][1]
        scheme = "https" if self.config.ssl_context else "http"
        self.url = f"{scheme}://127.0.0.1:{self.port}/metrics"


@pytest.fixture
async def serve():
    servers = []

    async def start(path):
        server = Server(WebConfig.load(str(path) if path else ""))
        await server.start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        await server.runner.cleanup()


@pytest.fixture
async def client():
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, force_close=True)) as session:
        yield session


def trusting(certificate=None, maximum=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=ROOT.pem.decode())
    if certificate:
        context.load_cert_chain(f"{certificate}.pem", f"{certificate}.key")
    if maximum:
        context.maximum_version = maximum
    return context


def credentials(password):
    if password is None:
        return {}
    return {"Authorization": "Basic " + base64.b64encode(f"ada:{password}".encode()).decode()}


async def status(client, server, password=None, **options):
    async with client.get(server.url, headers=credentials(password), **options) as response:
        await response.read()
        return response.status


# Without a file


async def test_without_a_file_everybody_may_ask(serve, client):
    server = await serve(None)
    assert await status(client, server) == 200
    assert not server.config.authenticates
    assert server.config.refresh() == ""


# Passwords


async def test_passwords(serve, client, tmp_path):
    server = await serve(config_file(tmp_path, basic_auth_users={"ada": HASH}))
    assert server.config.authenticates
    assert await status(client, server, "engine") == 200
    assert server.handled == 1
    for wrong in ("Engine", "", "engine\0", "x" * 100, "é"):
        assert await status(client, server, wrong) == 401
    assert await status(client, server) == 401
    assert server.handled == 1


async def test_a_refusal_asks_for_basic_credentials(serve, client, tmp_path):
    server = await serve(config_file(tmp_path, basic_auth_users={"ada": HASH}))
    async with client.get(server.url) as response:
        assert response.headers["WWW-Authenticate"] == 'Basic realm="tls-exporter", charset="UTF-8"'
        assert LONGER not in await response.text()
    async with client.get(server.url.replace("metrics", "nothing")) as response:
        assert response.status == 401  # what exists is not told either


@pytest.mark.parametrize(
    ("field", "wanted"),
    [
        ("Basic YWRhOmVuZ2luZQ==", ("ada", b"engine")),
        ("basic  YWRhOmVuZ2luZQ== ", ("ada", b"engine")),
        ("Basic YWRhOmE6Yg==", ("ada", b"a:b")),
        ("Basic Og==", ("", b"")),
        ("Basic /zo=", ("\udcff", b"")),
        ("", None),
        ("Basic", None),
        ("Basic YWRh", None),
        ("Basic YWRhOmVuZ2luZQ", None),
        ("Basic é", None),
        ("Basic \udcff", None),
        ("Bearer YWRhOmVuZ2luZQ==", None),
        ("YWRhOmVuZ2luZQ==", None),
    ],
)
def test_reading_credentials(field, wanted):
    assert read_basic_untrusted(field) == wanted


async def test_a_user_name_that_is_no_text(serve, client, tmp_path):
    server = await serve(config_file(tmp_path, basic_auth_users={"ada": HASH}))
    headers = {"Authorization": "Basic " + base64.b64encode(b"\xff\x00:\xfe").decode()}
    async with client.get(server.url, headers=headers) as response:
        assert response.status == 401


async def test_a_thousand_wrong_passwords_do_not_starve_a_scrape(serve, client, tmp_path):
    """The scraper is answered while the flood is under way, the first time it comes and later; nobody gets in."""
    server = await serve(config_file(tmp_path, basic_auth_users={"ada": HASH}))
    flood = [asyncio.create_task(status(client, server, f"wrong {number}")) for number in range(1000)]
    for _ in range(100):
        await asyncio.sleep(0)
    answers = [await status(client, server, "engine") for _ in range(5)]
    statuses = await asyncio.gather(*flood)
    assert answers[-1] == 200
    assert await status(client, server, "engine") == 200
    assert set(statuses) <= {401, 429}
    assert server.handled == answers.count(200) + 1


# Header fields and rate


async def test_header_fields_are_on_every_answer(serve, client, tmp_path):
    headers = {"X-Frame-Options": "deny", "Strict-Transport-Security": "max-age=63072000"}
    sections = {"http_server_config": {"headers": headers, "http2": True}, "basic_auth_users": {"ada": HASH}}
    server = await serve(config_file(tmp_path, **sections))
    for url, password in ((server.url, "engine"), (server.url, "wrong"), (server.url + "/nothing", "engine")):
        async with client.get(url, headers=credentials(password)) as response:
            assert response.headers["X-Frame-Options"] == "deny"
            assert response.headers["Strict-Transport-Security"] == "max-age=63072000"
    assert any("HTTP/2" in note for note in server.config.notes)


async def test_a_rate_limit(serve, client, tmp_path):
    server = await serve(config_file(tmp_path, rate_limit={"interval": "1h"}))
    assert await status(client, server) == 200
    assert await status(client, server) == 429


def test_the_bucket_fills_with_time():
    limit = RateLimit(interval=2.0, burst=2, now=0.0)
    assert [limit.admits(0.0) for _ in range(3)] == [True, True, False]
    assert not limit.admits(1.9)
    assert limit.admits(2.0)
    assert not limit.admits(2.1)
    assert [limit.admits(100.0) for _ in range(3)] == [True, True, False]


# TLS


async def test_tls_from_files_and_from_the_text_itself(serve, client, tmp_path):
    leaf = issue(tmp_path, "server")
    for tls in (
        {"cert_file": "server.pem", "key_file": "server.key"},
        {"cert": leaf.pem.decode(), "key": pki.key_pem(leaf.key).decode()},
    ):
        server = await serve(config_file(tmp_path, tls_server_config=tls))
        assert await status(client, server, ssl=trusting()) == 200


async def test_versions(serve, client, tmp_path):
    issue(tmp_path, "server")
    tls = {"cert_file": "server.pem", "key_file": "server.key", "min_version": "TLS13"}
    server = await serve(config_file(tmp_path, tls_server_config=tls))
    assert await status(client, server, ssl=trusting()) == 200
    with pytest.raises(aiohttp.ClientError):
        await status(client, server, ssl=trusting(maximum=ssl.TLSVersion.TLSv1_2))


async def test_cipher_suites_and_curve(serve, tmp_path):
    issue(tmp_path, "server")
    tls = {
        "cert_file": "server.pem",
        "key_file": "server.key",
        "max_version": "TLS12",
        "cipher_suites": ["TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256"],
        "curve_preferences": ["CurveP384"],
        "prefer_server_cipher_suites": True,
    }
    server = await serve(config_file(tmp_path, tls_server_config=tls))
    _, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=trusting(), server_hostname="localhost")
    assert writer.get_extra_info("cipher")[0] == "ECDHE-ECDSA-AES256-GCM-SHA384"
    writer.close()
    await writer.wait_closed()
    assert any("TLS 1.3" in note for note in server.config.notes)


@pytest.mark.parametrize("oldest", ["TLS10", "TLS11"])
async def test_old_versions_where_they_are_asked_for(serve, tmp_path, oldest):
    issue(tmp_path, "server")
    tls = {"cert_file": "server.pem", "key_file": "server.key", "min_version": oldest, "max_version": oldest}
    tls["curve_preferences"] = ["CurveP256", "X25519"]
    server = await serve(config_file(tmp_path, tls_server_config=tls))
    context = trusting()
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1 is deprecated"):
        context.minimum_version = ssl.TLSVersion.TLSv1
    _, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=context, server_hostname="localhost")
    assert writer.get_extra_info("ssl_object").version() == {"TLS10": "TLSv1", "TLS11": "TLSv1.1"}[oldest]
    writer.close()
    await writer.wait_closed()
    assert any("curve_preferences" in note for note in server.config.notes)


async def presented(server):
    """Return the certificate that a new connection is shown."""
    _, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=trusting(), server_hostname="localhost")
    certificate = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    await writer.wait_closed()
    return certificate


async def test_a_swapped_certificate_is_served_without_a_restart(serve, tmp_path):
    """Even when certificate and key do not change in one moment: the old pair is served until the new one fits."""
    first = issue(tmp_path, "server")
    path = config_file(tmp_path, tls_server_config={"cert_file": "server.pem", "key_file": "server.key"})
    server = await serve(path)
    assert await presented(server) == first.der
    old_key = (tmp_path / "server.key").read_bytes()
    second = issue(tmp_path, "server")
    new_key = (tmp_path / "server.key").read_bytes()
    write(tmp_path / "server.key", old_key)
    assert await presented(server) == first.der
    write(tmp_path / "server.key", new_key)
    assert await presented(server) == second.der


async def test_client_certificates(serve, client, tmp_path):
    issue(tmp_path, "server")
    issue(tmp_path, "allowed", names=("prometheus.example",), client=True)
    issue(tmp_path, "stranger", names=("stranger.example",), client=True, issuer=pki.root("CN=Another"))
    write(tmp_path / "ca.pem", ROOT.pem)
    tls = {
        "cert_file": "server.pem",
        "key_file": "server.key",
        "client_ca_file": "ca.pem",
        "client_auth_type": "RequireAndVerifyClientCert",
    }
    server = await serve(config_file(tmp_path, tls_server_config=tls))
    assert server.config.authenticates
    assert await status(client, server, ssl=trusting(tmp_path / "allowed")) == 200
    for certificate in (None, tmp_path / "stranger"):
        with pytest.raises((aiohttp.ClientError, ConnectionError)):
            await status(client, server, ssl=trusting(certificate))
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
async def test_names_of_client_certificates(serve, client, tmp_path, sans, wanted):
    issue(tmp_path, "server")
    issue(tmp_path, "allowed", names=("prometheus.example",), client=True)
    tls = {
        "cert_file": "server.pem",
        "key_file": "server.key",
        "client_ca": ROOT.pem.decode(),
        "client_auth_type": "RequireAndVerifyClientCert",
        "client_allowed_sans": sans,
    }
    server = await serve(config_file(tmp_path, tls_server_config=tls))
    assert await status(client, server, ssl=trusting(tmp_path / "allowed")) == wanted


async def test_a_client_certificate_that_is_optional_is_verified_if_given(serve, client, tmp_path):
    issue(tmp_path, "server")
    issue(tmp_path, "allowed", client=True)
    issue(tmp_path, "stranger", client=True, issuer=pki.root("CN=Another"))
    tls = {
        "cert_file": "server.pem",
        "key_file": "server.key",
        "client_ca": ROOT.pem.decode(),
        "client_auth_type": "VerifyClientCertIfGiven",
    }
    server = await serve(config_file(tmp_path, tls_server_config=tls))
    assert not server.config.authenticates
    assert await status(client, server, ssl=trusting()) == 200
    assert await status(client, server, ssl=trusting(tmp_path / "allowed")) == 200
    with pytest.raises((aiohttp.ClientError, ConnectionError)):
        await status(client, server, ssl=trusting(tmp_path / "stranger"))


async def test_garbage_on_the_tls_port_harms_nobody(serve, client, tmp_path):
    issue(tmp_path, "server")
    server = await serve(config_file(tmp_path, tls_server_config={"cert_file": "server.pem", "key_file": "server.key"}))
    for data in (b"GET /metrics HTTP/1.1\r\n\r\n", os.urandom(500), b"\x16\x03\x01\x40\x00" + b"\0" * 100):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(data)
        writer.write_eof()
        assert LONGER.encode() not in await reader.read()
        writer.close()
        await writer.wait_closed()
    assert await status(client, server, ssl=trusting()) == 200


# Changes


async def test_users_come_and_go_without_a_restart(serve, client, tmp_path):
    server = await serve(config_file(tmp_path, basic_auth_users={"ada": HASH}))
    assert await status(client, server, "engine") == 200
    other = bcrypt.hashpw(b"other", bcrypt.gensalt(4)).decode()
    config_file(tmp_path, basic_auth_users={"ada": other})
    assert await status(client, server, "engine") == 401
    assert await status(client, server, "other") == 200
    config_file(tmp_path)
    assert await status(client, server) == 200


async def test_a_mistake_leaves_the_old_in_force(serve, client, tmp_path):
    path = config_file(tmp_path, basic_auth_users={"ada": HASH})
    server = await serve(path)
    path.write_text("basic_auth_users: {")
    assert "not YAML" in server.config.refresh()
    assert server.config.refresh() == ""  # told once
    path.unlink()
    assert await status(client, server) == 401
    assert await status(client, server, "engine") == 200


async def test_tls_neither_comes_nor_goes_without_a_restart(serve, tmp_path):
    issue(tmp_path, "server")
    tls = {"cert_file": "server.pem", "key_file": "server.key"}
    server = await serve(config_file(tmp_path))
    config_file(tmp_path, tls_server_config=tls)
    assert "with a restart only" in server.config.refresh()
    server = await serve(config_file(tmp_path, tls_server_config=tls))
    config_file(tmp_path)
    assert "with a restart only" in server.config.refresh()


async def test_a_file_that_was_missing_is_looked_for(serve, tmp_path):
    issue(tmp_path, "server")
    server = await serve(config_file(tmp_path, tls_server_config={"cert_file": "server.pem", "key_file": "server.key"}))
    config_file(tmp_path, tls_server_config={"cert_file": "new.pem", "key_file": "new.key"})
    assert "there is no file" in server.config.refresh()
    leaf = issue(tmp_path, "new")
    assert server.config.refresh() == ""
    assert await presented(server) == leaf.der


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
    f"basic_auth_users: {{ada: '{HASH.replace('$04$', '$31$')}'}}": ["the cost 31"],
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
