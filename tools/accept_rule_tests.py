"""Write the annotations that alerts have now into the promtool tests of the mixin: look at the difference afterwards.

promtool compares labels and texts exactly. Labels, times and series stay as they are written by hand.
"""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

TESTS = Path(__file__).parents[1] / "mixin" / "tests"
_GOT = re.compile(r"Labels:\{(.*?)\}\s*\n\s*Annotations:\{(.*)\}", re.MULTILINE)


def main() -> int:
    """Rewrite every test file."""
    for path in sorted(TESTS.glob("*.yaml")):
        seen = _annotations(path)
        path.write_text(_filled(path.read_text(), seen))
    return 0


def _annotations(path: Path) -> dict[tuple[str, str, str], dict[str, str]]:
    """Return the annotations of each alert that fires, by its test, its name and labels."""
    text = path.read_text()
    document: Any = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - text only: 0x40 is no number here
    for test in document["tests"]:
        test.pop("promql_expr_test", None)
        for one in test.get("alert_rule_test", []):
            for alert in one["exp_alerts"]:
                alert["exp_annotations"] = {"summary": "?"}
    stripped = path.with_suffix(".accept.yml")
    stripped.write_text(yaml.safe_dump(document, sort_keys=False))
    try:
        done = subprocess.run(["promtool", "test", "rules", str(stripped)], capture_output=True, text=True, check=False)
    finally:
        stripped.unlink()
    output = done.stdout + done.stderr
    seen = {}
    for test, got in re.findall(r"name: (.*?),\n\s*alertname.*?got:\[(.*?)\n\s*\]", output, re.DOTALL):
        for labels, annotations in _GOT.findall(got):
            pairs = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels))
            name = pairs.pop("alertname")
            texts = re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', annotations)
            seen[test, name, _key(pairs)] = {key: value.encode().decode("unicode_escape") for key, value in texts}
    return seen


def _key(labels: dict[str, str]) -> str:
    return ",".join(f"{name}={value}" for name, value in sorted(labels.items()))


def _filled(text: str, seen: dict[tuple[str, str, str], dict[str, str]]) -> str:
    lines: list[str] = []
    test = name = ""
    skipping = False
    for line in text.splitlines():
        if found := re.match(r"  - name: (.*)", line):
            test = str(yaml.safe_load(found[1]))
        if found := re.match(r"\s*- (?:\{)?alertname: (\w+)", line):
            name = found[1]
        if skipping and re.match(r"\s{12,}(exp_annotations|summary|description|runbook_url)", line):
            continue
        skipping = False
        lines.append(line)
        if found := re.match(r"(\s*)- exp_labels: (.*)", line):
            skipping = True
            labels = {key: str(value) for key, value in yaml.safe_load(found[2]).items()}
            annotations = seen.get((test, name, _key(labels)), {})
            if not annotations:
                sys.stderr.write(f"{name} does not fire with {labels}\n")
                continue
            lines.append(f"{found[1]}  exp_annotations:")
            lines += [
                f"{found[1]}    {key}: {_quoted(annotations[key])}" for key in ("summary", "description", "runbook_url")
            ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


if __name__ == "__main__":
    sys.exit(main())
