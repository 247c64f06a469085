"""The findings on time: expired, not valid yet, soon to expire, valid for too long.

What clients use decides: an expired certificate that is sent along but that no client needs is no finding. How near
an end is, the policy says: the smaller of some days and a fraction of the whole lifetime.
"""

import math
from collections.abc import Iterator

from exporter.certificates.certificate import Certificate
from exporter.certificates.lifetime import SECONDS_PER_DAY, allowed_lifetime, lifetime
from exporter.certificates.openssl_errors import EXPIRED, NOT_YET_VALID
from exporter.findings.finding import Detail, Finding, Rule, utc
from exporter.findings.observation import Observation
from exporter.findings.trust import leaf_of, openssl_errors, position, used, verdict

_HOUR = 3600.0
_MOST_CERTIFICATES = 20  # of a chain whose ends are compared


def _expired(observation: Observation) -> Detail | None:
    leaf = leaf_of(observation)
    if leaf is not None and leaf.not_after is not None and leaf.not_after < observation.now:
        return Detail(f"the certificate ended at {utc(leaf.not_after)}", 0)
    error = next((e for e in openssl_errors(observation) if e.name in EXPIRED and e.depth > 0), None)
    return Detail(f"the chain's certificate {error.subject} has expired", error.depth) if error is not None else None


def _not_yet_valid(observation: Observation) -> Detail | None:
    leaf = leaf_of(observation)
    if leaf is not None and leaf.not_before is not None and leaf.not_before > observation.now:
        return Detail(f"the certificate begins at {utc(leaf.not_before)}", 0)
    error = next((e for e in openssl_errors(observation) if e.name in NOT_YET_VALID and e.depth > 0), None)
    if error is None:
        return None
    return Detail(f"the chain's certificate {error.subject} is not valid yet", error.depth)


def _boundaries(observation: Observation) -> Iterator[tuple[Certificate, float, float, float]]:
    """Yield of each certificate that clients use: it, when its end becomes near, when imminent, and its end.

    What has ended already is left out: that is another finding.
    """
    thresholds = observation.policy.expiry
    for certificate in used(observation)[:_MOST_CERTIFICATES]:
        end, seconds = certificate.not_after, lifetime(certificate)
        if end is None or seconds is None or end < observation.now:
            continue
        yield certificate, end - thresholds.warn_seconds(seconds), end - thresholds.critical_seconds(seconds), end


def _nearest_end(observation: Observation) -> tuple[bool, Detail] | None:
    """Return whether an end is imminent (rather than near) and what to say of it; None if no end is near."""
    if _expired(observation) is not None:
        return None
    near = [
        (now < imminent, end, certificate)
        for now in (observation.now,)
        for certificate, soon, imminent, end in _boundaries(observation)
        if now >= soon
    ]
    if not near:
        return None
    not_imminent, end, certificate = min(near, key=lambda one: one[:2])
    at = position(observation, certificate)
    what = "the certificate" if at == 0 else f"the chain's certificate {certificate.subject}"
    return not not_imminent, Detail(f"{what} ends at {utc(end)}", at)


def _expiring_soon(observation: Observation) -> Detail | None:
    near = _nearest_end(observation)
    return near[1] if near is not None and not near[0] else None


def _expiry_imminent(observation: Observation) -> Detail | None:
    near = _nearest_end(observation)
    return near[1] if near is not None and near[0] else None


def next_boundary(observation: Observation) -> float:
    """Return the next Unix time at which an end becomes near or imminent, or is reached; infinity if never."""
    times = (time for _, *times in _boundaries(observation) for time in times if time > observation.now)
    return min(times, default=math.inf)


def _lifetime_too_long(observation: Observation) -> Detail | None:
    leaf = leaf_of(observation)
    seconds = lifetime(leaf) if leaf is not None else None
    if leaf is None or seconds is None:
        return None
    limit = observation.module.trust.max_lifetime
    if limit is not None:
        limit += _tolerance(limit)
    elif _leads_to_public_root(observation):
        limit = allowed_lifetime(leaf)
    if limit is None or seconds <= limit:
        return None
    return Detail(f"valid for {_days(seconds)} days where {_days(limit)} are allowed", 0)


def _tolerance(limit: float) -> float:
    """Return by how many seconds a configured limit may be exceeded: "90d" means what was ordered for 90 days.

    CAs date notBefore back, against clocks that are behind (Vault 30 seconds, step-ca one minute, AD CS ten minutes,
    ACME CAs up to an hour), and notAfter belongs to the validity (RFC 5280 section 4.1.2.5).
    """
    return min(_HOUR, limit / 10) + 1


def _leads_to_public_root(observation: Observation) -> bool:
    chain, openssl = observation.chain, verdict(observation, "openssl")
    if chain is None or chain.trust is None or openssl is None or not openssl.chain:
        return False
    return openssl.chain[-1].fingerprint_sha256 in chain.trust.public


def _days(seconds: float) -> str:
    return f"{seconds / SECONDS_PER_DAY:.1f}".removesuffix(".0")


RULES = (
    Rule(
        Finding(
            "certificate_expired",
            "critical",
            "The certificate has expired",
            "The end of the certificate's validity (notAfter) has passed. Every client that verifies "
            "certificates refuses the connection, and people see a warning page they should not click through.",
            "Renew the certificate, install it with its intermediates, and reload the server. If a new one is "
            "on disk already, the server was not reloaded after the renewal: reload it, and make the renewal "
            "job do so. Check the other addresses of the name as well.",
        ),
        _expired,
    ),
    Rule(
        Finding(
            "certificate_not_yet_valid",
            "critical",
            "The certificate is not valid yet",
            "The begin of the certificate's validity (notBefore) lies in the future. Clients with a right clock "
            "refuse the connection.",
            "Compare the clock of the exporter and of the issuing CA with a time server first: a wrong clock is "
            "the usual cause. If the clocks are right, put the previous certificate back until the new one "
            "begins.",
        ),
        _not_yet_valid,
    ),
    Rule(
        Finding(
            "certificate_expiry_imminent",
            "high",
            "The certificate is about to expire",
            "Little is left of the certificate's validity: by default less than 7 days and less than a tenth of its "
            "lifetime. When it ends, every client that verifies certificates refuses the connection.",
            "Renew now and reload the server; do not wait for the job that should have done it. Then find out why it "
            "did not: look at its log, and whether the server was reloaded after the last renewal. The detail says "
            "which certificate of the chain it is: an intermediate is replaced by a new chain file from the CA.",
        ),
        _expiry_imminent,
    ),
    Rule(
        Finding(
            "certificate_expiring_soon",
            "medium",
            "The certificate should have been renewed by now",
            "Less than the configured time is left: by default less than 21 days and less than a quarter of the "
            "lifetime. Automatic renewal is due when a third is left, so it has probably failed.",
            "Look at the renewal job's log and run it by hand (`certbot renew --dry-run`, `kubectl describe "
            "certificate`). If the file on disk is new already, reload the server. For certificates that people renew, "
            "set `expiry` in the module to the notice that they need.",
        ),
        _expiring_soon,
    ),
    Rule(
        Finding(
            "certificate_lifetime_too_long",
            "medium",
            "The certificate is valid for longer than allowed",
            "The validity exceeds `trust.max_lifetime` of the module, or what public CAs may issue on its date "
            "(398 days, 200 from 2026-03-15, 100 from 2027-03-15, 47 from 2029-03-15). Browsers refuse such "
            "certificates from public CAs.",
            "Issue shorter certificates and renew them by machine (ACME). For a private CA that keeps its own "
            "rule, set `trust.max_lifetime` in the module.",
        ),
        _lifetime_too_long,
    ),
)
