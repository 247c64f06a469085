"""Finding: what the catalogue says of one thing that can be wrong. It does not judge whether it holds."""

from dataclasses import dataclass

SEVERITIES = ("critical", "high", "medium", "low")
"""From worst to least.

critical: clients refuse the connection, or an attacker can read or alter it today.
high: some clients refuse the connection, or an attack is practical with effort.
medium: below the current recommendations (RFC 9325); to be planned.
low: worth knowing, seldom urgent.
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """One entry of the catalogue. `meaning` is for whoever is affected, `fix` for whoever can mend it."""

    id: str
    severity: str
    title: str
    meaning: str
    fix: str
