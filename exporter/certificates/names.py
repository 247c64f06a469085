"""Whether a certificate is for a name: RFC 9525, by subject alternative names only.

A common name never counts. The comparison is made on A-labels; nothing is resolved.
"""

import ipaddress

import idna

from exporter.certificates.certificate import Certificate


def matches_name(certificate: Certificate, name: str) -> bool | None:
    """Return whether a certificate presents an identifier for a DNS name or an IP address.

    None where it is not among the names that were read of a certificate that has too many of them.
    """
    return _matches(certificate, name) or (None if certificate.is_brief else False)


def _matches(certificate: Certificate, name: str) -> bool:
    """RFC 9525 section 6.5: an IP address matches an iPAddress of the same octets and nothing else."""
    try:
        address = ipaddress.ip_address(name.strip("[]").partition("%")[0])
    except ValueError:
        wanted = a_labels(name)
        return wanted is not None and any(_matches_dns(presented, wanted) for presented in certificate.dns_names)
    return str(address) in certificate.ip_addresses


def a_labels(name: str) -> str | None:
    """Return a DNS name in A-labels and lower case, without the dot of the root; None if it is none."""
    name = name.removesuffix(".")
    if not name.isascii():
        try:
            name = idna.encode(name, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            return None
    return name.lower() or None


def _matches_dns(presented: str, wanted: str) -> bool:
    """Compare label by label (section 6.3); a wildcard is the whole left-most label and stands for one label.

    An identifier that ends in a dot, or is no ASCII, is not in the form that RFC 5280 section 4.2.1.6 asks
    for.
    """
    presented = presented.lower()
    if not presented.isascii() or presented.endswith("."):
        return False
    if "*" not in presented:
        return presented == wanted
    first, _, rest = presented.partition(".")
    label, _, parent = wanted.partition(".")
    return first == "*" and "*" not in rest and "." in rest and bool(label) and parent == rest
