"""What is known of a server that drops OpenSSL's hello, or shares nothing with it: its certificate, and why."""

import pytest

from exporter.findings.catalogue import CATALOGUE
from exporter.net.reason import Reason
from exporter.probe.remedies import MAX_ENDPOINTS, USELESS_SECONDS, Remedy, SecondTries
from tests.support.probing import make_prober, probe_one
from tests.support.programs import need
from tests.support.servers.credential import make_credential
from tests.support.servers.namespace import own_network
from tests.support.servers.nss import selfserv
from tests.support.servers.own_process import python_server
from tests.support.servers.picky import picky_relay
from tests.support.servers.process import free_port, serving

SEGMENT = 1400
STAPLE, KEY_SHARE = 5, 51


@pytest.fixture
def server(tmp_path):
    credential = make_credential(tmp_path)
    port = free_port()
    command = [need("openssl"), "s_server", "-accept", f"127.0.0.1:{port}", "-www"]
    command += ["-cert", str(credential.certificate), "-key", str(credential.key)]
    with serving(command, tmp_path, port):
        yield port, credential


@pytest.mark.parametrize("how", ["close", "reset", "decode_error"])
async def test_a_server_that_takes_no_large_hello_is_seen_whole_and_reported(server, how):
    port, credential = server
    with picky_relay(port, lambda hello: hello.length > SEGMENT, how) as picky:
        result = await probe_one(f"localhost:{picky}")
    assert result.success
    assert result.chain[0] == credential.der
    assert result.large_hello_refused
    assert CATALOGUE["large_hello_refused"].severity == "high"


async def test_a_server_that_was_away_for_a_moment_is_not_blamed(server):
    """The first connection meets an end by chance: the large hello is sent once more, and answered."""
    port, _ = server
    met = []

    def first_only(hello):
        met.append(hello)
        return len(met) == 1

    with picky_relay(port, first_only) as picky:
        result = await probe_one(f"localhost:{picky}")
    assert result.success
    assert not result.large_hello_refused
    assert len(met) == 3


async def test_a_server_that_dislikes_the_wish_for_a_staple_is_reached_without(server):
    """As lighttpd with mod_wolfssl, which closes on status_request; OpenSSL's own clients do not send it."""
    port, credential = server
    with picky_relay(port, lambda hello: hello.has(STAPLE), "close") as picky:
        result = await probe_one(f"localhost:{picky}")
    assert result.success
    assert result.chain[0] == credential.der
    assert not result.large_hello_refused
    assert any("staple" in event.text for event in result.events)


async def test_a_server_that_ends_every_hello_is_asked_often_once_and_then_once_a_probe(server):
    port, _ = server
    met = []
    prober = make_prober()
    with picky_relay(port, lambda hello: met.append(hello) or True) as picky:
        first = await probe_one(f"localhost:{picky}", prober)
        asked = len(met)
        second = await probe_one(f"localhost:{picky}", prober)
    prober.resolver.close()
    assert (first.failure.reason, second.failure.reason) == (Reason.CLOSED, Reason.CLOSED)
    assert asked <= 5
    assert len(met) == asked + 1
    assert all(len(hello.extensions) == 0 or hello.extensions[-1][1] > 0 for hello in met)


async def test_what_helped_is_tried_first_the_next_time(server):
    port, _ = server
    met = []
    prober = make_prober()

    def dislikes(hello):
        met.append(hello)
        return hello.length > SEGMENT

    with picky_relay(port, dislikes) as picky:
        await probe_one(f"localhost:{picky}", prober)
        met.clear()
        again = await probe_one(f"localhost:{picky}", prober)
    prober.resolver.close()
    assert again.success
    assert again.large_hello_refused
    assert len(met) == 2


@pytest.mark.server("selfserv")
async def test_the_certificate_of_a_device_with_nothing_but_ssl_3(tmp_path):
    credential = make_credential(tmp_path)
    with own_network(), selfserv(tmp_path, credential, "ssl3:ssl3") as port:
        result = await probe_one(f"localhost:{port}")
    assert not result.success
    assert result.chain[0] == credential.der
    assert result.session.protocol == "SSLv3"
    assert "SSLv3" in result.failure.detail


async def test_the_certificate_of_a_server_with_nothing_but_rc4(tmp_path):
    credential = make_credential(tmp_path)
    with python_server(tmp_path, credential, "tlslite_ng", "rc4-only") as port:
        result = await probe_one(f"localhost:{port}")
    assert not result.success
    assert result.failure.reason is Reason.ALERT_INSUFFICIENT_SECURITY
    assert result.chain[0] == credential.der
    assert "RC4" in result.session.cipher


async def test_groups_of_a_module_are_all_that_is_offered(server):
    port, _ = server
    met = []
    with picky_relay(port, lambda hello: bool(met.append(hello))) as picky:
        result = await probe_one(f"localhost:{picky}", groups=("secp384r1",))
    assert result.session.group == "secp384r1"
    [hello] = met
    assert hello.length < SEGMENT


def test_what_is_remembered_is_bounded_and_ends():
    tries = SecondTries()
    for number in range(MAX_ENDPOINTS + 10):
        tries.note(number, Remedy.NONE, now=0.0)
    assert len(tries) == MAX_ENDPOINTS
    newest = MAX_ENDPOINTS + 9
    assert tries.known(newest, USELESS_SECONDS - 1) is Remedy.NONE
    assert tries.known(newest, USELESS_SECONDS + 1) is None
    tries.note(newest, Remedy.SMALL, now=0.0)
    assert tries.known(newest, 1e9) is Remedy.SMALL
