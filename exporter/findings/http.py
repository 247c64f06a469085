"""The findings on what an endpoint says outside of its handshake: HSTS, the redirect from port 80, STARTTLS. Pure.

HSTS is a promise to browsers about a name: an IP literal has none (RFC 6797 section 8.1.1), and an answer
with a server error (5xx) does not show the policy of its other answers.
"""

from exporter.findings.finding import Finding, Rule
from exporter.findings.observation import Observation
from exporter.probe.result import HSTS
from exporter.target import is_ip_literal

# 180 days: what SSL Labs has for its best grade. Mozilla recommends 63072000 (two years), the preload list 31536000.
SHORTEST_HSTS_SECONDS = 15_552_000
_SECONDS_PER_DAY = 86_400
_SERVER_ERROR = 500


def _hsts_missing(observation: Observation) -> str | None:
    """Present when an answer has no such header field."""
    http = observation.result.http
    if not _shows_hsts(observation) or http is None or http.hsts is not None:
        return None
    return f"HTTP status {http.status_code} came without Strict-Transport-Security"


def _hsts_too_short(observation: Observation) -> str | None:
    """Present when the max-age is short."""
    hsts = _hsts(observation)
    if hsts is None or hsts.max_age is None or hsts.max_age >= SHORTEST_HSTS_SECONDS:
        return None
    return f"max-age={hsts.max_age}, which is {hsts.max_age / _SECONDS_PER_DAY:.3g} days"


def _hsts_malformed(observation: Observation) -> str | None:
    """Present when browsers cannot read the header field, or not as it was meant."""
    hsts = _hsts(observation)
    return f"Strict-Transport-Security: {hsts.malformed}" if hsts is not None and hsts.malformed else None


def _no_redirect_to_https(observation: Observation) -> str | None:
    """Present when port 80 answers and does not lead to HTTPS."""
    http = observation.result.http
    return http.redirect_detail if http is not None and http.redirects_to_https is False else None


def _starttls_injection(observation: Observation) -> str | None:
    """Present when plaintext came after the STARTTLS go-ahead."""
    if not observation.result.starttls_injection:
        return None
    return f"plaintext came after the go-ahead of {observation.module.starttls}, before TLS began"


def _hsts(observation: Observation) -> HSTS | None:
    http = observation.result.http
    return http.hsts if http is not None and _shows_hsts(observation) else None


def _shows_hsts(observation: Observation) -> bool:
    """Return whether the module asks for HSTS, and the answer can show it."""
    module, result = observation.module, observation.result
    if module.http is None or not module.http.hsts or result.http is None or result.http.status_code is None:
        return False
    configured = module.http.host or result.variant.server_name or module.tls_config.server_name
    host = configured or observation.target.endpoint.host
    return bool(host) and not is_ip_literal(host) and result.http.status_code < _SERVER_ERROR


RULES = (
    Rule(
        Finding(
            "hsts_missing",
            "medium",
            "No Strict-Transport-Security header",
            "The answer does not tell browsers to stay on HTTPS (RFC 6797). The first request of each visit may "
            "go in plaintext, where an attacker can keep it (SSL stripping).",
            "Send `Strict-Transport-Security: max-age=63072000` with every answer, errors included (`always` in "
            "nginx). Begin with a short max-age, and add includeSubDomains when all of them have HTTPS.",
        ),
        _hsts_missing,
    ),
    Rule(
        Finding(
            "hsts_too_short",
            "low",
            "Strict-Transport-Security ends too soon",
            "The max-age is shorter than 180 days, so that browsers forget it between visits. 0 tells them to "
            "forget at once.",
            "Raise max-age to 63072000 (two years). The preload list asks for at least 31536000.",
        ),
        _hsts_too_short,
    ),
    Rule(
        Finding(
            "hsts_malformed",
            "medium",
            "The Strict-Transport-Security header is broken",
            "Browsers ignore a header field that they cannot read, so that the site has no HSTS at all. The "
            "detail says what is wrong.",
            "Write it as `max-age=63072000; includeSubDomains`: one header, each directive once, a number "
            "without unit. A field that is there twice is usually added by both the application and the proxy.",
        ),
        _hsts_malformed,
    ),
    Rule(
        Finding(
            "no_redirect_to_https",
            "medium",
            "Port 80 does not redirect to HTTPS",
            "A plaintext request is answered in plaintext, or sent on to a place that is not HTTPS. Who types "
            "the bare name stays unprotected.",
            "Answer every request on port 80 with 301 or 308 to `https://` and the same host and path: "
            "`return 301 https://$host$request_uri` in nginx. To close port 80 is fine as well.",
        ),
        _no_redirect_to_https,
    ),
    Rule(
        Finding(
            "starttls_injection",
            "high",
            "Plaintext before STARTTLS is taken as protected",
            "The server sent bytes between its go-ahead and the TLS handshake, or acted on commands from before "
            "it. An attacker can so slip own answers into a session that the client takes for encrypted "
            "(CVE-2011-0411).",
            "Update the mail or directory server: it must discard what it has buffered when TLS begins (RFC "
            "3207 section 4.2). If a proxy stands before it, look there first.",
        ),
        _starttls_injection,
    ),
)
