"""Write what deployments need from elsewhere in the repository; with --check only report whether it is stale.

kustomize reads no file outside of its folder, so the rules of the mixin are written into a PrometheusRule there.
`--runbooks URL` writes another address of the runbooks into the alerts: the default is that of the base's Service.
"""

# ruff: noqa: INP001 - a folder of scripts, not a package

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
RULE = ROOT / "deploy" / "kustomize" / "components" / "prometheus-operator" / "prometheusrule.yaml"
RUNBOOKS = "http://tls-exporter.monitoring.svc:10054/runbooks"
_OF_THE_MIXIN = "{{ if $labels.instance }}http://{{ $labels.instance }}{{ else }}docs{{ end }}/runbooks"
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


def prometheus_rule(runbooks: str = RUNBOOKS) -> str:
    """Return both rule files as one resource, their comments included."""
    text = _HEAD
    for name in ("rules.yaml", "alerts.yaml"):
        _, _, groups = (ROOT / "mixin" / name).read_text().partition("\ngroups:\n")
        text += "".join(f"  {line}".rstrip() + "\n" for line in groups.splitlines())
    return text.replace(_OF_THE_MIXIN, runbooks.rstrip("/"))


def main() -> int:
    """Write or check the file; 1 if it was found to be stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 if a file is stale")
    parser.add_argument("--runbooks", default=RUNBOOKS, metavar="URL", help="(default: %(default)s)")
    known = parser.parse_args()
    text = prometheus_rule(known.runbooks)
    if RULE.exists() and RULE.read_text() == text:
        return 0
    if known.check:
        sys.stderr.write(f"stale: {RULE.relative_to(ROOT)}; run: python deploy/generate.py\n")
        return 1
    RULE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
