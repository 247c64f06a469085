# ruff: noqa: E501 - the head of the page is what it is
"""Writes docs/stacks.md: what TLS servers accept in their default configuration, each started here and asked.

Usage: python tools/stacks.py, or make stacks. A server whose program is not installed keeps its row. Root is needed for
some of them; all listen on loopback only.
"""

import asyncio
import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from exporter.posture.facts import Posture  # noqa: E402 - the tests' servers are found only now
from tests.support.scanning import posture_of  # noqa: E402
from tests.support.servers.credential import make_credential  # noqa: E402
from tests.support.servers.stacks import STACKS, Stack, stack  # noqa: E402

PAGE = ROOT / "docs/stacks.md"
_ROW = re.compile(r"^\| ([a-z0-9_-]+) \|.*$", re.MULTILINE)
HEAD = """# What TLS servers accept as they come

Each server was started on loopback in its default configuration, with an RSA certificate of 2048 bits, and asked by a posture scan with active checks.
No server has SSL 2.0, SSL 3.0, export, DES or anonymous suites, or compression. `make stacks` measures again what is installed.
The tests hold versions, classes and groups to what `openssl s_client` and `gnutls-cli` get of the same servers.

| server | package | versions | weak classes | DHE group | groups | EMS | clients may renegotiate | fallback signal | signs SHA-1 | early data |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
"""


def main() -> None:
    """Measure, and write the page."""
    kept = {match[1]: match[0] for match in _ROW.finditer(PAGE.read_text())} if PAGE.exists() else {}
    for one in STACKS:
        if shutil.which(one.program, path=f"{os.environ['PATH']}:/usr/sbin") is not None:
            kept[one.name] = _row(one)
            print(kept[one.name])
    rows = [kept[one.name] for one in STACKS if one.name in kept]
    PAGE.write_text(HEAD + "\n".join(rows) + "\n")


def _row(one: Stack) -> str:
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as started:
        path = Path(folder)
        path.chmod(0o755)
        port = started.enter_context(stack(one, path, make_credential(path)))
        posture = asyncio.run(posture_of(port))
    features = posture.features
    cells = (
        one.name,
        f"{one.package} {_version(one.package)}".strip(),
        _accepted(posture.versions),
        _accepted(posture.reported_classes),
        _dh(posture),
        _accepted(posture.groups),
        *(_said(features.get(name)) for name in ("extended_master_secret", "client_renegotiation", "fallback_scsv")),
        *(_said(features.get(name)) for name in ("sha1_signature", "early_data")),
    )
    return "| " + " | ".join(cells) + " |"


def _version(package: str) -> str:
    command = ["dpkg-query", "-W", "-f=${Version}", package]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout


def _accepted(facts: Mapping[str, bool]) -> str:
    return _joined(name for name, accepted in facts.items() if accepted)


def _dh(posture: Posture) -> str:
    return _joined(dict.fromkeys(group.label for group in posture.dh_groups if not group.anonymous))


def _joined(words: Iterable[str]) -> str:
    return ", ".join(words) or "none"


def _said(fact: bool | None) -> str:
    return "" if fact is None else "yes" if fact else "no"


if __name__ == "__main__":
    main()
