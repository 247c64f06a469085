"""Paths through an authority that certified its own new key: RFC 5280 does not count it in a path length.

RFC 5280 section 4.2.1.9: pathLenConstraint "gives the maximum number of non-self-issued intermediate certificates
that may follow this certificate in a valid certification path". The strict verifier counts them all, so such a path
is verified in two parts: from the leaf to the self-issued authority, and from there to the root. It is not tried
where the upper part has name constraints or extended key usages, which the lower part would not be held to.
"""

from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from exporter.certificates.certificate import Certificate


def rollover_position(path: tuple[Certificate, ...]) -> int | None:
    """Return where a path (leaf first, root last) can be parted: at the self-issued authority nearest to the leaf."""
    for position in range(1, len(path) - 1):
        if path[position].is_self_issued:
            above = path[position:]
            return None if any(_constrains(one) for one in above) else position
    return None


def path_lengths_hold(path: tuple[Certificate, ...]) -> bool:
    """Return whether every path length of a path (leaf first) is kept when self-issued authorities do not count."""
    followers = 0
    for certificate in path[1:]:
        allowed = _path_length(certificate)
        if allowed is not None and followers > allowed:
            return False
        followers += not certificate.is_self_issued
    return True


def _path_length(certificate: Certificate) -> int | None:
    if certificate.parsed is None or certificate.problems:
        return None
    try:
        return certificate.parsed.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length
    except x509.ExtensionNotFound:
        return None


def _constrains(certificate: Certificate) -> bool:
    """Return whether an authority limits the names or uses below it; one that cannot be read is taken to do so."""
    if certificate.parsed is None or certificate.problems:
        return True
    found = {extension.oid for extension in certificate.parsed.extensions}
    return bool(found & {ExtensionOID.NAME_CONSTRAINTS, ExtensionOID.EXTENDED_KEY_USAGE})
