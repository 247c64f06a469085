"""From what is known of an endpoint to samples: one line here for one family of the catalogue.

The output is text in the order of the catalogue, per family, ready to be joined with that of other targets: a
sample's line is the same in the Prometheus text format and in OpenMetrics. What was not observed gives no sample.
"""

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

from exporter.at_rest.formats.entry import EntryKind
from exporter.at_rest.stored import Stored
from exporter.certificates.certificate import Certificate
from exporter.certificates.verdict import Verdict
from exporter.findings.assessment import Assessment
from exporter.findings.catalogue import SEVERITIES
from exporter.findings.mozilla_profile import compliance
from exporter.findings.observation import Observation
from exporter.metrics.labels import joined, label, user_label
from exporter.metrics.published import published_samples
from exporter.posture.facts import Posture
from exporter.probe.result import HTTPFacts, Result
from exporter.revocation.status import CRL, Revocation
from exporter.target import MAX_TARGET_LENGTH, Target

MAX_REMEMBERED = 32_768

Lines = dict[str, str]
"""For each family of the catalogue, the sample lines of one target, each ended by a newline."""

Sample = tuple[str, str, float]
"""Family, labels beyond the identity (as written in the format, without braces), value."""

INFO = 1.0
DURATIONS = "tls_probe_duration_seconds"  # all that differs between two probes of an endpoint that stays as it is


def identity(assessment: Assessment) -> str:
    """Return the labels that stand on every series of one result."""
    observation = assessment.observation
    variant = observation.result.variant
    parts = [identity_of_target(observation.target)]
    if variant.address is not None:
        parts.append(label("address", variant.address))
    if variant.server_name is not None:
        parts.append(label("server_name", variant.server_name))
    if variant.certificate_type is not None:
        parts.append(label("certificate_type", variant.certificate_type))
    return ",".join(parts)


@lru_cache(maxsize=MAX_REMEMBERED)
def identity_of_target(target: Target) -> str:
    """Return the labels that every result of a target shares."""
    parts = [label("target", target.name, MAX_TARGET_LENGTH), label("module", target.module)]
    parts += [user_label(name, value) for name, value in target.labels]
    return ",".join(parts)


def collect(assessment: Assessment) -> Lines:
    """Return the sample lines of one result."""
    prefix = identity(assessment)
    lines: Lines = {}
    for name, labels, value in samples(assessment):
        line = f"{name}{{{prefix},{labels}}} {number(value)}\n" if labels else f"{name}{{{prefix}}} {number(value)}\n"
        lines[name] = lines[name] + line if name in lines else line
    return lines


def duration_lines(assessment: Assessment) -> str:
    """Return the lines of DURATIONS alone, as `collect` does."""
    result = assessment.observation.result
    start = f"{DURATIONS}{{{identity(assessment)},phase="
    phases = [f'{start}"{phase}"}} {number(round(seconds, 6))}\n' for phase, seconds in result.durations]
    return "".join(phases) + f'{start}"total"}} {number(round(result.total_seconds, 6))}\n'


def number(value: float) -> str:
    """Write a sample's value; whole numbers without an exponent, so that people can read timestamps."""
    return str(int(value)) if value == int(value) else repr(value)


def samples(assessment: Assessment) -> Iterator[Sample]:
    """Yield every sample of one result."""
    observation = assessment.observation
    yield from _probe(observation.result)
    yield from _session(observation.result)
    described = not observation.series_excess
    yield from _certificates(observation.certificates, described=described)
    if observation.stored is not None:
        yield from _stored(observation.stored)
    yield from _trust(observation)
    yield from _chains(observation.certificates, observation.verdicts)
    if observation.name_match is not None:
        yield "tls_certificate_name_match", "", float(observation.name_match)
    if observation.sct_count is not None:
        yield "tls_certificate_sct_count", "", float(observation.sct_count)
    for revocation in observation.revocations:
        yield from _revocation(revocation)
    if observation.result.http is not None:
        yield from _http(observation.result.http, described=described)
    yield from published_samples(observation.published)
    if observation.posture is not None:
        yield from _posture(observation.posture)
        yield from _profiles(observation)
    yield from _findings(assessment)


def _probe(result: Result) -> Iterator[Sample]:
    yield "tls_probe_success", "", float(result.success)
    yield "tls_probe_reachable", "", float(result.reachable)
    if result.failure is not None:
        labels = f'phase="{result.failure.phase.value}",reason="{result.failure.reason.value}"'
        yield "tls_probe_failure_info", labels, INFO
    for phase, seconds in (*result.durations, ("total", result.total_seconds)):
        yield DURATIONS, f'phase="{phase}"', round(seconds, 6)
    if result.endpoint_address is not None and result.family is not None:
        family = f'family="{result.family}"'
        if result.variant.address is None:  # else it stands among the identity labels already
            family = f"{label('address', result.endpoint_address)},{family}"
        yield "tls_probe_address_info", family, INFO


def _session(result: Result) -> Iterator[Sample]:
    session = result.session
    if session is None:
        return
    yield "tls_protocol_version", "", session.version
    labels = (
        f'protocol="{session.protocol}",cipher="{session.cipher}",group="{session.group}",{label("alpn", session.alpn)}'
    )
    yield "tls_session_info", labels, INFO
    requested, stapled = result.client_certificate_requested, result.staple is not None
    if requested or result.success:  # what comes late in a handshake is known to be missing only at its end
        yield "tls_client_certificate_requested", "", float(requested)
    if result.chain and (stapled or result.success):
        yield "tls_ocsp_stapled", "", float(stapled)


def _certificates(certificates: tuple[Certificate, ...], *, described: bool) -> Iterator[Sample]:
    """Yield what certificates say; not `described`: without the series whose labels they write themselves."""
    for position, certificate in enumerate(certificates):
        at = f'position="{position}"'
        if certificate.not_after is not None:
            yield "tls_certificate_not_after_timestamp_seconds", at, certificate.not_after
        if certificate.not_before is not None:
            yield "tls_certificate_not_before_timestamp_seconds", at, certificate.not_before
        if described:
            yield "tls_certificate_info", f"{at},{_description(certificate)}", INFO
    leaf = certificates[0] if certificates else None
    if leaf is not None and leaf.san_count is not None:
        names = label("dns_names", joined(leaf.dns_names)), label("ip_addresses", joined(leaf.ip_addresses))
        if described:
            yield "tls_certificate_names_info", ",".join(names), INFO
        yield "tls_certificate_san_count", "", leaf.san_count


def _stored(stored: Stored) -> Iterator[Sample]:
    if stored.modified_at is not None:
        yield "tls_file_modified_timestamp_seconds", "", round(stored.modified_at, 3)
    place = stored.kubernetes
    if place is not None:
        labels = (
            label("object_kind", place.kind),
            label("object_namespace", place.namespace),
            label("object_name", place.name),
            label("object_key", place.key),
        )
        yield "tls_kubernetes_object_info", ",".join(labels), INFO
    if stored.format:
        yield "tls_file_info", label("format", stored.format), INFO
    for position, one in enumerate(stored.certificates):
        if one.alias or one.user or one.kind is not EntryKind.CERTIFICATE:
            names = label("alias", one.alias), label("kubeconfig_user", one.user)
            yield "tls_certificate_entry_info", f'position="{position}",entry_kind="{one.kind}",{",".join(names)}', INFO


def _description(certificate: Certificate) -> str:
    return ",".join(
        (
            label("subject", certificate.subject),
            label("issuer", certificate.issuer),
            label("serial_number", certificate.serial_number),
            label("fingerprint_sha256", certificate.fingerprint_sha256),
            label("key", certificate.key),
            label("signature_algorithm", certificate.signature_algorithm),
        )
    )


def _trust(observation: Observation) -> Iterator[Sample]:
    for verdict in observation.verdicts:
        yield from _verdict(verdict)
    for client in observation.chain.clients if observation.chain is not None else ():
        if client.trusted is not None:
            yield "tls_client_trusts", f'client="{client.client}"', float(client.trusted)
    for store in observation.stores:
        if store.trusted is not None:
            yield "tls_store_trusted", label("store", store.store), float(store.trusted)
    if observation.ct is not None:
        yield "tls_certificate_valid_scts", "", observation.ct.valid
        if observation.ct.compliant is not None:
            yield "tls_certificate_ct_compliant", "", float(observation.ct.compliant)


def _verdict(verdict: Verdict) -> Iterator[Sample]:
    by = f'verifier="{verdict.verifier}"'
    if verdict.trusted is not None:
        yield "tls_certificate_trusted", by, float(verdict.trusted)
    for name, depth in dict.fromkeys((error.name, error.depth) for error in verdict.errors):
        yield "tls_certificate_verify_error_info", f'{by},{label("error", name)},depth="{depth}"', INFO


def _chains(certificates: tuple[Certificate, ...], verdicts: tuple[Verdict, ...]) -> Iterator[Sample]:
    trusted = next((verdict.chain for verdict in verdicts if verdict.trusted and verdict.chain), ())
    for name, chain in (("presented", certificates), ("trusted", trusted)):
        expiries = [certificate.not_after for certificate in chain if certificate.not_after is not None]
        if expiries and len(expiries) == len(chain):  # else the earliest is not known
            yield "tls_chain_not_after_timestamp_seconds", f'chain="{name}"', min(expiries)


def _revocation(revocation: Revocation) -> Iterator[Sample]:
    source = f'source="{revocation.source}"'
    if revocation.next_update is not None:
        kind = "crl" if revocation.source == CRL else "ocsp"
        yield f"tls_{kind}_next_update_timestamp_seconds", source, revocation.next_update
    if revocation.status is not None and revocation.source != CRL:
        yield "tls_ocsp_status_info", f'status="{revocation.status}",{source}', INFO
    if revocation.is_revoked is not None:
        yield "tls_certificate_revoked", source, float(revocation.is_revoked)
    if revocation.failure is not None:
        yield "tls_revocation_failure_info", f'{source},reason="{revocation.failure.value}"', INFO


def _http(http: HTTPFacts, *, described: bool) -> Iterator[Sample]:
    if http.status_code is not None:
        yield "tls_http_status_code", "", float(http.status_code)
    if http.hsts is not None and http.hsts.max_age is not None:
        yield "tls_hsts_max_age_seconds", "", float(http.hsts.max_age)
        flags = f'include_subdomains="{_yes(http.hsts.include_subdomains)}",preload="{_yes(http.hsts.preload)}"'
        yield "tls_hsts_info", flags, INFO
    if http.redirects_to_https is not None:
        yield "tls_http_redirects_to_https", "", float(http.redirects_to_https)
    if http.alt_svc and described:
        yield "tls_http_alt_svc_info", label("alt_svc", http.alt_svc), INFO


def _posture(posture: Posture) -> Iterator[Sample]:
    for family, key, facts in (
        ("tls_version_accepted", "version", posture.versions),
        ("tls_cipher_class_accepted", "class", posture.reported_classes),
        ("tls_group_accepted", "group", posture.groups),
        ("tls_feature_accepted", "feature", posture.features),
        ("tls_vulnerable", "vulnerability", posture.vulnerabilities),
    ):
        for name, accepted in facts.items():
            yield family, f'{key}="{name}"', float(accepted)
    yield from _clients(posture)
    for check, reason in posture.undetermined.items():
        yield "tls_posture_undetermined_info", f'check="{check}",reason="{reason}"', INFO
    if posture.timestamp is not None:
        yield "tls_posture_timestamp_seconds", "", round(posture.timestamp, 3)


def _clients(posture: Posture) -> Iterator[Sample]:
    for name, seen in posture.clients.items():
        yield "tls_client_connects", f'client="{name}"', float(seen.connects)
        if seen.connects:
            session = f'protocol="{seen.protocol}",cipher="{seen.cipher}",group="{seen.group}"'
            yield "tls_client_session_info", f'client="{name}",{session}', INFO


def _profiles(observation: Observation) -> Iterator[Sample]:
    for one in compliance(observation):
        if one.compliant is not None:
            yield "tls_profile_compliant", f'profile="{one.profile}"', float(one.compliant)
        for rule in one.violations:
            yield "tls_profile_violation_info", f'profile="{one.profile}",rule="{rule}"', INFO


def _yes(flag: bool) -> str:
    return "true" if flag else "false"


def _findings(assessment: Assessment) -> Iterator[Sample]:
    counts: Counter[str] = Counter()
    for found in assessment.findings:
        counts[found.finding.severity] += 1
        yield "tls_finding", f'finding="{found.finding.id}",severity="{found.finding.severity}"', INFO
    for severity in SEVERITIES:
        yield "tls_findings", f'severity="{severity}"', float(counts[severity])
    for found in assessment.accepted:
        yield "tls_finding_accepted", f'finding="{found.finding.id}",severity="{found.finding.severity}"', INFO
