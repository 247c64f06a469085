"""DNSSEC on real servers: zones signed by BIND, served by Knot; Unbound says what is secure and what is bogus."""

import asyncio
import subprocess

import dns.zone
import pytest
from dns.rdatatype import RdataType
from support.programs import need
from support.servers.signed_zones import ZoneText, resolving, unbound

from exporter.config.model import DNSConfig, DNSSECMode, NameServer
from exporter.published.dane import Support
from exporter.published.dane_lookup import look_up_tlsa
from exporter.published.dns_answer import DNSError, DNSFailure
from exporter.published.lookup import Lookup

pytestmark = pytest.mark.server("knotd", "unbound", "dnssec-signzone")

TEXT = """mail A 192.0.2.1
_25._tcp.mail TLSA 3 1 1 abababababababababababababababababababababababababababababababab
*.wild TXT hello
alias CNAME mail
away CNAME mail.unsigned.test.
dangling CNAME nothing
a.b.c.deep A 192.0.2.2
moved DNAME target
x.target A 192.0.2.3
round CNAME round2
round2 CNAME round
"""


def without(*kinds, records=True):
    """Return an editor of signed zones that removes the signatures over some types, and by default the records too."""

    def edit(text, origin):
        zone = dns.zone.from_text(text, origin, relativize=False, check_origin=False)
        for node in zone.values():
            for one in list(node):
                if one.covers in kinds or (records and one.rdtype in kinds):
                    node.delete_rdataset(one.rdclass, one.rdtype, one.covers)
        return zone.to_text(relativize=False)

    return edit


ZONES = [
    ZoneText("."),
    ZoneText("test", signed="opt-out"),
    ZoneText("good.test", TEXT),
    ZoneText("hashed.test", TEXT, signed="nsec3"),
    ZoneText("optout.test", TEXT, signed="opt-out"),
    ZoneText("unsigned.test", TEXT, signed="", ds="none"),
    ZoneText("island.test", TEXT, ds="none"),
    ZoneText("wrong.test", TEXT, ds="wrong"),
    ZoneText("stripped.test", TEXT, signed="", ds="12345 13 2 " + "ab" * 32),
    ZoneText("expired.test", TEXT, span=("now-30d", "now-5d")),
    ZoneText("early.test", TEXT, span=("now+5d", "now+30d")),
    ZoneText("nosig.test", TEXT, edit=without(RdataType.TLSA, records=False)),
    ZoneText("noproof.test", TEXT, edit=without(RdataType.NSEC)),
    ZoneText("sub.good.test", TEXT),
    ZoneText("plain.good.test", TEXT, signed="", ds="none"),
    ZoneText("plain.hashed.test", TEXT, signed="", ds="none"),
]
NAMES = [
    "mail",
    "_25._tcp.mail",
    "x.wild",
    "alias",
    "away",
    "dangling",
    "b.c.deep",
    "nothing",
    "x.y.nothing",
    "",
    "x.moved",
]
KINDS = ["A", "TLSA", "TXT"]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with resolving(ZONES, tmp_path_factory.mktemp("zones")) as served:
        yield served


def unbound_says(port, name, kind, *flags):
    """Return the response code, whether the answer is authenticated, and the records, as dig has them of Unbound."""
    command = [need("dig"), "@127.0.0.1", "-p", str(port), "+adflag", "+tries=3", "+timeout=20", *flags, name, kind]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    code = shown.partition("status: ")[2].partition(",")[0]
    flags = shown.partition(";; flags:")[2].partition(";")[0].split()
    return code, "ad" in flags


def outcome_of(code, authenticated):
    if code == "SERVFAIL":
        return "bogus"
    return {"NOERROR": "exists", "NXDOMAIN": "no_name"}[code], authenticated


async def asked(lookup, name, kind):
    try:
        answer = await lookup.look_up(name, RdataType.from_text(kind))
    except DNSError as error:
        return "bogus" if error.reason is DNSFailure.BOGUS else error.reason.value
    return "no_name" if answer.status.value == "no_name" else "exists", answer.secure


@pytest.mark.parametrize("zone", [zone.name for zone in ZONES if zone.name != "."])
async def test_the_verdict_on_every_kind_of_answer_is_unbounds_in_both_modes(world, zone):
    validating = Lookup(
        DNSConfig(
            nameservers=(NameServer("127.0.0.1", world.resolver),),
            dnssec=DNSSECMode.VALIDATE,
            trust_anchors_file=str(world.anchors),
        )
    )
    trusting = Lookup(DNSConfig(nameservers=(NameServer("127.0.0.1", world.resolver),)))
    differing = []
    for label in NAMES:
        for kind in KINDS:
            name = f"{label}.{zone}".lstrip(".")
            judge = outcome_of(*await asyncio.to_thread(unbound_says, world.resolver, name, kind))
            for mode, lookup in (("validate", validating), ("resolver", trusting)):
                found = await asked(lookup, name, kind)
                if found != judge:
                    differing.append((mode, name, kind, found, judge))
    assert differing == []


@pytest.fixture(scope="module")
def blind(world, tmp_path_factory):
    """Run a resolver that does not validate."""
    folder = tmp_path_factory.mktemp("blind")
    with unbound(ZONES, world.authority, world.anchors, folder, modules="iterator") as port:
        yield port


@pytest.mark.parametrize(
    ("zone", "seen"),
    [("good.test", "not_validating"), ("unsigned.test", Support.UNSIGNED), ("island.test", "not_validating")],
)
async def test_a_resolver_that_does_not_validate_calls_no_signed_record_unsigned(blind, zone, seen):
    lookup = Lookup(DNSConfig(nameservers=(NameServer("127.0.0.1", blind),)))
    assert await support_of(lookup, zone) == seen


@pytest.mark.parametrize(
    ("zone", "seen"),
    [("good.test", Support.SECURE), ("unsigned.test", Support.UNSIGNED), ("island.test", Support.UNSIGNED)],
)
async def test_a_resolver_that_validates_tells_them_apart(world, zone, seen):
    lookup = Lookup(DNSConfig(nameservers=(NameServer("127.0.0.1", world.resolver),)))
    assert await support_of(lookup, zone) == seen


async def support_of(lookup, zone):
    try:
        records, _ = await look_up_tlsa(lookup, f"mail.{zone}", 25, "tcp", smtp=False, mail_domain=None)
    except DNSError as error:
        return error.reason.value
    return records.support
