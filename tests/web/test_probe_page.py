"""/probe as a client sees it: what is probed and how, statuses, labels, formats, and what debug=true tells."""

import asyncio
import json
import ssl
from dataclasses import replace

import pytest
from cryptography import x509
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from support.site import configuration, serving

from exporter.config.model import FileGroup, HTTPConfig, Module, ProxyConfig, Secret, TLSConfig
from exporter.demo.gallery import Gallery
from exporter.demo.pki import Leaf
from exporter.demo.scenario import Scenario, Seen
from exporter.demo.scenarios import HOSTILE_NAME
from exporter.demo.servers import Endpoint

CLOSED = "127.0.0.1:1"
SCENARIOS = [
    Scenario("good", "good", Endpoint(), Seen()),
    Scenario("hostile", "hostile", Endpoint(Leaf(common_name=HOSTILE_NAME[:60], organization=HOSTILE_NAME)), Seen()),
]


@pytest.fixture(scope="module")
def gallery():
    with Gallery(SCENARIOS) as running:
        yield running


@pytest.fixture
def trusting(gallery):
    """Return a module that trusts the gallery, and has a secret."""
    ca_file = str(gallery.config_file.with_name("root.pem"))
    return Module("trusting", timeout=3, tls_config=TLSConfig(ca_file=ca_file, key_password=Secret("hunter2")))


async def test_a_configured_target_has_its_labels_and_module():
    async with serving(configuration((CLOSED, "tls", {"team": "web"}))) as site:
        exposition = await site.series(CLOSED)
    (sample,) = exposition.samples("tls_probe_success")
    assert sample.labels == {"target": CLOSED, "module": "tls", "team": "web"}
    assert exposition.samples("probe_success")[0].labels == {}


async def test_the_module_of_the_request_goes_before_that_of_the_configuration():
    async with serving(configuration((CLOSED, "tls", {"team": "web"}))) as site:
        (sample,) = (await site.series(CLOSED, module="https")).samples("tls_probe_success")
    assert sample.labels == {"target": CLOSED, "module": "https", "team": "web"}


async def test_of_a_target_with_two_modules_the_one_asked_for_is_probed():
    async with serving(configuration((CLOSED, "tls", {"a": "1"}), (CLOSED, "https", {"a": "2"}))) as site:
        for module, label in (("tls", "1"), ("https", "2")):
            (sample,) = (await site.series(CLOSED, module=module)).samples("tls_probe_success")
            assert (sample.labels["module"], sample.labels["a"]) == (module, label)


async def test_an_allowed_target_is_probed_under_the_module_that_its_form_says():
    async with serving(configuration(allow=["127.0.0.0/8:*"])) as site:
        for target, module in (("127.0.0.1:1", "tls"), ("https://127.0.0.1:1/", "https"), ("tls://127.0.0.1:1", "tls")):
            (sample,) = (await site.series(target)).samples("tls_probe_success")
            assert sample.labels == {"target": target, "module": module}


async def test_an_allowed_address_may_go_through_a_proxy():
    """The proxy's own address is nobody's choice but the operator's, and needs no permit."""
    proxied = Module("proxied", timeout=2, proxy=ProxyConfig("http", "127.0.0.1", 1))
    async with serving(configuration(allow=["10.0.0.0/8:443"], modules=(proxied,))) as site:
        assert (await site.series("10.0.0.1:443", module="proxied")).failure() == ("connect", "refused")


@pytest.mark.parametrize("allowed", [False, True])
async def test_the_port_for_plain_http_needs_a_permit_of_its_own(gallery, trusting, allowed):
    """A module that also asks on port 80 does not open that port of targets that are allowed on another one."""
    asked = []

    async def answer(reader, writer):
        asked.append(await reader.readline())
        writer.write(b"HTTP/1.1 301 Moved\r\nLocation: https://localhost/\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as plain:
        port = plain.sockets[0].getsockname()[1]
        target = gallery.targets["good"]
        module = replace(trusting, http=HTTPConfig(redirect_from_port=port))
        permits = [target, "127.0.0.0/8:*", *([f"localhost:{port}"] if allowed else [])]
        async with serving(configuration(allow=permits, modules=(module,))) as site:
            exposition = await site.series(target, module="trusting")
    assert exposition.value("probe_success") == 1
    assert exposition.values("tls_http_redirects_to_https") == ([1] if allowed else [])
    assert len(asked) == allowed


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "target must be given"),
        ("target=", "target must be given"),
        ("target=a.example&target=b.example", "once"),
        (f"target={CLOSED}&module=tsl", "unknown module 'tsl', did you mean 'tls'?"),
        (f"target={CLOSED}&module=%1b%5b31m", "unknown module '\\\\x1b[31m'"),
        (f"target={CLOSED}&host=a", "unknown parameter 'host'"),
        (f"target={CLOSED}&hostname=a:1", "a name alone is wanted"),
        (f"target={CLOSED}&hostname=a%20b", "bad hostname"),
    ],
)
async def test_bad_requests(query, words):
    async with serving(configuration(CLOSED)) as site:
        status, _, text = await site.get(f"/probe?{query}")
    assert status == 400
    assert words in text


async def test_a_forbidden_target():
    async with serving(configuration(CLOSED)) as site:
        status, text = await site.probe("127.0.0.1:2")
    assert status == 403
    assert text == "the target '127.0.0.1:2' is neither configured nor allowed by probe_endpoint.allow\n"


async def test_openmetrics_and_the_scrape_timeout(gallery):
    async with serving(configuration(CLOSED)) as site:
        headers = {"Accept": "application/openmetrics-text; version=1.0.0", "X-Prometheus-Scrape-Timeout-Seconds": "5"}
        status, answered, text = await site.get(f"/probe?target={CLOSED}", headers=headers)
    assert status == 200
    assert answered["Content-Type"].startswith("application/openmetrics-text")
    names = [family.name for family in parse_openmetrics(text)]
    assert "probe_success" in names
    assert "tls_probe_success" in names
    assert not [name for name in names if name.startswith("tls_exporter")]


async def test_equal_probes_at_one_moment_are_one(gallery, trusting):
    target = gallery.targets["good"]
    async with serving(configuration((target, "trusting"), modules=(trusting,))) as site:
        before = gallery.connections["good"]
        answers = await asyncio.gather(*(site.series(target) for _ in range(5)), site.get("/metrics"))
        assert gallery.connections["good"] == before + 1
        assert all(exposition.value("probe_success") == 1 for exposition in answers[:5])


async def test_equal_probes_of_an_allowed_name_are_one_too(gallery, trusting):
    target = gallery.targets["good"]
    config = configuration(allow=["localhost:*", "127.0.0.0/8:*", "[::1]:*"], modules=(trusting,))
    async with serving(config) as site:
        before = gallery.connections["good"]
        await asyncio.gather(*(site.series(target, module="trusting") for _ in range(5)))
        assert gallery.connections["good"] == before + 1


async def test_debug_tells_everything_and_no_secret(gallery, trusting):
    target = gallery.targets["good"]
    async with serving(configuration((target, "trusting"), modules=(trusting,))) as site:
        status, headers, text = await site.get(f"/probe?target={target}&debug=true")
    assert status == 200
    assert headers["Content-Type"] == "text/plain; charset=utf-8"
    for title in ("timeline", "log", "certificates as presented", "module in force", "metrics"):
        assert f"\n# {title}\n" in text
    timeline = text.split("# timeline\n")[1].split("\n# ")[0]
    assert [line.split()[0] for line in timeline.split("\n") if line] == ["resolve", "connect", "handshake", "total"]
    presented = x509.load_pem_x509_certificates(text.encode())
    assert [certificate.subject.rfc4514_string() for certificate in presented][-1] == "CN=Demo Intermediate CA"
    assert "key_password: <secret>" in text
    assert "hunter2" not in text
    assert "\nprobe_success 1\n" in text
    assert "\ntls_probe_success{" in text


async def test_debug_of_a_failed_probe():
    async with serving(configuration(CLOSED)) as site:
        _, _, text = await site.get(f"/probe?target={CLOSED}&debug=true")
    assert "failed in phase connect: refused" in text
    assert "certificates as presented" not in text


async def test_what_a_hostile_server_says_is_text_and_nothing_else(gallery, trusting):
    target = gallery.targets["hostile"]
    async with serving(configuration((target, "trusting"), modules=(trusting,))) as site:
        exposition = await site.series(target)
        _, headers, text = await site.get(f"/probe?target={target}&debug=true")
    (info,) = exposition.samples("probe_ssl_last_chain_info")
    assert "script" in info.labels["subject"]
    assert all(line.isprintable() for line in text.split("\n"))
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_the_gallery_speaks_tls(gallery):
    """What the tests above rely on, seen by Python's own client."""
    host, port = gallery.targets["good"].split(":")
    assert ssl.get_server_certificate((host, int(port)))


async def test_the_configuration_is_shown_without_secrets(trusting):
    proxied = replace(trusting, proxy=ProxyConfig("http", "proxy.example", 3128, "ada", Secret("lovelace")))
    async with serving(configuration((CLOSED, "trusting"), modules=(proxied,))) as site:
        status, headers, text = await site.get("/config")
    assert status == 200
    assert headers["Content-Type"].startswith("text/yaml")
    assert CLOSED in text
    assert text.count("<secret>") == 2
    assert "hunter2" not in text
    assert "lovelace" not in text


async def test_blackbox_hostname_is_asked_for_and_matched_instead_of_the_host(gallery, trusting):
    target = gallery.targets["good"].replace("localhost", "127.0.0.1")
    async with serving(configuration(allow=["127.0.0.0/8:*"], modules=(trusting,))) as site:
        as_written = await site.series(target, module="trusting")
        by_name = await site.series(target, module="trusting", hostname="localhost")
    assert as_written.value("tls_certificate_name_match") == as_written.value("probe_success") == 0
    assert by_name.value("tls_certificate_name_match") == by_name.value("probe_success") == 1


async def test_a_connection_that_fails_still_names_its_address():
    async with serving(configuration(CLOSED)) as site:
        exposition = await site.series(CLOSED)
    assert exposition.value("probe_ip_protocol") == 4
    (sample,) = exposition.samples("tls_probe_address_info")
    assert (sample.labels["address"], sample.labels["family"]) == ("127.0.0.1", "ip4")


TWO_TEAMS = configuration(("127.0.0.1:1", "tls", {"team": "web"}), ("127.0.0.1:1", "tls", {"team": 'the "shop"'}))


async def test_one_endpoint_of_two_teams_is_asked_for_by_its_labels():
    """As /sd lists it, each team gets its own series and none of the other's."""
    async with serving(TWO_TEAMS) as site:
        groups = json.loads((await site.get("/sd"))[2])
        assert len(groups) == 2
        for group, team in zip(groups, ("web", 'the "shop"'), strict=True):
            asked = {name.removeprefix("__param_"): one for name, one in group["labels"].items() if "__param_" in name}
            series = await site.series(group["targets"][0], **asked)
            assert [one.labels["team"] for one in series.samples("tls_probe_success")] == [team]
            assert series.value("probe_success") == 0


async def test_without_its_labels_an_endpoint_of_two_teams_has_the_series_of_both():
    async with serving(TWO_TEAMS) as site:
        series = await site.series("127.0.0.1:1", module="tls")
        assert [one.labels["team"] for one in series.samples("tls_probe_success")] == ["web", 'the "shop"']
        assert series.value("probe_success") == 0
        assert (await site.probe("127.0.0.1:1", labels='{team="x"}'))[0] == 400
        assert (await site.probe("127.0.0.1:2", labels='{team="web"}'))[0] == 400


async def test_an_endpoint_that_is_listed_once_is_listed_as_ever():
    async with serving(configuration(("127.0.0.1:1", "tls", {"team": "web"}))) as site:
        (group,) = json.loads((await site.get("/sd"))[2])
        assert group == {"targets": ["127.0.0.1:1"], "labels": {"__param_module": "tls", "team": "web"}}


async def test_a_configured_file_is_probed_before_any_scrape_and_no_other_file_ever(tmp_path, gallery):
    """/probe and /sd find out which files there are, and nobody can ask for one that is not configured."""
    pem = gallery.config_file.with_name("root.pem").read_bytes()
    for name in ("site.pem", "other.crt"):
        (tmp_path / name).write_bytes(pem)
    config = replace(configuration(allow=["*:*"]), file_groups=(FileGroup((f"{tmp_path}/*.pem",)),))
    name = f"file:{tmp_path}/site.pem"
    async with serving(config) as site:
        _, _, listed = await site.get("/sd")
        assert [one["targets"] for one in json.loads(listed)] == [[name]]
        exposition = await site.series(name)
        assert exposition.value("tls_probe_success", target=name) == 1
        assert exposition.value("probe_ssl_earliest_cert_expiry") > 0
        for other in (f"file:{tmp_path}/other.crt", "file:/etc/passwd", "kubernetes:secrets"):
            assert (await site.get("/probe", params={"target": other}))[0] == 403
