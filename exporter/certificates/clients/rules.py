"""The table of what each client refuses in one certificate, as it was measured on the program.

Measured with Chromium 156, Firefox ESR 153, Go 1.26.8 and rustls 0.23 (webpki 0.103), on chains under a private root
that was installed in each: Chromium and Firefox by live connections, Go and rustls by their verifiers.
docs/trust.md shows the table. A rule names the clients that refuse; what no client asks for is not here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from exporter.certificates.clients.details import (
    BASIC_CONSTRAINTS,
    DNS_NAME,
    EXTENDED_KEY_USAGE,
    INHIBIT_ANY_POLICY,
    IP_ADDRESS,
    KEY_USAGE,
    NAME_CONSTRAINTS,
    POLICIES,
    POLICY_CONSTRAINTS,
    POLICY_MAPPINGS,
    SAN,
    TLS_FEATURE,
    Details,
)
from exporter.certificates.webpki.public_suffixes import is_public_suffix

CHROMIUM, FIREFOX, GO, RUSTLS, JAVA = "chromium", "firefox", "go", "rustls", "java"
ALL = frozenset((CHROMIUM, FIREFOX, GO, RUSTLS))
"""The clients of this table. Java's is in `java_rules`; a refusal of these four makes the verdict `webpki` 0."""
LEAF, INTERMEDIATE, ANCHOR = "leaf", "intermediate", "anchor"
SERVER_AUTH, ANY_PURPOSE = "1.3.6.1.5.5.7.3.1", "2.5.29.37.0"
_STATUS_REQUEST = 5
_MIN_RSA_BITS = 2048

_TLS_CURVES = frozenset(("EC secp256r1", "EC secp384r1", "EC secp521r1"))
_RULED_KEYS = frozenset(("RSA", "EC", "Ed25519", "Ed448", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87", ""))
SIGNATURES = frozenset(
    (
        *("sha256WithRSAEncryption", "sha384WithRSAEncryption", "sha512WithRSAEncryption"),
        *("ecdsa-with-SHA256", "ecdsa-with-SHA384", "ecdsa-with-SHA512"),
    )
)
_PSS = frozenset((("sha256", "sha256", 32), ("sha384", "sha384", 48), ("sha512", "sha512", 64)))
KNOWN_EXTENSIONS = frozenset((SAN, KEY_USAGE, BASIC_CONSTRAINTS, NAME_CONSTRAINTS, EXTENDED_KEY_USAGE))
_KNOWN_BY: Mapping[str, frozenset[str]] = {
    CHROMIUM: frozenset((POLICIES, POLICY_CONSTRAINTS, POLICY_MAPPINGS, INHIBIT_ANY_POLICY)),
    FIREFOX: frozenset((POLICIES, POLICY_CONSTRAINTS, INHIBIT_ANY_POLICY, TLS_FEATURE)),
    GO: frozenset((POLICIES, POLICY_CONSTRAINTS, POLICY_MAPPINGS, INHIBIT_ANY_POLICY)),
    RUSTLS: frozenset(),
}


MAX_SUBORDINATES = 6  # Firefox and rustls follow no more (MAX_SUB_CA_COUNT)
COUNT_SELF_ISSUED = frozenset((GO, RUSTLS))  # as every other authority, against RFC 5280 section 4.2.1.9
ANCHOR_LIMITS_IGNORED = frozenset((RUSTLS, JAVA))  # a trust anchor is a name and a key, without a path length
# By reason: the clients that refuse a handshake for it in any certificate that is sent, needed or not.
PARSES_EVERYTHING: Mapping[str, frozenset[str]] = {
    reason: frozenset((GO,)) for reason in ("malformed", "version", "serial_number", "universal_string")
}


@dataclass(frozen=True, slots=True)
class Rule:
    """A reason, the places in a path where it counts, who refuses, and the test, which says what is wrong.

    `unmeasured` names the clients of which it is not known whether they refuse.
    """

    reason: str
    what: str  # for the documentation
    places: frozenset[str]
    clients: frozenset[str]
    violation: Callable[[Details], str | None]
    unmeasured: frozenset[str] = frozenset()


def _has_names(one: Details) -> str | None:
    found = any(tag in (DNS_NAME, IP_ADDRESS) for tag, _ in one.names)
    return None if found else "no DNS name or IP address among the subject alternative names"


def _names_end_in_dots(one: Details) -> str | None:
    names = [name for tag, name in one.names if tag in (DNS_NAME, IP_ADDRESS)]
    dotted = names and all(name.endswith(b".") for name in names) and all(tag != IP_ADDRESS for tag, _ in one.names)
    return "no name without a dot at its end" if dotted else None


def _only_suffixes(one: Details) -> str | None:
    names = [name.decode("latin-1") for tag, name in one.names if tag == DNS_NAME]
    suffixes = names and all(name.startswith("*.") and is_public_suffix(name[2:]) for name in names)
    has_address = any(tag == IP_ADDRESS for tag, _ in one.names)
    return f"the name {names[0]}" if suffixes and not has_address else None


def uncritical_names(one: Details) -> str | None:
    """Return what is wrong with names that stand in for an empty subject."""
    bad = not one.certificate.subject and one.names and SAN not in one.critical
    return "the subject is empty and subjectAltName is not critical" if bad else None


def _key(*texts: str) -> Callable[[Details], str | None]:
    """Make the test for keys of one of these types or texts."""
    wanted = frozenset(texts)

    def violation(one: Details) -> str | None:
        certificate = one.certificate
        return f"the key {certificate.key}" if wanted & {certificate.key, certificate.key_type} else None

    return violation


def _rare_curve(one: Details) -> str | None:
    certificate = one.certificate
    is_rare = certificate.key_type == "EC" and certificate.key not in _TLS_CURVES and certificate.key != "EC secp224r1"
    return f"the key {certificate.key}" if is_rare else None


def _unknown_key(one: Details) -> str | None:
    certificate = one.certificate
    return f"the key {certificate.key}" if certificate.key_type not in _RULED_KEYS else None


def compressed_point(one: Details) -> str | None:
    """Return whether an EC key's point is compressed."""
    return "the key's point is compressed (SEC 1 section 2.3.3)" if one.is_compressed_point else None


def no_digital_signature(one: Details) -> str | None:
    """Return whether the key usage lacks digitalSignature."""
    missing = one.usage is not None and "digitalSignature" not in one.usage
    return "the key usage lacks digitalSignature (RFC 8446 section 4.4.2.2)" if missing else None


def no_key_cert_sign(one: Details) -> str | None:
    """Return whether the key usage lacks keyCertSign."""
    missing = one.usage is not None and "keyCertSign" not in one.usage
    return "the key usage of an authority lacks keyCertSign" if missing else None


def no_purpose(one: Details) -> str | None:
    """Return whether the extended key usage is empty."""
    return "an empty extended key usage" if one.purposes is not None and not one.purposes else None


def foreign_purpose(one: Details) -> str | None:
    """Return whether the extended key usage is for other things than a server."""
    foreign = one.purposes and not one.purposes & {SERVER_AUTH, ANY_PURPOSE}
    return "the extended key usage does not allow server authentication" if foreign else None


def _any_purpose_alone(one: Details) -> str | None:
    alone = one.purposes is not None and ANY_PURPOSE in one.purposes and SERVER_AUTH not in one.purposes
    return "anyExtendedKeyUsage stands for server authentication" if alone else None


def _short_rsa_authority(one: Details) -> str | None:
    size = one.certificate.key_size or _MIN_RSA_BITS
    return (
        f"the authority's key {one.certificate.key}"
        if one.certificate.key_type == "RSA" and size < _MIN_RSA_BITS
        else None
    )


def rare_curve_authority(one: Details) -> str | None:
    """Return whether a certificate's key is on a curve that browsers do not know."""
    rare = one.certificate.key_type == "EC" and one.certificate.key not in _TLS_CURVES
    return f"the authority's key {one.certificate.key}" if rare else None


def _authority_as_leaf(one: Details) -> str | None:
    return "an authority's certificate as a server's" if one.is_ca else None


def not_an_authority(one: Details) -> str | None:
    """Return whether a certificate is not that of an authority."""
    return None if one.is_ca else "the issuer is not an authority (basicConstraints)"


def root_without_constraints(one: Details) -> str | None:
    """Return whether a root of version 3 lacks basicConstraints."""
    lacks = one.version > 1 and not one.is_ca
    return "the root is not an authority (basicConstraints)" if lacks else None


def _signature(one: Details) -> str | None:
    name = one.certificate.signature_algorithm
    if name in SIGNATURES or (name == "rsassaPss" and one.pss in _PSS):
        return None
    if name == "rsassaPss":
        return "signed with RSASSA-PSS of another hash or salt length than TLS uses"
    return f"signed with {name}" if name else None


def _edwards_signature(one: Details) -> str | None:
    name = one.certificate.signature_algorithm
    return f"signed with {name}" if name == "ed25519" else None


def _other_signature(one: Details) -> str | None:
    return None if one.certificate.signature_algorithm == "ed25519" else _signature(one)


def _unknown_critical(client: str) -> Callable[[Details], str | None]:
    known = KNOWN_EXTENSIONS | _KNOWN_BY[client]

    def violation(one: Details) -> str | None:
        unknown = sorted(one.critical - known)
        return f"the critical extension {unknown[0]}" if unknown else None

    return violation


def fault(*kinds: str) -> Callable[[Details], str | None]:
    """Make the test for faults of the encoding or the syntax."""
    wanted = frozenset(kinds)

    def violation(one: Details) -> str | None:
        return next((fault.text for fault in one.certificate.faults if fault.kind in wanted), None)

    return violation


def _fault_text(text: str) -> Callable[[Details], str | None]:
    """Make the test for one fault by its sentence."""

    def violation(one: Details) -> str | None:
        return text if any(fault.text == text for fault in one.certificate.faults) else None

    return violation


def _unique_identifiers(one: Details) -> str | None:
    return "unique identifiers, which RFC 5280 section 4.1.2.8 advises against" if one.has_unique_identifiers else None


def _universal_string(one: Details) -> str | None:
    return "a name in a UniversalString" if one.has_universal_string else None


def _before_1970(one: Details) -> str | None:
    times = (one.certificate.not_before, one.certificate.not_after)
    before = any(time is not None and time < 0 for time in times) or "year_zero" in one.time_forms
    return "a date before 1970" if before else None


def time_form(*forms: str) -> Callable[[Details], str | None]:
    """Make the test for times in forms that RFC 5280 section 4.1.2.5 does not allow."""
    wanted = frozenset(forms)

    def violation(one: Details) -> str | None:
        found = sorted(one.time_forms & wanted)
        return f"a time that RFC 5280 section 4.1.2.5 does not allow ({found[0].replace('_', ' ')})" if found else None

    return violation


def _tls_feature(one: Details) -> str | None:
    foreign = one.features is not None and one.features != (_STATUS_REQUEST,)
    return "the TLS feature extension asks for other things than a staple" if foreign else None


def rule(
    reason: str,
    what: str,
    places: str,
    clients: str,
    violation: Callable[[Details], str | None],
    unmeasured: str = "",
) -> Rule:
    """Make a rule; `clients` may be "all"."""
    who = ALL if clients == "all" else frozenset(clients.split())
    return Rule(reason, what, frozenset(places.split()), who, violation, frozenset(unmeasured.split()))


ISSUED = "leaf intermediate"
RULES: tuple[Rule, ...] = (
    rule("no_subject_alternative_name", "no DNS name or IP address in subjectAltName", LEAF, "all", _has_names),
    rule("public_suffix_wildcard", "only wildcards of public suffixes", LEAF, "chromium", _only_suffixes),
    rule(
        "subject_alternative_name",
        "an empty subject, and subjectAltName is not critical",
        LEAF,
        "chromium",
        uncritical_names,
        "firefox",
    ),
    rule("dns_name_invalid", "every name ends in a dot", LEAF, "firefox go rustls", _names_end_in_dots),
    rule("forbidden_key", "a P-521 or RSASSA-PSS key", LEAF, "chromium", _key("EC secp521r1", "RSA-PSS")),
    rule(
        "forbidden_key",
        "a P-224, Ed25519 or Ed448 key",
        LEAF,
        "chromium firefox",
        _key("EC secp224r1", "Ed25519", "Ed448"),
    ),
    rule(
        "forbidden_key",
        "another curve (brainpool, secp256k1), or explicit parameters",
        LEAF,
        "chromium firefox go",
        _rare_curve,
    ),
    rule(
        "forbidden_key",
        "an ML-DSA or RSASSA-PSS key",
        LEAF,
        "firefox",
        _key("ML-DSA-44", "ML-DSA-65", "ML-DSA-87", "RSA-PSS"),
    ),
    rule("forbidden_key", "a key of another algorithm", LEAF, "chromium firefox", _unknown_key),
    rule("forbidden_key", "a compressed point", LEAF, "firefox go", compressed_point),
    rule("key_usage", "key usage without digitalSignature", LEAF, "chromium", no_digital_signature),
    rule("key_usage", "key usage without keyCertSign", INTERMEDIATE, "chromium go", no_key_cert_sign, "firefox"),
    rule("key_usage", "key usage without keyCertSign", ANCHOR, "chromium go", no_key_cert_sign, "firefox"),
    rule(
        "forbidden_key",
        "an RSA key below 2048 bits that signed a certificate",
        "intermediate anchor",
        "rustls",
        _short_rsa_authority,
    ),
    rule(
        "forbidden_key",
        "a key on another curve that signed a certificate",
        "intermediate anchor",
        "chromium go rustls",
        rare_curve_authority,
        "firefox",
    ),
    rule("leaf_is_ca", "basicConstraints with cA", LEAF, "rustls", _authority_as_leaf, "firefox"),
    rule("extended_key_usage", "extended key usage without serverAuth", ISSUED, "all", foreign_purpose),
    rule("extended_key_usage", "an empty extended key usage", ISSUED, "chromium rustls", no_purpose, "firefox"),
    rule(
        "extended_key_usage_any",
        "anyExtendedKeyUsage without serverAuth",
        ISSUED,
        "firefox rustls",
        _any_purpose_alone,
    ),
    rule("basic_constraints", "no basicConstraints with cA", INTERMEDIATE, "all", not_an_authority),
    rule(
        "basic_constraints",
        "version 3 without basicConstraints with cA",
        ANCHOR,
        "firefox go",
        root_without_constraints,
    ),
    rule(
        "forbidden_signature_algorithm",
        "a signature that is not RSA or ECDSA with SHA-2, or RSASSA-PSS with the parameters of TLS 1.3",
        ISSUED,
        "all",
        _other_signature,
    ),
    rule("forbidden_signature_algorithm", "an Ed25519 signature", ISSUED, "chromium firefox", _edwards_signature),
    *(
        rule(
            "unknown_critical_extension",
            "a critical extension that the client does not know",
            ISSUED,
            client,
            _unknown_critical(client),
        )
        for client in (CHROMIUM, FIREFOX, GO, RUSTLS)
    ),
    rule(
        "unknown_critical_extension",
        "a critical extension that the client does not know",
        ANCHOR,
        "chromium go",
        _unknown_critical(GO),
        "firefox",
    ),
    rule(
        "name_constraints",
        "empty name constraints",
        "leaf intermediate anchor",
        "chromium go",
        _fault_text("nameConstraints: an empty list"),
        "firefox",
    ),
    rule(
        "malformed",
        "a broken authorityInfoAccess",
        ISSUED,
        "chromium go",
        fault("extension_authorityInfoAccess"),
        "firefox",
    ),
    rule(
        "version",
        "version 1 with extensions, or above 3",
        ISSUED,
        "chromium go rustls",
        fault("version", "version_with_extensions"),
    ),
    rule("serial_number", "a negative serial number", ISSUED, "go", fault("serial_negative")),
    rule("unique_identifiers", "unique identifiers", ISSUED, "rustls", _unique_identifiers),
    rule("universal_string", "a name in a UniversalString", ISSUED, "go", _universal_string),
    rule("before_1970", "a date before 1970", ISSUED, "firefox rustls", _before_1970),
    rule("tls_feature", "a TLS Feature other than status_request", LEAF, "firefox", _tls_feature),
    rule("malformed", "a time that cannot be read, or has a fraction or no zone", ISSUED, "all", time_form("bad")),
    rule(
        "malformed",
        "a time without seconds or with an offset",
        ISSUED,
        "chromium firefox rustls",
        time_form("no_seconds", "offset"),
    ),
    rule("malformed", "a leap second", ISSUED, "firefox go rustls", time_form("leap_second")),
    rule(
        "malformed",
        "broken DER, two signature algorithms, a known extension twice",
        ISSUED,
        "all",
        fault("structure", "algorithm_mismatch", "duplicate_known", "length"),
    ),
    rule(
        "malformed",
        "an unknown extension twice, a PrintableString or BMPString with wrong characters",
        ISSUED,
        "chromium go",
        fault("duplicate_unknown", "printable_string", "bmp_string"),
    ),
    rule("malformed", "a padded INTEGER", ISSUED, "firefox go", fault("integer_padded")),
    rule(
        "malformed",
        "an address of a wrong length, or a name that is not ASCII",
        ISSUED,
        "chromium go",
        fault("extension_subjectAltName"),
    ),
    rule(
        "malformed",
        "authorityKeyIdentifier with an issuer and no serial number, or the reverse",
        "leaf intermediate anchor",
        "chromium",
        fault("extension_authorityKeyIdentifier"),
        "firefox",
    ),
    rule("malformed", "empty certificatePolicies", ISSUED, "chromium", fault("extension_certificatePolicies")),
)
_OF_PATHS = frozenset(
    (
        *("no_path", "issuer_name_differs", "chain_too_long", "expired", "not_yet_valid"),
        *("path_length", "name_constraints"),
    )
)
REASONS = frozenset(rule.reason for rule in RULES) | _OF_PATHS
