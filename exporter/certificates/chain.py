"""The values that a verification speaks of: its errors, its verdict, and the roots that it trusts.

The verifiers stand in files of their own (`openssl`, `webpki`); this one holds no behaviour.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from exporter.certificates.facts import Certificate


@dataclass(frozen=True, slots=True)
class VerifyError:
    """One reason why a chain is not trusted. `name` is from a closed list, `depth` 0 is the leaf.

    `code` is OpenSSL's X509_V_ERR number; the strict verifier has no numbers and gives 0.
    """

    code: int
    name: str
    depth: int
    message: str = ""


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

    `is_public` says that the system's roots are among them; `by_subject` finds a root by its encoded name.
    """

    key: str
    roots: tuple[Certificate, ...]
    is_public: bool
    by_subject: Mapping[bytes, tuple[Certificate, ...]]
