"""Trust stores for tests, made of certificates in memory."""

from exporter.certificates.certificate import read_certificate_untrusted
from exporter.certificates.trust_store import trust_store
from exporter.certificates.verdict import TrustStore
from tests.support.pki import Issued


def store_of(*roots: Issued, public: bool = False) -> TrustStore:
    """Return a store of these roots, as the system's if they are to be public."""
    read = [read_certificate_untrusted(root.der) for root in roots]
    return trust_store(read, [one.fingerprint_sha256 for one in read] if public else ())
