"""Ways to make /probe connect to what it must not, and that none of them opens a connection.

Every connect(2) of this process is seen by an audit hook (PEP 578), whichever code makes it.
"""

import socket
import sys

import pytest
from support.site import configuration, serving

from exporter.config.model import Module, ProxyConfig

ALLOW = ("*.allowed.example:443", "exact.example:8443", "10.20.0.0/16:443", "[2001:db8:1::]/48:443")
INSIDE = {
    "loopback.allowed.example": ["127.0.0.1"],
    "loopback6.allowed.example": ["::1"],
    "mapped.allowed.example": ["::ffff:127.0.0.1"],
    "metadata.allowed.example": ["169.254.169.254"],
    "linklocal6.allowed.example": ["fe80::1"],
    "private.allowed.example": ["192.168.1.1"],
    "unique-local.allowed.example": ["fd12:3456::1"],
    "zero.allowed.example": ["0.0.0.0"],
    "unspecified.allowed.example": ["::"],
    "multicast.allowed.example": ["224.0.0.1"],
    "broadcast.allowed.example": ["255.255.255.255"],
    "nat64.allowed.example": ["64:ff9b::7f00:1"],
    "sixtofour.allowed.example": ["2002:7f00:1::1"],
    "teredo.allowed.example": ["2001:0:7f00:1::1"],
    "shared.allowed.example": ["100.64.0.1"],
    "all.allowed.example": ["127.0.0.1", "::1", "10.0.0.1"],
}
NOT_ALLOWED = (
    # other targets altogether
    "example.com:443",
    "127.0.0.1:443",
    "localhost:443",
    "[::1]:443",
    "169.254.169.254:80",
    "unix:/var/run/docker.sock",
    "unix:/run/x.allowed.example:443",
    # allowed names at other ports
    "www.allowed.example:22",
    "www.allowed.example:8443",
    "exact.example:443",
    "exact.example",
    "10.20.0.1:22",
    # names that look like allowed ones
    "allowed.example:443",
    "notallowed.example:443",
    "www.allowed.example.evil.example:443",
    "www.allowed.example@127.0.0.1:443",
    "user:www.allowed.example@127.0.0.1:443",
    "https://www.allowed.example@127.0.0.1/",
    "https://127.0.0.1/?www.allowed.example:443",
    "https://127.0.0.1/#@www.allowed.example:443",
    "https://127.0.0.1\\@www.allowed.example/",
    "127.0.0.1:443/www.allowed.example:443",
    "127.0.0.1:443#www.allowed.example:443",
    "127.0.0.1%00.www.allowed.example:443",
    "127.0.0.1\x00.www.allowed.example:443",
    "127.0.0.1 www.allowed.example:443",
    "127.0.0.1\r\nHost: www.allowed.example:443",
    "127.0.0.1\t.www.allowed.example:443",
    "www.allowed.example:443:22",
    "www.allowed.example:443@127.0.0.1:22",
    "www.allowed.example:0443\u0660",
    "http://www.allowed.example:443",
    "gopher://www.allowed.example:443",
    "file:///etc/passwd",
    "//www.allowed.example:443",
    "*.allowed.example:443",
    # other spellings of addresses
    "2130706433:443",
    "0x7f000001:443",
    "0x7f.0.0.1:443",
    "0177.0.0.1:443",
    "017700000001:443",
    "127.1:443",
    "127.0.1:443",
    "127.0.0.1.:443",
    "\uff11\uff12\uff17.\uff10.\uff10.\uff11:443",
    "\u2460\u2461\u2466.\u24ea.\u24ea.\u2460:443",
    "%31%32%37.0.0.1:443",
    "127\u30020\u30020\u30021:443",
    "[::ffff:127.0.0.1]:443",
    "[::ffff:7f00:1]:443",
    "[::127.0.0.1]:443",
    "[0:0:0:0:0:0:0:1]:443",
    "[::1%lo]:443",
    "[fe80::1%eth0]:443",
    "[64:ff9b::127.0.0.1]:443",
    "[2002:7f00:1::]:443",
    "[2001:db8:2::1]:443",
    "0.0.0.0:443",
    "0:443",
    "[::]:443",
    "10.21.0.1:443",
)


@pytest.fixture(scope="module")
def connections():
    """Every address that this process connects to, while someone listens."""
    seen, listening = [], [True]

    def hook(event, arguments):
        if listening[0] and event == "socket.connect":
            seen.append(arguments[1])

    sys.addaudithook(hook)
    yield seen
    listening[0] = False  # an audit hook cannot be taken away


def lookup(host, port, family=0, type=0):  # noqa: A002 - getaddrinfo's own names
    addresses = INSIDE.get(host)
    if addresses is None:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")
    return [
        (socket.AF_INET6, 1, 6, "", (ip, port, 0, 0)) if ":" in ip else (socket.AF_INET, 1, 6, "", (ip, port))
        for ip in addresses
    ]


@pytest.fixture
async def served():
    proxied = Module("proxied", timeout=2, proxy=ProxyConfig("http", "127.0.0.1", 1))
    config = configuration(("https://127.0.0.1:1/configured", "https"), allow=ALLOW, modules=(proxied,))
    async with serving(config, lookup=lookup) as site:
        yield site


async def assert_no_connection(connections, served, ask):
    """Run `ask`; nothing is connected by it but the client's own way to the exporter."""
    before = len(connections)
    answer = await ask
    own = int(served.url.rpartition(":")[2])
    assert [address for address in connections[before:] if address[1] != own] == []
    return answer


@pytest.mark.parametrize("target", NOT_ALLOWED)
async def test_a_target_that_is_not_allowed_is_refused_and_not_connected(served, connections, target):
    status, text = await assert_no_connection(connections, served, served.probe(target))
    assert status == 403, text
    assert "allowed" in text
    assert text.rstrip("\n").isprintable()
    assert not served.engine.last


@pytest.mark.parametrize("name", INSIDE)
async def test_an_allowed_name_that_leads_inside_is_not_connected(served, connections, name):
    """DNS rebinding: the name passes, the addresses do not; the answer is that of a failed probe."""
    ask = served.series(f"{name}:443", module="https")
    series = await assert_no_connection(connections, served, ask)
    assert series.value("probe_success") == 0
    assert series.failure() == ("resolve", "forbidden_address")
    assert not series.samples("tls_probe_address_info")


@pytest.mark.parametrize(
    "query",
    [
        "target=www.allowed.example:443&target=127.0.0.1:1",
        "target=127.0.0.1:1&target=https://127.0.0.1:1/configured",
        "target=www.allowed.example:443&module=https&module=tls",
        "target=www.allowed.example:443&server_name=127.0.0.1",
        "target=",
        "target",
        "Target=127.0.0.1:1",
        "module=https",
        "",
    ],
)
async def test_tricks_with_parameters_are_bad_requests(served, connections, query):
    status, _, _ = await assert_no_connection(connections, served, served.get(f"/probe?{query}"))
    assert status == 400


@pytest.mark.parametrize(
    "target",
    [
        "https://127.0.0.1:1/configured?x",
        "https://127.0.0.1:1/CONFIGURED",
        "https://127.0.0.1:1/configured/",
        "https://127.0.0.1:1",
        "HTTPS://127.0.0.1:1/configured",
        "127.0.0.1:1",
        " https://127.0.0.1:1/configured",
    ],
)
async def test_only_the_exact_spelling_of_a_configured_target_is_configured(served, connections, target):
    status, _ = await assert_no_connection(connections, served, served.probe(target))
    assert status == 403


async def test_a_name_is_not_given_to_a_proxy_that_would_resolve_it(served, connections):
    ask = served.probe("www.allowed.example:443", module="proxied")
    status, text = await assert_no_connection(connections, served, ask)
    assert status == 403
    assert "proxy" in text


async def test_with_no_allowlist_nothing_but_the_configuration_is_probed(connections):
    async with serving(configuration("127.0.0.1:1"), lookup=lookup) as served:
        for target in (*NOT_ALLOWED, *(f"{name}:443" for name in INSIDE), "www.allowed.example:443"):
            status, _ = await assert_no_connection(connections, served, served.probe(target))
            assert status == 403, target
        assert (await served.series("127.0.0.1:1")).failure() == ("connect", "refused")


async def test_the_hook_sees_connections(served, connections):
    """What the other tests rely on: a probe that does connect is seen."""
    before = len(connections)
    await served.series("https://127.0.0.1:1/configured")
    assert ("127.0.0.1", 1) in connections[before:]


def test_there_are_enough_ways():
    assert len(set(NOT_ALLOWED)) + len(INSIDE) >= 40
