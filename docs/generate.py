"""Write the generated parts of these pages from the program itself; with --check only report whether they are stale.

A generated part stands between `<!-- generated: NAME -->` and `<!-- end of generated part -->`; the rest is written
by hand and never touched.
"""

# ruff: noqa: INP001 - a folder of scripts, not a package

import argparse
import re
import sys
from collections.abc import Callable
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any

import yaml
from configuration_keys import KEYS

from exporter.certificates.clients.java_rules import JAVA_RULES
from exporter.certificates.clients.rules import RULES as CLIENT_RULES
from exporter.config import model, schema
from exporter.config.schema_types import Block, Named, Numbered, Reader, Shape, TextOr
from exporter.config.units import format_duration
from exporter.findings.catalogue import CATALOGUE, SEVERITIES
from exporter.findings.failure import EXPLANATIONS
from exporter.metrics.catalogue import FAMILIES
from exporter.metrics.self_metrics import SelfMetrics
from exporter.policy import ExpiryThresholds

FOLDER = Path(__file__).parent
ALERTS = FOLDER.parent / "mixin" / "alerts.yaml"
PART = re.compile(r"(<!-- generated: ([^>]+?) -->\n).*?(<!-- end of generated part -->)", re.DOTALL)
DEFAULTS = {
    "global": model.GlobalConfig(),
    "modules.NAME": model.Module(""),
    "files[]": model.FileGroup(),
    "kubernetes[]": model.KubernetesGroup(),
    "global.expiry": ExpiryThresholds(),
    "modules.NAME.http": model.HTTPConfig(),
    "modules.NAME.revocation": model.RevocationConfig(),
    "modules.NAME.posture": model.PostureConfig(),
    "modules.NAME.dns": model.DNSConfig(),
    "modules.NAME.ari": model.ARIConfig(),
}


class StaleDocs(Exception):  # noqa: N818 - what it says, not how it ends
    """A page cannot be written from the program as it is; the message says why."""


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Return a Markdown table."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def configuration() -> str:
    """Return a row for every key that a configuration may have."""
    keys = list(_keys("", schema.File))
    if missing := [key for key in keys if key not in KEYS]:
        raise StaleDocs(f"configuration_keys.py says nothing of {', '.join(missing)}")
    if gone := [key for key in KEYS if key not in keys]:
        raise StaleDocs(f"configuration_keys.py speaks of {', '.join(gone)}, which is no more")
    return table(
        ("key", "takes", "default", "meaning"),
        [(f"`{key}`", KEYS[key][0], _default(key), KEYS[key][1]) for key in keys],
    )


def _keys(prefix: str, shape: type[Shape]) -> list[str]:
    keys = []
    for name, key in shape.keys.items():
        inner, suffix = _inner(key.read)
        written = f"{prefix}{name}{suffix}"
        if inner is None or written in KEYS:
            keys.append(written)
        if inner is not None:
            keys += _keys(f"{written}.", inner)
    return keys


def _inner(reader: Reader[Any]) -> tuple[type[Shape] | None, str]:
    """Return the shape that a reader reads, and how its keys are written: `[]` in a list, `.NAME` in a mapping."""
    suffix = "[]" if isinstance(reader, Numbered) else ".NAME" if isinstance(reader, Named) else ""
    item = reader.item if isinstance(reader, Numbered | Named) else reader
    item = item.item if isinstance(item, TextOr) else item
    return (item.shape, suffix) if isinstance(item, Block) else (None, "")


def _default(key: str) -> str:
    parent, _, name = key.rpartition(".")
    value = getattr(DEFAULTS.get(parent), name, None)
    if value is None or value == () or is_dataclass(value):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and not name.endswith("fraction"):
        return f"`{format_duration(value)}`"
    return f"`{value}`"


def metrics() -> str:
    """Return a row for every family of a target."""
    return table(
        ("metric", "labels", "value"),
        [(f"`{family.name}`", ", ".join(f"`{label}`" for label in family.labels), family.help) for family in FAMILIES],
    )


def own_metrics() -> str:
    """Return a row for every metric of the exporter on itself."""
    rows = []
    for family in SelfMetrics().registry.collect():
        if family.name.startswith("tls_exporter"):
            name = family.name + {"counter": "_total"}.get(family.type, "")
            rows.append((f"`{name}`", family.type, family.documentation))
    return table(("metric", "type", "value"), sorted(rows))


def findings() -> str:
    """Return a row for every finding, the worst first."""
    rows = [
        (f"[`{finding.id}`](runbooks/{finding.id}.md)", finding.severity, finding.title)
        for severity in SEVERITIES
        for finding in CATALOGUE.values()
        if finding.severity == severity
    ]
    return table(("finding", "severity", "title"), rows)


def client_rules() -> str:
    """Return the table of what each client refuses."""
    rows = [
        (
            f"`{rule.reason}`",
            rule.what,
            ", ".join(sorted(rule.places)),
            ", ".join(sorted(rule.clients)),
            ", ".join(sorted(rule.unmeasured)),
        )
        for rule in (*CLIENT_RULES, *JAVA_RULES)
    ]
    return table(("reason", "what", "in the", "refused by", "not measured"), rows)


def alerts() -> str:
    """Return a row for every alert."""
    rows = [
        (f"[`{name}`](runbooks/{name}.md)", alert["labels"]["severity"], alert.get("for", "at once"), _summary(alert))
        for name, alert in read_alerts().items()
    ]
    return table(("alert", "severity", "after", "summary"), rows)


def read_alerts() -> dict[str, Any]:
    """Return the alerts of the mixin by their names."""
    groups = yaml.safe_load(ALERTS.read_text())["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def _summary(alert: Any) -> str:
    text = re.sub(r"\{\{\s*\$labels\.(\w+)\s*\}\}", r"*\1*", alert["annotations"]["summary"])
    return re.sub(r"\{\{.*?\}\}", "…", text)


def finding_page(name: str) -> str:
    """Return the head of a finding's runbook."""
    finding = CATALOGUE[name]
    return f"# {finding.title}\n\n`{name}`, severity **{finding.severity}**\n\n{finding.meaning}\n\n{finding.fix}\n"


def alert_page(name: str) -> str:
    """Return the head of an alert's runbook."""
    alert = read_alerts()[name]
    wait = f"after {alert['for']}" if "for" in alert else "at once"
    return (
        f"# {name}\n\n{_summary(alert)}. Severity **{alert['labels']['severity']}**, {wait}.\n\n"
        f"```promql\n{alert['expr'].strip()}\n```\n"
    )


def runbook_index() -> str:
    """Return both lists, for the index of the runbooks."""
    there = alerts().replace("](runbooks/", "](")
    here = findings().replace("](runbooks/", "](")
    return f"## Alerts\n\n{there}\n## Findings\n\n{here}"


def failures() -> str:
    """Return a row for every reason of a failed probe."""
    rows = [(f"`{reason}`", one.title, one.meaning, one.fix) for reason, one in EXPLANATIONS.items()]
    return table(("reason", "title", "meaning", "fix"), rows)


PARTS: dict[str, Callable[[], str]] = {
    "configuration": configuration,
    "metrics": metrics,
    "own metrics": own_metrics,
    "findings": findings,
    "failures": failures,
    "client rules": client_rules,
    "alerts": alerts,
    "runbook index": runbook_index,
}


def generated(name: str) -> str:
    """Return a generated part by the name in its marker."""
    kind, _, rest = name.partition(" ")
    try:
        if kind == "finding":
            return finding_page(rest)
        if kind == "alert":
            return alert_page(rest)
        return PARTS[name]()
    except KeyError:
        raise StaleDocs(f"there is no {name!r} any more") from None


def renewed(text: str) -> str:
    """Return a page with its generated parts regenerated."""
    return PART.sub(lambda match: match[1] + "\n" + generated(match[2]) + "\n" + match[3], text)


def problems(*, check: bool) -> list[str]:
    """Renew every page, or with `check` only say which are stale; say which runbooks are missing."""
    wanted = [f"runbooks/{name}.md" for name in (*CATALOGUE, *read_alerts())]
    found = [f"{name} is missing" for name in wanted if not (FOLDER / name).exists()]
    for path in sorted(FOLDER.rglob("*.md")):
        text = path.read_text()
        try:
            new = renewed(text)
        except StaleDocs as reason:
            found.append(f"{path.relative_to(FOLDER)}: {reason}")
            continue
        if new != text and check:
            found.append(f"{path.relative_to(FOLDER)} is stale: run python docs/generate.py")
        elif new != text:
            path.write_text(new)
    return found


def main() -> int:
    """Write or check every page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 if a page is stale")
    found = problems(check=parser.parse_args().check)
    sys.stderr.write("".join(f"{line}\n" for line in found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
