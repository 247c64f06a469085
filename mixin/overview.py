"""The overview: the state of the fleet, what expires next, findings, and what is spoken."""

# ruff: noqa: INP001 - a folder of scripts, not a package

from alerts import UNTRUSTED
from grafana import (
    BLUE,
    GREEN,
    ORANGE,
    RED,
    YELLOW,
    Json,
    annotation,
    bars,
    dashboard,
    filters,
    link,
    pie,
    query,
    row,
    stat,
    table,
    thresholds,
    timeseries,
    variable,
)

UID, TITLE = "tls-overview", "TLS / Overview"
TARGET_UID, TARGET_TITLE = "tls-target", "TLS / Target"
OWN = 'job=~"$job", instance=~"$instance"'
S = f'{OWN}, module=~"$module"'
ENDING_WITHIN_DAYS = (7, 14, 30, 60, 90)

TO_TARGET = link(
    "Open target",
    f"/d/{TARGET_UID}?${{datasource:queryparam}}&${{__url_time_range}}"
    "&var-job=${__data.fields.Job}&var-target=${__data.fields.Target}",
)
TO_RUNBOOK = link("Open runbook", "${runbooks}/${__field.labels.finding}")


def _count(title: str, description: str, condition: str, bad: str) -> Json:
    """Return a figure that is green at 0."""
    steps = thresholds((None, GREEN), (1, bad))
    return stat(title, description, "short", query(f"count({condition}) or vector(0)", instant=True), steps)


def _state() -> list[Json]:
    targets = query(f"count(max by (job, target, module) (tls_probe_success{{{S}}}))", instant=True)
    working = query(f"avg(tls_probe_success{{{S}}})", instant=True)
    return [
        stat("Targets", "Configured targets, each once for a module.", "short", targets, thresholds((None, BLUE))),
        stat(
            "TLS works",
            "Share of endpoints with which a TLS handshake completes, whatever their certificate says.",
            "percentunit",
            working,
            thresholds((None, RED), (0.95, YELLOW), (0.999, GREEN)),
        ),
        _count(
            "Untrusted",
            "Endpoints whose certificate chain ordinary clients do not trust, except for accepted findings.",
            f'target:tls_finding:held{{{S}, finding=~"{UNTRUSTED}"}}',
            RED,
        ),
        _count(
            "Wrong name",
            "Endpoints whose certificate does not cover their name, except for accepted findings.",
            f'target:tls_finding:held{{{S}, finding="certificate_name_mismatch"}}',
            RED,
        ),
        _count(
            "Renewal overdue",
            "Endpoints with a certificate that has expired or ends soon, by the thresholds of the exporter.",
            f'target:tls_finding:held{{{S}, finding=~"certificate_expir.+"}}',
            ORANGE,
        ),
        stat(
            "Critical findings",
            "Findings of severity critical on all endpoints together.",
            "short",
            query(f'sum(tls_findings{{{S}, severity="critical"}})', instant=True),
            thresholds((None, GREEN), (1, RED)),
        ),
    ]


def _over_time() -> list[Json]:
    success = query(f"avg by (job) (tls_probe_success{{{S}}})", "{{job}}")
    failures = query(f"count by (phase, reason) (tls_probe_failure_info{{{S}}})", "{{phase}}: {{reason}}")
    return [
        timeseries("Share of endpoints where TLS works", "By job, over time.", "percentunit", [success]),
        timeseries(
            "Failing endpoints, by phase and reason",
            "Endpoints without a completed handshake, by the phase that failed and why. No series means no failures.",
            "short",
            [failures],
            stacked=True,
        ),
    ]


def _expiry() -> Json:
    remaining = query(f"bottomk(25, target:tls_certificate_remaining_seconds:held{{{S}}})", table=True)
    days = thresholds((None, RED), (7 * 86400, ORANGE), (21 * 86400, YELLOW), (30 * 86400, GREEN))
    return table(
        "What expires next",
        "The certificates with the least time left. Kept for an hour after the target was last seen.",
        [remaining],
        {"target": "Target", "module": "Module", "job": "Job", "Value": "Time left"},
        target={"links": [TO_TARGET]},
        Value={"unit": "dtdurations", "thresholds": days, "custom.cellOptions": {"type": "color-text"}},
    )


def _ending() -> Json:
    queries = [
        query(
            f"count(target:tls_certificate_remaining_seconds:held{{{S}}} < {days} * 86400) or vector(0)",
            f"{days} days",
            ref=chr(ord("A") + index),
            instant=True,
        )
        for index, days in enumerate(ENDING_WITHIN_DAYS)
    ]
    return bars(
        "Certificates that end within",
        "Endpoints whose certificate ends within so many days, expired ones included.",
        "short",
        queries,
        thresholds((None, BLUE)),
    )


def _issuers() -> list[Json]:
    leaves = f'tls_certificate_info{{{S}, position="0"}}'
    return [
        stat(
            "Distinct certificates",
            "Certificates of servers, each once however often it is served.",
            "short",
            query(f"count(count by (fingerprint_sha256) ({leaves}))", instant=True),
            thresholds((None, BLUE)),
        ),
        pie(
            "Issuers",
            "Distinct certificates by the authority that issued them.",
            query(f"count by (issuer) (count by (fingerprint_sha256, issuer) ({leaves}))", "{{issuer}}", instant=True),
        ),
    ]


def _lifetimes() -> Json:
    left = query(f"bottomk(25, target:tls_certificate_remaining:ratio{{{S}}})", "{{target}}", instant=True)
    return bars(
        "Lifetime left",
        "Share of its lifetime that each certificate has left, the lowest first. Renewal by machine is due at a third.",
        "percentunit",
        left,
        thresholds((None, RED), (0.1, ORANGE), (0.25, YELLOW), (0.33, GREEN)),
        max=1,
    )


def _findings() -> list[Json]:
    by_severity = query(f"sum by (severity) (tls_findings{{{S}}})", "{{severity}}")
    by_finding = query(f"sort_desc(count by (finding, severity) (tls_finding{{{S}}}))", "{{finding}}", instant=True)
    return [
        timeseries(
            "Findings by severity",
            "Findings that are present on all endpoints together.",
            "short",
            [by_severity],
            stacked=True,
        ),
        bars(
            "Most frequent findings",
            "Endpoints on which each finding is present. A bar leads to the finding's runbook.",
            "short",
            by_finding,
            thresholds((None, ORANGE)),
            links=(TO_RUNBOOK,),
        ),
    ]


def _spoken() -> list[Json]:
    session = f"tls_session_info{{{S}}}"
    return [
        pie(
            "Protocol version",
            "Endpoints by the version that was negotiated.",
            query(f"count by (protocol) ({session})", "{{protocol}}", instant=True),
        ),
        pie(
            "Cipher",
            "Endpoints by the cipher suite that was negotiated.",
            query(f"count by (cipher) ({session})", "{{cipher}}", instant=True),
        ),
        pie(
            "Key exchange",
            "Endpoints by the group that was negotiated. Names with MLKEM are post-quantum hybrids.",
            query(f"count by (group) ({session})", "{{group}}", instant=True),
        ),
    ]


def _profiles() -> Json:
    return bars(
        "Mozilla's profiles",
        "Share of the endpoints with a known posture that keep each profile of Mozilla's TLS guideline.",
        "percentunit",
        query(f"avg by (profile) (tls_profile_compliant{{{S}}})", "{{profile}}", instant=True),
        thresholds((None, ORANGE), (0.5, YELLOW), (0.9, GREEN)),
        max=1,
    )


def _accepted() -> list[Json]:
    share = thresholds((None, BLUE))
    hybrid = f'max by (job, target, module) (tls_group_accepted{{{S}, group=~".*MLKEM.*"}})'
    return [
        stat(
            "Post-quantum ready",
            "Share of the targets with a known posture that accept a post-quantum hybrid group.",
            "percentunit",
            query(f"avg({hybrid})", instant=True),
            thresholds((None, ORANGE), (0.5, YELLOW), (0.9, GREEN)),
        ),
        _profiles(),
        bars(
            "Versions accepted",
            "Share of the endpoints with a known posture that accept each protocol version.",
            "percentunit",
            query(f"avg by (version) (tls_version_accepted{{{S}}})", "{{version}}", instant=True),
            share,
            max=1,
        ),
        bars(
            "Cipher classes accepted",
            "Share of the endpoints with a known posture that accept ciphers of each class.",
            "percentunit",
            query(f"avg by (class) (tls_cipher_class_accepted{{{S}}})", "{{class}}", instant=True),
            share,
            max=1,
        ),
    ]


def _slowest() -> Json:
    slow = query(f'topk(15, tls_probe_duration_seconds{{{S}, phase="total"}})', table=True)
    return table(
        "Slowest endpoints",
        "The endpoints whose last probe took longest, failed ones included.",
        [slow],
        {"target": "Target", "module": "Module", "job": "Job", "Value": "Duration"},
        target={"links": [TO_TARGET]},
        Value={"unit": "s"},
    )


def _exporter() -> list[Json]:
    probes = query(f"sum by (outcome) (rate(tls_exporter_probes_total{{{OWN}}}[$__rate_interval]))", "{{outcome}}")
    return [
        timeseries(
            "Duration of scrapes",
            "How long the exporter took for the last scrape of its targets.",
            "s",
            [query(f"tls_exporter_last_scrape_duration_seconds{{{OWN}}}", "{{instance}}")],
        ),
        timeseries("Probes by outcome", "Probes in each second, by success or the phase that failed.", "ops", [probes]),
        timeseries(
            "Memory",
            "Resident memory of the exporter's process.",
            "bytes",
            [
                query(
                    f"process_resident_memory_bytes{{{OWN}}} and on (job, instance) tls_exporter_build_info",
                    "{{instance}}",
                )
            ],
        ),
    ]


def overview() -> Json:
    """Return the overview."""
    expiry, lifetimes = _expiry(), _lifetimes()
    rows = [
        row("State of the fleet", 4, *((4, panel) for panel in _state())),
        row("Over time", 8, *((12, panel) for panel in _over_time())),
        row("Expiry", 10, (12, expiry), (12, lifetimes)),
        row("Certificates", 8, (10, _ending()), *zip((4, 10), _issuers(), strict=True)),
        row("Findings", 10, *((12, panel) for panel in _findings())),
        row("What is spoken", 8, *((8, panel) for panel in _spoken())),
        row("What is accepted", 9, *zip((4, 6, 6, 8), _accepted(), strict=True)),
        row("Slowest endpoints", 9, (24, _slowest())),
        row("The exporter", 7, *((8, panel) for panel in _exporter())),
    ]
    variables = [
        variable("job", "Job", "tls_probe_success"),
        variable("instance", "Instance", 'tls_probe_success{job=~"$job"}'),
        variable("module", "Module", f"tls_probe_success{{{OWN}}}"),
        filters(),
    ]
    annotations = (
        annotation(
            "Renewals",
            f"changes(target:tls_certificate_not_after_timestamp_seconds:held{{{S}}}[5m]) > 0",
            GREEN,
            "{{target}} has a new certificate",
        ),
        annotation(
            "Reloads",
            f"changes(tls_exporter_config_last_reload_success_timestamp_seconds{{{OWN}}}[5m]) > 0",
            BLUE,
            "{{instance}} has loaded its configuration",
        ),
    )
    description = "Every TLS endpoint that tls-exporter probes: reachability, expiry, trust, findings and posture."
    return dashboard(UID, TITLE, description, variables, (TARGET_UID, TARGET_TITLE), rows, annotations)
