"""Which of the active checks apply to an endpoint, given what the passive ones found. They run only where asked for.

A check that cannot apply is determined without a connection: no heartbeats, no Heartbleed.
"""

from collections.abc import Awaitable, Callable

from exporter.posture import active_messages, full_handshakes, hellos
from exporter.posture.evidence import Unanswered
from exporter.posture.facts import Check, Oracle
from exporter.posture.scan import UP_TO_1_2, Scan
from exporter.wire.iana import SSL_3_0, TLS_1_3

NO_VERSION = "no_version"


async def run_active_checks(scan: Scan) -> None:
    """Add the facts of the active checks to a scan whose passive checks have run."""
    checks: dict[Check, Callable[[Scan], Awaitable[None]]] = {
        Check.HEARTBLEED: _heartbleed,
        Check.EARLY_CCS: _early_ccs,
        Check.ROBOT: _robot,
        Check.RENEGOTIATION: _renegotiation,
        Check.EARLY_DATA: _early_data,
    }
    for check, run in checks.items():
        try:
            await run(scan)
        except Unanswered as unanswered:
            scan.undetermined[check] = unanswered.reason


def _note(scan: Scan, check: Check, fact: str, found: bool) -> None:
    """Note what a check found. That it found nothing is believed as a refusal is: if the server is there at the end."""
    if found:
        scan.facts[fact] = True
    else:
        scan.evidence.derived(check, scan.facts, fact)


def _highest(scan: Scan) -> int | None:
    """Return the highest version up to TLS 1.2 that is accepted, None if none is. Raises Unanswered."""
    accepted = [version for version in UP_TO_1_2 if scan.versions.get(version)]
    if not accepted and any(version not in scan.versions for version in UP_TO_1_2):
        raise Unanswered(NO_VERSION)
    return max(accepted, default=None)


async def _heartbleed(scan: Scan) -> None:
    if _highest(scan) is None:
        scan.evidence.derived(Check.HEARTBLEED, scan.facts, "heartbleed")
        return
    offered = scan.facts.get("heartbeat")
    if offered is None:
        raise Unanswered(NO_VERSION)
    hello = hellos.feature_hello(scan.random(32), scan.server_name)
    _note(scan, Check.HEARTBLEED, "heartbleed", offered and await active_messages.heartbleed(scan.evidence.wire, hello))


async def _early_ccs(scan: Scan) -> None:
    """No library that speaks TLS 1.3 has ever had this fault."""
    if scan.versions.get(TLS_1_3):
        scan.facts["early_ccs"] = False
        return
    if _highest(scan) is None:
        scan.evidence.derived(Check.EARLY_CCS, scan.facts, "early_ccs")
        return
    hello = hellos.feature_hello(scan.random(32), scan.server_name)
    _note(scan, Check.EARLY_CCS, "early_ccs", await active_messages.early_ccs(scan.evidence.wire, hello))


async def _robot(scan: Scan) -> None:
    accepted = scan.classes.get("rsa_key_exchange")
    if accepted is None:
        raise Unanswered(NO_VERSION)
    version = _highest(scan)
    if not accepted or version is None:
        scan.evidence.derived(Check.ROBOT, scan.facts, "robot", Oracle.NONE)
        return
    wire, random = scan.evidence.wire, scan.random
    oracle = await active_messages.robot_oracle(wire, lambda: scan.hello(version, hellos.RSA_SUITES), random)
    if oracle is Oracle.NONE:
        scan.evidence.derived(Check.ROBOT, scan.facts, "robot", Oracle.NONE)
    else:
        scan.facts["robot"] = oracle


async def _renegotiation(scan: Scan) -> None:
    version = _highest(scan)
    if version is None:
        scan.evidence.derived(Check.RENEGOTIATION, scan.facts, "client_renegotiation")
        return
    if version == SSL_3_0:  # of which our own library has nothing
        scan.evidence.derived(Check.RENEGOTIATION, scan.facts, "client_renegotiation", None)
        return
    try:
        renegotiates = await full_handshakes.client_renegotiation(scan.evidence.wire, version, scan.server_name)
    except full_handshakes.HandshakeRefused:
        scan.evidence.derived(Check.RENEGOTIATION, scan.facts, "client_renegotiation", None)
    else:
        _note(scan, Check.RENEGOTIATION, "client_renegotiation", renegotiates)


async def _early_data(scan: Scan) -> None:
    accepted = scan.versions.get(TLS_1_3)
    if accepted is None:
        raise Unanswered(NO_VERSION)
    if not accepted:
        scan.evidence.derived(Check.EARLY_DATA, scan.facts, "early_data")
        return
    try:
        accepted = await full_handshakes.early_data(scan.evidence.wire, scan.server_name)
    except full_handshakes.HandshakeRefused:
        scan.evidence.derived(Check.EARLY_DATA, scan.facts, "early_data", None)
    else:
        _note(scan, Check.EARLY_DATA, "early_data", accepted)
