"""GET /metrics: probe the configured targets, answer with their series and the exporter's own.

GET /metrics/exporter: the exporter's own metrics alone, without any probe. With /sd and /probe, every target a scrape
of its own, they are what is left to scrape.
"""

import asyncio
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress

from aiohttp import web

from exporter.metrics.exposition import content_type, pages
from exporter.scrape import scrape
from exporter.scrape.selection import Selection, SelectionError, parse_shard
from exporter.web.context import SITE
from exporter.web.scrape_timeout import seconds_for_scrape

GZIP_LEVEL = 6  # nine costs five times as much for two percent
_GZIP = 16 + zlib.MAX_WBITS
_PARAMETERS = {"module", "target", "shard"}
TIMEOUT_HEADER = "X-Prometheus-Scrape-Timeout-Seconds"


async def metrics(request: web.Request) -> web.StreamResponse:
    """Answer a scrape. It fails only when it asks for what is not configured."""
    site = request.app[SITE]
    loop = asyncio.get_running_loop()
    began = loop.time()
    deadline = deadline_of(request)
    with site.own.loop_lag.watched():
        try:
            lines = await scrape(site.engine, selection(request), deadline)
        except SelectionError as error:
            return web.Response(status=400, text=f"{error}\n")
        site.own.scrapes.labels("metrics").inc()
        site.own.scrape_duration.set(loop.time() - began)
        own = [site.own.registry]
        response = await send_exposition(request, pages(request.headers.get("Accept", ""), lines, own))
    site.after_scrape()
    return response


async def own_metrics(request: web.Request) -> web.StreamResponse:
    """Answer with the exporter's own metrics. It starts no probe."""
    own = request.app[SITE].own
    own.scrapes.labels("exporter").inc()
    return await send_exposition(request, pages(request.headers.get("Accept", ""), [], [own.registry]))


def deadline_of(request: web.Request) -> float:
    """Return when an answer must begin, in the loop's time, by the timeout that the scraper announces."""
    options, headers = request.app[SITE].options, request.headers
    seconds = seconds_for_scrape(
        headers.get(TIMEOUT_HEADER),
        options.timeout_offset,
        options.scrape_timeout_default,
        headers.get("User-Agent"),
    )
    return asyncio.get_running_loop().time() + seconds


def selection(request: web.Request) -> Selection:
    """Read which targets a request is about. Raises SelectionError."""
    unknown = set(request.query) - _PARAMETERS
    if unknown:
        raise SelectionError(f"unknown parameter {min(unknown)!r}: known are module, target and shard")
    shard = request.query.get("shard")
    return Selection(
        modules=tuple(request.query.getall("module", [])),
        targets=tuple(request.query.getall("target", [])),
        shard=parse_shard(shard) if shard is not None else None,
    )


async def send_exposition(request: web.Request, pieces: Iterable[bytes]) -> web.StreamResponse:
    """Send an exposition piece by piece, compressed if the client can read that."""
    response = web.StreamResponse(headers={"Content-Type": content_type(request.headers.get("Accept", ""))})
    response.headers["Vary"] = "Accept, Accept-Encoding"
    if accepts_gzip(request.headers.get("Accept-Encoding", "")):
        response.headers["Content-Encoding"] = "gzip"
        pieces = _compressed(pieces)
    with suppress(ConnectionResetError):  # the client has hung up
        await response.prepare(request)
        for piece in pieces:
            await response.write(piece)
            await asyncio.sleep(0)  # let probes of other scrapes go on
        await response.write_eof()
    return response


def _compressed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    compressor = zlib.compressobj(GZIP_LEVEL, wbits=_GZIP)
    for piece in pieces:
        yield compressor.compress(piece)
    yield compressor.flush()


def accepts_gzip(accept_encoding: str) -> bool:
    """Return whether an Accept-Encoding header accepts gzip; `*` matches any coding not listed (RFC 9110 12.5.3)."""
    taken: dict[str, bool] = {}
    for offer in accept_encoding.lower().split(","):
        coding, _, parameters = offer.partition(";")
        weight = parameters.strip().removeprefix("q=")
        try:
            taken[coding.strip()] = float(weight or "1") > 0
        except ValueError:
            taken[coding.strip()] = False
    return taken.get("gzip", taken.get("*", False))
