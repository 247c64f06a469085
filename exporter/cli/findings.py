"""The catalogue as a table for a person or as JSON, for `tls-exporter findings`. Pure: it returns text."""

import json
import textwrap
from collections.abc import Mapping
from dataclasses import asdict

from exporter.findings.catalogue import CATALOGUE, SEVERITIES
from exporter.findings.finding import Finding

_INDENT = "    "


def as_json(catalogue: Mapping[str, Finding] = CATALOGUE) -> str:
    """Return the catalogue as a JSON list, in its own order."""
    return json.dumps([asdict(finding) for finding in catalogue.values()], indent=2) + "\n"


def as_text(catalogue: Mapping[str, Finding] = CATALOGUE, width: int = 100, *, long: bool = False) -> str:
    """Return one line for each finding, the worst first; `long` adds what it means and how to fix it."""
    column = max((len(name) for name in catalogue), default=0)
    lines = []
    for severity in SEVERITIES:
        for finding in catalogue.values():
            if finding.severity == severity:
                lines.append(f"{severity:<8}  {finding.id:<{column}}  {finding.title}")
                if long:
                    lines += _explained(finding, width)
    return "".join(f"{line}\n" for line in lines)


def _explained(finding: Finding, width: int) -> list[str]:
    paragraphs = (finding.meaning, f"Fix: {finding.fix}")
    wrapped = [
        textwrap.fill(text, width, initial_indent=_INDENT, subsequent_indent=_INDENT, break_on_hyphens=False)
        for text in paragraphs
    ]
    return [*wrapped, ""]
