"""The Web PKI's verdict: what browsers, Go and rustls refuse, and next to it what binds CAs alone.

The verdict is that of the measured rules in `clients`: it is False only where one of the four refuses. The CA/Browser
Forum's profile is more than any client asks for; where a chain does not comply with it (`profile`), that is advice.
"""

from exporter.certificates.certificate import Certificate
from exporter.certificates.clients.assess import ClientsView
from exporter.certificates.clients.rules import ALL
from exporter.certificates.clients.rules import REASONS as CLIENT_REASONS
from exporter.certificates.verdict import TrustStore, Verdict
from exporter.certificates.webpki.profile import NAMES, WebPKIProfile, once

REASONS = tuple(sorted(NAMES | CLIENT_REASONS))
# What the profile's verifier says of a chain that clients accept, when it does not support something in it.
_UNSUPPORTED = frozenset({"no_path", "malformed", "expired", "not_yet_valid"})


class WebPKIVerifier:
    """Verifies chains against one trust store by the rules of the Web PKI."""

    def __init__(self, trust: TrustStore) -> None:
        self._profile = WebPKIProfile(trust)

    def verify(self, chain: tuple[Certificate, ...], view: ClientsView, now: float) -> Verdict:
        """Return the verdict on a chain as presented, leaf first, at a time in Unix seconds."""
        asked = [one for one in view.verdicts if one.client in ALL]
        errors = once(error for one in asked if one.trusted is False for error in one.errors)
        names = {error.name for error in errors}
        own = {fault.kind for one in view.path for fault in one.faults}
        advice = tuple(
            error
            for error in self._profile.violations(chain, view.path, now)
            if error.name not in names and (own or error.name not in _UNSUPPORTED)
        )
        if errors:
            return Verdict("webpki", False, errors, (), advice)
        trusted = True if any(one.trusted for one in asked) else None
        return Verdict("webpki", trusted, (), view.path if trusted else (), advice)
