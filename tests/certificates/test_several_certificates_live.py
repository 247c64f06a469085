"""Every certificate that an endpoint has: one of each type, one of each address, one of each name."""

import asyncio
import socket

import pytest

from exporter.config.model import Addresses, Config, Module, TLSConfig
from exporter.metrics.self_metrics import SelfMetrics
from exporter.net.resolve import Resolver
from exporter.scrape.engine import Engine
from exporter.target import Target, parse_endpoint
from tests.support.pki import DAY, NOW, dns, intermediate, key_pem, leaf, root, rsa_key
from tests.support.programs import need
from tests.support.servers.process import free_port, serving

TOP = root()
MIDDLE = intermediate(TOP)


def write(folder, name, issued):
    (folder / f"{name}.pem").write_bytes(issued.pem + MIDDLE.pem)
    (folder / f"{name}.key").write_bytes(key_pem(issued.key))
    return f"ssl_certificate {folder}/{name}.pem; ssl_certificate_key {folder}/{name}.key;"


def nginx(folder, port, *servers):
    text = (
        f"daemon off; master_process off; pid {folder}/pid; error_log stderr warn; events {{}}\n"
        f"http {{ access_log off; client_body_temp_path {folder}; proxy_temp_path {folder};"
        f" fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};\n"
    )
    text += "".join(f"server {{ {server} }}\n" for server in servers) + "}\n"
    (folder / "nginx.conf").write_text(text)
    return serving([need("nginx"), "-c", str(folder / "nginx.conf"), "-p", str(folder)], folder, port)


async def scrape(folder, host, port, lookup=None, **settings):
    ca_file = folder / "ca.pem"
    ca_file.write_bytes(TOP.pem)
    server_name = settings.pop("server_name", None)
    module = Module("tls", timeout=5, tls_config=TLSConfig(ca_file=str(ca_file), server_name=server_name), **settings)
    target = Target(f"{host}:{port}", parse_endpoint(f"{host}:{port}"), "tls")
    engine = Engine(Config(modules={"tls": module}, targets=(target,)), SelfMetrics())
    if lookup is not None:
        engine.resolver.close()
        engine.resolver = Resolver(lookup)
        engine.apply(engine.config)
    report = await engine.report(target, module, asyncio.get_running_loop().time() + 6)
    engine.close()
    return report


@pytest.mark.server("nginx")
async def test_both_certificates_of_a_server_are_seen_and_the_expired_one_is_found(tmp_path):
    """A server with an ECDSA and an RSA certificate presents one to each client; most probes see only the good one."""
    good, expired = leaf(MIDDLE), leaf(MIDDLE, key=rsa_key(), not_after=NOW - DAY)
    port = free_port()
    both = write(tmp_path, "ecdsa", good) + write(tmp_path, "rsa", expired)
    with nginx(tmp_path, port, f"listen 127.0.0.1:{port} ssl; {both}"):
        report = await scrape(
            tmp_path, "127.0.0.1", port, server_name="example.com", certificate_types=("ecdsa", "rsa")
        )
    findings = {
        one.observation.result.variant.certificate_type: {found.finding.id for found in one.findings}
        & {"certificate_expired"}
        for one in report.assessments
    }
    assert findings == {"ecdsa": set(), "rsa": {"certificate_expired"}}
    keys = [one.observation.certificates[0].key for one in report.assessments]
    assert keys == ["EC secp256r1", "RSA 2048"]


@pytest.mark.server("nginx")
@pytest.mark.parametrize("same", [True, False])
async def test_addresses_of_one_name_that_present_different_certificates_disagree(tmp_path, same):
    one, other = leaf(MIDDLE), leaf(MIDDLE)
    port = free_port()
    servers = [
        f"listen {address}:{port} ssl; {write(tmp_path, name, issued)}"
        for address, name, issued in (("127.0.0.1", "v4", one), ("[::1]", "v6", one if same else other))
    ]

    def lookup(*_):
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)),
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", port, 0, 0)),
        ]

    with nginx(tmp_path, port, *servers):
        report = await scrape(tmp_path, "example.com", port, lookup, addresses=Addresses.ALL)
    assert [one.observation.result.variant.address for one in report.assessments] == ["127.0.0.1", "::1"]
    assert [one.observation.result.failure for one in report.assessments] == [None, None]
    assert {one.observation.addresses_disagree for one in report.assessments} == {not same}
    found = [{found.finding.id for found in one.findings} for one in report.assessments]
    assert all(("addresses_disagree" in findings) == (not same) for findings in found)


@pytest.mark.server("nginx")
async def test_every_name_has_its_own_certificate_and_verdict(tmp_path):
    port = free_port()
    names = {"a.example.com": "a.example.com", "b.example.com": "other.example.com"}
    servers = [
        f"listen 127.0.0.1:{port} ssl; server_name {name}; "
        + write(tmp_path, name, leaf(MIDDLE, names=[dns(presented)]))
        for name, presented in names.items()
    ]
    with nginx(tmp_path, port, *servers):
        report = await scrape(tmp_path, "127.0.0.1", port, server_names=tuple(names))
    matches = {one.observation.result.variant.server_name: one.observation.name_match for one in report.assessments}
    assert matches == {"a.example.com": True, "b.example.com": False}
