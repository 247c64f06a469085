"""What is tried after a handshake that ended before any ServerHello: smaller hellos, and older ones.

A hello can be lost for its looks. OpenSSL's, with a post-quantum key share, fills more than one TCP segment, and
servers and firewalls are known that read only the first (tldr.fail). Others drop a hello that asks for a staple. And a
device with nothing but SSL 3.0, RC4 or 3DES shares nothing with OpenSSL, but shows its certificate in plaintext.
Which of these helped is remembered for each endpoint, so that a dead server is not asked five times at each scrape.
"""

import asyncio
from collections.abc import Hashable
from dataclasses import replace

from exporter.net.reason import NetworkError, Reason
from exporter.probe.attempt import Attempt, Offer
from exporter.probe.plaintext_flight import plaintext_hellos
from exporter.probe.remedies import Remedy
from exporter.probe.result import Phase, Result

CLASSICAL_GROUPS = ("x25519", "secp256r1", "secp384r1", "secp521r1")
SMALL = Offer(groups=CLASSICAL_GROUPS)
WITHOUT_STAPLE = Offer(groups=CLASSICAL_GROUPS, staple=False)

_ENDS = frozenset(
    (
        *(Reason.RESET, Reason.CLOSED, Reason.ALERT_INTERNAL_ERROR, Reason.ALERT_DECODE_ERROR),
        *(Reason.ALERT_ILLEGAL_PARAMETER, Reason.ALERT_RECORD_OVERFLOW, Reason.ALERT_UNEXPECTED_MESSAGE),
    )
)
_NOTHING_SHARED = frozenset(
    (Reason.ALERT_HANDSHAKE_FAILURE, Reason.ALERT_PROTOCOL_VERSION, Reason.ALERT_INSUFFICIENT_SECURITY)
)


async def tried_again(attempt: Attempt, result: Result, endpoint: Hashable) -> Result:
    """Return the result of a further attempt that saw more, or else the result. Raises nothing but cancellation."""
    if not _ended_early(result):
        return result
    tries, now = attempt.prober.second_tries, asyncio.get_running_loop().time()
    known = tries.known(endpoint, now)
    if known is Remedy.NONE:
        return result
    assert result.failure is not None
    smaller = result.failure.reason in _ENDS and not attempt.route.module.groups
    for remedy in (Remedy.SMALL, Remedy.WITHOUT_STAPLE) if smaller else ():
        if known in (None, remedy):
            again = await _again(attempt, SMALL if remedy is Remedy.SMALL else WITHOUT_STAPLE)
            if again is not None and _saw_more(again):
                tries.note(endpoint, remedy, now)
                return await _confirmed(attempt, again, remedy, is_known=known is remedy)
    if known in (None, Remedy.OLD):
        old = await _by_old_hello(attempt, result)
        if old is not None:
            tries.note(endpoint, Remedy.OLD, now)
            return old
    tries.note(endpoint, Remedy.NONE, now)
    return result


def _ended_early(result: Result) -> bool:
    failure = result.failure
    if failure is None or failure.phase is not Phase.HANDSHAKE or result.session is not None or result.chain:
        return False
    return failure.reason in _ENDS or failure.reason in _NOTHING_SHARED


def _saw_more(result: Result) -> bool:
    return result.session is not None or bool(result.chain)


async def _again(attempt: Attempt, offer: Offer) -> Result | None:
    try:
        return await replace(attempt, offer=offer).by_openssl()
    except NetworkError:
        return None


async def _confirmed(attempt: Attempt, again: Result, remedy: Remedy, *, is_known: bool) -> Result:
    """Return the result of a smaller hello, once it is sure that the large one is what the server does not take.

    A server that merely had a bad moment answers the large one now.
    """
    if remedy is Remedy.WITHOUT_STAPLE:
        attempt.trace.note("the server ends the connection when a client asks for a staple")
        return replace(again, events=attempt.trace.events)
    if not is_known:
        large = await _again(attempt, Offer())
        if large is None or not _ended_early(large):
            return large if large is not None and _saw_more(large) else again
    attempt.trace.note("the server takes no hello that is longer than one TCP segment")
    return replace(again, large_hello_refused=True, events=attempt.trace.events)


async def _by_old_hello(attempt: Attempt, result: Result) -> Result | None:
    """Return what an older hello shows in plaintext, with the failure as it was; None if it shows no certificate."""
    assert result.failure is not None
    for hello in plaintext_hellos(attempt.route.server_name):
        try:
            seen = await attempt.by_plaintext_hello(hello, result.failure)
        except NetworkError:
            return None
        if seen.chain:
            return seen
    return None
