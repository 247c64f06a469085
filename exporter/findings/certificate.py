"""The findings on what certificates say: names, keys, signatures, pins, encoding.

What ordinary clients would say decides on trust. A weak certificate that is sent along but that no client needs is
no finding. Without trusted roots nothing is said of trust, only of what a certificate says itself.
"""

from exporter.certificates.openssl_errors import WEAK_KEY, WEAK_SIGNATURE
from exporter.certificates.weak_keys import rsa_weakness_untrusted
from exporter.findings.finding import Detail, Finding, Rule
from exporter.findings.observation import Observation
from exporter.findings.trust import leaf_of, openssl_errors, position, used

MIN_BITS = {"RSA": 2048, "RSA-PSS": 2048, "DSA": 2048, "DH": 2048, "EC": 256}
RSA_TYPES = frozenset({"RSA", "RSA-PSS"})
WEAK_HASHES = frozenset({"md2", "md4", "md5", "sha1"})
_MAX_NAMES = 5  # named in a sentence


def _name_mismatch(observation: Observation) -> Detail | None:
    leaf = leaf_of(observation)
    if observation.name_match is not False or leaf is None:
        return None
    names = (*leaf.dns_names, *leaf.ip_addresses)
    more = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
    return Detail(f"the certificate is for {', '.join(names[:_MAX_NAMES])}{more}" if names else "it has no names", 0)


def _weak_key(observation: Observation) -> Detail | None:
    for certificate in used(observation):
        least = MIN_BITS.get(certificate.key_type)
        if least is not None and certificate.key_size is not None and certificate.key_size < least:
            text = f"{certificate.subject or 'a certificate'} has the key {certificate.key}"
            return Detail(text, position(observation, certificate))
        weakness = rsa_weakness_untrusted(certificate.spki_der) if certificate.key_type in RSA_TYPES else None
        if weakness is not None:
            text = f"{certificate.subject or 'a certificate'} has the key {certificate.key}, which {weakness}"
            return Detail(text, position(observation, certificate))
    error = next((e for e in openssl_errors(observation) if e.name in WEAK_KEY), None)
    return Detail(f"{error.subject}: {error.message}", error.depth) if error is not None else None


def _weak_signature(observation: Observation) -> Detail | None:
    """Present for every certificate but a root, which is trusted for itself and not for its signature.

    A server's own certificate is a root only if it is trusted as one.
    """
    trusted = observation.chain is not None and bool(observation.chain.trusted_chain)
    for index, certificate in enumerate(used(observation)):
        is_root = certificate.is_self_issued and (index > 0 or trusted)
        if certificate.signature_hash in WEAK_HASHES and not is_root:
            text = f"{certificate.subject or 'a certificate'} is signed with {certificate.signature_algorithm}"
            return Detail(text, position(observation, certificate))
    error = next((e for e in openssl_errors(observation) if e.name in WEAK_SIGNATURE), None)
    return Detail(f"{error.subject}: {error.message}", error.depth) if error is not None else None


def _pin_mismatch(observation: Observation) -> Detail | None:
    """RFC 7469 section 2.6: one key of the chain that clients use must be among the pins."""
    pins = observation.module.trust.spki_sha256_pins
    if not pins or not observation.certificates:
        return None
    found = [certificate.spki_sha256 for certificate in used(observation)]
    return None if set(found) & set(pins) else Detail(f"the leaf's key is {found[0] or 'unreadable'}", 0)


def _malformed(observation: Observation) -> Detail | None:
    """Present by the exporter's own parser alone: that a library cannot parse a certificate proves nothing."""
    for index, certificate in enumerate(observation.certificates):
        if certificate.problems:
            return Detail(f"certificate {index}: {certificate.problems[0]}", index)
    return None


def _excessive(observation: Observation) -> Detail | None:
    """Present when a chain holds too much to be verified, or its endpoint presents new certificates too often."""
    chain = observation.chain
    excess = (chain.excess if chain is not None else "") or observation.series_excess
    return Detail(excess) if excess else None


RULES = (
    Rule(
        Finding(
            "certificate_name_mismatch",
            "critical",
            "The certificate is for another name",
            "None of the certificate's subject alternative names covers the name that was asked for (RFC 9525; "
            "the common name does not count). Clients that use this name refuse the connection.",
            "Issue a certificate that lists the name, or install the right one for this virtual host. If the "
            "server has the right one and sends another, its SNI selection falls through to the default host. "
            "If the target is an IP address that stands for a name, set `server_name` in the module.",
        ),
        _name_mismatch,
    ),
    Rule(
        Finding(
            "certificate_weak_key",
            "high",
            "The certificate's key is too weak",
            "The key is shorter than what is considered safe (RSA and DSA below 2048, elliptic curves below "
            "256), or anybody can compute its private half: an RSA modulus with close factors (Fermat) or from a "
            "broken generator (ROCA), an exponent of 1 or an even one. Current clients refuse short keys.",
            "Make a new key and have it certified: EC secp256r1, or RSA 2048 to 3072 where old clients need it.",
        ),
        _weak_key,
    ),
    Rule(
        Finding(
            "certificate_weak_signature",
            "high",
            "The certificate is signed with a broken hash",
            "A certificate of the chain is signed with MD5 or SHA-1, for which collisions can be bought. "
            "Current clients refuse the chain. A root's own signature does not count and is not reported.",
            "Have the certificate issued again with SHA-256 or better. If the weak one is an intermediate, take "
            "the CA's current intermediate.",
        ),
        _weak_signature,
    ),
    Rule(
        Finding(
            "certificate_pin_mismatch",
            "critical",
            "No certificate of the chain has a pinned key",
            "None of the public keys in the chain is among `trust.spki_sha256_pins`. Either the key was changed "
            "without telling those who pin it, or somebody else answers in the server's place.",
            "Compare the fingerprint with the one the server has on disk, from within its own network. If it is "
            "the new certificate, add its pin next to the old one; if it is not, treat it as an interception.",
        ),
        _pin_mismatch,
    ),
    Rule(
        Finding(
            "certificate_malformed",
            "high",
            "The certificate breaks the encoding rules",
            "A certificate is not valid DER or contradicts RFC 5280, as with a negative serial number or a "
            "broken extension. Some clients read over it, others drop the connection, and updates move them to "
            "the latter.",
            "Issue the certificate again with a CA program that follows RFC 5280. Appliances usually need a "
            "firmware update or a certificate from outside.",
        ),
        _malformed,
    ),
    Rule(
        Finding(
            "certificate_excessive",
            "medium",
            "The certificates hold more than is computed with",
            "The chain holds so many names, constraints, attributes, extensions or costly keys that verifying it "
            "would hold up other targets, or the endpoint presents new certificates at each probe. What is said "
            "of trust, or the series that describe the certificates, are left out.",
            "The detail says of what there is too much. Split the certificate into several with fewer names, use "
            "keys of ordinary size, and send only the leaf and its intermediates. If nobody configured it so, "
            "somebody else answers in the server's place.",
        ),
        _excessive,
    ),
)
