"""A DNS answer as the readers of records need it: which records, how far they can be trusted, for how long. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Record = Any
"""An rdata object of dnspython: which fields it has depends on its type."""


class DNSFailure(StrEnum):
    """Why there is no answer: a closed list, since it becomes a label."""

    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    SERVER_FAILURE = "server_failure"
    REFUSED = "refused"
    LAME = "lame"
    MALFORMED = "malformed"
    ALIAS_LOOP = "alias_loop"
    BOGUS = "bogus"
    BAD_NAME = "bad_name"
    TOO_MANY = "too_many"
    NO_TRUST_ANCHOR = "no_trust_anchor"
    NOT_VALIDATING = "not_validating"


class DNSError(Exception):
    """No answer: the reason, and a sentence about it."""

    def __init__(self, reason: DNSFailure, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class Status(StrEnum):
    """Whether the name and the record type exist."""

    FOUND = "found"
    NO_DATA = "no_data"
    NO_NAME = "no_name"


@dataclass(frozen=True, slots=True)
class Answer:
    """The records of one name and type. `secure` is True only if DNSSEC covers the whole answer, aliases included.

    `name` is the end of the aliases: the name that has the records or lacks them. `ttl` is in seconds.
    """

    asked: str
    name: str
    status: Status
    records: tuple[Record, ...]
    secure: bool
    ttl: float

    @property
    def is_alias(self) -> bool:
        """Whether the name asked for is an alias (CNAME or DNAME) of another."""
        return self.asked != self.name


def bytes_of(record: Record) -> bytes:
    """Return the data of a record whose type is read here and not by dnspython."""
    return bytes(record.data)
