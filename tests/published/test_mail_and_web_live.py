"""MTA-STS, CAA and HTTPS records end to end: zones on Knot behind Unbound, a policy host, SMTP and HTTPS servers.

Everything is in a network of its own, where ports 25, 443 and 53 are free.
"""

import asyncio
from dataclasses import dataclass, field

import pytest
from support import pki
from support.pki import DAY, NOW, dns
from support.servers.namespace import own_network
from support.servers.signed_zones import ZoneText, knot, unbound, write_zones
from support.servers.sni_https import Site, response, sni_https
from support.servers.sni_smtp import sni_smtp

from exporter.config.model import Config, DNSConfig, GlobalConfig, Module, NameServer, TLSConfig
from exporter.metrics.self_metrics import SelfMetrics
from exporter.scrape.engine import Engine
from exporter.target import Target, parse_endpoint

pytestmark = pytest.mark.server("knotd", "unbound", "dnssec-signzone")

ROOT = pki.root("CN=Trusted Root,O=Let's Encrypt")
OTHER = pki.root("CN=Unrelated Root")
POLICY = b"version: STSv1\r\nmode: enforce\r\nmx: mx.%s.test\r\nmax_age: 604800\r\n"
RECORD = '_mta-sts TXT "v=STSv1; id=20261129;"'


def leaf_of(name, issuer=ROOT, **changes):
    return [pki.leaf(issuer, names=(dns(name),), **changes)]


@dataclass
class Mail:
    """A mail domain NAME.test with the host mx.NAME.test, and what is expected of it."""

    name: str
    findings: set = field(default_factory=set)
    mode: str | None = "enforce"
    policy: bytes | None = None
    records: str = RECORD
    host_chain: list | None = None
    policy_chain: list | None = None
    content_type: str = "text/plain"
    status: str = "200 OK"
    fields: tuple = ()
    silent: bool = False
    reporting: bool | None = None
    failure: str | None = None

    @property
    def zone(self):
        return f"@ MX 10 mx.{self.name}.test.\nmx A 127.0.0.1\nmta-sts A 127.0.0.1\n{self.records}\n"

    @property
    def site(self):
        body = self.policy if self.policy is not None else POLICY % self.name.encode()
        chain = self.policy_chain or leaf_of(f"mta-sts.{self.name}.test")
        return Site(chain, response(body, self.content_type, self.status, *self.fields), silent=self.silent)

    @property
    def chain(self):
        return self.host_chain or leaf_of(f"mx.{self.name}.test")


MISMATCH, UNREACHABLE = {"mta_sts_mismatch"}, {"mta_sts_unreachable"}
MAILS = [
    Mail("good"),
    Mail("reports", records=RECORD + '\n_smtp._tls TXT "v=TLSRPTv1; rua=mailto:tls@reports.test"', reporting=True),
    Mail("badreports", records=RECORD + '\n_smtp._tls TXT "v=TLSRPTv1; rua=nonsense"', reporting=False),
    Mail("testing", mode="testing", policy=POLICY.replace(b"enforce", b"testing") % b"testing"),
    Mail("none", mode="none", policy=b"version: STSv1\nmode: none\nmax_age: 86400\n"),
    Mail("wildcard", policy=b"version: STSv1\nmode: enforce\nmx: *.wildcard.test\nmax_age: 86400\n"),
    Mail("deep", MISMATCH, policy=b"version: STSv1\nmode: enforce\nmx: *.test\nmax_age: 86400\n"),
    Mail("wrongmx", MISMATCH, policy=b"version: STSv1\nmode: enforce\nmx: elsewhere.test\nmax_age: 86400\n"),
    Mail("wrongname", MISMATCH, host_chain=leaf_of("elsewhere.test")),
    Mail("untrusted", MISMATCH, host_chain=leaf_of("mx.untrusted.test", OTHER)),
    Mail("expired", MISMATCH, host_chain=leaf_of("mx.expired.test", not_after=NOW - DAY)),
    Mail("absent", mode=None, records=""),
    Mail("twice", UNREACHABLE, None, records=RECORD + '\n_mta-sts TXT "v=STSv1; id=2;"', failure="invalid"),
    Mail("noid", UNREACHABLE, None, records='_mta-sts TXT "v=STSv1;"', failure="invalid"),
    Mail("foreign", mode=None, records='_mta-sts TXT "v=spf1 -all"'),
    Mail("notfound", UNREACHABLE, None, status="404 Not Found", failure="http_status"),
    Mail("redirect", UNREACHABLE, None, status="301 Moved", fields=("Location: https://mta-sts.good.test/",),
         failure="redirect"),
    Mail("html", UNREACHABLE, None, content_type="text/html", failure="invalid"),
    Mail("garbage", UNREACHABLE, None, policy=b"\xff\xfe", failure="invalid"),
    Mail("noversion", UNREACHABLE, None, policy=b"mode: enforce\nmx: mx.noversion.test\nmax_age: 1\n",
         failure="invalid"),
    Mail("huge", UNREACHABLE, None, policy=b"version: STSv1\n" + b"x: y\n" * 20_000, failure="too_large"),
    Mail("policyname", UNREACHABLE, None, policy_chain=leaf_of("www.policyname.test"), failure="certificate"),
    Mail("policyroot", UNREACHABLE, None, policy_chain=leaf_of("mta-sts.policyroot.test", OTHER),
         failure="certificate"),
    Mail("policyold", UNREACHABLE, None, failure="certificate",
         policy_chain=leaf_of("mta-sts.policyold.test", not_after=NOW - DAY)),
    Mail("nohost", UNREACHABLE, None, records=RECORD, failure="no_address"),
]  # fmt: skip


@dataclass
class Web:
    """A website NAME.web.test: its records, what it serves, and what is expected."""

    name: str
    records: str
    findings: set = field(default_factory=set)
    alpn: tuple = ("h2", "http/1.1")
    caa: float | None = None
    names: tuple = ()
    chain: list | None = None

    @property
    def host(self):
        return f"{self.name}.web.test"

    @property
    def site(self):
        names = tuple(dns(one) for one in (self.names or (self.host,)))
        return Site(self.chain or [pki.leaf(ROOT, names=names)], alpn=self.alpn)

    @property
    def zone(self):
        return "\n".join([f"{self.name} A 127.0.0.1", *(line for line in self.records.splitlines() if line)])


HTTPS, CAA = {"https_record_mismatch"}, {"caa_forbids_issuer"}
# A configuration with a key that nobody has: X25519, HKDF-SHA256, AES-128-GCM, public.test.
ECH = "AD7+DQA6BwAgACBx4P+nkw1aKl73BA8KFrCd8ZMwAmxDHV/Qg0Qi1LB2CAAEAAEAASALcHVibGljLnRlc3QAAA=="
SEVERAL = """several CAA 0 issue "digicert.com"
several CAA 0 issue "letsencrypt.org; validationmethods=dns-01"
"""
WEBS = [
    Web("plain", ""),
    Web("alpn", "alpn HTTPS 1 . alpn=h2"),
    Web("noh2", "noh2 HTTPS 1 . alpn=h2", HTTPS, alpn=("http/1.1",)),
    Web("noalpn", "noalpn HTTPS 1 . alpn=h2", HTTPS, alpn=()),
    Web("h3only", "h3only HTTPS 1 . alpn=h3"),
    Web("hint", "hint HTTPS 1 . alpn=h2 ipv4hint=127.0.0.1"),
    Web("oldhint", "oldhint HTTPS 1 . alpn=h2 ipv4hint=127.0.0.9", HTTPS),
    Web("metadata", "metadata HTTPS 1 . alpn=h2 ipv4hint=169.254.169.254"),
    Web("otherport", "otherport HTTPS 1 . alpn=h2 port=8443", HTTPS),
    Web("smtpport", "smtpport HTTPS 1 . alpn=h2 port=25", HTTPS),
    Web("target", "target HTTPS 1 alpn.web.test. alpn=h2"),
    Web("alias", "alias HTTPS 0 alpn.web.test."),
    Web("aliasbad", "aliasbad HTTPS 0 oldhint.web.test.", HTTPS),
    Web("loop", "loop HTTPS 0 loop2.web.test.\nloop2 HTTPS 0 loop.web.test."),
    Web("mandatory", "mandatory HTTPS 1 . mandatory=key9999 key9999=x alpn=h2", HTTPS),
    Web("ech", f"ech HTTPS 1 . alpn=h2 ech={ECH}", {"ech_config_stale"}),
    Web("badech", "badech HTTPS 1 . alpn=h2 ech=AAAA", {"ech_config_stale"}),
    Web("oldech", "oldech HTTPS 1 . alpn=h2 ech=AAf+CgADYWJj"),
    Web("free", "", caa=1),
    Web("own", 'own CAA 0 issue "letsencrypt.org"', caa=1),
    Web("foreign", 'foreign CAA 0 issue "digicert.com"', CAA, caa=0),
    Web("nobody", 'nobody CAA 0 issue ";"', CAA, caa=0),
    Web("critical", 'critical CAA 128 unknown "x"', CAA, caa=0),
    Web("iodef", 'iodef CAA 0 iodef "mailto:a@b"', caa=1),
    Web("several", SEVERAL, caa=1),
    Web("deep.parent", 'parent CAA 0 issue "digicert.com"', CAA, caa=0),
    Web("own.parent2", 'parent2 CAA 0 issue "digicert.com"\nown.parent2 CAA 0 issue "letsencrypt.org"', caa=1),
    Web("cname", 'c CNAME caatarget\ncaatarget CAA 0 issue "digicert.com"', CAA, caa=0,
        names=("cname.web.test", "c.web.test")),
    Web("w", 'wild CAA 0 issue "letsencrypt.org"\nwild CAA 0 issuewild "digicert.com"', CAA, caa=0,
        names=("w.web.test", "*.wild.web.test")),
    Web("w2", 'wild2 CAA 0 issue "digicert.com"\nwild2 CAA 0 issuewild "letsencrypt.org"', caa=1,
        names=("w2.web.test", "*.wild2.web.test")),
    Web("w3", 'wild3 CAA 0 issue "digicert.com"', CAA, caa=0, names=("w3.web.test", "*.wild3.web.test")),
    Web("private", 'private CAA 0 issue "digicert.com"', chain=leaf_of("private.web.test", OTHER)),
]  # fmt: skip


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    below = folder / "unbound"
    below.mkdir()
    zones = [ZoneText("."), ZoneText("test")]
    zones += [ZoneText(f"{one.name}.test", one.zone.replace("mta-sts A 127.0.0.1\n", "" if one.name == "nohost" else
              "mta-sts A 127.0.0.1\n"), signed="", ds="none") for one in MAILS]  # fmt: skip
    zones.append(ZoneText("web.test", "\n".join(one.zone for one in WEBS)))
    anchors = write_zones(zones, folder)
    (folder / "root.pem").write_bytes(ROOT.pem)
    chains = {f"mx.{one.name}.test": one.chain for one in MAILS}
    sites = {f"mta-sts.{one.name}.test": one.site for one in MAILS} | {one.host: one.site for one in WEBS}
    with (
        own_network(),
        sni_smtp(chains, folder, 25),
        sni_https(sites, folder),
        knot(zones, folder) as authority,
        unbound(zones, authority, anchors, below, port=53),
    ):
        return asyncio.run(everything(str(folder / "root.pem")))


async def everything(roots):
    engine = Engine(Config(global_=GlobalConfig(per_address_concurrency=64)), SelfMetrics())
    dns_config = DNSConfig(tlsa=False, nameservers=(NameServer("127.0.0.1"),))
    try:
        seen = {}
        for one in MAILS:
            tls = TLSConfig(ca_file=roots, server_name=f"mx.{one.name}.test")
            quiet = DNSConfig(tlsa=False, caa=False, https=False, nameservers=(NameServer("127.0.0.1"),))
            module = Module("m", starttls="smtp", tls_config=tls, dns=quiet, mail_domain=f"{one.name}.test")
            seen[one.name] = await third_assessment(
                engine, Target(one.name, parse_endpoint("127.0.0.1:25"), "m"), module
            )
        for one in WEBS:
            tls = TLSConfig(ca_file=roots, server_name=one.host)
            module = Module("w", tls_config=tls, dns=dns_config, alpn=("http/1.1",))
            seen[one.host] = await third_assessment(
                engine, Target(one.name, parse_endpoint("127.0.0.1:443"), "w"), module
            )
        return seen
    finally:
        await engine.prober.departures.all_left()
        engine.close()
        await asyncio.sleep(0)


async def third_assessment(engine, target, module):
    """Return the assessment of the third scrape: a record leads to a policy, both are then known."""
    for _ in range(3):
        deadline = asyncio.get_running_loop().time() + 30
        (assessment,) = (await engine.report(target, module, deadline)).assessments
        await engine.assessor.settled()
    return assessment


def found(assessment, *topics):
    return {one.finding.id for one in assessment.findings if one.finding.id.startswith(topics)}


@pytest.mark.parametrize("mail", MAILS, ids=lambda one: one.name)
def test_each_state_of_mta_sts_is_seen(seen, mail):
    assessment = seen[mail.name]
    published = assessment.observation.published
    sts = published.mta_sts
    assert found(assessment, "mta_sts") == mail.findings
    assert (sts.policy.mode.value if sts is not None and sts.policy is not None else None) == mail.mode
    assert published.tls_reporting is mail.reporting
    assert [one.reason for one in published.failures if one.source == "mta_sts"] == (
        [mail.failure] * bool(mail.failure)
    )


@pytest.mark.parametrize("web", WEBS, ids=lambda one: one.name)
def test_each_state_of_https_and_caa_records_is_seen(seen, web):
    assessment = seen[web.host]
    assert assessment.observation.result.failure is None
    assert found(assessment, "caa", "https", "ech") == web.findings, assessment.observation.published
    if web.caa is not None:
        assert assessment.observation.published.caa.permits is bool(web.caa)


def test_a_ca_that_is_not_in_the_table_gives_no_verdict(seen):
    assert seen["private.web.test"].observation.published.caa is None


def test_aliases_in_a_circle_are_a_failure_and_no_finding(seen):
    failures = seen["loop.web.test"].observation.published.failures
    assert [(one.source, one.reason) for one in failures] == [("https", "alias_loop")]
