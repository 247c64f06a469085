"""A report under blackbox_exporter's names, for /probe: the dashboards and alerts that ask for them go on working.

Labels and meanings are blackbox's, without identity labels, so each name has one value for a target: where several
variants were probed, the worst. Unlike blackbox, an expiry does not vanish with the trust, and what is unknown is
absent: no -62135596800, and no protocol 0 or hash 0 for a name that was not resolved.
"""

import ipaddress
from collections.abc import Iterable, Iterator, Sequence

from exporter.certificates.certificate import Certificate
from exporter.findings.assessment import Assessment
from exporter.metrics.blackbox_http import http_samples
from exporter.metrics.catalogue import Family
from exporter.metrics.collect import Lines, number
from exporter.metrics.labels import label
from exporter.probe.result import Phase, Result
from exporter.revocation.status import CRL, Revocation
from exporter.target import is_ip_literal

BLACKBOX_FAMILIES: tuple[Family, ...] = (
    Family(
        "probe_success",
        "1 if the handshake completed, the certificate is trusted and for the name, and HTTP, if asked, answered "
        "below 400.",
    ),
    Family("probe_duration_seconds", "Duration of the whole probe."),
    Family("probe_dns_lookup_time_seconds", "Duration of the name's resolution."),
    Family("probe_ip_protocol", "4 or 6: the IP version that was probed."),
    Family("probe_ip_addr_hash", "FNV-1a hash of the IP address that was probed: it changes when the address does."),
    Family("probe_ssl_earliest_cert_expiry", "Earliest expiry of the certificates presented, in Unix seconds."),
    Family(
        "probe_ssl_last_chain_expiry_timestamp_seconds",
        "Earliest expiry in the chain that was trusted, in Unix seconds; absent if there is none.",
    ),
    Family(
        "probe_ssl_last_chain_info",
        "1; what the leaf says of itself.",
        ("fingerprint_sha256", "subject", "issuer", "subjectalternative", "serialnumber"),
    ),
    Family("probe_tls_version_info", "1; the negotiated protocol version.", ("version",)),
    Family("probe_tls_cipher_info", "1; the negotiated cipher suite.", ("cipher",)),
)

_CRL_LABELS = ("fingerprint_sha256", "subject", "issuer", "subjectalternative", "serialnumber", "chain_pos", "crl_url")
NEWER_FAMILIES: tuple[Family, ...] = (
    Family("probe_timeout_seconds", "How long the probe may take."),
    Family("probe_ssl_crl_available", "1 if the certificate's revocation list could be had and read.", _CRL_LABELS),
    Family("probe_ssl_crl_revoked", "1 if the certificate is on its revocation list.", _CRL_LABELS),
    Family("probe_ssl_crl_stale", "1 if the revocation list's next update is over.", _CRL_LABELS),
    Family(
        "probe_ssl_crl_next_update_timestamp_seconds",
        "When a newer revocation list will be there, in Unix seconds.",
        _CRL_LABELS,
    ),
    Family("probe_ssl_crl_fetch_time_seconds", "0: lists are fetched next to the probe and kept, not in it."),
)
"""What blackbox_exporter has since 0.28. Of a chain, the leaf alone: no other certificate's list is fetched."""

_FIRST_CLIENT_ERROR = 400
_IP_VERSIONS = {"ip4": 4, "ip6": 6}
_OFFSET_BASIS, _PRIME, _32_BITS = 0x811C9DC5, 0x01000193, 0xFFFFFFFF


def blackbox_lines(assessments: Sequence[Assessment], timeout: float | None = None) -> Lines:
    """Return the sample lines of a target under blackbox_exporter's names. `timeout` in seconds, if it is known."""
    lines: Lines = {}
    for name, labels, value in (*_samples(assessments), *_newer(assessments, timeout), *http_samples(assessments)):
        line = f"{name}{{{labels}}} {number(value)}\n" if labels else f"{name} {number(value)}\n"
        lines[name] = lines.get(name, "") + line
    return lines


def _samples(assessments: Sequence[Assessment]) -> Iterator[tuple[str, str, float]]:
    results = [assessment.observation.result for assessment in assessments]
    yield "probe_success", "", float(all(map(is_good, assessments)))
    yield "probe_duration_seconds", "", round(max((result.total_seconds for result in results), default=0.0), 6)
    lookups = [seconds for result in results for phase, seconds in result.durations if phase is Phase.RESOLVE]
    if lookups:
        yield "probe_dns_lookup_time_seconds", "", round(max(lookups), 6)
    yield from _address(assessments)
    for name, expiries in (
        ("probe_ssl_earliest_cert_expiry", _expiries(_presented(assessments))),
        ("probe_ssl_last_chain_expiry_timestamp_seconds", _expiries(_trusted(assessments))),
    ):
        if expiries:
            yield name, "", min(expiries)
    seen = next((one.observation for one in assessments if one.observation.certificates), None)
    leaf = seen.certificates[0] if seen is not None and not seen.series_excess else None
    if leaf is not None:
        yield "probe_ssl_last_chain_info", _leaf_labels(leaf), 1.0
    session = next((result.session for result in results if result.session is not None), None)
    if session is not None:
        yield "probe_tls_version_info", label("version", blackbox_version(session.protocol)), 1.0
        yield "probe_tls_cipher_info", label("cipher", session.cipher), 1.0


def _newer(assessments: Sequence[Assessment], timeout: float | None) -> Iterator[tuple[str, str, float]]:
    if timeout is not None:
        yield "probe_timeout_seconds", "", round(timeout, 6)
    if any(_asks_for_lists(assessment) for assessment in assessments):
        yield "probe_ssl_crl_fetch_time_seconds", "", 0.0
    lists = ((one, leaf, revocation) for one in assessments for leaf, revocation in _lists(one))
    _, leaf, known = next(lists, (None, None, None))
    if leaf is None or known is None or any(one.observation.series_excess for one in assessments):
        return
    url = next((one for one in leaf.crl_urls if one.startswith("http://")), "")
    labels = ",".join((_leaf_labels(leaf), 'chain_pos="0"', label("crl_url", url)))
    yield "probe_ssl_crl_available", labels, float(known.status is not None or known.is_stale)
    if known.is_revoked is not None:
        yield "probe_ssl_crl_revoked", labels, float(known.is_revoked)
    if known.status is not None or known.is_stale:
        yield "probe_ssl_crl_stale", labels, float(known.is_stale)
    if known.next_update is not None:
        yield "probe_ssl_crl_next_update_timestamp_seconds", labels, float(known.next_update)


def _asks_for_lists(assessment: Assessment) -> bool:
    config = assessment.observation.module.revocation
    return config is not None and config.crl and bool(assessment.observation.certificates)


def _lists(assessment: Assessment) -> Iterator[tuple[Certificate, Revocation]]:
    observation = assessment.observation
    for revocation in observation.revocations:
        if revocation.source == CRL and observation.certificates:
            yield observation.certificates[0], revocation


def is_good(assessment: Assessment) -> bool:
    """Return whether blackbox_exporter would be served: session, trust, name, and HTTP where it was asked for.

    It is a Go program, to which a trusted intermediate is an anchor as good as a root.
    """
    observation = assessment.observation
    clients = observation.chain.clients if observation.chain is not None else ()
    trusted = next((client.trusted for client in clients if client.client == "go"), None)
    if trusted is None:
        trusted = any(verdict.trusted for verdict in observation.verdicts if verdict.verifier == "openssl")
    if not observation.result.success or not trusted or observation.name_match is False:
        return False
    http, session = observation.result.http, observation.result.session
    if http is None or (http.status_code is None and session is not None and session.alpn == "h2"):
        return True  # not asked for, or not asked: nothing is known of an answer over HTTP/2
    return http.status_code is not None and http.status_code < _FIRST_CLIENT_ERROR


def _address(assessments: Sequence[Assessment]) -> Iterator[tuple[str, str, float]]:
    """Yield what is known of the address: that which was connected to, or the one the target itself names."""
    for assessment in assessments:
        ip = address_of(assessment.observation.result) or assessment.observation.target.endpoint.host.partition("%")[0]
        if is_ip_literal(ip):
            parsed = ipaddress.ip_address(ip)
            yield "probe_ip_protocol", "", float(parsed.version)
            yield "probe_ip_addr_hash", "", float(fnv1a(parsed.packed))
            return


def address_of(result: Result) -> str:
    """Return the IP address of a result without its zone; "" for none."""
    if result.endpoint_address is None or result.family not in _IP_VERSIONS:
        return ""
    return result.endpoint_address.partition("%")[0]


def fnv1a(data: bytes) -> int:
    """Return the 32-bit FNV-1a hash."""
    value = _OFFSET_BASIS
    for byte in data:
        value = (value ^ byte) * _PRIME & _32_BITS
    return value


def blackbox_version(protocol: str) -> str:
    """Return Go's name of a protocol version, as `TLS 1.3`; Go knows none before TLS 1.0."""
    return protocol.replace("TLSv", "TLS ") if protocol.startswith("TLSv") else "unknown"


def _presented(assessments: Iterable[Assessment]) -> Iterator[Certificate]:
    for assessment in assessments:
        yield from assessment.observation.certificates


def _trusted(assessments: Iterable[Assessment]) -> Iterator[Certificate]:
    for assessment in assessments:
        verdicts = assessment.observation.verdicts
        yield from next((verdict.chain for verdict in verdicts if verdict.trusted and verdict.chain), ())


def _expiries(certificates: Iterable[Certificate]) -> list[int]:
    return [one.not_after for one in certificates if one.not_after is not None]


def _leaf_labels(leaf: Certificate) -> str:
    return ",".join(
        (
            label("fingerprint_sha256", leaf.fingerprint_sha256),
            label("subject", leaf.subject),
            label("issuer", leaf.issuer),
            label("subjectalternative", ",".join(leaf.dns_names)),
            label("serialnumber", _whole_bytes(leaf.serial_number)),
        )
    )


def _whole_bytes(serial_number: str) -> str:
    """Return a number in hex as blackbox does: whole bytes, none of them a leading zero."""
    digits = serial_number.lstrip("0")
    return digits.zfill(len(digits) + len(digits) % 2)
