"""The findings on what an endpoint says outside of its handshake: HSTS, the way from port 80, STARTTLS. Pure.

HSTS is a promise to browsers about a name: an IP literal has none (RFC 6797 section 8.1.1), and an answer of a
server in trouble (5xx) does not show what it promises otherwise.
"""

from collections.abc import Callable, Mapping

from exporter.findings.observation import Observation
from exporter.probe.result import HSTS
from exporter.target import is_ip_literal

# 180 days: what SSL Labs has for its best grade. Mozilla recommends 63072000 (two years), the preload list 31536000.
SHORTEST_HSTS_SECONDS = 15_552_000
_SECONDS_PER_DAY = 86_400
_SERVER_ERROR = 500


def hsts_missing(observation: Observation) -> str | None:
    """Tell of an answer without the header field."""
    http = observation.result.http
    if not _shows_hsts(observation) or http is None or http.hsts is not None:
        return None
    return f"HTTP status {http.status_code} came without Strict-Transport-Security"


def hsts_too_short(observation: Observation) -> str | None:
    """Tell of a max-age that ends too soon."""
    hsts = _hsts(observation)
    if hsts is None or hsts.max_age is None or hsts.max_age >= SHORTEST_HSTS_SECONDS:
        return None
    return f"max-age={hsts.max_age}, which is {hsts.max_age / _SECONDS_PER_DAY:.3g} days"


def hsts_malformed(observation: Observation) -> str | None:
    """Tell of a header field that browsers cannot read, or not as it was meant."""
    hsts = _hsts(observation)
    return f"Strict-Transport-Security: {hsts.malformed}" if hsts is not None and hsts.malformed else None


def no_redirect_to_https(observation: Observation) -> str | None:
    """Tell of a port 80 that answers and does not lead to HTTPS."""
    http = observation.result.http
    return http.redirect_detail if http is not None and http.redirects_to_https is False else None


def starttls_injection(observation: Observation) -> str | None:
    """Tell of plain text behind the STARTTLS go-ahead."""
    if not observation.result.starttls_injection:
        return None
    return f"bytes in clear came behind the go-ahead of {observation.module.starttls}, before TLS began"


def _hsts(observation: Observation) -> HSTS | None:
    http = observation.result.http
    return http.hsts if http is not None and _shows_hsts(observation) else None


def _shows_hsts(observation: Observation) -> bool:
    """Tell whether the module asks for HSTS, and the answer can tell of it."""
    module, result = observation.module, observation.result
    if module.http is None or not module.http.hsts or result.http is None or result.http.status_code is None:
        return False
    configured = module.http.host or result.variant.server_name or module.tls_config.server_name
    host = configured or observation.target.endpoint.host
    return bool(host) and not is_ip_literal(host) and result.http.status_code < _SERVER_ERROR


CONDITIONS: Mapping[str, Callable[[Observation], str | None]] = {
    "hsts_missing": hsts_missing,
    "hsts_too_short": hsts_too_short,
    "hsts_malformed": hsts_malformed,
    "no_redirect_to_https": no_redirect_to_https,
    "starttls_injection": starttls_injection,
}
