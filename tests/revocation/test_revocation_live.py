"""Revocation end to end: live servers that staple, a live responder and list, and the metrics that come of it."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from exporter.config.model import Config, Module, RevocationConfig, TLSConfig
from exporter.metrics.self_metrics import SelfMetrics
from exporter.scrape.engine import Engine
from exporter.target import Target, parse_endpoint
from tests.support import der
from tests.support.pki import DAY, NOW, Extension, intermediate, key_pem, leaf, root
from tests.support.revocation import GOOD, REVOKED, UNKNOWN, ocsp_response, revocation_list, serving
from tests.support.tls_server import presenting

TOP = root()
MIDDLE = intermediate(TOP)
MUST_STAPLE = Extension("1.3.6.1.5.5.7.1.24", der.sequence(der.integer(5)))
REVOCATION = ("tls_ocsp", "tls_crl", "tls_certificate_revoked", "tls_revocation")


@pytest.fixture
def engine(tmp_path):
    """Yield a function that probes a port as one scrape does and returns the series and findings."""
    ca_file = tmp_path / "ca.pem"
    ca_file.write_bytes(TOP.pem)
    modules = {
        name: Module(
            name, timeout=5, tls_config=TLSConfig(ca_file=str(ca_file), server_name="example.com"), revocation=config
        )
        for name, config in (("tls", None), ("revocation", RevocationConfig()))
    }
    engine = Engine(Config(modules=modules), SelfMetrics())

    async def scrape(port, module="tls"):
        target = Target(f"127.0.0.1:{port}", parse_endpoint(f"127.0.0.1:{port}"), module)
        report = await engine.report(target, modules[module], asyncio.get_running_loop().time() + 6)
        series = {}
        for family, lines in report.lines.items():
            for line in lines.splitlines():
                labels, _, value = line.rpartition(" ")
                labels = labels.partition("{")[2].removesuffix("}").split(f'module="{module}"')[1].lstrip(",")
                if family.startswith(REVOCATION):
                    series[f"{family}{{{labels}}}"] = float(value)
        return series, {found.finding.id for found in report.assessments[0].findings}

    scrape.engine = engine
    yield scrape
    engine.close()


STAPLED = "tls_ocsp_stapled{}"
NEXT = 'tls_ocsp_next_update_timestamp_seconds{source="staple"}'


@pytest.mark.parametrize(
    ("staple", "series", "finding"),
    [
        (
            lambda one: ocsp_response(one, MIDDLE, GOOD),
            {
                'tls_ocsp_status_info{status="good",source="staple"}': 1,
                'tls_certificate_revoked{source="staple"}': 0,
                NEXT: NOW + DAY,
            },
            set(),
        ),
        (
            lambda one: ocsp_response(one, MIDDLE, REVOKED),
            {
                'tls_ocsp_status_info{status="revoked",source="staple"}': 1,
                'tls_certificate_revoked{source="staple"}': 1,
                NEXT: NOW + DAY,
            },
            {"certificate_revoked"},
        ),
        (
            lambda one: ocsp_response(one, MIDDLE, UNKNOWN),
            {'tls_ocsp_status_info{status="unknown",source="staple"}': 1, NEXT: NOW + DAY},
            set(),
        ),
        (
            lambda one: ocsp_response(one, MIDDLE, GOOD, this_update=NOW - 9 * DAY, next_update=NOW - 2 * DAY),
            {'tls_revocation_failure_info{source="staple",reason="stale"}': 1, NEXT: NOW - 2 * DAY},
            {"ocsp_staple_stale"},
        ),
        (
            lambda one: ocsp_response(one, MIDDLE, GOOD, signer=TOP),
            {'tls_revocation_failure_info{source="staple",reason="bad_signature"}': 1},
            set(),
        ),
    ],
    ids=["good", "revoked", "unknown", "stale", "badly signed"],
)
async def test_a_staple(engine, staple, series, finding):
    one = leaf(MIDDLE, extra=[MUST_STAPLE])
    async with presenting((one, MIDDLE), staple(one)) as port:
        found, findings = await engine(port)
    assert found == {STAPLED: 1, **series}
    assert findings & {"certificate_revoked", "ocsp_staple_stale", "ocsp_must_staple_missing"} == finding


async def test_a_missing_staple_is_never_good(engine):
    async with presenting((leaf(MIDDLE), MIDDLE)) as port:
        found, findings = await engine(port)
    assert found == {STAPLED: 0}
    assert findings & {"certificate_revoked", "ocsp_staple_stale", "ocsp_must_staple_missing"} == set()


async def test_a_missing_staple_that_the_certificate_demands_is_found(engine):
    async with presenting((leaf(MIDDLE, extra=[MUST_STAPLE]), MIDDLE)) as port:
        found, findings = await engine(port)
    assert found == {STAPLED: 0}
    assert "ocsp_must_staple_missing" in findings


@asynccontextmanager
async def world():
    """Serve a leaf that names a responder and a list, and both of these."""
    async with serving() as pages:
        access = der.sequence(der.oid("1.3.6.1.5.5.7.48.1"), der.element(0x86, f"{pages.url}/ocsp".encode()))
        point = der.element(0xA0, der.element(0xA0, der.element(0x86, f"{pages.url}/crl".encode())))
        extra = [
            Extension("1.3.6.1.5.5.7.1.1", der.sequence(access)),
            Extension("2.5.29.31", der.sequence(der.sequence(point))),
        ]
        one = leaf(MIDDLE, extra=extra)
        async with presenting((one, MIDDLE)) as port:
            yield one, pages, port


@pytest.mark.parametrize(("revoked", "status", "value"), [(False, GOOD, 0), (True, REVOKED, 1)])
async def test_a_responder_and_a_list(engine, revoked, status, value):
    async with world() as (one, pages, port):
        listed = (one,) if revoked else ()
        pages.answers |= {"/ocsp": ocsp_response(one, MIDDLE, status), "/crl": revocation_list(MIDDLE, *listed)}
        first, _ = await engine(port, "revocation")
        await engine.engine.assessor.revocations.settled()
        second, findings = await engine(port, "revocation")
        third, _ = await engine(port, "revocation")
    assert first == {STAPLED: 0}
    assert second == {
        STAPLED: 0,
        f'tls_ocsp_status_info{{status="{status.name.lower()}",source="responder"}}': 1,
        'tls_certificate_revoked{source="responder"}': value,
        'tls_ocsp_next_update_timestamp_seconds{source="responder"}': NOW + DAY,
        'tls_certificate_revoked{source="crl"}': value,
        'tls_crl_next_update_timestamp_seconds{source="crl"}': NOW + DAY,
    }
    assert third == second
    assert len(pages.asked) == 2
    assert ("certificate_revoked" in findings) == revoked


async def test_a_responder_that_is_down_leaves_the_series_absent(engine):
    async with world() as (_, pages, port):
        await engine(port, "revocation")
        await engine.engine.assessor.revocations.settled()
        found, findings = await engine(port, "revocation")
    assert found == {
        STAPLED: 0,
        'tls_revocation_failure_info{source="responder",reason="http_status"}': 1,
        'tls_revocation_failure_info{source="crl",reason="http_status"}': 1,
    }
    assert "certificate_revoked" not in findings
    assert len(pages.asked) == 2


async def test_without_the_modules_wish_nobody_is_asked(engine):
    async with world() as (_, pages, port):
        await engine(port)
        await engine.engine.assessor.revocations.settled()
        assert await engine(port) == ({STAPLED: 0}, (await engine(port))[1])
        assert pages.asked == []


async def test_a_slow_responder_does_not_delay_the_scrape(engine):
    async with world() as (_, pages, port):
        released = asyncio.Event()

        async def slow(_):
            await released.wait()
            raise ConnectionResetError

        pages.answers |= {"/ocsp": slow, "/crl": slow}
        for _ in range(3):
            found, _ = await engine(port, "revocation")
            assert found == {STAPLED: 0}
        released.set()
        await engine.engine.assessor.revocations.settled()


@pytest.mark.server("openssl")
async def test_a_staple_of_another_certificate_says_nothing(engine, tmp_path):
    from tests.support.programs import need
    from tests.support.servers.process import free_port
    from tests.support.servers.process import serving as running

    one = leaf(MIDDLE)
    for name, content in (
        ("leaf.pem", one.pem),
        ("chain.pem", MIDDLE.pem),
        ("key.pem", key_pem(one.key)),
        ("staple.der", ocsp_response(leaf(MIDDLE), MIDDLE, GOOD)),
    ):
        (tmp_path / name).write_bytes(content)
    port = free_port()
    command = [need("openssl"), "s_server", "-accept", f"127.0.0.1:{port}", "-www"]
    for option in ("cert leaf.pem", "cert_chain chain.pem", "key key.pem", "status_file staple.der"):
        name, file = option.split()
        command += [f"-{name}", str(tmp_path / file)]
    with running(command, tmp_path, port):
        found, _ = await engine(port)
    assert found == {STAPLED: 1, 'tls_revocation_failure_info{source="staple",reason="other_certificate"}': 1}


@pytest.mark.server("nginx")
@pytest.mark.parametrize("status", [GOOD, REVOKED])
async def test_nginx_staples_what_it_was_given(engine, tmp_path, status):
    from tests.support.programs import need
    from tests.support.servers.process import free_port
    from tests.support.servers.process import serving as running

    program = need("nginx")
    one = leaf(MIDDLE)
    (tmp_path / "chain.pem").write_bytes(one.pem + MIDDLE.pem)
    (tmp_path / "key.pem").write_bytes(key_pem(one.key))
    (tmp_path / "staple.der").write_bytes(ocsp_response(one, MIDDLE, status))
    port = free_port()
    (tmp_path / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {tmp_path}/pid; error_log stderr warn; events {{}}\n"
        f"http {{ access_log off; client_body_temp_path {tmp_path}; proxy_temp_path {tmp_path};"
        f" fastcgi_temp_path {tmp_path}; uwsgi_temp_path {tmp_path}; scgi_temp_path {tmp_path};\n"
        f"server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {tmp_path}/chain.pem;"
        f" ssl_certificate_key {tmp_path}/key.pem; ssl_stapling on; ssl_stapling_file {tmp_path}/staple.der; }} }}\n"
    )
    with running([program, "-c", str(tmp_path / "nginx.conf"), "-p", str(tmp_path)], tmp_path, port):
        found, _ = await engine(port)
    assert found[STAPLED] == 1
    assert found['tls_certificate_revoked{source="staple"}'] == (status is REVOKED)
