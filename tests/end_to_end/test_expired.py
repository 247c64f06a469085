"""An expired certificate is reported whole, from one connection, whichever server presents it."""

import contextlib
import datetime as dt

import pytest
from support.exporter_process import running_exporter
from support.servers.relay import Relay
from support.servers.web import nginx, openssl_s_server, write_files

from exporter.demo.pki import PKI, Leaf
from exporter.demo.scenario import Scenario, Seen
from exporter.demo.servers import Endpoint

EXPIRED = Leaf(starts=-43, ends=-3)
CONFIG = """
modules:
  private: {{timeout: 10s, tls_config: {{ca_file: {ca_file}}}}}
targets:
  - {{targets: ["localhost:{port}"], module: private}}
"""


@contextlib.contextmanager
def gallery_server(directory, pki):
    from exporter.demo.gallery import Gallery

    scenario = Scenario("expired", "It has expired.", Endpoint(EXPIRED), Seen())
    gallery = Gallery([scenario])
    gallery.pki = pki
    with gallery:
        yield gallery.ports["expired"]


@contextlib.contextmanager
def nginx_server(directory, pki):
    with nginx(directory, write_files(directory, pki.leaf(EXPIRED), pki.authority("intermediate"))) as port:
        yield port


@contextlib.contextmanager
def openssl_server(directory, pki):
    with openssl_s_server(directory, write_files(directory, pki.leaf(EXPIRED), pki.authority("intermediate"))) as port:
        yield port


@pytest.mark.parametrize("server", [gallery_server, nginx_server, openssl_server])
def test_an_expired_certificate_is_reported_from_one_connection(tmp_path, server):
    """Expiry, trust and finding come together; nobody connects a second time to look at the certificate again."""
    pki = PKI(dt.datetime.now(dt.UTC))
    ca_file, config_file = tmp_path / "root.pem", tmp_path / "config.yaml"
    ca_file.write_bytes(pki.authority("root").pem)
    with server(tmp_path, pki) as port, Relay(port) as relay:
        config_file.write_text(CONFIG.format(ca_file=ca_file, port=relay.port), encoding="utf-8")
        with running_exporter(config_file=config_file) as exporter:
            scraped = exporter.scrape()
            assert relay.connections == 1
    assert scraped.value("tls_probe_success") == 1
    not_after = scraped.value("tls_certificate_not_after_timestamp_seconds", position="0")
    assert not_after == pki.leaf(EXPIRED).certificate.not_valid_after_utc.timestamp()
    assert scraped.value("tls_certificate_trusted", verifier="openssl") == 0
    errors = {sample.labels["error"] for sample in scraped.samples("tls_certificate_verify_error_info", depth="0")}
    assert "certificate_has_expired" in errors or "cert_has_expired" in errors
    assert scraped.findings() == {"certificate_expired"}
