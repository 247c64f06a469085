"""Signed DNS zones on loopback: BIND's tools sign them, Knot serves them, Unbound resolves and validates.

A zone is written as text without SOA and NS, which are added. One Knot serves all of them, the root included, so that
nothing is ever asked outside of it.
"""

import contextlib
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import dns.message
import dns.query

from tests.support.programs import need, run
from tests.support.servers.process import free_port, serving

HEAD = """$TTL 300
@ IN SOA ns.test. admin.test. 1 3600 600 86400 60
@ IN NS ns.test.
"""


@dataclass
class ZoneText:
    """One zone. `signed` is how: "", "nsec", "nsec3" or "opt-out"; `span` are dnssec-signzone's -s and -e.

    `ds` is what the parent says: "good", "none", "wrong", or the data of a DS record.
    """

    name: str
    text: str = ""
    signed: str = "nsec"
    span: tuple[str, str] = ("now-3600", "now+30d")
    ds: str = "good"
    edit: object = None  # changes the signed text


@dataclass
class Zones:
    """What is served: the port of the authoritative server, the resolver's, and the file with the root's anchor."""

    authority: int
    resolver: int
    anchors: Path
    folder: Path
    process: subprocess.Popen = field(default=None, repr=False)


def _zone_file(folder: Path, name: str) -> Path:
    return folder / f"{'root' if name == '.' else name}.zone"


def sign(zone: ZoneText, folder: Path, text: str) -> list[str]:
    """Write a zone's file, signed as it wants; return the DS records that its parent needs."""
    file = _zone_file(folder, zone.name)
    origin = zone.name if zone.name == "." else f"{zone.name}."
    file.write_text(f"$ORIGIN {origin}\n{HEAD}{text}\n")
    if not zone.signed:
        return []
    keys = folder / f"keys-{file.stem}"
    keys.mkdir()
    for flags in ([], ["-f", "KSK"]):
        run(need("dnssec-keygen"), "-q", "-K", str(keys), "-a", "ECDSAP256SHA256", *flags, "-n", "ZONE", origin)
    chain = {"nsec": [], "nsec3": ["-3", "beef"], "opt-out": ["-3", "-", "-A"]}[zone.signed]
    start, end = zone.span
    run(
        need("dnssec-signzone"), "-P", "-S", "-K", str(keys), "-d", str(folder), "-o", origin, "-s", start, "-e", end,
        *chain, "-f", str(file), str(file), cwd=folder,
    )  # fmt: skip
    if zone.edit is not None:
        file.write_text(zone.edit(file.read_text(), origin))
    found = (folder / f"dsset-{origin}").read_text().splitlines()
    return [line.strip() for line in found if line.strip()]


def write_zones(zones: Sequence[ZoneText], folder: Path) -> Path:
    """Sign children before parents; return the file with the root's DS record, the trust anchor."""
    vouched: dict[str, list[str]] = {}
    for zone in sorted(zones, key=lambda one: -len([label for label in one.name.split(".") if label])):
        children = [one for one in zones if one.name != zone.name and _parent(one.name, zones) == zone.name]
        lines = [zone.text]
        for child in children:
            lines.append(f"{child.name}. IN NS ns.test.")
            if child.ds not in ("none", "good", "wrong"):
                lines.append(f"{child.name}. IN DS {child.ds}")
            elif child.ds != "none":
                lines += [_wrong(line) if child.ds == "wrong" else line for line in vouched[child.name]]
        if zone.name in (".", "test"):
            lines.append("ns.test. IN A 127.0.0.1")  # the root's glue, and the record itself
        vouched[zone.name] = sign(zone, folder, "\n".join(lines))
    anchors = folder / "anchors"
    anchors.write_text("\n".join(vouched["."]) + "\n")
    return anchors


def _parent(name: str, zones: Sequence[ZoneText]) -> str:
    names = {one.name for one in zones}
    while name:
        name = name.partition(".")[2]
        if name in names:
            return name
    return "."


def _wrong(line: str) -> str:
    """Return a DS record of a key that the zone does not have: one digit of its digest differs."""
    return line[:-1] + ("0" if line[-1] != "0" else "1")


@contextlib.contextmanager
def knot(zones: Sequence[ZoneText], folder: Path, address: str = "127.0.0.1", port: int = 0) -> Iterator[int]:
    """Serve zone files; yield the port."""
    port = port or free_port()
    lines = [f'server:\n  listen: {address}@{port}\n  rundir: "{folder}"\n  tcp-workers: 1\n  udp-workers: 1']
    lines += [f'database:\n  storage: "{folder}"', "log:\n  - target: stderr\n    any: warning", "zone:"]
    for one in zones:
        lines.append(f'  - domain: "{one.name}"\n    file: "{_zone_file(folder, one.name)}"\n    semantic-checks: off')
    (folder / "knot.conf").write_text("\n".join(lines) + "\n")
    with serving([need("knotd"), "-c", str(folder / "knot.conf")], folder, port):
        for one in zones:
            _await_zone(one.name, address, port)
        yield port


def _await_zone(name: str, address: str, port: int) -> None:
    """Wait until a zone is served: a server accepts connections before it has read its zones."""
    for _ in range(600):
        query = dns.message.make_query("." if name == "." else f"{name}.", "SOA")
        if dns.query.tcp(query, address, 20, port).answer:
            return
        time.sleep(0.05)
    raise AssertionError(f"the zone {name} is not served")


@contextlib.contextmanager
def unbound(
    zones: Sequence[ZoneText],
    authority: int,
    anchors: Path,
    folder: Path,
    address: str = "127.0.0.1",
    port: int = 0,
    modules: str = "validator iterator",
) -> Iterator[int]:
    """Run a validating resolver above an authoritative server; yield the port."""
    stubs = "\n".join(
        f'stub-zone:\n  name: "{one.name}"\n  stub-addr: 127.0.0.1@{authority}\n  stub-prime: no' for one in zones
    )
    port = port or free_port()
    (folder / "unbound.conf").write_text(f"""
server:
  interface: {address}@{port}
  do-daemonize: no
  username: ""
  chroot: ""
  directory: "{folder}"
  pidfile: ""
  use-syslog: no
  verbosity: 1
  do-not-query-localhost: no
  trust-anchor-file: "{anchors}"
  module-config: "{modules}"
  root-hints: ""
  num-threads: 1
  do-ip6: no
  minimal-responses: no
  local-zone: "test." nodefault
  val-bogus-ttl: 1
  cache-max-negative-ttl: 1
remote-control:
  control-enable: no
{stubs}
""")
    with serving([need("unbound"), "-d", "-c", str(folder / "unbound.conf")], folder, port):
        yield port


@contextlib.contextmanager
def resolving(zones: Sequence[ZoneText], folder: Path) -> Iterator[Zones]:
    """Serve zones and a validating resolver above them."""
    anchors = write_zones(zones, folder)
    below = folder / "unbound"
    below.mkdir()
    with knot(zones, folder) as authority, unbound(zones, authority, anchors, below) as resolver:
        yield Zones(authority, resolver, anchors, folder)
