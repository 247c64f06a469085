"""The table of checks, in the order in which they are made: a new check is one row here and one function.

The order saves connections: an answer that names one suite or group says which question need not be asked any more,
and a clean server refuses all weak suites in one answer. At most one connection is open at a time.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from exporter.posture import active_checks, ciphers, clients, downgrades, groups, versions
from exporter.posture.evidence import RATE_LIMITED, Unanswered
from exporter.posture.scan import CIPHERS, GROUPS, VERSION_CHECKS, Scan


@dataclass(frozen=True, slots=True)
class Check:
    """One check. `name` is the label that says so when it found no answer.

    `ask` asks the server and notes facts in the scan. It raises Unanswered when there is no answer; what it noted until
    then stays. `features` and `vulnerabilities` are the names of the facts that it determines, apart from versions,
    cipher classes and groups. `active`: it sends what no ordinary client sends. `on_request`: it is made
    only where asked for, since it costs many connections.
    """

    name: str
    ask: Callable[[Scan], Awaitable[None]]
    features: tuple[str, ...] = ()
    vulnerabilities: tuple[str, ...] = ()
    active: bool = False
    on_request: bool = False


CHECKS = (
    Check("tls12", versions.ask_tls12),
    Check("tls13", versions.ask_tls13),
    Check("tls12", versions.settle_tls12),
    Check(
        "baseline",
        versions.ask_baseline,
        ("compression", "secure_renegotiation", "extended_master_secret", "downgrade_sentinel", "heartbeat"),
    ),
    Check("tls11", versions.ask_tls11),
    Check("tls10", versions.ask_tls10),
    Check("sslv3", versions.ask_sslv3),
    Check(CIPHERS, ciphers.ask_ciphers),
    Check(downgrades.SIGNATURES, downgrades.ask_sha1_signature, ("sha1_signature",)),
    Check(downgrades.FALLBACK, downgrades.ask_fallback, ("fallback_scsv",)),
    Check("sslv2", versions.ask_sslv2),
    Check(
        GROUPS, groups.ask_groups
    ),  # at the end, because its last answer is most often a ServerHello: a proof of life
    Check(active_checks.HEARTBLEED, active_checks.check_heartbleed, (), ("heartbleed",), active=True),
    Check(active_checks.EARLY_CCS, active_checks.check_early_ccs, (), ("early_ccs",), active=True),
    Check(active_checks.ROBOT, active_checks.check_robot, (), ("robot",), active=True),
    Check(active_checks.RENEGOTIATION, active_checks.check_renegotiation, ("client_renegotiation",), active=True),
    Check(active_checks.EARLY_DATA, active_checks.check_early_data, ("early_data",), active=True),
    Check(clients.CLIENTS, clients.ask_clients, on_request=True),
)
CHECK_OF_FACT = {fact: check.name for check in CHECKS for fact in (*check.features, *check.vulnerabilities)}
"""The check that determines a feature or a vulnerability."""
_VERSIONS_OF_CHECKS = {name: number for number, name in VERSION_CHECKS.items()}


async def run_checks(scan: Scan, checks: Iterable[Check]) -> None:
    """Make checks one after another, until the server has had enough; note those that found no answer."""
    reason = ""
    for check in checks:
        if not scan.evidence.given_up:
            reason = await _made(scan, check)
        elif scan.evidence.turned_away:
            reason = RATE_LIMITED
        if reason and _VERSIONS_OF_CHECKS.get(check.name) not in scan.versions:
            scan.undetermined[check.name] = reason


async def _made(scan: Scan, check: Check) -> str:
    """Make a check; return why it found no answer, "" if it did."""
    try:
        await check.ask(scan)
    except Unanswered as unanswered:
        return unanswered.reason
    return ""
