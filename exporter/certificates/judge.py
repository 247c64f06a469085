"""Chains judged once: facts and verdicts, kept while neither the chain nor the clock changes them.

A verdict is kept until the next moment at which a certificate that takes part begins or ceases to be valid,
so that it follows the clock as if it were made anew. Both caches are bounded; the name is not judged here.
"""

import math
import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from exporter.certificates.chain import TrustStore, Verdict
from exporter.certificates.facts import Certificate, read_certificate_untrusted
from exporter.certificates.openssl_verifier import OpenSSLVerifier
from exporter.certificates.path import first_stranger, is_issued_by, presented_path
from exporter.certificates.webpki_verifier import WebPKIVerifier

MAX_CHAINS = 20_000
MAX_CERTIFICATES = 40_000
MAX_VERIFIERS = 64
Verifiers = tuple[OpenSSLVerifier, WebPKIVerifier]

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Chain:
    """A presented chain with its verdicts. They hold from `valid_from` until `valid_until`."""

    certificates: tuple[Certificate, ...]
    verdicts: tuple[Verdict, ...]
    path: tuple[Certificate, ...]  # as presented, from the leaf: each certificate with the one that signed it
    stranger: int | None  # position of the first certificate that did not sign the one before it
    trust: TrustStore | None
    valid_from: float = -math.inf
    valid_until: float = math.inf

    @property
    def openssl(self) -> Verdict | None:
        """The verdict of ordinary clients; None if nothing was presented."""
        return next((verdict for verdict in self.verdicts if verdict.verifier == "openssl"), None)

    @property
    def issuer(self) -> Certificate | None:
        """The certificate whose key signed the leaf, if it was sent or is a trusted root."""
        trusted = self.openssl.chain if self.openssl is not None else ()
        if len(trusted) > 1 or len(self.path) > 1:
            return trusted[1] if len(trusted) > 1 else self.path[1]
        leaf = self.certificates[0] if self.certificates else None
        roots = self.trust.by_subject.get(leaf.issuer_der, ()) if leaf is not None and self.trust is not None else ()
        return next((root for root in roots if leaf is not None and is_issued_by(leaf, root)), None)

    @property
    def presented_not_after(self) -> int | None:
        """Earliest expiry of the presented certificates."""
        return min((c.not_after for c in self.certificates if c.not_after is not None), default=None)

    @property
    def trusted_not_after(self) -> int | None:
        """Earliest expiry of the trusted chain; None if there is none."""
        trusted = self.openssl.chain if self.openssl is not None and self.openssl.trusted else ()
        return min((c.not_after for c in trusted if c.not_after is not None), default=None)


@dataclass(slots=True)
class ChainJudge:
    """Judges chains, and remembers. One of these lives as long as the process. Thread-safe."""

    max_chains: int = MAX_CHAINS
    _chains: OrderedDict[tuple[str, tuple[bytes, ...]], Chain] = field(default_factory=OrderedDict)
    _certificates: OrderedDict[bytes, Certificate] = field(default_factory=OrderedDict)
    _verifiers: OrderedDict[str, Verifiers] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def judge_chain(self, chain_der: tuple[bytes, ...], trust: TrustStore | None, now: float) -> Chain:
        """Return the facts and verdicts of a chain as presented, leaf first, at a time in Unix seconds.

        Without trusted roots there are facts and no verdicts: nothing can be said of trust.
        """
        key = (trust.key if trust else "", chain_der)
        with self._lock:
            known = self._chains.get(key)
            if known is not None and known.valid_from <= now < known.valid_until:
                self._chains.move_to_end(key)
                return known
            certificates = tuple(self._certificate(der) for der in chain_der)
            verifiers = self._both(trust) if trust else ()
        chain = _judge(certificates, trust, verifiers, now)
        with self._lock:
            _keep(self._chains, key, chain, self.max_chains)
        return chain

    def _certificate(self, der: bytes) -> Certificate:
        certificate = self._certificates.get(der)
        if certificate is None:
            certificate = read_certificate_untrusted(der)
        _keep(self._certificates, der, certificate, MAX_CERTIFICATES)
        return certificate

    def _both(self, trust: TrustStore) -> Verifiers:
        verifiers = self._verifiers.get(trust.key) or (OpenSSLVerifier(trust), WebPKIVerifier(trust))
        _keep(self._verifiers, trust.key, verifiers, MAX_VERIFIERS)
        return verifiers

    def __len__(self) -> int:
        return len(self._chains)


def _judge(
    certificates: tuple[Certificate, ...], trust: TrustStore | None, verifiers: Verifiers | tuple[()], now: float
) -> Chain:
    path, stranger = presented_path(certificates), first_stranger(certificates)
    if not certificates or trust is None:
        return Chain(certificates, (), path, stranger, trust)
    verdicts = tuple(verifier.verify(certificates, now) for verifier in verifiers)
    involved = list(certificates)
    for certificate in certificates:
        involved += trust.by_subject.get(certificate.issuer_der, ())
    for verdict in verdicts:
        involved += verdict.chain
    return Chain(certificates, verdicts, path, stranger, trust, *_window(involved, now))


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


def _keep(cache: OrderedDict[_Key, _Value], key: _Key, value: _Value, limit: int) -> None:
    cache[key] = value
    cache.move_to_end(key)
    while len(cache) > limit:
        cache.popitem(last=False)
