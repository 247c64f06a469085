"""The page on STARTTLS says what the program does."""

import re
from pathlib import Path

from exporter.wire.dialogue import MAX_BYTES, DialogueReason
from exporter.wire.starttls import PROTOCOLS

PAGE = (Path(__file__).parents[3] / "docs" / "starttls.md").read_text()


def test_every_protocol_is_there_with_its_port_and_definition():
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| (\d+) \| ([^|]+) \| [^|]+ \|$", PAGE, re.MULTILINE)
    assert rows == [(one.name, str(one.port), one.reference) for one in PROTOCOLS.values()]


def test_every_reason_is_there():
    for reason in DialogueReason:
        assert f"`{reason}`" in PAGE or reason.startswith("proxy_")
    assert f"{MAX_BYTES // 1024} KiB" in PAGE
