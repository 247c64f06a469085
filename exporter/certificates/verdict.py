"""The values of a verification: its errors, its verdict, and the roots that are trusted.

The verifiers stand in files of their own (`openssl_verifier`, `webpki`, `clients`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from exporter.certificates.certificate import Certificate
from exporter.certificates.distinguished_name import canonical


@dataclass(frozen=True, slots=True)
class VerifyError:
    """One reason why a chain is not trusted. `name` is from a closed list, `depth` 0 is the leaf.

    `code` is OpenSSL's X509_V_ERR number; the strict verifier has no numbers and gives 0.
    """

    code: int
    name: str
    depth: int
    message: str = ""
    subject: str = ""  # of the certificate that the error is about


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one verifier says of a chain. `chain` is the trusted chain, leaf first; () when there is none.

    `trusted` is None where it is not known: a library that cannot read what the RFCs allow has not refused it.
    `advice` is what binds CAs and no client asks for.
    """

    verifier: str  # "openssl", "openssl_strict" or "webpki"
    trusted: bool | None
    errors: tuple[VerifyError, ...] = ()
    chain: tuple[Certificate, ...] = ()
    advice: tuple[VerifyError, ...] = ()


@dataclass(frozen=True, slots=True)
class ClientVerdict:
    """What a client makes of a chain; `trusted` is None where that was not measured."""

    client: str
    trusted: bool | None
    errors: tuple[VerifyError, ...] = ()


@dataclass(frozen=True, slots=True)
class StoreVerdict:
    """Whether a root store leads to trust in a chain; `trusted` is None where it is not known."""

    store: str
    trusted: bool | None


@dataclass(frozen=True, slots=True, eq=False)
class TrustStore:
    """A set of trusted roots. Two stores with the same roots and settings have the same `key`.

    `public` has the fingerprints of the roots that are the system's; `by_name` finds roots by `canonical` name.
    """

    key: str
    roots: tuple[Certificate, ...]
    by_name: Mapping[bytes, tuple[Certificate, ...]]
    public: frozenset[str] = frozenset()
    distrust_after: Mapping[str, float] = field(default_factory=dict)  # by fingerprint, Unix seconds

    def named(self, name: bytes) -> tuple[Certificate, ...]:
        """Return the roots whose encoded name matches by RFC 5280 section 7.1."""
        return self.by_name.get(canonical(name), ())
