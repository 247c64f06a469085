"""The values that a verification speaks of: its errors, its verdict, and the roots that it trusts.

The verifiers stand in files of their own (`openssl`, `webpki`); this one holds no behaviour.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from exporter.certificates.certificate import Certificate


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
    """What one verifier says of a chain. `chain` is the trusted chain, leaf first; () when there is none."""

    verifier: str  # "openssl" or "webpki"
    trusted: bool
    errors: tuple[VerifyError, ...] = ()
    chain: tuple[Certificate, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class TrustStore:
    """A set of trusted roots. Two stores with the same roots and settings have the same `key`.

    `public` has the fingerprints of the roots that are the system's; `by_subject` finds a root by its encoded name.
    """

    key: str
    roots: tuple[Certificate, ...]
    by_subject: Mapping[bytes, tuple[Certificate, ...]]
    public: frozenset[str] = frozenset()
