"""--web.max-requests: requests beyond the limit are refused with a reason, and health is answered all the same."""

import asyncio
import time

from support.site import configuration, serving


def never(*_arguments):
    """Stand in for a resolver that is slow."""
    time.sleep(0.5)
    return []


async def test_too_many_requests_get_503_and_health_does_not():
    async with serving(configuration("slow.example:443"), lookup=never, max_requests=2) as site:
        held = [asyncio.ensure_future(site.get("/metrics")) for _ in range(2)]
        while len(site.engine.single_flight) == 0:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        for path in ("/metrics", "/probe?target=slow.example:443"):
            status, headers, text = await site.get(path)
            assert (status, headers["Retry-After"]) == (503, "1")
            assert "--web.max-requests" in text
        for path in ("/-/healthy", "/-/ready", "/", "/sd"):
            assert (await site.get(path))[0] == 200
        assert [status for status, _, _ in await asyncio.gather(*held)] == [200, 200]
        assert (await site.get("/metrics"))[0] == 200


async def test_no_limit():
    async with serving(configuration("slow.example:443"), lookup=never, max_requests=0) as site:
        answers = await asyncio.gather(*(site.get("/metrics") for _ in range(60)))
    assert {status for status, _, _ in answers} == {200}


async def test_a_client_that_leaves_makes_room():
    async with serving(configuration("slow.example:443"), lookup=never, max_requests=1) as site:
        leaving = asyncio.ensure_future(site.get("/metrics"))
        while len(site.engine.single_flight) == 0:
            await asyncio.sleep(0.01)
        leaving.cancel()
        while (await site.get("/metrics"))[0] == 503:
            await asyncio.sleep(0.01)
