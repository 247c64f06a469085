"""What probes and scans leave in the logs of real servers: clean ends, nothing for fail2ban, no address shut out."""

import asyncio
import contextlib
import hashlib
import re
import socket
import struct
import subprocess
import tempfile
from pathlib import Path

import pytest
from support.probing import make_prober, probe_one
from support.programs import need
from support.servers.credential import NAME, make_credential
from support.servers.dovecot import dovecot
from support.servers.mariadb import mariadb
from support.servers.nats import nats
from support.servers.postfix import postfix
from support.servers.postgres import postgres
from support.servers.prosody import prosody

from exporter.config.model import Module, PostureConfig, TLSConfig
from exporter.posture.pace import Pace
from exporter.posture.route import determine_route
from exporter.probe.runner import plain_route
from exporter.target import Target, parse_endpoint

PROBES = 4  # the first by OpenSSL, the others by the fast path
TRUNCATED = re.compile(r"lost connection|reset by peer|Connection reset|unexpected eof|[Bb]roken pipe|connection lost")


@pytest.fixture(scope="module")
def folder():
    """Make a folder that servers can reach once they have given root's rights away, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="tls-exporter-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="module")
def credential(folder):
    return make_credential(folder)


def log_of(folder):
    """Return a server's log without the connection by which these tests see that it has started."""
    lines = "".join(path.read_text(errors="replace") for path in sorted(folder.glob("*log"))).splitlines(keepends=True)
    return "".join(line for line in lines if not re.search(r"after CONNECT|TLS handshake error", line))


def banned_by(folder, name, mode=None):
    """Return how many lines of a log Debian's filter of that name matches."""
    need("fail2ban-regex")
    log = folder / "all.txt"
    log.write_text(log_of(folder))
    name = name if mode is None else f"{name}[mode={mode}]"
    done = subprocess.run(["fail2ban-regex", str(log), name], capture_output=True, text=True, check=True)
    found = re.search(r"^Lines: (\d+) lines, \d+ ignored, (\d+) matched", done.stdout, re.MULTILINE)
    assert found, done.stdout
    assert int(found[1]) > 1, "there is something to match"
    return int(found[2])


async def probe_often(port, protocol, times=PROBES, **module):
    prober = make_prober()
    for _ in range(times):
        result = await probe_one(
            f"127.0.0.1:{port}", prober, starttls=protocol, tls_config=TLSConfig(server_name=NAME), **module
        )
        assert result.success
    return prober


@pytest.mark.parametrize(
    ("server", "protocol", "says", "filters"),
    [
        (postfix, "smtp", r"disconnect from \S+ ehlo=1 starttls=1 quit=1 commands=3", [("postfix", "aggressive")]),
        (dovecot, "imap", r"Aborted login by logging out", [("dovecot", None)]),
        (dovecot, "pop3", r"Aborted login by logging out", [("dovecot", None)]),
        (dovecot, "sieve", r"Aborted login by logging out", [("dovecot", None)]),
        (dovecot, "lmtp", r"Disconnect from 127.0.0.1: Logged out", [("dovecot", None)]),
        (prosody, "xmpp", r"Client disconnected: connection closed", []),
        (nats, "nats", r"Client connection closed: Client Closed", []),
        (postgres, "postgres", "", []),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_each_session_ends_in_order(server, protocol, says, filters, folder, credential):
    """The server's log has a clean end for each probe, and no line of a connection that was lost."""
    own = folder / f"{protocol}-log"
    own.mkdir()
    own.chmod(0o755)
    with server(own, credential) as ports:
        prober = await probe_often(ports[protocol] if isinstance(ports, dict) else ports, protocol)
        prober.resolver.close()
        async with asyncio.timeout(10):
            while says and len(re.findall(says, log_of(own))) < PROBES:
                await asyncio.sleep(0.01)
    log = log_of(own)
    assert not TRUNCATED.search(log), log
    for name, mode in filters:
        assert banned_by(own, name, mode) == 0


async def scan(prober, port, protocol, **module):
    target = f"127.0.0.1:{port}"
    route = plain_route(
        Target(target, parse_endpoint(target), "m"),
        Module("m", starttls=protocol, tls_config=TLSConfig(server_name=NAME), **module),
    )
    return await determine_route(prober, route, Pace(), seconds=5.0, settings=PostureConfig(pace=0.0))


async def test_a_scan_of_a_mail_server_is_not_banned(folder, credential):
    """What Postfix refuses, it logs: Debian's filter in its own mode matches none of that."""
    own = folder / "smtp-scan"
    own.mkdir()
    own.chmod(0o755)
    with postfix(own, credential) as port:
        prober = await probe_often(port, "smtp", 1)
        posture = await scan(prober, port, "smtp")
        prober.resolver.close()
    assert posture.complete
    assert banned_by(own, "postfix", "normal") == 0


@contextlib.contextmanager
def counting_mariadb(folder, credential):
    """Run MariaDB with accounts and default limits; it counts by address, except for 127.0.0.1."""
    folder.mkdir()
    folder.chmod(0o755)
    with mariadb(folder, credential, accounts=True) as port:
        yield port


def counted(folder):
    """Return what MariaDB counts against an address, of which 100 shut it out."""
    query = "select coalesce(sum(sum_connect_errors), 0), coalesce(sum(count_host_blocked_errors), 0)"
    return [int(part) for part in sql(folder, f"{query} from performance_schema.host_cache").split()]


def sql(folder, query):
    command = [need("mariadb"), "--no-defaults", f"--socket={folder}/mariadb.sock", "-uroot", "--skip-column-names"]
    return subprocess.run([*command, "-e", query], capture_output=True, text=True, check=True).stdout


def log_in(port, source):
    """Log in as an application does (mysql_native_password), and return how the server's answer begins."""
    with socket.create_connection(("127.0.0.1", port), 5, (source, 0)) as connection:
        greeting = connection.recv(4096)
        if greeting[4] == 0xFF:
            return greeting[4:7]
        rest = greeting[5:].partition(b"\0")[2]
        nonce = rest[4:12] + rest[31:43]
        once = hashlib.sha1(b"pw").digest()
        mask = hashlib.sha1(nonce + hashlib.sha1(once).digest()).digest()
        proof = bytes(a ^ b for a, b in zip(once, mask, strict=True))
        body = struct.pack("<IIB23x", 0x0001 | 0x0200 | 0x8000 | 0x80000, 1 << 24, 33)
        body += b"app\0" + bytes([len(proof)]) + proof + b"mysql_native_password\0"
        connection.sendall(len(body).to_bytes(3, "little") + b"\1" + body)
        return connection.recv(4096)[4:7]


async def test_a_database_never_shuts_the_exporter_out(folder, credential):
    """MariaDB counts interrupted logins, and blocks an address at 100 in a row: probes make none, and scans a few.

    More probes than it forgives, and more scans; then an ordinary login from the same address.
    """
    own = folder / "mariadb-counts"
    with counting_mariadb(own, credential) as port:
        away = {"source_address": "127.0.0.3"}
        prober = await probe_often(port, "mysql", 120, **away)
        assert counted(own) == [0, 0]
        first = await scan(prober, port, "mysql", **away)
        for _ in range(8):
            later = await scan(prober, port, "mysql", **away)
        prober.resolver.close()
        assert first.complete
        assert set(later.undetermined.values()) == {"rate_limited"}
        errors, blocked = counted(own)
        assert 0 < errors < 50
        assert blocked == 0
        for _ in range(99):  # what one who goes away does, to see that these limits are in force
            socket.create_connection(("127.0.0.1", port), 5, ("127.0.0.4", 0)).close()
        while counted(own)[0] < errors + 99:
            await asyncio.sleep(0.01)
        assert log_in(port, "127.0.0.4")[:1] == b"\0", "with 99 of them it is forgiven"
        for _ in range(100):
            socket.create_connection(("127.0.0.1", port), 5, ("127.0.0.5", 0)).close()
        while counted(own)[0] < errors + 100:
            await asyncio.sleep(0.01)
        assert log_in(port, "127.0.0.5") == b"\xff" + (1129).to_bytes(2, "little"), "Host is blocked"
        assert log_in(port, "127.0.0.3")[:1] == b"\0"
    assert banned_by(own, "mysqld-auth") == 0
