"""Which of the active checks apply to an endpoint, given what the passive ones found. They run only where asked for.

A check that cannot apply is determined without a connection: no heartbeats, no Heartbleed.
"""

from exporter.posture import active_messages, full_handshakes, hellos
from exporter.posture.check import Check
from exporter.posture.evidence import Unanswered
from exporter.posture.facts import Oracle
from exporter.posture.scan import NO_VERSION, Scan
from exporter.wire.clienthello import ClientHello
from exporter.wire.iana import SSL_3_0, TLS_1_3

HEARTBLEED, EARLY_CCS, ROBOT = "heartbleed", "early_ccs", "robot"
RENEGOTIATION, EARLY_DATA = "renegotiation", "early_data"
_RENEGOTIATES = "client_renegotiation"


def _feature_hello(scan: Scan) -> ClientHello:
    """Return the hello that the scan's first one was, with a new random."""
    if scan.feature_answer is None:
        raise Unanswered(NO_VERSION)
    asked = scan.feature_answer[1]
    return next(
        hello
        for hello in hellos.feature_hellos(scan.random(32), scan.server_name, scan.shape)
        if len(hello.write()) == len(asked.write())
    )


async def check_heartbleed(scan: Scan) -> None:
    """Ask for an echo without padding, where the server offers heartbeats."""
    if scan.highest() is None:
        scan.evidence.derived(HEARTBLEED, scan.vulnerabilities, HEARTBLEED)
        return
    offered = scan.features.get("heartbeat")
    if offered is None:
        raise Unanswered(NO_VERSION)
    found = offered and await active_messages.heartbleed(scan.evidence.wire, _feature_hello(scan))
    scan.note(HEARTBLEED, scan.vulnerabilities, HEARTBLEED, found=found)


async def check_early_ccs(scan: Scan) -> None:
    """No library that speaks TLS 1.3 has ever had this fault."""
    if scan.versions.get(TLS_1_3):
        scan.vulnerabilities[EARLY_CCS] = False
        return
    if scan.highest() is None:
        scan.evidence.derived(EARLY_CCS, scan.vulnerabilities, EARLY_CCS)
        return
    found = await active_messages.early_ccs(scan.evidence.wire, _feature_hello(scan))
    scan.note(EARLY_CCS, scan.vulnerabilities, EARLY_CCS, found=found)


async def check_robot(scan: Scan) -> None:
    """Look for an oracle where RSA key exchange is accepted."""
    accepted = scan.classes.get("rsa_key_exchange")
    if accepted is None:
        raise Unanswered(NO_VERSION)
    version = scan.highest()
    if not accepted or version is None:
        _note_oracle(scan, Oracle.NONE)
        return
    wire, random = scan.evidence.wire, scan.random
    oracle = await active_messages.robot_oracle(wire, lambda: scan.hello(version, hellos.RSA_SUITES), random)
    _note_oracle(scan, oracle)


def _note_oracle(scan: Scan, oracle: Oracle) -> None:
    scan.robot = oracle
    scan.note(ROBOT, scan.vulnerabilities, ROBOT, found=oracle is not Oracle.NONE)


async def check_renegotiation(scan: Scan) -> None:
    """Begin a second handshake, once, up to TLS 1.2."""
    version = scan.highest()
    if version is None:
        scan.evidence.derived(RENEGOTIATION, scan.features, _RENEGOTIATES)
        return
    if version == SSL_3_0:  # of which our own library has nothing
        scan.evidence.rests(RENEGOTIATION)
        return
    try:
        renegotiates = await full_handshakes.client_renegotiation(scan.evidence.wire, version, scan.server_name)
    except full_handshakes.HandshakeRefused:
        scan.evidence.rests(RENEGOTIATION)
    else:
        scan.note(RENEGOTIATION, scan.features, _RENEGOTIATES, found=renegotiates)


async def check_early_data(scan: Scan) -> None:
    """Resume a session with early data in TLS 1.3."""
    accepted = scan.versions.get(TLS_1_3)
    if accepted is None:
        raise Unanswered(NO_VERSION)
    if not accepted:
        scan.evidence.derived(EARLY_DATA, scan.features, EARLY_DATA)
        return
    try:
        accepted = await full_handshakes.early_data(scan.evidence.wire, scan.server_name)
    except full_handshakes.HandshakeRefused:
        scan.evidence.rests(EARLY_DATA)
    else:
        scan.note(EARLY_DATA, scan.features, EARLY_DATA, found=accepted)


CHECKS = (
    Check(HEARTBLEED, check_heartbleed, (), (HEARTBLEED,), active=True),
    Check(EARLY_CCS, check_early_ccs, (), (EARLY_CCS,), active=True),
    Check(ROBOT, check_robot, (), (ROBOT,), active=True),
    Check(RENEGOTIATION, check_renegotiation, (_RENEGOTIATES,), active=True),
    Check(EARLY_DATA, check_early_data, (EARLY_DATA,), active=True),
)
