"""All checks in the order in which they are made, and how. A new check is one row and one function in its topic's file.

The order saves connections: an answer that names one suite or group says which question need not be asked any more,
and a clean server refuses all weak suites in one answer. At most one connection is open at a time.
"""

from collections.abc import Iterable

from exporter.posture import active_checks, ciphers, clients, downgrades, groups, versions
from exporter.posture.check import Check
from exporter.posture.evidence import RATE_LIMITED, Unanswered
from exporter.posture.scan import VERSION_CHECKS, Scan

CHECKS: tuple[Check, ...] = (
    *versions.CHECKS,
    *ciphers.CHECKS,
    *downgrades.CHECKS,
    *groups.CHECKS,  # their last answer is most often a ServerHello, which confirms the refusals
    *active_checks.CHECKS,
    *clients.CHECKS,
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
