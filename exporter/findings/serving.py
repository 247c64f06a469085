"""Whether an endpoint presents what the files hold that are configured to serve it: texts and conditions.

Where one of those files holds the presented certificate, all is well. Otherwise the files' certificate with the same
kind of key is compared: if it names what the presented one names and is newer, it was renewed and the server goes on
with the old one. If nothing newer is there, the server has its certificate from somewhere else.
"""

from exporter.at_rest.stored import Expected
from exporter.certificates.certificate import Certificate
from exporter.findings.finding import Detail, Finding, Rule, utc
from exporter.findings.observation import Observation


def _names(certificate: Certificate) -> frozenset[str]:
    return frozenset((*certificate.dns_names, *certificate.ip_addresses)) or frozenset((certificate.subject,))


def expected_of(certificate: Certificate, place: str, since: float | None) -> Expected:
    """Return what an endpoint must present because a place holds it."""
    return Expected(
        certificate.fingerprint_sha256,
        place,
        certificate.key_type,
        certificate.not_before,
        certificate.not_after,
        _names(certificate),
        since,
    )


def _date(seconds: float | None) -> str:
    return utc(seconds) if seconds is not None else "an unknown time"


def _missing(observation: Observation) -> Certificate | None:
    """Return the leaf, if it is known that no configured file holds it."""
    leaf = observation.certificates[0] if observation.certificates else None
    if leaf is None or not observation.expected:
        return None
    held = any(one.fingerprint_sha256 == leaf.fingerprint_sha256 for one in observation.expected)
    return None if held else leaf


def _newer(observation: Observation, leaf: Certificate) -> Expected | None:
    """Return the newest certificate of the files that replaces the presented one; None if there is none."""
    same_key = [one for one in observation.expected if one.key_type == leaf.key_type] or list(observation.expected)
    age = (leaf.not_before or 0, leaf.not_after or 0)
    newer = [
        one
        for one in same_key
        if one.names & _names(leaf) and (one.not_before or 0, one.not_after or 0) > age and one.not_before is not None
    ]
    return max(newer, key=lambda one: (one.not_before or 0, one.not_after or 0), default=None)


def _renewed(observation: Observation) -> Detail | None:
    leaf = _missing(observation)
    newer = _newer(observation, leaf) if leaf is not None else None
    if leaf is None or newer is None:
        return None
    return Detail(
        f"since {_date(newer.since)} {newer.place} holds the certificate of {_date(newer.not_before)}, "
        f"and the one of {_date(leaf.not_before)} is presented, which ends at {_date(leaf.not_after)}",
        0,
    )


def _elsewhere(observation: Observation) -> Detail | None:
    leaf = _missing(observation)
    if leaf is None or _newer(observation, leaf) is not None:
        return None
    places = sorted({one.place for one in observation.expected})
    more = f" and {len(places) - 1} more" if len(places) > 1 else ""
    return Detail(f"the presented certificate {leaf.fingerprint_sha256[:16]} is not in {places[0]}{more}", 0)


RULES = (
    Rule(
        Finding(
            "renewed_but_not_served",
            "high",
            "The renewed certificate is not served",
            "A file (or Kubernetes Secret) that is configured for this endpoint holds a newer certificate than "
            "the one that it presents. The server read its certificate before the renewal and keeps the old one "
            "until it expires.",
            "Reload the server, and make the renewal job do so: `--deploy-hook` of certbot, `reloadcmd` of "
            "acme.sh, a reloader for pods that mount the Secret. Where a load balancer terminates TLS, upload the "
            "certificate there.",
        ),
        _renewed,
    ),
    Rule(
        Finding(
            "served_but_not_on_disk",
            "medium",
            "The presented certificate is in none of the configured files",
            "The endpoint presents a certificate that none of the files (or Kubernetes Secrets) holds that are "
            "configured for it, and theirs is no newer one of the same names. After its next restart the server "
            "may present another certificate, and a renewal of the files will not reach it.",
            "Look up which file the server really reads, and name that one in `files` with `serves`. If the "
            "server falls back to a default certificate, repair its selection by name. If it renews certificates "
            "by itself, leave `serves` out.",
        ),
        _elsewhere,
    ),
)
