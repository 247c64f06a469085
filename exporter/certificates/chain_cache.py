"""Chains judged once: facts and verdicts, kept while neither the chain nor the clock changes them.

A verdict is kept until the next moment at which a certificate that takes part begins or ceases to be valid,
so that it follows the clock as if it were made anew. Both caches are bounded; the name is not judged here.
"""

import math
import threading
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from exporter.bounded_cache import BoundedCache
from exporter.certificates.certificate import Certificate, read_certificate_untrusted
from exporter.certificates.clients.assess import assess_clients
from exporter.certificates.openssl_verifier import OpenSSLVerifiers
from exporter.certificates.path import first_unrelated, is_issued_by, presented_path
from exporter.certificates.verdict import ClientVerdict, TrustStore, Verdict
from exporter.certificates.webpki.verifier import WebPKIVerifier

MAX_CHAINS = 50_000
MAX_CERTIFICATES = 100_000
MAX_BYTES = 128 * 1024 * 1024  # of encoded certificates, for each of the two
MAX_VERIFIERS = 64
Verifiers = tuple[OpenSSLVerifiers, WebPKIVerifier]


@dataclass(frozen=True, slots=True)
class Chain:
    """A presented chain with its verdicts. They hold from `valid_from` until `valid_until`."""

    certificates: tuple[Certificate, ...]
    verdicts: tuple[Verdict, ...]
    path: tuple[Certificate, ...]  # as presented, from the leaf: each certificate with the one that signed it
    unrelated: int | None  # position of the first certificate that did not sign the one before it
    trust: TrustStore | None
    clients: tuple[ClientVerdict, ...] = ()
    signed_path: tuple[Certificate, ...] = ()  # of good signatures to a trusted certificate, whatever rule it breaks
    valid_from: float = -math.inf
    valid_until: float = math.inf

    @property
    def openssl(self) -> Verdict | None:
        """The verdict of ordinary clients; None if nothing was presented."""
        return next((verdict for verdict in self.verdicts if verdict.verifier == "openssl"), None)

    @property
    def trusted_chain(self) -> tuple[Certificate, ...]:
        """The path that clients take to a trusted certificate, leaf first: plain OpenSSL's, else the first; or ()."""
        return next((verdict.chain for verdict in self.verdicts if verdict.trusted and verdict.chain), ())

    @property
    def issuer(self) -> Certificate | None:
        """The certificate whose key signed the leaf, if it was sent or is a trusted root."""
        trusted = self.trusted_chain
        if len(trusted) > 1 or len(self.path) > 1:
            return trusted[1] if len(trusted) > 1 else self.path[1]
        leaf = self.certificates[0] if self.certificates else None
        roots = self.trust.named(leaf.issuer_der) if leaf is not None and self.trust is not None else ()
        return next((root for root in roots if leaf is not None and is_issued_by(leaf, root)), None)

    @property
    def presented_not_after(self) -> int | None:
        """Earliest expiry of the presented certificates."""
        return min((c.not_after for c in self.certificates if c.not_after is not None), default=None)

    @property
    def trusted_not_after(self) -> int | None:
        """Earliest expiry of the trusted chain; None if there is none."""
        return min((c.not_after for c in self.trusted_chain if c.not_after is not None), default=None)


class ChainAssessor:
    """Judges chains, and remembers. One of these lives as long as the process. Thread-safe."""

    def __init__(self, max_chains: int = MAX_CHAINS, max_bytes: int = MAX_BYTES) -> None:
        self._chains = BoundedCache[tuple[str, tuple[bytes, ...]], Chain](max_chains, max_bytes)
        self._certificates = BoundedCache[bytes, Certificate](MAX_CERTIFICATES, max_bytes)
        self._verifiers = BoundedCache[str, Verifiers](MAX_VERIFIERS, MAX_VERIFIERS)
        self._lock = threading.Lock()

    def assess_chain(self, chain_der: tuple[bytes, ...], trust: TrustStore | None, now: float) -> Chain:
        """Return the facts and verdicts of a chain as presented, leaf first, at a time in Unix seconds.

        Without trusted roots there are facts and no verdicts: nothing can be said of trust.
        """
        roots = trust.key if trust else ""
        with self._lock:
            known = self._chains.get((roots, chain_der))
            if known is not None and known.valid_from <= now < known.valid_until:
                return known
            certificates = tuple(self._certificate(der) for der in chain_der)
            verifiers = self._both(trust) if trust else None
        chain = _judge(certificates, trust, verifiers, now)
        encoded = tuple(certificate.der for certificate in certificates)  # shared between chains
        with self._lock:
            self._chains.put((roots, encoded), chain, sum(map(len, encoded)))
        return chain

    def _certificate(self, der: bytes) -> Certificate:
        certificate = self._certificates.get(der)
        if certificate is None:
            certificate = read_certificate_untrusted(der)
            self._certificates.put(der, certificate, len(der))
        return certificate

    def _both(self, trust: TrustStore) -> Verifiers:
        verifiers = self._verifiers.get(trust.key)
        if verifiers is None:
            verifiers = (OpenSSLVerifiers(trust), WebPKIVerifier(trust))
            self._verifiers.put(trust.key, verifiers, 1)
        return verifiers

    def __len__(self) -> int:
        return len(self._chains)


def _judge(
    certificates: tuple[Certificate, ...], trust: TrustStore | None, verifiers: Verifiers | None, now: float
) -> Chain:
    path, unrelated = presented_path(certificates), first_unrelated(certificates)
    if not certificates or trust is None or verifiers is None:
        return Chain(certificates, (), path, unrelated, trust)
    view = assess_clients(certificates, trust, now)
    openssl, webpki = verifiers
    verdicts = (*openssl.verify(certificates, now), webpki.verify(certificates, view, now))
    involved = list(certificates)
    for certificate in certificates:
        involved += trust.named(certificate.issuer_der)
    for verdict in verdicts:
        involved += verdict.chain
    clients = (*view.verdicts, *(ClientVerdict(one.verifier, one.trusted, one.errors) for one in verdicts[:2]))
    return Chain(certificates, verdicts, path, unrelated, trust, clients, view.signed_path, *_window(involved, now))


def _window(involved: Iterable[Certificate], now: float) -> tuple[float, float]:
    """Return the span around now in which no certificate involved begins or ceases to be valid.

    notAfter is inclusive (RFC 5280 section 4.1.2.5), but not for OpenSSL: both seconds are a boundary.
    """
    moments = {moment for c in involved for moment in (c.not_before, c.not_after) if moment is not None}
    boundaries = sorted(moments | {moment + 1 for moment in moments})
    index = bisect_right(boundaries, now)
    return (
        boundaries[index - 1] if index else -math.inf,
        boundaries[index] if index < len(boundaries) else math.inf,
    )
