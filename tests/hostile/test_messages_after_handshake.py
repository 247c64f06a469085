"""Handshake messages without end after the handshake: the answer is given up for them, long before the deadline."""

import asyncio
import datetime as dt
import time

import pytest
from hostile.messages_after_handshake import FLOODS, peers

from exporter.config.model import HTTPConfig, Module
from exporter.demo.pki import PKI, Leaf
from exporter.net.limiter import KeyedLimiter, Limiter
from exporter.probe.runner import Prober, probe
from exporter.target import Target, parse_endpoint

MODULE = Module("https", alpn=("http/1.1",), http=HTTPConfig())
DEADLINE_SECONDS = 8
CPU_SECONDS = 2


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
    for _ in ("OpenSSL's way", "the short way if there is one"):
        began, deadline = time.thread_time(), asyncio.get_running_loop().time() + DEADLINE_SECONDS
        (result,) = await probe(prober, Target(name, parse_endpoint(name), "https"), MODULE, deadline)
        assert result.success
        assert result.http.failure.startswith("too_much_data")
        assert result.total_seconds < DEADLINE_SECONDS / 2
        assert time.thread_time() - began < CPU_SECONDS
    prober.resolver.close()
