"""What JSSE refuses in one certificate, as measured with Java 17.0.15: its default trust manager, offline.

Java is a client of its own kind: it takes signatures and keys that no browser does, and asks for a name only when it
compares one. So it has a table of its own, and its refusal does not make the verdict `webpki` 0.
"""

from exporter.certificates.clients.details import (
    AUTHORITY_KEY_IDENTIFIER,
    INHIBIT_ANY_POLICY,
    POLICIES,
    POLICY_CONSTRAINTS,
    POLICY_MAPPINGS,
    SAN,
    SUBJECT_KEY_IDENTIFIER,
    Details,
)
from exporter.certificates.clients.rules import (
    ANCHOR,
    INTERMEDIATE,
    ISSUED,
    JAVA,
    KNOWN_EXTENSIONS,
    LEAF,
    SIGNATURES,
    Rule,
    compressed_point,
    fault,
    foreign_purpose,
    no_digital_signature,
    no_key_cert_sign,
    no_purpose,
    not_an_authority,
    rare_curve_authority,
    root_without_constraints,
    rule,
    time_form,
    uncritical_names,
)

_SERVER_GATED = frozenset(("2.16.840.1.113730.4.1", "1.3.6.1.4.1.311.10.3.3"))  # Netscape's and Microsoft's
_NETSCAPE_SERVER = 0x40
_EMPTY_NAME = b"\x30\x00"
_BROKEN_HASHES = frozenset(("md2", "md4", "md5"))
_KNOWN = KNOWN_EXTENSIONS | {
    *(POLICIES, POLICY_CONSTRAINTS, POLICY_MAPPINGS, INHIBIT_ANY_POLICY),
    *(SUBJECT_KEY_IDENTIFIER, AUTHORITY_KEY_IDENTIFIER),
}
_SIGNATURES = SIGNATURES | {
    *("sha1WithRSAEncryption", "sha224WithRSAEncryption", "ecdsa-with-SHA1", "ecdsa-with-SHA224", "rsassaPss"),
    *("dsa-with-SHA1", "dsa-with-SHA224", "dsa-with-SHA256", "ed25519", "ed448"),
    *(f"{kind}-with-SHA3-{bits}" for kind in ("rsa", "ecdsa") for bits in (224, 256, 384, 512)),
}
_CURVES = frozenset(
    (
        *("secp224r1", "secp256r1", "secp384r1", "secp521r1", "secp256k1"),
        *("brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1"),
    )
)


def _rare_curve(one: Details) -> str | None:
    certificate = one.certificate
    rare = certificate.key_type == "EC" and certificate.key.removeprefix("EC ") not in _CURVES
    return f"the key {certificate.key}" if rare else None


def _foreign_purpose(one: Details) -> str | None:
    return None if one.purposes is None or one.purposes & _SERVER_GATED else foreign_purpose(one)


def _signature(one: Details) -> str | None:
    certificate = one.certificate
    lacks = certificate.signature_algorithm not in _SIGNATURES or certificate.signature_hash in _BROKEN_HASHES
    return f"signed with {certificate.signature_algorithm}" if lacks else None


def _unknown_critical(one: Details) -> str | None:
    unknown = sorted(one.critical - _KNOWN)
    return f"the critical extension {unknown[0]}" if unknown else None


def _empty_issuer(one: Details) -> str | None:
    return "the issuer has no name" if one.certificate.issuer_der == _EMPTY_NAME else None


def _unreadable_names(one: Details) -> str | None:
    unreadable = SAN in one.extensions and not one.names and "extension_subjectAltName" in one.faults
    return "the subjectAltName cannot be read" if unreadable else None


def _netscape_type(one: Details) -> str | None:
    foreign = one.netscape_type is not None and not one.netscape_type & _NETSCAPE_SERVER
    return "the Netscape certificate type is not for an SSL server" if foreign else None


JAVA_RULES: tuple[Rule, ...] = (
    rule(
        "subject_alternative_name", "an empty subject, and subjectAltName is not critical", LEAF, JAVA, uncritical_names
    ),
    rule("empty_name", "an empty issuer", "leaf intermediate anchor", JAVA, _empty_issuer),
    rule("forbidden_key", "a rare curve, or explicit parameters", LEAF, JAVA, _rare_curve),
    rule("forbidden_key", "a compressed point", LEAF, JAVA, compressed_point),
    rule("forbidden_key", "a rare curve that signed a certificate", "intermediate anchor", JAVA, rare_curve_authority),
    rule("key_usage", "key usage without digitalSignature", LEAF, JAVA, no_digital_signature),
    rule("key_usage", "key usage without keyCertSign", "intermediate anchor", JAVA, no_key_cert_sign),
    rule("extended_key_usage", "extended key usage without serverAuth or SGC", LEAF, JAVA, _foreign_purpose),
    rule("extended_key_usage", "an empty extended key usage", LEAF, JAVA, no_purpose),
    rule("netscape_type", "a Netscape certificate type without SSL server", LEAF, JAVA, _netscape_type),
    rule("basic_constraints", "no basicConstraints with cA", INTERMEDIATE, JAVA, not_an_authority),
    rule("basic_constraints", "version 3 without basicConstraints with cA", ANCHOR, JAVA, root_without_constraints),
    rule("forbidden_signature_algorithm", "an MD5 signature, or one that Java lacks", ISSUED, JAVA, _signature),
    rule("unknown_critical_extension", "a critical extension that Java does not know", ISSUED, JAVA, _unknown_critical),
    rule("version", "version 1 with extensions, or above 3", ISSUED, JAVA, fault("version", "version_with_extensions")),
    rule("malformed", "a time that cannot be read, or has a fraction or no zone", ISSUED, "", time_form("bad"), JAVA),
    rule("malformed", "a leap second", ISSUED, JAVA, time_form("leap_second")),
    rule("malformed", "an extension twice", ISSUED, JAVA, fault("duplicate_known", "duplicate_unknown")),
    rule("malformed", "broken DER, two signature algorithms", ISSUED, JAVA, fault("structure", "algorithm_mismatch")),
    rule("malformed", "a length that is not in its shortest form", ISSUED, "", fault("length"), JAVA),
)
