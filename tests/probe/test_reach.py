"""Ways to an endpoint besides a name and a port: Unix sockets, source addresses, IPv6 zones, international names."""

import asyncio
import contextlib
import ctypes
import os
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.probing import make_prober, probe_one
from support.programs import missing, need, run
from support.servers.credential import make_credential
from support.servers.process import free_port
from support.servers.speaker import Callers, tls_speaker

from exporter.certificates.certificate import read_certificate_untrusted
from exporter.certificates.names import matches_name
from exporter.config.model import IPProtocol, TLSConfig
from exporter.net.reason import Reason
from exporter.net.resolve import Resolver
from exporter.probe.result import Phase

CLONE_NEWNET = 0x40000000  # sched.h
IDN, A_LABEL = "bücher.example", "xn--bcher-kva.example"


@pytest.fixture(scope="module")
def credential(tmp_path_factory):
    return make_credential(tmp_path_factory.mktemp("credential"), A_LABEL)


async def test_a_unix_socket(credential, tmp_path):
    """No name is sent unless the module has one, and no address is resolved."""
    path, callers = str(tmp_path / "server.sock"), Callers()
    with tls_speaker(credential, host=path, callers=callers):
        result = await probe_one(f"unix:{path}")
        named = await probe_one(f"unix:{path}", tls_config=TLSConfig(server_name=A_LABEL))
    assert result.success
    assert result.chain == (credential.der,)
    assert (result.address, result.family, result.server_name) == (path, "unix", None)
    assert named.server_name == A_LABEL
    assert callers.names == [None, A_LABEL]
    assert Phase.RESOLVE not in dict(result.durations)


async def test_starttls_over_a_unix_socket(credential, tmp_path):
    path = str(tmp_path / "server.sock")
    with tls_speaker(credential, host=path, starttls=True):
        result = await probe_one(f"unix:{path}", starttls="smtp")
    assert result.success


@pytest.mark.parametrize("kind", ["missing", "not a socket", "nobody listens"])
async def test_a_unix_socket_that_leads_nowhere(kind, tmp_path):
    path = tmp_path / "server.sock"
    if kind == "not a socket":
        path.touch()
    elif kind == "nobody listens":
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(str(path))
    result = await probe_one(f"unix:{path}")
    assert not result.reachable
    assert (result.failure.phase, result.failure.reason) == (Phase.CONNECT, Reason.REFUSED)


async def test_a_source_address(credential):
    callers = Callers()
    with tls_speaker(credential, callers=callers) as port:
        result = await probe_one(f"127.0.0.1:{port}", source_address="127.0.0.2")
    assert result.success
    assert [address for address, _ in callers.addresses] == ["127.0.0.2"]


@pytest.mark.parametrize("source", ["192.0.2.1", "::1"])
async def test_a_source_address_that_is_not_ours_or_of_another_family(source, credential):
    with tls_speaker(credential) as port:
        result = await probe_one(f"127.0.0.1:{port}", source_address=source)
    assert not result.reachable
    assert (result.failure.phase, result.failure.reason) == (Phase.CONNECT, Reason.UNREACHABLE)


async def test_ipv6(credential):
    callers = Callers()
    with tls_speaker(credential, host="::1", callers=callers) as port:
        result = await probe_one(f"[::1]:{port}")
    assert result.success
    assert (result.address, result.family) == ("::1", "ip6")
    assert callers.names == [None]


def test_an_ipv6_zone(credential):
    """The zone leads the way and is no part of a name (RFC 6874). In a network of its own, with nothing but lo."""
    found = []

    def in_a_network_of_its_own():
        if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
            found.append(f"no network namespace can be made: {os.strerror(ctypes.get_errno())}")
            return
        for command in ("link set lo up", "-6 address add fe80::1/64 dev lo nodad"):
            run(ip, *command.split())
        with tls_speaker(credential, host="fe80::1%lo") as port:
            found.append(asyncio.run(probe_one(f"[fe80::1%lo]:{port}")))

    ip = need("ip")
    with ThreadPoolExecutor(1) as thread:  # a namespace belongs to the thread that makes it, and to its children
        thread.submit(in_a_network_of_its_own).result(60)
    (result,) = found
    if isinstance(result, str):
        missing(result)
    assert result.success
    assert result.server_name is None
    assert (result.address, result.family) == ("fe80::1%lo", "ip6")


async def test_an_ipv6_zone_that_is_not_there():
    result = await probe_one(f"[fe80::1%nowhere0]:{free_port()}")
    assert not result.reachable
    assert result.failure.phase in (Phase.RESOLVE, Phase.CONNECT)
    assert result.failure.reason in (Reason.UNREACHABLE, Reason.NO_ADDRESS)


async def test_an_international_name(credential):
    """RFC 5891: A-labels are looked up, sent and matched; what was written stays the target's name."""
    asked, callers = [], Callers()

    def lookup(host, port, *_, **__):
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    prober = make_prober(resolver=Resolver(lookup=lookup))
    with contextlib.closing(prober.resolver), tls_speaker(credential, callers=callers) as port:
        result = await probe_one(f"{IDN}:{port}", prober)
    assert result.success
    assert asked == callers.names == [A_LABEL]
    assert result.server_name == A_LABEL
    assert matches_name(read_certificate_untrusted(result.chain[0]), A_LABEL)


@pytest.mark.parametrize(
    ("protocol", "family", "host"), [(IPProtocol.IP4, "ip4", "127.0.0.1"), (IPProtocol.IP6, "ip6", "::1")]
)
async def test_the_address_family_of_the_module(protocol, family, host, credential):
    """A name with both families is probed by the one that the module wants."""

    def lookup(name, port, wanted, *_, **__):
        both = [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", port, 0, 0)),
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)),
        ]
        return [entry for entry in both if wanted in (socket.AF_UNSPEC, entry[0])]

    prober = make_prober(resolver=Resolver(lookup=lookup))
    with contextlib.closing(prober.resolver), tls_speaker(credential, host=host) as port:
        result = await probe_one(f"localhost:{port}", prober, ip_protocol=protocol)
    assert result.success
    assert (result.address, result.family) == (host, family)
