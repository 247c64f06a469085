"""What the texts of alerts share: the runbooks' address, templates that look things up, the catalogue's own words."""

# ruff: noqa: INP001 - a folder of scripts, not a package

from collections.abc import Mapping

from exporter.findings.catalogue import CATALOGUE
from exporter.findings.failure import EXPLANATIONS
from exporter.findings.posture import RULES as OF_POSTURE
from exporter.findings.protocol import RULES as OF_PROTOCOL

RUNBOOKS = "{{ if $labels.instance }}http://{{ $labels.instance }}{{ else }}docs{{ end }}/runbooks"
"""Where runbooks are: the exporter serves them itself, at the address that Prometheus scrapes it at."""

TARGET = "{{ $labels.target }}"
WHERE = "{{ $labels.target }} (module {{ $labels.module }})"


def looked_up(query: str, text: str) -> str:
    """Return a template for the first answer of a query about the target; nothing where there is none.

    `query` has %s where the target's matchers belong; `text` speaks of `.Labels`.
    """
    matchers = "target=%q,module=%q"
    escaped = query.replace('"', '\\"') % matchers
    return (
        f'{{{{ with query (printf "{escaped}" $labels.target $labels.module) }}}}'
        f"{{{{ with . | first }}}}{text}{{{{ end }}}}{{{{ end }}}}"
    )


CERTIFICATE = looked_up(
    'tls_certificate_info{%s,position="0"}', " (subject {{ .Labels.subject }}, issuer {{ .Labels.issuer }})"
)
NAMES = looked_up("tls_certificate_names_info{%s}", " Its names: {{ .Labels.dns_names }}{{ .Labels.ip_addresses }}.")
ENDS = looked_up(
    "bottomk(1, tls_certificate_not_after_timestamp_seconds{%s})",
    " Certificate {{ .Labels.position }} of the chain ends at {{ . | value | humanizeTimestamp }}.",
)


def chain_of(words: Mapping[str, str], variable: str) -> str:
    """Return a template that writes the words for the value of a variable; the value itself where there are none."""
    tests = [f'if eq {variable} "{name}" }}}}{text}' for name, text in words.items()]
    return "{{ " + "{{ else ".join(tests) + f"{{{{ else }}}}{{{{ {variable} }}}}{{{{ end }}}}"


REASONS = {str(reason): one.title for reason, one in EXPLANATIONS.items()}
WHY = looked_up(
    "tls_probe_failure_info{%s}", f" {chain_of(REASONS, '.Labels.reason')} (phase {{{{ .Labels.phase }}}})."
)
TITLES = {name: finding.title for name, finding in CATALOGUE.items()}
POSTURE_FINDINGS = "|".join(rule.finding.id for rule in (*OF_PROTOCOL, *OF_POSTURE))
"""Findings that a determined posture shows, as a regular expression; all others are seen by the probe."""


def titles_of(selector: str) -> str:
    """Return a template that lists the titles of findings of the target, in the order of their ids."""
    escaped = f"target:tls_finding:held{{target=%q,module=%q,{selector}}}".replace('"', '\\"')
    title = chain_of(TITLES, "$one.Labels.finding")
    return (
        f'{{{{ range $number, $one := query (printf "{escaped}" $labels.target $labels.module) '
        f'| sortByLabel "finding" }}}}'
        f"{{{{ if $number }}}}, {{{{ end }}}}{title}{{{{ end }}}}"
    )
