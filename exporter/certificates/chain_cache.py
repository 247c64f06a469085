"""Chains verified once: facts and verdicts, cached while neither the chain nor the clock changes them.

A verdict is kept until the next moment at which a certificate that takes part begins or ceases to be valid,
so that it follows the clock as if it were computed again. The host name is checked separately.

Verification runs on the event loop: sending a typical chain to a worker process and back (0.2 ms) costs more than
verifying it, and a thread gains nothing, because `cryptography` holds the GIL throughout. So the cost of a chain is
estimated first (`measure`). A chain that costs too much gets only its basic facts and is not verified: it has no
verdicts, and `excess` says why.
"""

import math
import threading
from bisect import bisect_right
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from weakref import WeakValueDictionary

from exporter.bounded_cache import BoundedCache
from exporter.certificates.certificate import Certificate, read_measured_untrusted
from exporter.certificates.clients.assess import assess_clients
from exporter.certificates.measure import measure_untrusted, work_of
from exporter.certificates.openssl_verifier import OpenSSLVerifiers
from exporter.certificates.path import first_unrelated, is_issued_by, presented_path, remembered_signatures
from exporter.certificates.verdict import ClientVerdict, TrustStore, Verdict
from exporter.certificates.webpki.verifier import WebPKIVerifier

MAX_CHAINS = 50_000
MAX_BYTES = 64 * 1024 * 1024  # of chains with their certificates, as they are in memory
BYTES_PER_TARGET = 32 * 1024  # more for each target that is configured: an ordinary leaf takes 15 KiB
MAX_BYTES_PER_OWNER = 5 * 512 * 1024  # of chains that one endpoint has presented
MAX_VERIFIERS = 64
_WEIGHT = 2_000  # bytes of a chain without its certificates
_WEIGHT_OF_ERROR = 500
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
    excess: str = ""  # why it was not verified, if it holds more than may be computed with

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
    """Assesses chains and caches the results. One instance lives as long as the process. Thread-safe."""

    def __init__(self, max_chains: int = MAX_CHAINS, max_bytes: int = MAX_BYTES) -> None:
        self._chains = BoundedCache[tuple[str, tuple[bytes, ...]], Chain](max_chains, max_bytes, MAX_BYTES_PER_OWNER)
        # A certificate lives only while a cached chain refers to it, so the bound on chains bounds certificates, too.
        self._certificates: WeakValueDictionary[bytes, Certificate] = WeakValueDictionary()
        self._verifiers = BoundedCache[str, Verifiers](MAX_VERIFIERS, MAX_VERIFIERS)
        self._lock = threading.Lock()

    def assess_chain(
        self, chain_der: tuple[bytes, ...], trust: TrustStore | None, now: float, owner: Hashable = None
    ) -> Chain:
        """Return the facts and verdicts of a chain as presented, leaf first, at a time in Unix seconds.

        Without trusted roots there are facts but no verdicts, because trust is unknown. `owner` is the endpoint: its
        chains evict only its own.
        """
        key = (trust.key if trust else "", chain_der)
        with self._lock:
            known = self._chains.get(key)
            if known is not None and known.valid_from <= now < known.valid_until:
                return known
            verifiers = self._both(trust) if trust else None
            certificates, excess = self._read_untrusted(chain_der)
        if excess:
            chain = Chain(certificates, (), certificates[:1], None, trust, excess=excess)
        else:
            chain = _judge(certificates, trust, verifiers, now)
        encoded = tuple(certificate.der for certificate in certificates)  # shared between chains
        errors = sum(len(verdict.errors) for verdict in chain.verdicts)
        parts = {certificate.der: certificate.weight for certificate in certificates}
        with self._lock:
            size = _WEIGHT + _WEIGHT_OF_ERROR * errors
            self._chains.put((key[0], encoded), chain, size, owner, parts.items())
        return chain

    def knows(self, chain_der: tuple[bytes, ...], trust: TrustStore | None, now: float) -> bool:
        """Return whether the verdicts on a chain are cached and valid at a time in Unix seconds."""
        with self._lock:
            known = self._chains.get((trust.key if trust else "", chain_der))
        return known is not None and known.valid_from <= now < known.valid_until

    def certificate(self, der: bytes) -> Certificate:
        """Return the facts of one certificate. All callers share one object for as long as one of them keeps it."""
        with self._lock:
            return self._read_untrusted((der,))[0][0]

    def _read_untrusted(self, chain_der: tuple[bytes, ...]) -> tuple[tuple[Certificate, ...], str]:
        """Read a chain, in brief if that holds too much; return why, if so."""
        known = {der: self._certificates.get(der) for der in chain_der}
        measures = {der: one.measure if one is not None else measure_untrusted(der) for der, one in known.items()}
        excess = work_of(measures[der] for der in chain_der).excess
        certificates = {
            der: one
            if one is not None and one.is_brief == bool(excess)
            else read_measured_untrusted(der, measures[der], in_brief=bool(excess))
            for der, one in known.items()
        }
        if not excess:
            self._certificates.update(certificates)
        return tuple(certificates[der] for der in chain_der), excess

    def resize(self, targets: int) -> None:
        """Let as much be kept as so many targets ordinarily present."""
        with self._lock:
            self._chains.resize(MAX_BYTES + targets * BYTES_PER_TARGET)

    def clear(self) -> None:
        """Keep nothing: memory is needed for something else."""
        with self._lock:
            self._chains.clear()

    def _both(self, trust: TrustStore) -> Verifiers:
        verifiers = self._verifiers.get(trust.key)
        if verifiers is None:
            verifiers = (OpenSSLVerifiers(trust), WebPKIVerifier(trust))
            self._verifiers.put(trust.key, verifiers, 1)
        return verifiers

    @property
    def bytes(self) -> int:
        """How many bytes the chains that are kept take."""
        return self._chains.bytes

    def __len__(self) -> int:
        return len(self._chains)


def _judge(
    certificates: tuple[Certificate, ...], trust: TrustStore | None, verifiers: Verifiers | None, now: float
) -> Chain:
    is_issued = remembered_signatures()
    path, unrelated = presented_path(certificates, is_issued), first_unrelated(certificates, is_issued)
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
    window = validity_window(involved, now)
    return Chain(certificates, verdicts, path, unrelated, trust, clients, view.signed_path, *window)


def validity_window(involved: Iterable[Certificate], now: float) -> tuple[float, float]:
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
