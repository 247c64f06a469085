"""Many chains that are new in the same moment: the event loop serves others between them."""

import asyncio
import itertools

from exporter.config.model import Module
from exporter.scrape import assess
from exporter.scrape.assess import Assessor
from exporter.target import Target, parse_endpoint
from tests.support.pki import NOW, leaf, root
from tests.support.results import make_result

TOP = root()
MODULE = Module("tls")
CHAINS = 12


def targets():
    return [Target(f"{n}.example:443", parse_endpoint(f"{n}.example:443"), "tls") for n in range(CHAINS)]


async def test_others_have_their_turn_between_two_chains(monkeypatch):
    monkeypatch.setattr(assess, "SLICE_SECONDS", 0.0)
    assessor = Assessor(lambda: NOW)
    order = []
    verify = assessor.chains.assess_chain
    monkeypatch.setattr(assessor.chains, "assess_chain", lambda *more: order.append("chain") or verify(*more))

    async def others():
        while len([one for one in order if one == "chain"]) < CHAINS:
            order.append("others")
            await asyncio.sleep(0)

    results = [make_result(started_at=NOW, total_seconds=0.1, chain=(leaf(TOP).der,)) for _ in range(CHAINS)]
    verifying = (assessor.verify(target, MODULE, (one,)) for target, one in zip(targets(), results, strict=True))
    await asyncio.gather(*verifying, others())
    runs = [kind for kind, _ in itertools.groupby(order)]
    assert runs.count("chain") >= CHAINS - 1
    assessor.close()


async def test_a_chain_that_is_known_waits_for_nobody():
    assessor = Assessor(lambda: NOW)
    target, result = targets()[0], make_result(started_at=NOW, total_seconds=0.1, chain=(leaf(TOP).der,))
    await assessor.verify(target, MODULE, (result,))
    async with assessor._verifying:
        await assessor.verify(target, MODULE, (result, make_result(started_at=NOW, total_seconds=0.1)))
    assessor.close()
