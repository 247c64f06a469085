"""Probes through real proxies: right and wrong users, names that only the proxy knows, and what they refuse."""

import socket

import pytest
from support.probing import make_prober, probe_one
from support.servers.credential import make_credential
from support.servers.process import free_port
from support.servers.proxies import HIDDEN_NAME, dante, microsocks, tinyproxy
from support.servers.speaker import tls_speaker

from exporter.config.model import ProxyConfig, Secret
from exporter.net.reason import Reason
from exporter.net.resolve import Resolver
from exporter.probe.result import Phase

USER, PASSWORD = "probe", "s3cret"
PROXIES = {"http": tinyproxy, "socks5": microsocks}
schemes = pytest.mark.parametrize("scheme", PROXIES)


@pytest.fixture(scope="module")
def credential(tmp_path_factory):
    return make_credential(tmp_path_factory.mktemp("credential"), HIDDEN_NAME)


def at(scheme, port, user=None, password=None):
    return ProxyConfig(scheme, "127.0.0.1", port, user, Secret(password) if password is not None else None)


def no_lookup(*_, **__):
    raise socket.gaierror(socket.EAI_NONAME, "this exporter must not resolve any name")


async def probe_hidden(proxy, port, **module):
    """Probe the name that only the proxy can resolve, by an exporter that can resolve nothing."""
    prober = make_prober(resolver=Resolver(lookup=no_lookup))
    try:
        return await probe_one(f"{HIDDEN_NAME}:{port}", prober, proxy=proxy, **module)
    finally:
        prober.resolver.close()


@schemes
async def test_a_name_that_only_the_proxy_knows(scheme, tmp_path, credential):
    with tls_speaker(credential) as port, PROXIES[scheme](tmp_path) as proxy_port:
        result = await probe_hidden(at(scheme, proxy_port), port)
    assert result.failure is None
    assert result.chain == (credential.der,)
    assert result.server_name == HIDDEN_NAME
    assert [phase for phase, _ in result.durations] == [Phase.RESOLVE, Phase.CONNECT, Phase.PROXY, Phase.HANDSHAKE]


@schemes
async def test_the_right_user(scheme, tmp_path, credential):
    with tls_speaker(credential) as port, PROXIES[scheme](tmp_path, USER, PASSWORD) as proxy_port:
        result = await probe_hidden(at(scheme, proxy_port, USER, PASSWORD), port)
    assert result.success


@schemes
@pytest.mark.parametrize("user", [(None, None), (USER, "wrong"), ("nobody", PASSWORD)])
async def test_no_user_or_a_wrong_one(scheme, user, tmp_path, credential):
    """The target is not reachable then, and no secret is reported."""
    with tls_speaker(credential) as port, PROXIES[scheme](tmp_path, USER, PASSWORD) as proxy_port:
        result = await probe_hidden(at(scheme, proxy_port, *user), port)
    assert not result.reachable
    assert result.failure.phase is Phase.PROXY
    if scheme == "http" and user[0] is not None:  # tinyproxy answers a wrong user with what belongs to origins
        assert result.failure.reason is Reason.PROXY_REFUSED
        assert "401" in result.failure.detail
    else:
        assert result.failure.reason is Reason.PROXY_AUTHENTICATION_REQUIRED
    assert PASSWORD not in repr(result)


@schemes
async def test_starttls_through_a_proxy(scheme, tmp_path, credential):
    """The server speaks first, maybe in one breath with the proxy: nothing of it may be lost."""
    with tls_speaker(credential, starttls=True) as port, PROXIES[scheme](tmp_path) as proxy_port:
        result = await probe_hidden(at(scheme, proxy_port), port, starttls="smtp")
    assert result.success
    assert result.chain == (credential.der,)


@schemes
async def test_a_port_that_is_closed_behind_the_proxy(scheme, tmp_path):
    with PROXIES[scheme](tmp_path) as proxy_port:
        result = await probe_hidden(at(scheme, proxy_port), free_port())
    assert result.failure.phase is Phase.PROXY
    assert result.failure.reason is Reason.PROXY_REFUSED
    assert result.failure.detail.startswith("the proxy said: ")
    assert not result.reachable


@schemes
async def test_a_proxy_that_is_not_there(scheme):
    result = await probe_one("127.0.0.1:443", proxy=at(scheme, free_port()))
    assert (result.failure.phase, result.failure.reason) == (Phase.CONNECT, Reason.REFUSED)


@schemes
async def test_a_proxy_that_is_none(scheme, credential):
    """A mail server where the proxy should be."""
    with tls_speaker(credential, starttls=True) as port:
        result = await probe_one("127.0.0.1:443", proxy=at(scheme, port))
    assert result.failure.phase is Phase.PROXY
    assert result.failure.reason is Reason.PROXY_PROTOCOL_ERROR


async def test_no_proxy_goes_straight(credential):
    with tls_speaker(credential) as port:
        result = await probe_one(f"127.0.0.1:{port}", proxy=at("http", free_port()), no_proxy=("127.0.0.0/8",))
    assert result.success
    assert Phase.PROXY not in dict(result.durations)


async def test_dante_and_its_rules(tmp_path, credential):
    with tls_speaker(credential) as port:
        blocked = free_port()
        with dante(tmp_path, blocked) as proxy_port:
            allowed = await probe_one(f"127.0.0.1:{port}", proxy=at("socks5", proxy_port))
            refused = await probe_one(f"127.0.0.1:{blocked}", proxy=at("socks5", proxy_port))
    assert allowed.success
    assert refused.failure.reason is Reason.PROXY_REFUSED
    assert refused.failure.detail == "the proxy said: connection not allowed by ruleset"
