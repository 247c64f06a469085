"""Every STARTTLS protocol against a real server that offers it, and one that does not."""

import contextlib
import tempfile
from pathlib import Path

import pytest
from support.probing import make_prober, probe_one
from support.servers.credential import NAME, make_credential
from support.servers.dovecot import dovecot
from support.servers.inspircd import inspircd
from support.servers.mariadb import mariadb
from support.servers.nats import nats
from support.servers.nnrpd import nnrpd
from support.servers.own_process import python_server
from support.servers.postfix import postfix
from support.servers.postgres import postgres
from support.servers.prosody import prosody
from support.servers.slapd import slapd
from support.servers.vsftpd import vsftpd
from support.servers.xrdp import xrdp

from exporter.config.model import Module, PostureConfig, TLSConfig
from exporter.net.reason import Reason
from exporter.posture.pace import Pace
from exporter.posture.route import determine_route
from exporter.probe.result import Phase
from exporter.probe.runner import plain_route
from exporter.target import Target, parse_endpoint
from exporter.wire.starttls import PROTOCOLS


def script(protocol):
    """Return a server that the tests implement, for the protocols that no package serves."""

    def serve(folder, credential, setting):
        return python_server(folder, credential, "upgrading", protocol, setting)

    return serve


# (the server, its setting with TLS, its setting without, the protocols it speaks)
SERVERS = {
    "postfix": (postfix, {"tls": "may"}, {"tls": "none"}, ["smtp"]),
    "dovecot": (dovecot, {"ssl": "yes"}, {"ssl": "no"}, ["imap", "pop3", "lmtp", "sieve"]),
    "vsftpd": (vsftpd, {"tls": True}, {"tls": False}, ["ftp"]),
    "slapd": (slapd, {"tls": True}, {"tls": False}, ["ldap"]),
    "postgres": (postgres, {"tls": True}, {"tls": False}, ["postgres"]),
    "mariadb": (mariadb, {"tls": True}, {"tls": False}, ["mysql"]),
    "prosody": (prosody, {"tls": True}, {"tls": False}, ["xmpp", "xmpp-server"]),
    "nnrpd": (nnrpd, {"tls": True}, {"tls": False}, ["nntp"]),
    "inspircd": (inspircd, {"tls": True}, {"tls": False}, ["irc"]),
    "xrdp": (xrdp, {"tls": True}, {"tls": False}, ["rdp"]),
    "nats": (nats, {"tls": True}, {"tls": False}, ["nats"]),
    "tds": (script("tds"), {"setting": "tls"}, {"setting": "none"}, ["tds"]),
    "telnet": (script("telnet"), {"setting": "tls"}, {"setting": "none"}, ["telnet"]),
}
# INN lists STARTTLS whether it has a certificate or not, and owns up when asked.
REFUSES = {"nnrpd": "the server said: 580 Error initializing TLS"}


@pytest.fixture(scope="module")
def folder():
    """Make a folder that servers can reach once they have given root's rights away, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="tls-exporter-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="module")
def credential(folder):
    return make_credential(folder)


@contextlib.contextmanager
def ports_of(name, setting, folder, credential):
    server, with_tls, without, protocols = SERVERS[name]
    own = folder / f"{name}-{setting}"
    own.mkdir()
    own.chmod(0o755)
    with server(own, credential, **(with_tls if setting == "tls" else without)) as ports:
        yield ports if isinstance(ports, dict) else {protocols[0]: ports}


@pytest.mark.parametrize("name", SERVERS)
async def test_a_server_that_offers_tls(name, folder, credential):
    """The certificate is there, every phase has its time, and nothing came too early."""
    with ports_of(name, "tls", folder, credential) as ports:
        for protocol in SERVERS[name][3]:
            result = await probe_one(
                f"127.0.0.1:{ports[protocol]}", starttls=protocol, tls_config=TLSConfig(server_name=NAME)
            )
            assert result.failure is None, protocol
            assert result.success
            assert result.chain == (credential.der,)
            assert result.session.protocol == "TLSv1.3"
            assert not result.starttls_injection
            phases = dict(result.durations)
            assert {Phase.CONNECT, Phase.STARTTLS, Phase.HANDSHAKE} <= set(phases)
            assert 0 < sum(phases.values()) <= result.total_seconds


@pytest.mark.parametrize("name", SERVERS)
async def test_a_server_without_tls(name, folder, credential):
    """The failure is in the phase starttls, tells what the server said, and the port was reachable."""
    with ports_of(name, "plain", folder, credential) as ports:
        for protocol in SERVERS[name][3]:
            result = await probe_one(
                f"127.0.0.1:{ports[protocol]}", starttls=protocol, tls_config=TLSConfig(server_name=NAME)
            )
            assert result.reachable
            assert not result.success
            assert result.failure.phase is Phase.STARTTLS
            if name in REFUSES:
                assert (result.failure.reason, result.failure.detail) == (Reason.STARTTLS_REFUSED, REFUSES[name])
            else:
                assert result.failure.reason is Reason.STARTTLS_UNSUPPORTED
                assert result.failure.detail.startswith("TLS is not offered: ")


async def test_a_server_of_another_protocol(folder, credential):
    """POP3 where IMAP is expected: the greeting shows it, and is reported."""
    own = folder / "another"
    own.mkdir()
    with dovecot(own, credential) as ports:
        result = await probe_one(f"127.0.0.1:{ports['pop3']}", starttls="imap")
    assert result.failure.phase is Phase.STARTTLS
    assert result.failure.reason is Reason.STARTTLS_PROTOCOL_ERROR
    assert result.failure.detail.startswith("not an IMAP greeting: +OK")


def test_every_protocol_has_a_server():
    assert sorted(protocol for *_, protocols in SERVERS.values() for protocol in protocols) == sorted(PROTOCOLS)


@pytest.mark.parametrize("newest", [[], ["tls12"]])
async def test_tds_is_framed_to_the_end_of_the_handshake_and_no_further(newest, folder, credential):
    """TLS 1.2 and 1.3, three times: packets around the handshake, close_notify without one."""
    own = folder / f"tds-frames-{len(newest)}"
    own.mkdir()
    prober = make_prober()
    with python_server(own, credential, "upgrading", "tds", "tls", *newest) as port:
        for _ in range(3):
            result = await probe_one(f"127.0.0.1:{port}", prober, starttls="tds")
            assert result.success
            assert result.session.protocol == ("TLSv1.2" if newest else "TLSv1.3")
        prober.resolver.close()
        log = (own / "output.log").read_text()
    assert log.split("\n").count("close_notify") == 3, log


async def test_the_posture_of_tds(folder, credential):
    """A scan's hellos travel in packets, too."""
    own = folder / "tds-posture"
    own.mkdir()
    with python_server(own, credential, "upgrading", "tds", "tls") as port:
        target = f"127.0.0.1:{port}"
        prober = make_prober()
        route = plain_route(Target(target, parse_endpoint(target), "m"), Module("m", starttls="tds"))
        posture = await determine_route(prober, route, Pace(), seconds=5.0, settings=PostureConfig(pace=0.0))
        prober.resolver.close()
    assert posture.complete, posture.undetermined
    assert [name for name, accepted in posture.versions.items() if accepted] == ["TLSv1.2", "TLSv1.3"]
