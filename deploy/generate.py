"""Write what deployments need from elsewhere in the repository; with --check only tell whether it is stale.

kustomize reads no file outside of its folder, so the rules of the mixin are written into a PrometheusRule there.
"""

# ruff: noqa: INP001 - a folder of scripts, not a package

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
RULE = ROOT / "deploy" / "kustomize" / "components" / "prometheus-operator" / "prometheusrule.yaml"
_HEAD = """\
# Written by deploy/generate.py from mixin/rules.yaml and mixin/alerts.yaml.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: tls-exporter
  namespace: monitoring
spec:
  groups:
"""


def prometheus_rule() -> str:
    """Return both rule files as one resource, their comments included."""
    text = _HEAD
    for name in ("rules.yaml", "alerts.yaml"):
        _, _, groups = (ROOT / "mixin" / name).read_text().partition("\ngroups:\n")
        text += "".join(f"  {line}".rstrip() + "\n" for line in groups.splitlines())
    return text


def main() -> int:
    """Write or check the file; 1 if it was found to be stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 if a file is stale")
    text = prometheus_rule()
    if RULE.exists() and RULE.read_text() == text:
        return 0
    if parser.parse_args().check:
        sys.stderr.write(f"stale: {RULE.relative_to(ROOT)}; run: python deploy/generate.py\n")
        return 1
    RULE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
