"""MTA-STS (RFC 8461) and TLS-RPT (RFC 8460): the records and the policy as text, and whether an MX host fits. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from exporter.published.dns_answer import Record

MAX_POLICY_BYTES = 64 * 1024  # RFC 8461 section 3.3 suggests this limit
MAX_PATTERNS = 256  # of a policy
LONGEST_MAX_AGE = 31_557_600  # seconds, section 3.2
_ID = re.compile(r"[A-Za-z0-9]{1,32}\Z")
_FIELD = re.compile(
    r"([A-Za-z0-9][A-Za-z0-9_.-]{0,31})[ \t]*=[ \t]*([\x21-\x3a\x3c\x3e-\x7e]+(?:[ \t]+[\x21-\x3a\x3c\x3e-\x7e]+)*)\Z"
)
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_PATTERN = re.compile(rf"(?:\*\.)?{_LABEL}(?:\.{_LABEL})*\Z")
_AGE = re.compile(r"[0-9]{1,10}\Z")


class Mode(StrEnum):
    """What senders do with a host that does not fit the policy (RFC 8461 section 5)."""

    ENFORCE = "enforce"
    TESTING = "testing"
    NONE = "none"


class PolicyError(Exception):
    """A record or policy that senders must ignore; the message says why."""


@dataclass(frozen=True, slots=True)
class Policy:
    """An MTA-STS policy: which hosts take the domain's mail by authenticated TLS. `max_age` is in seconds."""

    mode: Mode
    max_age: int
    mx: tuple[str, ...] = ()

    def allows(self, host: str) -> bool:
        """Return whether a pattern fits a host: a wildcard stands for exactly one label (RFC 8461 section 4.1)."""
        host = host.lower()
        parent = host.partition(".")[2]
        return any(one == host or (one.startswith("*.") and one[2:] == parent) for one in self.mx)


def read_texts_untrusted(records: Iterable[Record]) -> tuple[str, ...]:
    """Return TXT records, the strings of each joined (RFC 7208 section 3.3 is the custom)."""
    return tuple(sorted(b"".join(one.strings).decode("latin-1") for one in records))


def read_record_untrusted(texts: Sequence[str]) -> str | None:
    """Return the id of an MTA-STS record; None where there is none. Raises PolicyError.

    Several records count as none, but their owner wants to know (RFC 8461 section 3.1).
    """
    found = [text for text in texts if re.match(r"v=STSv1[ \t]*(;|\Z)", text)]
    if not found:
        return None
    if len(found) > 1:
        raise PolicyError("there are several MTA-STS records, so that senders use none")
    identifier = _fields(found[0]).get("id")
    if identifier is None or not _ID.match(identifier):
        raise PolicyError("the MTA-STS record has no valid id")
    return identifier


def read_report_record_untrusted(texts: Sequence[str]) -> bool | None:
    """Return whether there is a usable TLS-RPT record; None where there is none at all (RFC 8460 section 3)."""
    found = [text for text in texts if re.match(r"v=TLSRPTv1[ \t]*(;|\Z)", text)]
    if not found:
        return None
    if len(found) > 1:
        return False
    try:
        addresses = _fields(found[0]).get("rua", "").split(",")
    except PolicyError:
        return False
    return all(re.match(r"(?:mailto|https):\S+\Z", one.strip(" \t")) for one in addresses)


def _fields(text: str) -> dict[str, str]:
    """Read `name=value; ...`; the first of several counts."""
    parts = [part.strip(" \t") for part in text.split(";")]
    if parts and not parts[-1]:
        parts.pop()
    fields: dict[str, str] = {}
    for part in parts:
        match = _FIELD.match(part)
        if match is None:
            raise PolicyError(f"the record has a field that cannot be read: {part[:40]!r}")
        fields.setdefault(match[1], match[2])
    return fields


def read_policy_untrusted(data: bytes, content_type: str) -> Policy:
    """Return a policy; raises PolicyError (RFC 8461 section 3.2). Unknown fields are ignored, first ones count."""
    if content_type.partition(";")[0].strip().lower() != "text/plain":
        raise PolicyError(f"the policy's media type is {content_type[:60]!r} and not text/plain")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise PolicyError("the policy is not UTF-8 text") from None
    fields: dict[str, str] = {}
    patterns: list[str] = []
    for line in re.split(r"\r?\n", text):
        if not line.strip(" \t"):
            continue
        name, colon, value = line.partition(":")
        name, value = name.strip(" \t"), value.strip(" \t")
        if not colon or not re.match(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}\Z", name):
            raise PolicyError(f"the policy has a line that cannot be read: {line[:40]!r}")
        if name == "mx":
            patterns.append(value)
        else:
            fields.setdefault(name, value)
    return _checked(fields, patterns)


def _checked(fields: dict[str, str], patterns: list[str]) -> Policy:
    if fields.get("version") != "STSv1":
        raise PolicyError("the policy does not say version: STSv1")
    if fields.get("mode") not in tuple(Mode):
        raise PolicyError(f"the policy's mode is {fields.get('mode', '')[:20]!r}: enforce, testing or none is wanted")
    max_age = fields.get("max_age", "")
    if not _AGE.match(max_age) or int(max_age) > LONGEST_MAX_AGE:
        raise PolicyError(f"the policy's max_age is {max_age[:20]!r}: 0 to {LONGEST_MAX_AGE} seconds are wanted")
    if len(patterns) > MAX_PATTERNS:
        raise PolicyError(f"the policy has more than {MAX_PATTERNS} mx lines")
    for pattern in patterns:
        if not _PATTERN.match(pattern):
            raise PolicyError(f"the policy's mx {pattern[:60]!r} is no host name")
    mode = Mode(fields["mode"])
    if mode is not Mode.NONE and not patterns:
        raise PolicyError("the policy has no mx line")
    return Policy(mode, int(max_age), tuple(one.lower() for one in patterns))
