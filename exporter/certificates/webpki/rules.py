"""The Web PKI's rules that `cryptography`'s verifier leaves to its caller, each with its source next to it.

A rule is about one well-formed certificate in one place of the chain. It returns what is wrong, or None. BR is
the CA/Browser Forum's Baseline Requirements for TLS server certificates. No path is built and no signature checked.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from exporter.certificates.certificate import Certificate
from exporter.certificates.lifetime import SECONDS_PER_DAY, allowed_lifetime, lifetime
from exporter.certificates.webpki.public_suffixes import is_public_suffix

_Extension = TypeVar("_Extension", bound=x509.ExtensionType)
_LDH_LABEL = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)\Z")
_MAX_NAME, _MAX_SERIAL_OCTETS, _MIN_RSA_BITS = 253, 20, 2048
_CURVES = frozenset({"EC secp256r1", "EC secp384r1", "EC secp521r1"})
_POST_QUANTUM = frozenset({"ML-DSA-44", "ML-DSA-65", "ML-DSA-87"})
_SIGNING_ONLY = frozenset({"EC", "Ed25519", "Ed448"}) | _POST_QUANTUM
_FOREIGN_USAGES = frozenset(
    {
        ExtendedKeyUsageOID.CODE_SIGNING,
        ExtendedKeyUsageOID.EMAIL_PROTECTION,
        ExtendedKeyUsageOID.TIME_STAMPING,
        ExtendedKeyUsageOID.OCSP_SIGNING,
        x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.4"),  # precertificate signing
    }
)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule by its name, where it applies, its source, and the test that says what is wrong."""

    name: str
    applies_to: frozenset[str]
    source: str
    violation: Callable[[Certificate], str | None]


LEAF = frozenset({"leaf"})
ROOT = frozenset({"root"})
AUTHORITY = frozenset({"intermediate", "anchor", "root"})  # an anchor is trusted, but not self-signed
SUBORDINATE = frozenset({"intermediate", "anchor"})
NOT_ROOT = LEAF | SUBORDINATE
ANY = LEAF | AUTHORITY


def _extension(certificate: Certificate, kind: type[_Extension]) -> x509.Extension[_Extension] | None:
    """Return an extension of a well-formed certificate; None if it is missing."""
    try:
        return certificate.parsed.extensions.get_extension_for_class(kind) if certificate.parsed else None
    except x509.ExtensionNotFound:
        return None


def _version(certificate: Certificate) -> str | None:
    is_3 = certificate.parsed is not None and certificate.parsed.version is x509.Version.v3
    return None if is_3 else "not version 3"


def _forbidden_key(certificate: Certificate) -> str | None:
    size = certificate.key_size or 0
    if certificate.key_type == "RSA":
        return None if size >= _MIN_RSA_BITS and size % 8 == 0 else f"the key {certificate.key}"
    allowed = certificate.key in _CURVES or certificate.key_type in _POST_QUANTUM
    return None if allowed else f"the key {certificate.key}"


def _serial_number(certificate: Certificate) -> str | None:
    value = int(certificate.serial_number or "0", 16)
    octets = value.bit_length() // 8 + 1  # of its DER
    if value <= 0:
        return "the serial number is not positive"
    return f"the serial number has {octets} octets" if octets > _MAX_SERIAL_OCTETS else None


def _no_names(certificate: Certificate) -> str | None:
    found = certificate.dns_names or certificate.ip_addresses
    return None if found else "no DNS name or IP address among the subject alternative names"


def _wildcard_misplaced(certificate: Certificate) -> str | None:
    bad = (n for n in certificate.dns_names if "*" in n and ("*" in n[1:] or not n.startswith("*.")))
    return next((f"the name {name}" for name in bad), None)


def _dns_name_invalid(certificate: Certificate) -> str | None:
    return next((f"the name {name}" for name in certificate.dns_names if not is_dns_name(name)), None)


def is_dns_name(name: str) -> bool:
    """Return whether a presented name is made of LDH labels, with at most a whole wildcard label in front."""
    labels = name.replace("*", "x").split(".")
    return len(name) <= _MAX_NAME and all(_LDH_LABEL.match(label) for label in labels)


def _public_suffix_wildcard(certificate: Certificate) -> str | None:
    bad = (n for n in certificate.dns_names if n.startswith("*.") and is_public_suffix(n[2:]))
    return next((f"the name {name}" for name in bad), None)


def _common_names(certificate: Certificate) -> list[str]:
    if certificate.parsed is None:
        return []
    return [str(a.value) for a in certificate.parsed.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]


def _common_name_repeated(certificate: Certificate) -> str | None:
    names = _common_names(certificate)
    return f"{len(names)} common names" if len(names) > 1 else None


def _common_name_not_in_san(certificate: Certificate) -> str | None:
    """Compare character by character; addresses have their canonical text (RFC 3986, RFC 5952) among the facts."""
    known = {*certificate.dns_names, *certificate.ip_addresses}
    return "the common name is not one of the names" if set(_common_names(certificate)) - known else None


def _extended_usages(certificate: Certificate) -> frozenset[x509.ObjectIdentifier]:
    extension = _extension(certificate, x509.ExtendedKeyUsage)
    return frozenset(extension.value) if extension else frozenset()


def _extended_key_usage_missing(certificate: Certificate) -> str | None:
    return None if _extended_usages(certificate) else "no extended key usage"


def _extended_key_usage_any(certificate: Certificate) -> str | None:
    found = ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE in _extended_usages(certificate)
    return "anyExtendedKeyUsage is among the usages" if found else None


def _extended_key_usage_foreign(certificate: Certificate) -> str | None:
    foreign = sorted(oid.dotted_string for oid in _extended_usages(certificate) & _FOREIGN_USAGES)
    return f"the usage {foreign[0]} besides server authentication" if foreign else None


def _root_extended_key_usage(certificate: Certificate) -> str | None:
    return "a root with extended key usage" if _extended_usages(certificate) else None


def _key_usage_empty(certificate: Certificate) -> str | None:
    extension = _extension(certificate, x509.KeyUsage)
    return "no usage is asserted" if extension and not any(_asserted(extension.value)) else None


def _asserted(usage: x509.KeyUsage) -> list[bool]:
    return [
        usage.digital_signature,
        usage.content_commitment,
        usage.key_encipherment,
        usage.data_encipherment,
        usage.key_agreement,
        usage.key_cert_sign,
        usage.crl_sign,
    ]


def _key_usage_unsuitable(certificate: Certificate) -> str | None:
    extension = _extension(certificate, x509.KeyUsage)
    if extension is None or certificate.key_type not in _SIGNING_ONLY:
        return None
    usage = extension.value
    agrees = usage.key_agreement and certificate.key_type != "EC"
    if usage.key_encipherment or usage.data_encipherment or agrees:
        return f"the key {certificate.key} can sign only, but the key usage says more"
    return None


def _authority_key_identifier_missing(certificate: Certificate) -> str | None:
    extension = _extension(certificate, x509.AuthorityKeyIdentifier)
    found = extension is not None and extension.value.key_identifier is not None
    return None if found else "no authority key identifier"


def _root_authority_key_identifier(certificate: Certificate) -> str | None:
    authority = _extension(certificate, x509.AuthorityKeyIdentifier)
    subject = _extension(certificate, x509.SubjectKeyIdentifier)
    if authority is None:
        return None
    value = authority.value
    if value.authority_cert_issuer is not None or value.authority_cert_serial_number is not None:
        return "the root's authority key identifier names an issuer or a serial number"
    if subject is None or value.key_identifier != subject.value.digest:
        return "the root's authority key identifier is not its subject key identifier"
    return None


def _subject_key_identifier_missing(certificate: Certificate) -> str | None:
    return None if _extension(certificate, x509.SubjectKeyIdentifier) else "no subject key identifier"


def _policy_constraints_criticality(certificate: Certificate) -> str | None:
    for kind in (x509.PolicyConstraints, x509.InhibitAnyPolicy):
        extension = _extension(certificate, kind)
        if extension is not None and not extension.critical:
            return f"{_extension_name(extension.oid)} is not critical"
    return None


def _extension_name(oid: x509.ObjectIdentifier) -> str:
    return "policyConstraints" if oid == ExtensionOID.POLICY_CONSTRAINTS else "inhibitAnyPolicy"


def lifetime_too_long(certificate: Certificate) -> str | None:
    """Return what is wrong with a leaf's lifetime; for chains of public CAs only."""
    seconds, limit = lifetime(certificate), allowed_lifetime(certificate)
    if seconds is None or limit is None or seconds <= limit:
        return None
    return f"valid for {seconds // SECONDS_PER_DAY} days where {limit // SECONDS_PER_DAY} are allowed"


RULES: tuple[Rule, ...] = (
    Rule("version", ANY, "BR 7.1.1", _version),
    Rule("forbidden_key", ANY, "BR 6.1.5, 6.1.6 and 7.1.3.1; RFC 9881", _forbidden_key),
    Rule("serial_number", NOT_ROOT, "RFC 5280 section 4.1.2.2", _serial_number),
    Rule("no_subject_alternative_name", LEAF, "BR 7.1.2.7.12", _no_names),
    Rule("wildcard_misplaced", LEAF, "BR 1.6.1, Wildcard Domain Name; RFC 9525 section 6.3", _wildcard_misplaced),
    Rule("dns_name_invalid", LEAF, "BR 7.1.4.2.1; RFC 5890 section 2.3.1", _dns_name_invalid),
    Rule("public_suffix_wildcard", LEAF, "BR 3.2.2.6", _public_suffix_wildcard),
    Rule("common_name_repeated", LEAF, "BR 7.1.4.3", _common_name_repeated),
    Rule("common_name_not_in_san", LEAF, "BR 7.1.4.3", _common_name_not_in_san),
    Rule("extended_key_usage_missing", LEAF, "BR 7.1.2.7.6", _extended_key_usage_missing),
    Rule("extended_key_usage_any", LEAF, "BR 7.1.2.7.10", _extended_key_usage_any),
    Rule("extended_key_usage_foreign", LEAF, "BR 7.1.2.7.10", _extended_key_usage_foreign),
    Rule("root_extended_key_usage", ROOT, "BR 7.1.2.1.2", _root_extended_key_usage),
    Rule("key_usage_empty", LEAF, "RFC 5280 section 4.2.1.3; BR 7.1.2.7.11", _key_usage_empty),
    Rule("key_usage_unsuitable", LEAF, "RFC 8813 section 3; RFC 9295; RFC 9881 section 5", _key_usage_unsuitable),
    Rule(
        "authority_key_identifier_missing",
        SUBORDINATE,
        "RFC 5280 section 4.2.1.1; BR 7.1.2.11.1",
        _authority_key_identifier_missing,
    ),
    Rule("root_authority_key_identifier", ROOT, "BR 7.1.2.1.3", _root_authority_key_identifier),
    Rule("subject_key_identifier_missing", AUTHORITY, "RFC 5280 section 4.2.1.2", _subject_key_identifier_missing),
    Rule(
        "policy_constraints_criticality",
        AUTHORITY,
        "RFC 5280 sections 4.2.1.11 and 4.2.1.14",
        _policy_constraints_criticality,
    ),
)
