"""HSTS and the way from port 80, against nginx, from the wire to the findings."""

import contextlib
from dataclasses import replace

import pytest
from support.findings import details
from support.probing import make_prober, probe_one
from support.programs import need
from support.servers.credential import NAME, make_credential
from support.servers.process import free_port, serving

from exporter.config.model import HTTPConfig, Module, TLSConfig
from exporter.findings import http as findings
from exporter.findings.observation import Observation
from exporter.net.reason import Reason
from exporter.net.resolve import Resolver
from exporter.probe.http import CLOSED
from exporter.probe.result import HSTS, Phase
from exporter.target import Target, parse_endpoint

CONFIG = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr warn;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  ssl_certificate {credential.certificate}; ssl_certificate_key {credential.key};
  server {{
    listen 127.0.0.1:{tls} ssl http2;
    location / {{ return 200 "hello"; }}
    location /hsts {{
      add_header Strict-Transport-Security "max-age=63072000; includeSubDomains; preload"; return 200;
    }}
    location /short {{ add_header Strict-Transport-Security "max-age=300"; return 200; }}
    location /zero {{ add_header Strict-Transport-Security "max-age=0"; return 200; }}
    location /malformed {{ add_header Strict-Transport-Security "63072000"; return 200; }}
    location /twice {{
      add_header Strict-Transport-Security "max-age=63072000";
      add_header Strict-Transport-Security "max-age=1"; return 200;
    }}
    location /trouble {{ return 503; }}
    location /moved {{ return 302 https://elsewhere.example/; }}
    location /h3 {{ add_header Alt-Svc 'h3=":443"; ma=86400'; return 200; }}
  }}
  server {{
    listen 127.0.0.1:{plain};
    server_name {name};
    location /right {{ return 301 https://$host$request_uri; }}
    location /www {{ return 301 https://www.$host/; }}
    location /wrong {{ return 301 https://elsewhere.example/; }}
    location /again {{ return 301 http://$host/other; }}
    location /loop {{ return 301 http://$host:{plain}$request_uri; }}
    location /clear {{ return 200 "hello"; }}
    location /trouble {{ return 503; }}
  }}
}}
"""


@pytest.fixture(scope="module")
def nginx(tmp_path_factory):
    """Run nginx with TLS on one port and without on another."""
    program, folder = need("nginx"), tmp_path_factory.mktemp("nginx")
    tls, plain = free_port(), free_port()
    settings = {"folder": folder, "credential": make_credential(folder), "tls": tls, "plain": plain, "name": NAME}
    (folder / "nginx.conf").write_text(CONFIG.format(**settings))
    with serving([program, "-c", str(folder / "nginx.conf"), "-p", str(folder)], folder, tls, plain):
        yield settings


def lookup(host, port, *_, **__):
    """Resolve NAME to this machine, for HSTS is a matter of names."""
    assert host == NAME
    return [(2, 1, 6, "", ("127.0.0.1", port))]


async def ask(nginx, path, redirect_from_port=None, alpn=()):
    """Return the result, and the findings that follow."""
    prober = make_prober(resolver=Resolver(lookup=lookup))
    with contextlib.closing(prober.resolver):
        settings = HTTPConfig(path=path, redirect_from_port=redirect_from_port)
        name = f"{NAME}:{nginx['tls']}"
        result = await probe_one(name, prober, http=settings, alpn=alpn)
    assert result.failure is None
    module = Module("test", http=settings)
    observation = Observation(Target(name, parse_endpoint(name), "test"), module, result, 0.0)
    return result, details(findings.RULES, observation)


@pytest.mark.parametrize(
    ("path", "hsts", "found"),
    [
        ("/hsts", HSTS(63072000, include_subdomains=True, preload=True), {}),
        ("/", None, {"hsts_missing": "HTTP status 200 came without Strict-Transport-Security"}),
        ("/short", HSTS(300), {"hsts_too_short": "max-age=300, which is 0.00347 days"}),
        ("/zero", HSTS(0), {"hsts_too_short": "max-age=0, which is 0 days"}),
        (
            "/malformed",
            HSTS(None, malformed="max-age is missing"),
            {"hsts_malformed": "Strict-Transport-Security: max-age is missing"},
        ),
        (
            "/twice",
            HSTS(63072000, malformed="the field is there 2 times, and only the first counts"),
            {"hsts_malformed": "Strict-Transport-Security: the field is there 2 times, and only the first counts"},
        ),
        ("/trouble", None, {}),
        ("/moved", None, {"hsts_missing": "HTTP status 302 came without Strict-Transport-Security"}),
    ],
)
async def test_hsts(nginx, path, hsts, found):
    result, present = await ask(nginx, path)
    assert result.http.hsts == hsts
    assert present == found
    assert result.http.failure == ""
    assert result.http.redirects_to_https is None
    assert [phase for phase, _ in result.durations][-1] is Phase.HTTP


async def test_alt_svc_is_reported(nginx):
    result, _ = await ask(nginx, "/h3")
    assert result.http.alt_svc == 'h3=":443"; ma=86400'


async def test_http2_is_spoken_where_it_is_wanted(nginx):
    """This nginx prefers HTTP/2: the usual list offers HTTP/1.1 first, a list of one has the same facts over HTTP/2."""
    first, present = await ask(nginx, "/hsts", alpn=("h2", "http/1.1"))
    assert (first.session.alpn, first.http.version, first.http.status_code) == ("http/1.1", "1.1", 200)
    second, again = await ask(nginx, "/hsts", alpn=("h2",))
    assert (second.session.alpn, second.http.version) == ("h2", "2")
    assert replace(second.http, version="1.1") == first.http
    assert present == again


async def test_a_server_that_agrees_to_http2_and_does_not_speak_it(tmp_path):
    """It is reached and its certificate seen; only the request fails, and its reason is in plain words."""
    credential, port = make_credential(tmp_path), free_port()
    command = [need("openssl"), "s_server", "-accept", f"127.0.0.1:{port}", "-alpn", "h2", "-quiet"]
    command += ["-cert", str(credential.certificate), "-key", str(credential.key)]
    with serving(command, tmp_path, port):
        result = await probe_one(f"127.0.0.1:{port}", http=HTTPConfig(), alpn=("h2", "http/1.1"))
        stubborn = await probe_one(f"127.0.0.1:{port}", http=HTTPConfig(), alpn=("http/1.1",))
    assert result.success
    assert result.session.alpn == "h2"
    assert result.chain == (credential.der,)
    assert result.http.failure in (CLOSED, "the answer is not HTTP/2", "timeout: the deadline passed")
    assert stubborn.failure.reason is Reason.ALERT_NO_APPLICATION_PROTOCOL


@pytest.mark.parametrize(
    ("path", "verdict", "detail"),
    [
        ("/right", True, "redirects to https://server.example/right"),
        ("/www", True, "redirects to https://www.server.example/, by which browsers learn nothing of HSTS"),
        ("/wrong", False, "the redirect goes to another host: https://elsewhere.example/"),
        ("/again", False, "the redirect goes to another place without TLS: http://server.example/other"),
        ("/loop", False, "the redirect goes in a circle: http://server.example:"),
        ("/clear", False, "the request is answered in plaintext, with HTTP status 200"),
        ("/trouble", None, "the server is in trouble: HTTP status 503"),
    ],
)
async def test_redirect(nginx, path, verdict, detail):
    result, present = await ask(nginx, path, nginx["plain"])
    assert result.http.redirects_to_https is verdict
    assert result.http.redirect_detail.startswith(f"port {nginx['plain']}: {detail}")
    assert ("no_redirect_to_https" in present) == (verdict is False)


async def test_a_closed_port_is_fine(nginx):
    closed = free_port()
    result, present = await ask(nginx, "/hsts", closed)
    assert result.http.redirects_to_https is None
    assert result.http.redirect_detail == f"port {closed}: the port is closed, which is fine"
    assert present == {}


async def test_an_address_has_no_hsts(nginx):
    """RFC 6797 section 8.1.1: a missing header is no fault where it would not count."""
    target = f"127.0.0.1:{nginx['tls']}"
    settings = HTTPConfig(path="/")
    result = await probe_one(target, http=settings)
    assert result.http.status_code == 200
    for module, found in (
        (Module("test", http=settings), False),
        (Module("test", http=settings, tls_config=TLSConfig(server_name=NAME)), True),
        (Module("test", http=HTTPConfig(hsts=False), tls_config=TLSConfig(server_name=NAME)), False),
    ):
        observation = Observation(Target(target, parse_endpoint(target), "test"), module, result, 0.0)
        assert ("hsts_missing" in details(findings.RULES, observation)) is found


async def test_the_redirect_is_checked_once_and_not_in_the_time_of_the_probe(nginx):
    """The verdict is kept, and the phases still add up to the total."""
    prober = make_prober(resolver=Resolver(lookup=lookup))
    with contextlib.closing(prober.resolver):
        module = {"http": HTTPConfig(path="/right", redirect_from_port=nginx["plain"])}
        results = [await probe_one(f"{NAME}:{nginx['tls']}", prober, **module) for _ in range(2)]
    assert [result.http.redirects_to_https for result in results] == [True, True]
    assert len(prober.redirects) == 1
    for result in results:
        assert 0 < sum(seconds for _, seconds in result.durations) <= result.total_seconds


async def test_the_redirects_of_two_paths_are_two(nginx):
    """What one path of a host does in plaintext says nothing about another path."""
    prober = make_prober(resolver=Resolver(lookup=lookup))
    with contextlib.closing(prober.resolver):
        results = [
            await probe_one(
                f"{NAME}:{nginx['tls']}", prober, http=HTTPConfig(path=path, redirect_from_port=nginx["plain"])
            )
            for path in ("/right", "/wrong")
        ]
    assert [result.http.redirects_to_https for result in results] == [True, False]
