"""The roots that Mozilla trusts for TLS servers, as a file of this package: dated, with dates of distrust.

A root may be distrusted for certificates issued after a date, which no system's bundle can say; browsers hold to it.
The file also names roots that Mozilla once trusted and removed. `make roots` regenerates it (`tools/mozilla_roots.py`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("data") / "mozilla_roots.pem"
MAX_AGE_SECONDS = 365 * 86_400
HEADER = """\
# The roots that Mozilla trusts for TLS servers, taken from NSS (Mozilla Public License 2.0) by way of the Go module
# below. Written by tools/mozilla_roots.py: do not edit.
"""
_DATE = re.compile(r"^# date: (\d{4})-(\d\d)-(\d\d)$", re.MULTILINE)
_DISTRUST = re.compile(r"^# distrust-after: ([0-9a-f]{64}) (\S+)$", re.MULTILINE)
_REMOVED = re.compile(r"^# removed: ([0-9a-f]{64}) (.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class MozillaFacts:
    """What the file says besides the certificates, by fingerprint (SHA-256, hex)."""

    date: float  # Unix seconds
    distrust_after: Mapping[str, float]  # Unix seconds: what is issued later is not trusted
    removed: Mapping[str, str]  # with the subject


@cache
def read_facts() -> MozillaFacts:
    """Read the file's comments: no certificate is parsed."""
    text = FILE.read_text(encoding="utf-8")
    year, month, day = map(int, _DATE.findall(text)[0])
    return MozillaFacts(
        datetime(year, month, day, tzinfo=UTC).timestamp(),
        {mark: datetime.fromisoformat(date).timestamp() for mark, date in _DISTRUST.findall(text)},
        dict(_REMOVED.findall(text)),
    )


def is_distrusted(fingerprint: str, not_before: int | None) -> bool | None:
    """Return whether Mozilla distrusts what a root issued at a time; None for a root that it never knew."""
    facts = read_facts()
    if fingerprint in facts.removed:
        return True
    after = facts.distrust_after.get(fingerprint)
    return None if after is None else not_before is not None and not_before > after
