"""The target page: everything that is known of one target."""

# ruff: noqa: INP001 - a folder of scripts, not a package

from grafana import (
    BLUE,
    GREEN,
    ORANGE,
    RED,
    YELLOW,
    Json,
    dashboard,
    link,
    query,
    row,
    stat,
    table,
    thresholds,
    timeline,
    timeseries,
    value_map,
    variable,
)
from overview import TARGET_TITLE, TARGET_UID, TITLE, UID

S = 'job=~"$job", instance=~"$instance", target=~"$target"'
BAD_TO_GOOD = thresholds((None, RED), (1, GREEN))
VARIANT = "{{address}} {{server_name}} {{certificate_type}}"


def _yes_no(title: str, description: str, expression: str, yes: str, no: str) -> Json:
    """Return a figure that is green for 1 and red for 0."""
    mappings = value_map((0, no, RED), (1, yes, GREEN))
    return stat(title, description, "short", query(f"min({expression})", instant=True), BAD_TO_GOOD, mappings=mappings)


def _state() -> list[Json]:
    left = thresholds((None, RED), (7 * 86400, ORANGE), (21 * 86400, YELLOW), (30 * 86400, GREEN))
    leaf = f'min(tls_certificate_not_after_timestamp_seconds{{{S}, position="0"}}) - time()'
    found = thresholds((None, GREEN), (1, ORANGE))
    return [
        _yes_no(
            "TLS", "Whether a handshake completed at every address.", f"tls_probe_success{{{S}}}", "works", "fails"
        ),
        stat("Expires in", "Time until the leaf expires.", "dtdurations", query(leaf, instant=True), left),
        _yes_no(
            "Trust",
            "Whether ordinary clients trust the chain. The host name is checked separately.",
            f'tls_certificate_trusted{{{S}, verifier="openssl"}}',
            "trusted",
            "untrusted",
        ),
        _yes_no(
            "Name",
            "Whether the certificate covers the name asked for.",
            f"tls_certificate_name_match{{{S}}}",
            "matches",
            "differs",
        ),
        stat(
            "Negotiated",
            "Protocol version, cipher and group of the last handshake.",
            "short",
            query(f"tls_session_info{{{S}}}", "{{protocol}} {{cipher}} {{group}}", instant=True),
            thresholds((None, BLUE)),
            name=True,
        ),
        stat(
            "Critical and high findings",
            "Findings of these severities that are present.",
            "short",
            query(f'sum(tls_findings{{{S}, severity=~"critical|high"}})', instant=True),
            found,
        ),
    ]


def _findings() -> Json:
    runbook = link("Open runbook", "${runbooks}/${__value.raw}")
    return table(
        "Findings",
        "What is wrong with this target. A finding leads to its runbook. An empty table means that nothing was found.",
        [query(f"tls_finding{{{S}}}", table=True)],
        {"finding": "Finding", "severity": "Severity", "address": "Address", "module": "Module"},
        finding={"links": [runbook]},
    )


def _certificates() -> list[Json]:
    info = query(f"tls_certificate_info{{{S}}}", table=True)
    columns = {
        "position": "Position",
        "subject": "Subject",
        "issuer": "Issuer",
        "key": "Key",
        "signature_algorithm": "Signature",
        "serial_number": "Serial number",
        "fingerprint_sha256": "SHA-256",
    }
    ends = query(f"tls_certificate_not_after_timestamp_seconds{{{S}}} * 1000", table=True)
    names = query(f"tls_certificate_names_info{{{S}}}", table=True)
    return [
        table("Certificates presented", "The chain as the server sends it; the leaf has position 0.", [info], columns),
        table(
            "Expiry of each certificate",
            "When each certificate of the chain ends.",
            [ends],
            {"position": "Position", "address": "Address", "Value": "Ends"},
            Value={"unit": "dateTimeAsIso"},
        ),
        table(
            "Names",
            "Subject alternative names of the leaf.",
            [names],
            {"dns_names": "DNS names", "ip_addresses": "IP addresses", "address": "Address"},
        ),
    ]


def _probe() -> list[Json]:
    works = value_map((0, "fails", RED), (1, "works", GREEN))
    phases = query(f'avg by (phase) (tls_probe_duration_seconds{{{S}, phase!="total"}})', "{{phase}}")
    failures = query(f"tls_probe_failure_info{{{S}}}", "{{phase}}: {{reason}} " + VARIANT)
    return [
        timeline(
            "TLS over time", "Whether the handshake completed.", query(f"tls_probe_success{{{S}}}", VARIANT), works
        ),
        timeseries(
            "Duration by phase", "How long each phase of the probe took, on average.", "s", [phases], stacked=True
        ),
        timeseries("Failures", "Phase and reason while probes fail. No series means no failures.", "short", [failures]),
    ]


def _posture() -> list[Json]:
    bad = value_map((0, "refused", GREEN), (1, "accepted", ORANGE))
    plain = value_map((0, "refused", BLUE), (1, "accepted", GREEN))
    versions = query(f"max by (version) (tls_version_accepted{{{S}}})", "{{version}}")
    ciphers = query(f"max by (class) (tls_cipher_class_accepted{{{S}}})", "{{class}}")
    groups = query(f"max by (group) (tls_group_accepted{{{S}}})", "{{group}}")
    features = query(f"max by (feature) (tls_feature_accepted{{{S}}})", "{{feature}}")
    present = value_map((0, "no", BLUE), (1, "yes", GREEN))
    return [
        timeline(
            "Versions", "Protocol versions that the server accepts. Cached, see the posture's age.", versions, plain
        ),
        timeline("Cipher classes", "Classes of ciphers below TLS 1.3 that the server accepts. Cached.", ciphers, bad),
        timeline("Key exchange groups", "Groups of TLS 1.3 that the server accepts. Cached.", groups, plain),
        timeline("Features", "What else the server takes part in, good and bad. Cached.", features, present),
    ]


def _judged() -> list[Json]:
    violations = query(f"tls_profile_violation_info{{{S}}}", table=True)
    undetermined = query(f"tls_posture_undetermined_info{{{S}}}", table=True)
    addresses = query(f"tls_probe_address_info{{{S}}}", table=True)
    return [
        table(
            "Violations of Mozilla's profiles",
            "Each rule of the server side TLS guideline that the endpoint does not keep. Cached.",
            [violations],
            {"profile": "Profile", "rule": "Rule"},
        ),
        table(
            "Not determined",
            "Checks of the last posture scan without an answer, and why. Their metrics are absent, never 0.",
            [undetermined],
            {"check": "Check", "reason": "Reason"},
        ),
        table(
            "Addresses",
            "The IP addresses that were probed.",
            [addresses],
            {"address": "Address", "family": "Family", "server_name": "Name asked for"},
        ),
    ]


def _more() -> list[Json]:
    age = query(f"time() - min(tls_posture_timestamp_seconds{{{S}}})", instant=True)
    scts = query(f"min(tls_certificate_sct_count{{{S}}})", instant=True)
    status = query(f"tls_http_status_code{{{S}}}", instant=True)
    hsts = query(f"tls_hsts_max_age_seconds{{{S}}}", instant=True)
    stapled = query(f"min(tls_ocsp_stapled{{{S}}})", instant=True)
    return [
        stat(
            "Age of the posture",
            "Since the posture was last determined.",
            "s",
            age,
            thresholds((None, GREEN), (7200, ORANGE)),
        ),
        stat(
            "SCTs",
            "Signed certificate timestamps of leaf, TLS extension and staple.",
            "short",
            scts,
            thresholds((None, BLUE)),
        ),
        stat(
            "OCSP staple",
            "Whether an OCSP response is stapled.",
            "short",
            stapled,
            thresholds((None, BLUE)),
            mappings=value_map((0, "none", BLUE), (1, "stapled", GREEN)),
        ),
        stat(
            "HTTP status",
            "Status of the request on the probed connection, where the module makes one.",
            "none",
            status,
            thresholds((None, GREEN), (400, ORANGE), (500, RED)),
        ),
        stat("HSTS", "max-age of Strict-Transport-Security.", "s", hsts, thresholds((None, ORANGE), (15552000, GREEN))),
    ]


def target() -> Json:
    """Return the target page."""
    rows = [
        row("State", 4, *((4, panel) for panel in _state())),
        row("Findings", 8, (24, _findings())),
        row("Certificates", 7, *zip((24, 10, 14), _certificates(), strict=True)),
        row("Probe", 8, *((8, panel) for panel in _probe())),
        row("Posture", 9, *((6, panel) for panel in _posture())),
        row("Judged by it", 8, *((8, panel) for panel in _judged())),
        row("More", 4, *((4, panel) for panel in _more())),
    ]
    matched = 'tls_probe_success{job=~"$job", instance=~"$instance"}'
    variables = [
        variable("job", "Job", "tls_probe_success"),
        variable("instance", "Instance", 'tls_probe_success{job=~"$job"}'),
        variable("target", "Target", matched, multi=False),
    ]
    description = "One TLS endpoint: state, findings, certificates, phases of the probe and posture."
    return dashboard(TARGET_UID, TARGET_TITLE, description, variables, (UID, TITLE), rows)
