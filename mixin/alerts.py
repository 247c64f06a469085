"""The alerts: one cause, one alert. Written to alerts.yaml, with the words and thresholds of the catalogue of findings.

What is wrong with a certificate, and how near its end is, the exporter decides (`expiry`, `accept` and `severity` in
its configuration); the alerts follow its findings. No text changes from one evaluation to the next while its cause
stays: times are moments, not distances.
"""

# ruff: noqa: INP001, E501 - a folder of scripts, not a package; queries are written as they are read

import textwrap
from dataclasses import dataclass

from words import CERTIFICATE, ENDS, NAMES, RUNBOOKS, TARGET, TITLES, WHERE, WHY, looked_up, titles_of

CRITICAL, WARNING, INFO = "critical", "warning", "info"
NAMED = "certificate_expired|certificate_expiring_soon|certificate_expiry_imminent|certificate_name_mismatch|certificate_revoked|certificate_pin_mismatch|addresses_disagree|ocsp_staple_stale|renewed_but_not_served|caa_forbids_issuer"
PUBLISHED = "dane_unsigned|dane_no_rollover|https_record_mismatch|ech_config_stale|mta_sts_unreachable"
UNTRUSTED = "|".join(
    name
    for name in (
        "certificate_self_signed",
        "certificate_untrusted_issuer",
        "certificate_chain_incomplete",
        "root_distrusted",
    )
    if name in TITLES
)
OLD_VERSIONS = "sslv3_accepted|tls10_accepted|tls11_accepted"
OTHERS = f'finding!~"{NAMED}|{UNTRUSTED}|{OLD_VERSIONS}"'
LIST_UNTRUSTED = titles_of(f'finding=~"{UNTRUSTED}"')
LIST_OLD_VERSIONS = titles_of(f'finding=~"{OLD_VERSIONS}"')
LIST_PUBLISHED = titles_of(f'finding=~"{PUBLISHED}"')
LIST_CRITICAL = titles_of(f'severity="critical",{OTHERS}')
LIST_HIGH = titles_of(f'severity="high",{OTHERS}')
AT_REST = 'target=~"(file|kubernetes):.+"'
ENDPOINT = AT_REST.replace("=~", "!~")
HANDSHAKE_FAILS = f"""\
(
  max_over_time(tls_probe_success{{{ENDPOINT}}}[5m]) == 0
    and
  max_over_time(tls_probe_reachable[5m]) == 1
)"""


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert. `after` is how long its expression must hold, "" for not at all; `comment` says why it is so."""

    name: str
    severity: str
    expr: str
    summary: str
    description: str
    after: str = ""
    comment: str = ""


def of_finding(finding: str) -> str:
    """Return the expression for one finding, unless the configuration calls it low."""
    return f'target:tls_finding:held{{finding="{finding}", severity!="low"}} == 1'


def worst_of(severity: str, unless: str) -> str:
    """Return an expression that is there once for each target with findings of a severity that no other alert names."""
    return f"""\
count without (finding, severity) (
  target:tls_finding:held{{
    severity="{severity}",
    {OTHERS}
  }}
)
  unless
{unless}"""


TARGETS = (
    Alert(
        "TLSTargetUnreachable",
        CRITICAL,
        f"""\
max_over_time(tls_probe_reachable{{{ENDPOINT}}}[5m]) == 0
  unless ignoring (phase, reason)
max_over_time(tls_probe_failure_info{{reason="internal_error"}}[5m])""",
        f"{TARGET} cannot be reached",
        f"There is no connection to {WHERE}.{WHY} This has lasted for at least five minutes.",
        "2m",
        "Five minutes without one success: a flapping target does not fire this, TLSTargetFlapping reports it.",
    ),
    Alert(
        "TLSHandshakeFailing",
        CRITICAL,
        f"""\
{HANDSHAKE_FAILS}
  unless ignoring (phase, reason)
max_over_time(tls_probe_failure_info{{reason="internal_error"}}[5m])""",
        f"No TLS handshake with {TARGET}",
        f"{WHERE} takes connections, but no TLS handshake completes.{WHY} This has lasted for at least five minutes.",
        "2m",
    ),
    Alert(
        "TLSFileUnreadable",
        WARNING,
        f"""\
max_over_time(tls_probe_success{{{AT_REST}}}[5m]) == 0
  unless ignoring (phase, reason)
max_over_time(tls_probe_failure_info{{reason="internal_error"}}[5m])""",
        f"No certificate can be read from {TARGET}",
        f"No certificate can be read from {WHERE}.{WHY} This has lasted for at least five minutes.",
        "5m",
        "A file, a key store or a Kubernetes object: a server that is restarted now may not come up.",
    ),
    Alert(
        "TLSTargetFlapping",
        WARNING,
        "changes(tls_probe_success[1h]) >= 8",
        f"{TARGET} comes and goes",
        f"{WHERE} has changed between working and failing at least eight times within an hour.",
        "5m",
    ),
)

CERTIFICATES = (
    Alert(
        "TLSCertificateExpiring",
        WARNING,
        of_finding("certificate_expiring_soon"),
        f"The certificate of {TARGET} should have been renewed by now",
        f"A certificate of {WHERE} ends soon{CERTIFICATE}.{ENDS} Renewal by machine is due earlier, so it has probably failed.",
        "15m",
        "When that is, `expiry` in the exporter's configuration says: the smaller of 21 days and a quarter of the\nlifetime by default. It covers every certificate of the chain that clients use.",
    ),
    Alert(
        "TLSCertificateExpiryImminent",
        CRITICAL,
        of_finding("certificate_expiry_imminent"),
        f"The certificate of {TARGET} is about to expire",
        f"A certificate of {WHERE} is about to end{CERTIFICATE}.{ENDS} After that clients refuse the connection.",
        "5m",
        "The smaller of 7 days and a tenth of the lifetime by default.",
    ),
    Alert(
        "TLSCertificateExpired",
        CRITICAL,
        of_finding("certificate_expired"),
        f"The certificate of {TARGET} has expired",
        f"A certificate of {WHERE} has expired{CERTIFICATE}.{ENDS} Clients refuse the connection.",
    ),
    Alert(
        "TLSCertificateUntrusted",
        CRITICAL,
        f"""\
max without (finding, severity) (
  target:tls_finding:held{{severity!="low", finding=~"{UNTRUSTED}"}}
) == 1""",
        f"Clients do not trust the certificate of {TARGET}",
        f"{WHERE}: {LIST_UNTRUSTED}{CERTIFICATE}.{NAMES} Clients that verify certificates refuse the connection.",
        "2m",
    ),
    Alert(
        "TLSCertificateNameMismatch",
        CRITICAL,
        of_finding("certificate_name_mismatch"),
        f"The certificate of {TARGET} is for another name",
        f"No subject alternative name of the certificate covers the name of {WHERE}{CERTIFICATE}.{NAMES} Clients refuse the connection.",
        "2m",
    ),
    Alert(
        "TLSCertificateRevoked",
        CRITICAL,
        of_finding("certificate_revoked"),
        f"The certificate of {TARGET} has been revoked",
        f"Its issuer has revoked the certificate of {WHERE}{CERTIFICATE}. Clients that check revocation refuse it, and its key may be known to others.",
    ),
    Alert(
        "TLSCertificatePinMismatch",
        CRITICAL,
        of_finding("certificate_pin_mismatch"),
        f"{TARGET} presents an unexpected certificate",
        f"No key in the chain of {WHERE} is among the configured pins{CERTIFICATE}: the certificate was changed unannounced, or somebody answers in its place.",
        "2m",
    ),
    Alert(
        "TLSRenewedButNotServed",
        WARNING,
        of_finding("renewed_but_not_served"),
        f"The renewed certificate of {TARGET} is not served",
        f"A file or Secret that {WHERE} serves holds a newer certificate than it presents: it was not reloaded after the renewal.{ENDS} Clients get the old one until then.",
        "15m",
        "Long enough for the reload that follows a renewal.",
    ),
    Alert(
        "TLSAddressesDisagree",
        WARNING,
        "max without (address, server_name, certificate_type, finding, severity) (\n"
        '  target:tls_finding:held{finding="addresses_disagree", severity!="low"}\n'
        ") == 1",
        f"The addresses of {TARGET} do not answer alike",
        f"The addresses of {WHERE} present different certificates, or some of them fail. Clients get one or the other by chance.",
        "10m",
    ),
    Alert(
        "TLSStapleStale",
        WARNING,
        of_finding("ocsp_staple_stale"),
        f"The OCSP staple of {TARGET} has expired",
        f"{WHERE} staples an OCSP response that has ended."
        + looked_up(
            'tls_ocsp_next_update_timestamp_seconds{%s,source="staple"}',
            " It was good until {{ . | value | humanizeTimestamp }}.",
        )
        + " Some clients refuse the connection.",
        "5m",
    ),
    Alert(
        "TLSRenewalBlocked",
        WARNING,
        of_finding("caa_forbids_issuer"),
        f"CAA records block the renewal for {TARGET}",
        f"The CAA records of a name in the certificate of {WHERE} do not let its CA issue again: the next renewal fails.",
        "1h",
        "Clients notice nothing until the certificate has expired, so there is time for a change of records to spread.",
    ),
    Alert(
        "TLSPublishedRecordWrong",
        INFO,
        "max without (finding, severity) (\n"
        f'  target:tls_finding:held{{severity="medium", finding=~"{PUBLISHED}"}}\n'
        ") == 1",
        f"What is published about {TARGET} is not kept",
        f"{WHERE}: {LIST_PUBLISHED}.",
        "1h",
        "DANE, HTTPS and MTA-STS records of medium severity; higher severities are covered by the alerts for findings.",
    ),
)

POSTURE = (
    Alert(
        "TLSOldProtocolAccepted",
        WARNING,
        f"""\
max without (finding, severity) (
  target:tls_finding:held{{severity!="low", finding=~"{OLD_VERSIONS}"}}
) == 1
  unless
{HANDSHAKE_FAILS}""",
        f"{TARGET} accepts old protocol versions",
        f"{WHERE} is below the floor of TLS 1.2 (RFC 8996, RFC 9325): {LIST_OLD_VERSIONS}.",
        "15m",
        "One alert however many versions, and none for a server whose handshake fails as it is.",
    ),
    Alert(
        "TLSCriticalFinding",
        CRITICAL,
        worst_of("critical", HANDSHAKE_FAILS),
        f"{TARGET} has critical findings",
        f"{WHERE}: {LIST_CRITICAL}.",
        "5m",
        "Findings with an alert of their own are left to it. One alert for a target, which lists them.",
    ),
    Alert(
        "TLSHighFinding",
        WARNING,
        worst_of(
            "high",
            f"""\
{HANDSHAKE_FAILS}
  unless
count without (finding, severity) (
  target:tls_finding:held{{severity="critical"}}
    or
  target:tls_finding:held{{severity!="low", finding=~"{UNTRUSTED}|{OLD_VERSIONS}"}}
)""",
        ),
        f"{TARGET} has findings of severity high",
        f"{WHERE}: {LIST_HIGH}.",
        "15m",
        "Not where something worse has an alert already: its page lists everything.",
    ),
    Alert(
        "TLSPostureStale",
        WARNING,
        """\
(
  (
    time() - tls_posture_timestamp_seconds > 2 * 3600
      and ignoring (check, reason)
    tls_posture_undetermined_info
  )
    or
  time() - tls_posture_timestamp_seconds > 2 * 86400
)
  and
max_over_time(tls_probe_success[15m]) == 1""",
        f"The posture of {TARGET} is not determined any more",
        f"Accepted versions, ciphers and flaws of {WHERE} were last determined"
        + looked_up("tls_posture_timestamp_seconds{%s}", " at {{ . | value | humanizeTimestamp }}")
        + ", though the target answers.",
        "15m",
        "Two hours if the last scan left checks without an answer; two days in any case, so that a long posture.refresh\ndoes not fire. Only while the target can be reached: otherwise that is what to alert on.",
    ),
)

ITSELF = (
    Alert(
        "TLSExporterDown",
        CRITICAL,
        "up == 0 and on (job, instance) last_over_time(tls_exporter_build_info[1d])",
        "The TLS exporter {{ $labels.instance }} is down",
        "Prometheus cannot scrape {{ $labels.instance }} (job {{ $labels.job }}): nothing is known of its targets.",
        "5m",
        "Recognised by what it exposed before, so that no job name is written here.",
    ),
    Alert(
        "TLSExporterAbsent",
        CRITICAL,
        """\
absent(tls_exporter_build_info)
  unless on ()
count(up == 0 and on (job, instance) last_over_time(tls_exporter_build_info[1d]))""",
        "No TLS exporter is scraped at all",
        "No tls-exporter is among the targets of this Prometheus: its scrape job or its service discovery has lost it.",
        "15m",
    ),
    Alert(
        "TLSScrapeNearTimeout",
        WARNING,
        """\
(
    max_over_time(scrape_duration_seconds[15m]) / scrape_timeout_seconds > 0.8
  and on (job, instance)
    tls_exporter_build_info
)
  or
increase(tls_exporter_scrape_targets_cut_total[15m]) > 0""",
        "Scrapes of {{ $labels.instance }} are near their timeout",
        "Scrapes of {{ $labels.instance }} (job {{ $labels.job }}) take more than 80% of the scrape timeout, or probes are cut off by it: those are reported as failed by timeout, whatever their targets do.",
        "15m",
        "scrape_timeout_seconds is there when Prometheus runs with --enable-feature=extra-scrape-metrics. Without it\nonly targets that were cut off show it.",
    ),
    Alert(
        "TLSConfigReloadFailed",
        WARNING,
        "max_over_time(tls_exporter_config_last_reload_successful[5m]) == 0",
        "{{ $labels.instance }} runs with an old configuration",
        "The last reload of {{ $labels.instance }} failed: the configuration on disk is invalid and the previous one is still in force. The exporter's log names file, line and column.",
        "5m",
    ),
    Alert(
        "TLSTargetFilesBroken",
        WARNING,
        "max_over_time(tls_exporter_target_file_errors[5m]) > 0",
        "{{ $labels.instance }} cannot read a target file",
        "{{ $labels.instance }} cannot use at least one of its target files, and keeps the targets that it last read from it. The exporter's log names file, line and column.",
        "5m",
    ),
    Alert(
        "TLSProbeInternalError",
        WARNING,
        'max_over_time(tls_probe_failure_info{reason="internal_error"}[15m]) == 1',
        f"The probe of {TARGET} fails for an internal reason",
        f"The exporter could not probe {WHERE} for a reason of its own (phase {{{{ $labels.phase }}}}), as exhausted file descriptors or a fault in its code. Its log has the cause.",
        "15m",
    ),
    Alert(
        "TLSSeriesVanished",
        WARNING,
        """\
max without (address, server_name, certificate_type) (last_over_time(tls_probe_success[1h]))
  unless
max without (address, server_name, certificate_type) (last_over_time(tls_probe_success[15m]))
  unless on (job, instance)
(changes(tls_exporter_config_last_reload_success_timestamp_seconds[1h]) > 0)
  unless on (job, instance)
(up == 0 and on (job, instance) last_over_time(tls_exporter_build_info[1d]))""",
        f"The series of {TARGET} have vanished",
        f"{WHERE} was probed within the last hour and is no more, though no configuration was loaded since.",
        comment="Not when the exporter is down or has loaded a configuration since: targets may be removed on purpose.",
    ),
    Alert(
        "TLSRecordingRulesMissing",
        WARNING,
        "count(tls_certificate_not_after_timestamp_seconds) unless on () count(target:tls_certificate_remaining_seconds:held)",
        "The recording rules of tls-exporter are not loaded",
        "Alerts on certificates and findings rest on recording rules that this Prometheus does not evaluate: load rules.yaml together with alerts.yaml.",
        "15m",
    ),
)

GROUPS = {
    "tls-exporter-targets": TARGETS,
    "tls-exporter-certificates": CERTIFICATES,
    "tls-exporter-posture": POSTURE,
    "tls-exporter-itself": ITSELF,
}
_HEAD = """\
# Alerts. They need the recording rules of rules.yaml next to them. Written by mixin/generate.py.
# severity: critical = somebody should look now; warning = this week; info = for the record.
groups:
"""


def alerts_yaml(runbooks: str = RUNBOOKS) -> str:
    """Return alerts.yaml; `runbooks` is the address below which each runbook has its page."""
    text = _HEAD
    for name, alerts in GROUPS.items():
        text += f"  - name: {name}\n    rules:\n" + "\n".join(_rule(alert, runbooks) for alert in alerts) + "\n"
    return text.rstrip("\n") + "\n"


def _rule(alert: Alert, runbooks: str) -> str:
    expr = alert.expr if "\n" not in alert.expr else "|\n" + textwrap.indent(alert.expr, " " * 10)
    lines = [f"      - alert: {alert.name}"]
    lines += [f"        # {line}" for line in alert.comment.splitlines()]
    lines.append(f"        expr: {expr}")
    lines += [f"        for: {alert.after}"] if alert.after else []
    lines += ["        labels:", f"          severity: {alert.severity}", "        annotations:"]
    lines.append(f"          summary: {_quoted(alert.summary)}")
    lines.append(f"          description: {_quoted(alert.description)}")
    lines.append(f"          runbook_url: {_quoted(f'{runbooks}/{alert.name}')}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
