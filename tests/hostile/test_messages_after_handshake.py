"""Handshake messages without end after the handshake: the answer is given up for them, by bytes and not by time.

The deadline is far away on purpose: on a busy machine a probe may take long, but only the limit of bytes ends it with
`too_much_data`; the deadline would end it with `timeout`.
"""

import asyncio
import datetime as dt

import pytest
from hostile.messages_after_handshake import FLOODS, peers

from exporter.config.model import HTTPConfig, Module
from exporter.demo.pki import PKI, Leaf
from exporter.net.limiter import KeyedLimiter, Limiter
from exporter.probe.prober import Prober
from exporter.probe.runner import probe
from exporter.target import Target, parse_endpoint

MODULE = Module("https", alpn=("http/1.1",), http=HTTPConfig())
DEADLINE_SECONDS = 120


@pytest.fixture(scope="module")
def ports(tmp_path_factory):
    file = tmp_path_factory.mktemp("peers") / "leaf.pem"
    leaf = PKI(dt.datetime.now(dt.UTC)).leaf(Leaf())
    file.write_bytes(leaf.pem + leaf.key_pem)
    running = peers(file)
    yield {name: peer.port for name, peer in running.items()}
    for peer in running.values():
        peer.close()


@pytest.mark.parametrize("attack", FLOODS, ids=lambda attack: attack.name)
async def test_a_flood_after_the_handshake_costs_little(ports, attack):
    name = f"127.0.0.1:{ports[attack.name]}"
    prober = Prober(KeyedLimiter(1), Limiter(1))
    for _ in ("OpenSSL", "the fast path if there is one"):
        deadline = asyncio.get_running_loop().time() + DEADLINE_SECONDS
        (result,) = await probe(prober, Target(name, parse_endpoint(name), "https"), MODULE, deadline)
        assert result.success
        assert result.http.failure.startswith("too_much_data")
    prober.resolver.close()
