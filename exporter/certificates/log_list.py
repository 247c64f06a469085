"""The logs of Certificate Transparency, as Google's list in version 3 names them (log_list_schema.json, v3)."""

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

ACCEPTED_STATES = frozenset(("qualified", "usable", "readonly"))  # in which Chrome counts a log's timestamps
RETIRED = "retired"
MAX_LOGS = 10_000


class LogListError(Exception):
    """A list of logs that cannot be read; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Log:
    """One log: who runs it, its key, and the state in which it is since a time (Unix seconds)."""

    description: str
    operator: str
    key: bytes  # SubjectPublicKeyInfo
    state: str
    since: float


Logs = Mapping[bytes, Log]
"""Each log by its id: the SHA-256 of its key (RFC 6962 section 3.2)."""


def read_log_list(data: bytes) -> Logs:
    """Read a list. Raises LogListError."""
    try:
        document = json.loads(data)
        logs = dict(_logs(document["operators"]))
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error) as error:
        raise LogListError(f"not a list of logs in version 3: {type(error).__name__}: {error}") from None
    if not logs or len(logs) > MAX_LOGS:
        raise LogListError(f"{len(logs)} logs in it")
    return logs


def _logs(operators: list[dict[str, Any]]) -> Iterator[tuple[bytes, Log]]:
    for operator in operators:
        for one in (*operator.get("logs", ()), *operator.get("tiled_logs", ())):
            (state, details), *_ = (one.get("state") or {"pending": {}}).items()
            since = details.get("timestamp")
            yield (
                base64.b64decode(one["log_id"], validate=True),
                Log(
                    description=str(one.get("description", "")),
                    operator=str(operator["name"]),
                    key=base64.b64decode(one["key"], validate=True),
                    state=str(state),
                    since=datetime.fromisoformat(since).timestamp() if since else 0.0,
                ),
            )
