"""Whether a plaintext request to port 80 is redirected to HTTPS. One request is made; its redirect is not followed.

A closed port is fine, and unknown is not false: without an answer there is no verdict. A verdict is kept for a while
and renewed in the background. The probe waits for the first verdict only, so that a silent port 80 does not slow it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from urllib.parse import SplitResult, urljoin, urlsplit

from exporter.net.reason import NetworkError, Reason
from exporter.net.stream import Stream
from exporter.probe import http
from exporter.probe.result import HTTPFacts
from exporter.target import is_ip_literal
from exporter.text import printable

REFRESH_SECONDS = 600.0
CHECK_SECONDS = 2.0  # for the whole check: a port that is filtered never answers
MAX_KEPT = 10_000  # verdicts; the oldest goes first
_SERVER_ERROR = 500

Verdict = tuple[bool | None, str]
OpenStream = Callable[[], Awaitable[Stream]]


async def check_redirect(open_stream: OpenStream, host: str, path: str = "/") -> Verdict:
    """Request a path in plaintext; return whether it is redirected to HTTPS (None if unknown), and a sentence why."""
    try:
        stream = await open_stream()
    except NetworkError as error:
        if error.reason is Reason.REFUSED:
            return None, "the port is closed, which is fine"
        return None, f"no connection: {error.detail or error.reason}"
    try:
        facts = await http.request(stream, host, path)
    except BaseException:
        stream.close()
        raise
    stream.finish()
    return redirect_verdict(facts, host, path)


def redirect_verdict(facts: HTTPFacts, host: str, path: str) -> Verdict:
    """Return the verdict on the answer to a plaintext request."""
    if facts.status_code is None:
        return None, f"no answer: {facts.failure}"
    if facts.status_code >= _SERVER_ERROR:
        return None, f"the server is in trouble: HTTP status {facts.status_code}"
    if not facts.location:
        return False, f"the request is answered in plaintext, with HTTP status {facts.status_code}"
    asked = f"http://{host}{path}"
    try:
        target = urlsplit(urljoin(asked, facts.location))
        here, there = urlsplit(asked).hostname or "", target.hostname or ""
    except ValueError:
        return False, f"the redirect goes nowhere: {facts.location}"
    return _judge_target(asked, target, here, there)


def _judge_target(asked: str, target: SplitResult, here: str, there: str) -> Verdict:
    url = printable(target.geturl())
    if target.geturl() == asked:
        return False, f"the redirect goes in a circle: {url}"
    if target.scheme != "https":
        return False, f"the redirect goes to another place without TLS: {url}"
    if here == there:
        return True, f"redirects to {url}"
    if _related(here, there):
        return True, f"redirects to {url}, by which browsers learn nothing of HSTS for {here}"
    return False, f"the redirect goes to another host: {url}"


def _related(here: str, there: str) -> bool:
    """Return whether two names share their last two labels, as www.example.com and example.com do.

    An exact answer would need the Public Suffix List. Two labels may call unrelated names related, never the reverse.
    """
    if is_ip_literal(here) or is_ip_literal(there):
        return False
    return here.split(".")[-2:] == there.split(".")[-2:]


class RedirectVerdicts:
    """Cached verdicts, renewed in the background of the probes that ask for them. `clock` is monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, refresh: float = REFRESH_SECONDS) -> None:
        self._clock = clock
        self._refresh = refresh
        self._kept: dict[Hashable, tuple[float, Verdict]] = {}
        self._in_flight: dict[Hashable, asyncio.Task[None]] = {}

    def renew(self, key: Hashable, open_stream: OpenStream, host: str, path: str = "/") -> None:
        """Start a new check unless the verdict is fresh or a check is in flight."""
        kept = self._kept.get(key)
        if key in self._in_flight or (kept is not None and self._clock() - kept[0] < self._refresh):
            return
        task = asyncio.create_task(self._check(key, open_stream, host, path))
        self._in_flight[key] = task
        task.add_done_callback(lambda _: self._in_flight.pop(key, None))

    async def get(self, key: Hashable, deadline: float) -> Verdict:
        """Return the last verdict; wait for the first one, not beyond the deadline (loop time)."""
        task = self._in_flight.get(key)
        if key not in self._kept and task is not None:
            loop = asyncio.get_running_loop()
            await asyncio.wait([task], timeout=max(0.0, deadline - loop.time()))
        return self._kept[key][1] if key in self._kept else (None, "no answer yet")

    async def _check(self, key: Hashable, open_stream: OpenStream, host: str, path: str) -> None:
        verdict = await check_redirect(open_stream, host, path)
        self._kept.pop(key, None)  # so that the newest stands last
        self._kept[key] = (self._clock(), verdict)
        if len(self._kept) > MAX_KEPT:
            del self._kept[next(iter(self._kept))]

    def __len__(self) -> int:
        return len(self._kept)
