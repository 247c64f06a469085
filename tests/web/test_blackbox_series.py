"""Our series under blackbox_exporter's names against those of a real blackbox_exporter, on the same servers.

A difference that is not in DIFFERENCES, each with the reason that the contract gives, fails the test.
"""

import asyncio
import contextlib
import json
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest
from support.exposition import Exposition
from support.programs import need
from support.results import make_result
from support.servers.process import free_port
from support.site import configuration, serving

from exporter.certificates.certificate import Certificate
from exporter.certificates.verdict import Verdict
from exporter.config.model import Module, RevocationConfig
from exporter.config.reader import load
from exporter.demo.gallery import Gallery
from exporter.demo.pki import Leaf
from exporter.demo.scenario import Closed, Scenario, Seen
from exporter.demo.servers import Endpoint
from exporter.findings.assessment import Assessment
from exporter.findings.observation import Observation
from exporter.metrics.blackbox import (
    BLACKBOX_FAMILIES,
    NEWER_FAMILIES,
    blackbox_lines,
    blackbox_version,
    fnv1a,
    is_good,
)
from exporter.metrics.blackbox_http import HTTP_FAMILIES
from exporter.net.reason import Reason
from exporter.probe.result import Failure, HTTPFacts, Phase, Session
from exporter.revocation.status import CRL, Revocation
from exporter.revocation.status import Failure as RevocationFailure
from exporter.target import Target, parse_endpoint

ADDRESS = "127.0.0.1"
BOTH = {"names": ("localhost",), "addresses": (ADDRESS,)}
SERVERS = {
    "good": Endpoint(Leaf(**BOTH)),
    "good-tls12": Endpoint(Leaf(**BOTH), maximum="TLSv1.2"),
    "good-rsa": Endpoint(Leaf(**BOTH, key="rsa-2048"), maximum="TLSv1.2"),
    "many-names": Endpoint(Leaf(names=("localhost", "a.example", "b.example"), addresses=(ADDRESS,))),
    "root-sent": Endpoint(Leaf(**BOTH), sends=("intermediate", "root")),
    "expired-cross-signed": Endpoint(Leaf(**BOTH), sends=("intermediate", "cross")),
    "expired": Endpoint(Leaf(**BOTH, starts=-43, ends=-3)),
    "not-yet-valid": Endpoint(Leaf(**BOTH, starts=3, ends=43)),
    "untrusted": Endpoint(Leaf(**BOTH, issuer="unrelated"), sends=("unrelated",)),
    "self-signed": Endpoint(Leaf(**BOTH, issuer="self"), sends=()),
    "incomplete": Endpoint(Leaf(**BOTH), sends=()),
    "wrong-name": Endpoint(Leaf(names=("other.example",), addresses=("192.0.2.1",), common_name=ADDRESS)),
    "unreachable": Closed(),
}
VERIFIED = ("good", "good-tls12", "good-rsa", "many-names", "root-sent", "expired-cross-signed")
REFUSED = ("expired", "not-yet-valid", "untrusted", "self-signed", "incomplete", "wrong-name")

VARYING = {"probe_duration_seconds", "probe_dns_lookup_time_seconds"}
"""Present in both, the values are those of two probes."""

NEWER = {"probe_tls_cipher_info"}
"""Blackbox has it from its prober http, since 0.24; compared where the installed one has it."""

OF_THE_CERTIFICATE = {"probe_ssl_earliest_cert_expiry", "probe_ssl_last_chain_info", "probe_tls_version_info"}
DIFFERENCES = {
    **{
        (name, prober): dict.fromkeys(OF_THE_CERTIFICATE, "the expiry is there when the verification fails")
        for name in REFUSED
        for prober in ("tcp", "http")
    },
    ("wrong-name", "tcp"): dict.fromkeys(
        OF_THE_CERTIFICATE | {"probe_ssl_last_chain_expiry_timestamp_seconds"}, "the chain is trusted, the name is not"
    ),
}
DIFFERENCES["wrong-name", "http"] = DIFFERENCES["wrong-name", "tcp"]


@pytest.fixture(scope="module")
def gallery():
    scenarios = [Scenario(name, name, served, Seen(), host=ADDRESS) for name, served in SERVERS.items()]
    with Gallery(scenarios) as running:
        yield running


@pytest.fixture(scope="module")
def blackbox(gallery, tmp_path_factory):
    """Run a blackbox_exporter that trusts the gallery's root; its URL."""
    program = need("prometheus-blackbox-exporter", "blackbox_exporter")
    ca_file = str(gallery.config_file.with_name("root.pem"))
    modules = {"tcp": {"prober": "tcp", "timeout": "3s", "tcp": {"tls": True, "tls_config": {"ca_file": ca_file}}}}
    modules["http"] = {"prober": "http", "timeout": "3s", "http": {"tls_config": {"ca_file": ca_file}}}
    modules["web"] = {"prober": "http", "timeout": "3s", "http": {"tls_config": {"insecure_skip_verify": True}}}
    unverified = {"tls": True, "tls_config": {"insecure_skip_verify": True}}
    modules["unverified"] = {"prober": "tcp", "timeout": "3s", "tcp": unverified}
    directory = tmp_path_factory.mktemp("blackbox")
    config_file = directory / "blackbox.yml"
    config_file.write_text(json.dumps({"modules": modules}), encoding="utf-8")
    port = free_port()
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, f"--config.file={config_file}", f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log
        )
    try:
        wait_until_healthy(f"http://127.0.0.1:{port}", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def wait_until_healthy(url, process):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(urllib.error.URLError):
            urllib.request.urlopen(f"{url}/-/healthy", timeout=2).close()
            return
        time.sleep(0.05)
    raise AssertionError("blackbox_exporter does not start")


def theirs(blackbox, prober, target):
    query = urllib.parse.urlencode(
        {"module": prober, "target": f"https://{target}" if prober in ("http", "web") else target}
    )
    with urllib.request.urlopen(f"{blackbox}/probe?{query}", timeout=10) as response:
        return Exposition(response.read().decode())


async def ours(gallery, target):
    async with serving(load(str(gallery.config_file))) as site:
        return await site.series(target)


def series(exposition, *, without=()):
    """Return name -> (labels, value) of the names that are compared."""
    found = {}
    for family in BLACKBOX_FAMILIES:
        for sample in exposition.samples(family.name):
            labels = {name: value for name, value in sample.labels.items() if name not in without}
            assert family.name not in found
            found[family.name] = (labels, sample.value)
    return found


@pytest.mark.parametrize("prober", ["tcp", "http"])
@pytest.mark.parametrize("name", SERVERS)
async def test_every_series_is_blackbox_own_or_a_known_difference(gallery, blackbox, name, prober):
    target = gallery.targets[name]
    wanted = series(theirs(blackbox, prober, target))
    seen = series(await ours(gallery, target), without=("serialnumber",))  # newer than the blackbox compared to
    allowed = DIFFERENCES.get((name, prober), {})
    assert set(seen) - set(wanted) - NEWER == set(allowed)
    assert set(wanted) <= set(seen)
    for one, (labels, value) in wanted.items():
        if one not in VARYING:
            assert seen[one] == (labels, value), one


@pytest.mark.parametrize("name", [*VERIFIED, *REFUSED])
async def test_expiry_and_version_are_what_blackbox_says_when_it_does_not_verify(gallery, blackbox, name):
    """The value that blackbox gives for a chain it does not verify is ours for every chain; its year 1 is not."""
    unverified = series(theirs(blackbox, "unverified", gallery.targets[name]))
    seen = series(await ours(gallery, gallery.targets[name]))
    for one in ("probe_ssl_earliest_cert_expiry", "probe_tls_version_info"):
        assert seen[one] == unverified[one]
    assert all(value >= 0 for _, value in seen.values())


@pytest.mark.parametrize("name", SERVERS)
async def test_success_means_what_it_means_to_blackbox(gallery, blackbox, name):
    success = theirs(blackbox, "tcp", gallery.targets[name]).value("probe_success")
    assert success == (name in VERIFIED)
    assert (await ours(gallery, gallery.targets[name])).value("probe_success") == success


WEB_SERVERS = {"web": Endpoint(Leaf(**BOTH)), "web-not-trusted": Endpoint(Leaf(names=("other.example",)))}


@pytest.fixture(scope="module")
def web_gallery():
    made = {**WEB_SERVERS, "web-closed": Closed()}
    scenarios = [Scenario(name, name, one, Seen(), host=ADDRESS, module="demo-https") for name, one in made.items()]
    with Gallery(scenarios) as running:
        yield running


def http_series(exposition):
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in HTTP_FAMILIES
        for sample in exposition.samples(family.name)
    }


def test_every_name_of_its_http_prober_is_there_with_its_value(web_gallery, blackbox):
    """What the public dashboards on blackbox_exporter draw."""
    seen = http_series(asyncio.run(ours(web_gallery, web_gallery.targets["web"])))
    wanted = http_series(theirs(blackbox, "web", web_gallery.targets["web"]))
    assert set(seen) == set(wanted)
    for key, value in wanted.items():
        if key[0] != "probe_http_duration_seconds":
            assert seen[key] == value, key


async def test_without_an_answer_the_status_is_0_and_nothing_else_is_made_up(web_gallery):
    seen = http_series(await ours(web_gallery, web_gallery.targets["web-closed"]))
    assert seen["probe_http_status_code",] == seen["probe_http_ssl",] == 0
    assert not {("probe_http_version",), ("probe_http_content_length",)} & set(seen)
    assert {key[1] for key in seen if key[0] == "probe_http_duration_seconds"} == {
        "resolve",
        "connect",
        "tls",
        "processing",
        "transfer",
    }


async def test_a_module_without_http_has_none_of_its_names(gallery):
    exposition = await ours(gallery, gallery.targets["good"])
    assert not http_series(exposition)
    assert exposition.value("probe_timeout_seconds") == 3


@pytest.mark.parametrize(
    ("revocation", "wanted"),
    [
        (
            Revocation(CRL, "good", 1, 5_000_000_000),
            {"available": 1, "revoked": 0, "stale": 0, "next_update_timestamp_seconds": 5_000_000_000},
        ),
        (Revocation(CRL, "revoked", 1), {"available": 1, "revoked": 1, "stale": 0}),
        (Revocation(CRL, failure=RevocationFailure.UNREACHABLE), {"available": 0}),
        (
            Revocation(CRL, "good", 1, 2).at(3.0),
            {"available": 1, "stale": 1, "next_update_timestamp_seconds": 2},
        ),
        (Revocation("responder", "good"), {}),
    ],
)
def test_what_is_known_of_a_revocation_list(revocation, wanted):
    """Under the names of blackbox_exporter; whether a certificate is on a list that cannot be had is unknown, not 0."""
    leaf = Certificate(b"", "f" * 64, "CN=a", "CN=b", "1f", crl_urls=("ldap://c", "http://c/a.crl"))
    module = Module("tls", revocation=RevocationConfig())
    target = Target("a.example:443", parse_endpoint("a.example:443"), "tls")
    one = Observation(target, module, make_result(0.0, 0.1), 0.0, certificates=(leaf,), revocations=(revocation,))
    lines = blackbox_lines([Assessment(one)], 9.5)
    families = {family.name for family in NEWER_FAMILIES}
    seen = {name: text for name, text in lines.items() if name.startswith("probe_ssl_crl")}
    assert set(seen) == {f"probe_ssl_crl_{name}" for name in (*wanted, "fetch_time_seconds")} <= families
    for name, value in wanted.items():
        assert seen[f"probe_ssl_crl_{name}"].endswith(f',chain_pos="0",crl_url="http://c/a.crl"}} {value}\n')
    assert lines["probe_timeout_seconds"] == "probe_timeout_seconds 9.5\n"


async def test_the_names_of_blackbox_carry_its_labels_only(gallery):
    exposition = await ours(gallery, gallery.targets["good"])
    for family in BLACKBOX_FAMILIES:
        for sample in exposition.samples(family.name):
            assert tuple(sample.labels) == family.labels
    assert exposition.samples("tls_probe_success", target=gallery.targets["good"], module="demo", scenario="good")


async def test_a_name_without_an_address_has_no_protocol_and_no_hash():
    """Blackbox says 0 for both; what is unknown is absent here."""
    async with serving(configuration("nowhere.invalid:443"), lookup=lambda *_: []) as site:
        found = series(await site.series("nowhere.invalid:443"))
    assert set(found) == {"probe_success", "probe_duration_seconds", "probe_dns_lookup_time_seconds"}
    assert found["probe_success"] == ({}, 0)


@pytest.mark.parametrize(("data", "wanted"), [(b"", 0x811C9DC5), (b"a", 0xE40C292C), (b"foobar", 0xBF9CF968)])
def test_fnv1a(data, wanted):
    """The vectors of the hash's authors (draft-eastlake-fnv)."""
    assert fnv1a(data) == wanted


@pytest.mark.parametrize(("protocol", "wanted"), [("TLSv1.3", "TLS 1.3"), ("TLSv1.0", "TLS 1.0"), ("SSLv3", "unknown")])
def test_versions_are_spelt_as_go_does(protocol, wanted):
    assert blackbox_version(protocol) == wanted


def judged(*, trusted=True, name_match=True, http=None, failure=None, alpn=""):
    """Return an assessment of a probe with a session."""
    session = Session("TLSv1.3", 1.3, "TLS_AES_128_GCM_SHA256", "x25519", alpn)
    result = make_result(0.0, 0.1, session=session, http=http, failure=failure)
    target = Target("a.example:443", parse_endpoint("a.example:443"), "tls")
    verdicts = (Verdict("openssl", trusted), Verdict("webpki", trusted=False))
    return Assessment(Observation(target, Module("tls"), result, 0.0, verdicts=verdicts, name_match=name_match))


@pytest.mark.parametrize(
    ("seen", "wanted"),
    [
        ({}, True),
        ({"trusted": False}, False),
        ({"name_match": False}, False),
        ({"name_match": None}, True),  # there is no name to match, as for a Unix socket
        ({"failure": Failure(Phase.HANDSHAKE, Reason.RESET)}, False),
        ({"http": HTTPFacts(200)}, True),
        ({"http": HTTPFacts(302)}, True),
        ({"http": HTTPFacts(404)}, False),
        ({"http": HTTPFacts(503)}, False),
        ({"http": HTTPFacts(failure="no answer")}, False),
        ({"http": HTTPFacts(failure="HTTP/2 only"), "alpn": "h2"}, True),  # not asked: unknown is not bad
    ],
)
def test_success(seen, wanted):
    """What ordinary clients do counts: the strict verifier's opinion does not."""
    assert is_good(judged(**seen)) is wanted
