"""ACME renewal windows: from an HTTPS server in every state, and from Pebble, the ACME server for tests."""

import asyncio
import json
import shutil
import ssl
from datetime import UTC, datetime

import pytest
from cryptography import x509
from support import pki
from support.acme import Client
from support.pki import DAY, NOW, dns
from support.servers.process import free_port, serving
from support.servers.sni_https import Site, response, sni_https

from exporter.certificates.certificate import read_certificate_untrusted
from exporter.config.model import ARIConfig, Config, Module, TLSConfig
from exporter.metrics.self_metrics import SelfMetrics
from exporter.published.ari import certificate_id
from exporter.scrape.engine import Engine
from exporter.target import Target, parse_endpoint

ROOT = pki.root()
OTHER = pki.root("CN=Unrelated")


def stamp(seconds):
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def window(start, end, **more):
    return json.dumps({"suggestedWindow": {"start": stamp(start), "end": stamp(end)}, **more}).encode()


async def third_assessment(port, roots, ari, name="site.test"):
    """Return what the third scrape sees of an endpoint: the directory leads to the window."""
    engine = Engine(Config(), SelfMetrics())
    module = Module("m", tls_config=TLSConfig(ca_file=roots, server_name=name), ari=ari)
    target = Target("site", parse_endpoint(f"127.0.0.1:{port}"), "m")
    try:
        for _ in range(3):
            deadline = asyncio.get_running_loop().time() + 30
            (assessment,) = (await engine.report(target, module, deadline)).assessments
            await engine.assessor.settled()
    finally:
        await engine.prober.departures.all_left()
        engine.close()
        await asyncio.sleep(0)
    return assessment


def findings(assessment):
    return {one.finding.id for one in assessment.findings if one.finding.id.startswith("renewal")}


async def seen_with(folder, info, leaf=None, directory=None, acme_chain=None, directories=1):
    """Serve a leaf and a CA whose renewal information is `info`; return what is seen, and the paths asked for."""
    leaf = leaf or pki.leaf(ROOT, names=(dns("site.test"),))
    asked = []

    def acme(path):
        asked.append(path)
        if path == "/dir":
            found = directory if directory is not None else {"renewalInfo": f"https://localhost:{port}/ari"}
            return response(json.dumps(found).encode(), "application/json")
        return info(path) if callable(info) else response(info, "application/json")

    sites = {
        "site.test": Site([leaf]),
        "localhost": Site(acme_chain or [pki.leaf(ROOT, names=(dns("localhost"),))], acme),
    }
    (folder / "root.pem").write_bytes(ROOT.pem)
    with sni_https(sites, folder, 0) as port:
        ari = ARIConfig(tuple(f"https://localhost:{port}/dir" for _ in range(directories)))
        assessment = await third_assessment(port, str(folder / "root.pem"), ari)
    return assessment, asked


async def test_the_window_of_the_leaf_is_seen(tmp_path):
    leaf = pki.leaf(ROOT, names=(dns("site.test"),))
    assessment, asked = await seen_with(tmp_path, window(NOW + DAY, NOW + 2 * DAY), leaf)
    renewal = assessment.observation.published.renewal
    assert (renewal.window.start, renewal.window.end, renewal.is_overdue) == (NOW + DAY, NOW + 2 * DAY, False)
    assert asked == ["/dir", f"/ari/{certificate_id(read_certificate_untrusted(leaf.der))}"]
    assert findings(assessment) == set()


@pytest.mark.parametrize(
    ("start", "end", "overdue"), [(-2, -1, True), (-1, 1, False), (1, 2, False), (-400, -399, True)]
)
async def test_a_window_in_the_past_is_overdue(tmp_path, start, end, overdue):
    assessment, _ = await seen_with(tmp_path, window(NOW + start * DAY, NOW + end * DAY))
    assert findings(assessment) == ({"renewal_overdue"} if overdue else set())


@pytest.mark.parametrize(
    ("info", "reason"),
    [
        (b"no json", "invalid"),
        (b"[]", "invalid"),
        (b"{}", "invalid"),
        (b'{"suggestedWindow": {"start": "2026-01-02T00:00:00Z", "end": "2026-01-01T00:00:00Z"}}', "invalid"),
        (b'{"suggestedWindow": {"start": "2026-01-01T00:00:00", "end": "2026-01-02T00:00:00"}}', "invalid"),
        (b'{"suggestedWindow": {"start": 1, "end": 2}}', "invalid"),
        (b"{" * 20_000, "too_large"),
        (lambda _: response(b"", status="500 Internal Server Error"), "http_status"),
        (lambda _: response(b"", "text/html", "302 Found", "Location: https://localhost/"), "redirect"),
    ],
)
async def test_an_unusable_answer_is_a_failure_and_no_finding(tmp_path, info, reason):
    assessment, _ = await seen_with(tmp_path, info)
    published = assessment.observation.published
    assert published.renewal is None
    assert [(one.source, one.reason) for one in published.failures] == [("ari", reason)]


async def test_a_ca_that_does_not_know_the_leaf_says_nothing(tmp_path):
    assessment, _ = await seen_with(tmp_path, lambda _: response(b"", status="404 Not Found"))
    assert (assessment.observation.published.renewal, assessment.observation.published.failures) == (None, ())


async def test_a_ca_without_renewal_information_says_nothing_and_is_asked_once(tmp_path):
    assessment, asked = await seen_with(tmp_path, b"", directory={"newOrder": "https://localhost/x"})
    assert assessment.observation.published.renewal is None
    assert asked == ["/dir"]


@pytest.mark.parametrize("url", ["http://localhost/ari", "https://169.254.169.254/ari", "ftp://x/"])
async def test_a_directory_cannot_lead_elsewhere_than_the_policy_allows(tmp_path, url):
    assessment, _ = await seen_with(tmp_path, b"", directory={"renewalInfo": url})
    (failure,) = assessment.observation.published.failures
    assert failure.reason in ("invalid", "forbidden_address")


async def test_a_ca_that_is_not_trusted_is_not_believed(tmp_path):
    chain = [pki.leaf(OTHER, names=(dns("localhost"),))]
    assessment, asked = await seen_with(tmp_path, window(0, 1), acme_chain=chain)
    assert [one.reason for one in assessment.observation.published.failures] == ["certificate"]
    assert asked == []


async def test_nothing_is_asked_about_a_leaf_that_nobody_vouches_for(tmp_path):
    leaf = pki.leaf(OTHER, names=(dns("site.test"),))
    assessment, asked = await seen_with(tmp_path, window(0, 1), leaf)
    assert (assessment.observation.published.renewal, asked) == (None, [])


async def test_an_expired_leaf_is_asked_about(tmp_path):
    leaf = pki.leaf(ROOT, names=(dns("site.test"),), not_after=NOW - DAY)
    assessment, _ = await seen_with(tmp_path, window(NOW - 9 * DAY, NOW - 8 * DAY), leaf)
    assert findings(assessment) == {"renewal_overdue"}


async def test_pebble_gives_the_window_of_a_certificate_that_it_issued(tmp_path):
    """Not in CI: `go install github.com/letsencrypt/pebble/v2/cmd/pebble@v2.10.3` makes the program."""
    program = shutil.which("pebble")
    if program is None:
        pytest.skip("pebble is not installed: no Debian package has it")
    acme_port, management = free_port(), free_port()
    server = pki.leaf(ROOT, names=(dns("localhost"),))
    (tmp_path / "cert.pem").write_bytes(server.pem)
    (tmp_path / "key.pem").write_bytes(pki.key_pem(server.key))
    (tmp_path / "acme-root.pem").write_bytes(ROOT.pem)
    settings = {
        "listenAddress": f"127.0.0.1:{acme_port}",
        "managementListenAddress": f"127.0.0.1:{management}",
        "certificate": str(tmp_path / "cert.pem"),
        "privateKey": str(tmp_path / "key.pem"),
        "httpPort": 5002,
        "tlsPort": 5001,
        "profiles": {"default": {"description": "-", "validityPeriod": 7_776_000}},
    }
    (tmp_path / "pebble.json").write_text(json.dumps({"pebble": settings}))
    environment = {"PEBBLE_VA_ALWAYS_VALID": "1", "PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0"}
    command = [program, "-config", str(tmp_path / "pebble.json"), "-strict"]
    with serving(command, tmp_path, acme_port, management, environment=environment):
        context = ssl.create_default_context(cadata=ROOT.pem.decode())
        directory = f"https://localhost:{acme_port}/dir"
        client = Client(directory, context)
        chain, key = await asyncio.to_thread(client.issue, "site.test")
        root = await asyncio.to_thread(client.get, f"https://localhost:{management}/roots/0")
        (tmp_path / "roots.pem").write_bytes(root)
        certificates = x509.load_pem_x509_certificates(chain)
        issued = [pki.Issued(one.public_bytes(pki.serialization.Encoding.DER), key, b"", b"") for one in certificates]
        ari = ARIConfig((directory,), ca_file=str(tmp_path / "acme-root.pem"))
        with sni_https({"site.test": Site(issued)}, tmp_path, 0) as port:
            assessment = await third_assessment(port, str(tmp_path / "roots.pem"), ari)
    leaf, renewal = certificates[0], assessment.observation.published.renewal
    begin, end = leaf.not_valid_before_utc.timestamp(), leaf.not_valid_after_utc.timestamp()
    assert begin < renewal.window.start < renewal.window.end < end
    assert findings(assessment) == set()
