"""DANE for SMTP: Postfix's own client, posttls-finger, is the judge of each state of records and chain."""

import asyncio
import hashlib
import subprocess
from dataclasses import dataclass, field

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from support import pki
from support.pki import DAY, NOW, dns
from support.servers.namespace import own_network
from support.servers.signed_zones import ZoneText, knot, unbound, write_zones
from support.servers.sni_smtp import sni_smtp

from exporter.config.model import Config, DNSConfig, DNSSECMode, GlobalConfig, Module, NameServer, TLSConfig
from exporter.metrics.self_metrics import SelfMetrics
from exporter.scrape.engine import Engine
from exporter.target import Target, parse_endpoint

pytestmark = pytest.mark.server("knotd", "unbound", "dnssec-signzone", "posttls-finger")

ROOT = pki.root("CN=Mail Root")
OTHER = pki.root("CN=Other Root")
MIDDLE = pki.intermediate(ROOT, "CN=Mail Issuer")


def digest(issued, selector, matching_type):
    data = issued.der
    if selector == 1:
        data = issued.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return {0: data, 1: hashlib.sha256(data).digest(), 2: hashlib.sha512(data).digest()}[matching_type].hex()


def tlsa(usage, selector, matching_type, issued):
    return f"{usage} {selector} {matching_type} {digest(issued, selector, matching_type)}"


def wrong(usage, selector, matching_type):
    return f"{usage} {selector} {matching_type} {'ab' * {0: 100, 1: 32, 2: 64}[matching_type]}"


def leaf_of(name, issuer=MIDDLE, **changes):
    return pki.leaf(issuer, names=(dns(f"{name}.good.test"),), **changes)


@dataclass
class Case:
    """A host below good.test, or below another zone: the chain that it presents, and its TLSA records."""

    name: str
    records: object  # of the chain
    chain: object = None  # of the name; default: leaf and intermediate
    zone: str = "good.test"
    alias: str = ""
    at_alias: bool = False  # the records stand at the alias
    presented: list = field(default_factory=list)

    @property
    def host(self):
        return f"{self.name}.{self.zone}"

    def build(self, port):
        name = self.name if self.zone == "good.test" else f"{self.name}"
        made = self.chain(name) if self.chain else [pki.leaf(MIDDLE, names=(dns(self.host),)), MIDDLE]
        self.presented = made
        records = self.records(made)
        if self.alias:
            owner = self.name if self.at_alias else self.alias
            lines = [f"{self.name} CNAME {self.alias}", f"{self.alias} A 127.0.0.1"]
        else:
            owner, lines = self.name, [f"{self.name} A 127.0.0.1"]
        return lines + [f"_{port}._tcp.{owner} TLSA {one}" for one in records]


CASES = [
    Case("none", lambda c: []),
    *[Case(f"ee{s}{m}", lambda c, s=s, m=m: [tlsa(3, s, m, c[0])]) for s in (0, 1) for m in (0, 1, 2)],
    *[Case(f"bad-ee{s}{m}", lambda c, s=s, m=m: [wrong(3, s, m)]) for s in (0, 1) for m in (1, 2)],
    *[Case(f"ta{s}{m}", lambda c, s=s, m=m: [tlsa(2, s, m, c[1])]) for s in (0, 1) for m in (0, 1, 2)],
    *[Case(f"bad-ta{s}{m}", lambda c, s=s, m=m: [wrong(2, s, m)]) for s in (0, 1) for m in (1, 2)],
    Case("ta-root-sent", lambda c: [tlsa(2, 0, 1, ROOT)], lambda n: [leaf_of(n), MIDDLE, ROOT]),
    Case("ta-root-not-sent", lambda c: [tlsa(2, 0, 1, ROOT)]),
    Case("ta-root-full", lambda c: [tlsa(2, 0, 0, ROOT)]),
    Case("ta-root-key-full", lambda c: [tlsa(2, 1, 0, ROOT)]),
    Case("ta-other-full", lambda c: [tlsa(2, 0, 0, OTHER)]),
    Case("ta-other-key-full", lambda c: [tlsa(2, 1, 0, OTHER)]),
    Case("ta-is-the-leaf", lambda c: [tlsa(2, 1, 1, c[0])]),
    Case("ta-self-signed", lambda c: [tlsa(2, 1, 1, c[0])], lambda n: [leaf_of(n, None)]),
    Case("ta-other-name", lambda c: [tlsa(2, 1, 1, c[1])], lambda n: [leaf_of("elsewhere"), MIDDLE]),
    Case("ta-expired", lambda c: [tlsa(2, 1, 1, c[1])], lambda n: [leaf_of(n, not_after=NOW - DAY), MIDDLE]),
    Case("ta-unrelated-sent", lambda c: [tlsa(2, 0, 1, OTHER)], lambda n: [leaf_of(n), MIDDLE, OTHER]),
    Case("ee-is-the-issuer", lambda c: [tlsa(3, 1, 1, c[1])]),
    Case("ee-expired", lambda c: [tlsa(3, 1, 1, c[0])], lambda n: [leaf_of(n, not_after=NOW - DAY), MIDDLE]),
    Case("ee-other-name", lambda c: [tlsa(3, 1, 1, c[0])], lambda n: [leaf_of("elsewhere"), MIDDLE]),
    Case("ee-self-signed", lambda c: [tlsa(3, 1, 1, c[0])], lambda n: [leaf_of(n, None)]),
    Case("pkix-ee", lambda c: [tlsa(1, 1, 1, c[0])]),
    Case("pkix-ta", lambda c: [tlsa(0, 0, 1, c[1])]),
    Case("pkix-and-bad", lambda c: [tlsa(1, 1, 1, c[0]), wrong(3, 1, 1)]),
    Case("pkix-and-good", lambda c: [wrong(1, 1, 1), tlsa(3, 1, 1, c[0])]),
    Case("rollover", lambda c: [tlsa(3, 1, 1, c[0]), wrong(3, 1, 1)]),
    Case("missed-rollover", lambda c: [wrong(3, 1, 1), wrong(3, 0, 1)]),
    Case("ee-and-ta", lambda c: [tlsa(3, 1, 1, c[0]), tlsa(2, 1, 1, c[1])]),
    Case("bad-ee-good-ta", lambda c: [wrong(3, 1, 1), tlsa(2, 1, 1, c[1])]),
    Case("stronger-wrong", lambda c: [tlsa(3, 1, 1, c[0]), wrong(3, 1, 2)]),
    Case("weaker-wrong", lambda c: [wrong(3, 1, 1), tlsa(3, 1, 2, c[0])]),
    Case("unknown-usage", lambda c: ["4 1 1 " + "ab" * 32]),
    Case("unknown-selector", lambda c: ["3 7 1 " + "ab" * 32]),
    Case("unknown-type", lambda c: ["3 1 9 " + "ab" * 32]),
    Case("unknown-and-good", lambda c: ["3 1 9 " + "ab" * 32, tlsa(3, 1, 1, c[0])]),
    Case("unknown-and-bad", lambda c: ["3 1 9 " + "ab" * 32, wrong(3, 1, 1)]),
    Case("short-digest", lambda c: ["3 1 1 abcd"]),
    Case("full-garbage", lambda c: ["3 0 0 abcd"]),
    Case("full-ta-garbage", lambda c: ["2 0 0 abcd"]),
    Case("alias-at-target", lambda c: [tlsa(3, 1, 1, c[0])], alias="target1"),
    Case("alias-at-name", lambda c: [tlsa(3, 1, 1, c[0])], alias="target2", at_alias=True),
    Case("bad-alias", lambda c: [wrong(3, 1, 1)], alias="target3"),
    Case("mail", lambda c: [tlsa(3, 1, 1, c[0])], zone="unsigned.test"),
    Case("mail", lambda c: [wrong(3, 1, 1)], zone="wrong.test"),
    Case("mail", lambda c: [tlsa(3, 1, 1, c[0])], zone="expired.test"),
    Case("mail", lambda c: [tlsa(3, 1, 1, c[0])], zone="hashed.test"),
    Case("mail2", lambda c: [wrong(3, 1, 1)], zone="hashed.test", alias="target4"),
]
STYLES = {
    "good.test": {},
    "unsigned.test": {"signed": "", "ds": "none"},
    "wrong.test": {"ds": "wrong"},
    "expired.test": {"span": ("now-30d", "now-5d")},
    "hashed.test": {"signed": "nsec3"},
}


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory):
    """Ask the judge and both of our ways about every case; in a network of its own, where port 25 and 53 are free."""
    folder = tmp_path_factory.mktemp("dane")
    below = folder / "unbound"
    below.mkdir()
    texts = {zone: [] for zone in STYLES}
    for case in CASES:
        texts[case.zone] += case.build(25)
    zones = [ZoneText("."), ZoneText("test")]
    zones += [ZoneText(name, "\n".join(texts[name]), **style) for name, style in STYLES.items()]
    anchors = write_zones(zones, folder)
    resolv = folder / "resolv.conf"
    resolv.write_text("nameserver 127.0.0.1\noptions edns0 trust-ad\n")
    chains = {case.host: case.presented for case in CASES}
    chains |= {f"{case.alias}.{case.zone}": case.presented for case in CASES if case.alias}
    with (
        own_network(),
        sni_smtp(chains, folder, 25),
        knot(zones, folder) as authority,
        unbound(zones, authority, anchors, below, port=53),
    ):
        judged = {case.host: finger(case.host, resolv) for case in CASES}
        return {
            "judge": judged,
            "validate": asyncio.run(ours(DNSSECMode.VALIDATE, anchors)),
            "resolver": asyncio.run(ours(DNSSECMode.RESOLVER, None)),
        }


def finger(host, resolv):
    """Return what posttls-finger makes of a host: "valid", "invalid", "unused" records, or "failed" to look it up."""
    command = (
        f"mount --bind {resolv} /etc/resolv.conf && exec posttls-finger -c -l dane -t 5 -L summary,verbose '[{host}]'"
    )
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", command], capture_output=True, text=True, timeout=60, check=False
    )
    said = done.stdout + done.stderr
    if "address lookup failed" in said:
        return "failed"
    assert "TLS connection established" in said, said
    if "DNSSEC-signed TLSA record" not in said or "all TLSA records unusable" in said:
        return "unused"
    return "valid" if "Verified TLS connection established" in said else "invalid"


async def ours(mode, anchors):
    """Return what the exporter says of each host after its second scrape."""
    file = str(anchors) if anchors is not None else None
    dns = DNSConfig(
        caa=False, https=False, nameservers=(NameServer("127.0.0.1"),), dnssec=mode, trust_anchors_file=file
    )
    engine = Engine(Config(global_=GlobalConfig(per_address_concurrency=64)), SelfMetrics())
    try:
        return {case.host: await assessment_of(engine, case.host, dns) for case in CASES}
    finally:
        await engine.prober.departures.all_left()
        engine.close()
        await asyncio.sleep(0)


async def assessment_of(engine, host, dns):
    module = Module("smtp", starttls="smtp", tls_config=TLSConfig(server_name=host), dns=dns)
    target = Target(host, parse_endpoint("127.0.0.1:25"), "smtp")
    deadline = asyncio.get_running_loop().time() + 30
    await engine.report(target, module, deadline)
    await engine.assessor.settled()
    (assessment,) = (await engine.report(target, module, deadline)).assessments
    published = assessment.observation.published
    if [one for one in published.failures if one.reason == "bogus"]:
        return "failed"
    assert published.failures == ()
    if published.dane is None or published.dane.valid is None:
        return "unused"
    return "valid" if published.dane.valid else "invalid"


@pytest.mark.parametrize("host", [case.host for case in CASES])
def test_each_state_has_the_verdict_of_postfix(verdicts, host):
    assert verdicts["validate"][host] == verdicts["resolver"][host] == verdicts["judge"][host]


def test_the_judge_has_seen_every_verdict(verdicts):
    assert set(verdicts["judge"].values()) == {"valid", "invalid", "unused", "failed"}
