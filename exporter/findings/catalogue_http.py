"""The catalogue's entries on HTTP: HSTS and the way from port 80. Texts only: no condition is judged here."""

from exporter.findings.finding import Finding

HTTP_FINDINGS = (
    Finding(
        "hsts_missing",
        "medium",
        "No Strict-Transport-Security header",
        "The answer does not tell browsers to stay on HTTPS (RFC 6797). The first request of each visit may "
        "go in clear, where an attacker can keep it (SSL stripping).",
        "Send `Strict-Transport-Security: max-age=63072000` with every answer, errors included (`always` in "
        "nginx). Begin with a short max-age, and add includeSubDomains when all of them have HTTPS.",
    ),
    Finding(
        "hsts_too_short",
        "low",
        "Strict-Transport-Security ends too soon",
        "The max-age is shorter than 180 days, so that browsers forget it between visits. 0 tells them to "
        "forget at once.",
        "Raise max-age to 63072000 (two years). The preload list asks for at least 31536000.",
    ),
    Finding(
        "hsts_malformed",
        "medium",
        "The Strict-Transport-Security header is broken",
        "Browsers ignore a header field that they cannot read, so that the site has no HSTS at all. The "
        "detail says what is wrong.",
        "Write it as `max-age=63072000; includeSubDomains`: one header, each directive once, a number "
        "without unit. A field that is there twice is usually added by both the application and the proxy.",
    ),
    Finding(
        "no_redirect_to_https",
        "medium",
        "Port 80 does not redirect to HTTPS",
        "A request in clear is answered in clear, or sent on to another place that is not HTTPS. Who types "
        "the bare name stays unprotected.",
        "Answer every request on port 80 with 301 or 308 to `https://` and the same host and path: "
        "`return 301 https://$host$request_uri` in nginx. To close port 80 is fine as well.",
    ),
)
