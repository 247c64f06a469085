"""OpenSSL's verification errors by number: the names of its X509_V_ERR constants, without prefix.

Only errors that verifying a server's chain can give are listed: no revocation, no host names, no Suite B.
"""

from collections.abc import Mapping

UNREADABLE = (-1, "unreadable_certificate")  # OpenSSL did not get as far as verifying
PARTIAL_CHAIN = (-2, "partial_chain")  # a path to a trusted certificate that is no self-signed root
PARTIAL_CHAIN_TEXT = "trusted by clients that set PARTIAL_CHAIN (curl, Python 3.13), not by plain OpenSSL"

ERRORS: Mapping[int, str] = {
    1: "unspecified",
    2: "unable_to_get_issuer_cert",
    4: "unable_to_decrypt_cert_signature",
    6: "unable_to_decode_issuer_public_key",
    7: "cert_signature_failure",
    9: "cert_not_yet_valid",
    10: "cert_has_expired",
    13: "error_in_cert_not_before_field",
    14: "error_in_cert_not_after_field",
    18: "depth_zero_self_signed_cert",
    19: "self_signed_cert_in_chain",
    20: "unable_to_get_issuer_cert_locally",
    21: "unable_to_verify_leaf_signature",
    22: "cert_chain_too_long",
    24: "no_issuer_public_key",
    25: "path_length_exceeded",
    26: "invalid_purpose",
    27: "cert_untrusted",
    28: "cert_rejected",
    29: "subject_issuer_mismatch",
    30: "akid_skid_mismatch",
    31: "akid_issuer_serial_mismatch",
    32: "keyusage_no_certsign",
    34: "unhandled_critical_extension",
    37: "invalid_non_ca",
    38: "proxy_path_length_exceeded",
    39: "keyusage_no_digital_signature",
    40: "proxy_certificates_not_allowed",
    41: "invalid_extension",
    42: "invalid_policy_extension",
    43: "no_explicit_policy",
    45: "unsupported_extension_feature",
    46: "unnested_resource",
    47: "permitted_violation",
    48: "excluded_violation",
    49: "subtree_minmax",
    51: "unsupported_constraint_type",
    52: "unsupported_constraint_syntax",
    53: "unsupported_name_syntax",
    55: "path_loop",
    66: "ee_key_too_small",
    67: "ca_key_too_small",
    68: "ca_md_too_weak",
    72: "proxy_subject_name_violation",
    76: "unsupported_signature_algorithm",
    77: "signature_algorithm_mismatch",
    78: "signature_algorithm_inconsistency",
    79: "invalid_ca",
    80: "pathlen_invalid_for_non_ca",
    81: "pathlen_without_ku_key_cert_sign",
    82: "ku_key_cert_sign_invalid_for_non_ca",
    83: "issuer_name_empty",
    84: "subject_name_empty",
    85: "missing_authority_key_identifier",
    86: "missing_subject_key_identifier",
    87: "empty_subject_alt_name",
    88: "empty_subject_san_not_critical",
    89: "ca_bcons_not_critical",
    90: "authority_key_identifier_critical",
    91: "subject_key_identifier_critical",
    92: "ca_cert_missing_key_usage",
    93: "extensions_require_version_3",
    94: "ec_key_explicit_params",
}

EXPIRED = frozenset({"cert_has_expired", "error_in_cert_not_after_field"})
NOT_YET_VALID = frozenset({"cert_not_yet_valid", "error_in_cert_not_before_field"})
SELF_SIGNED = frozenset({"depth_zero_self_signed_cert"})
SELF_SIGNED_ROOT = frozenset({"self_signed_cert_in_chain"})
NO_ISSUER = frozenset(
    {"unable_to_get_issuer_cert", "unable_to_get_issuer_cert_locally", "unable_to_verify_leaf_signature"}
)
WEAK_KEY = frozenset({"ee_key_too_small", "ca_key_too_small"})
WEAK_SIGNATURE = frozenset({"ca_md_too_weak"})
MALFORMED = frozenset({UNREADABLE[1]})
CONSTRAINTS = frozenset({"permitted_violation", "excluded_violation"})
ONLY_PARTIAL = frozenset({PARTIAL_CHAIN[1]})
UNSUPPORTED = frozenset({"unable_to_decode_issuer_public_key", "unsupported_signature_algorithm"})
"""What OpenSSL cannot check: nothing is wrong with the certificate."""
NO_TRUSTED_ROOT = NO_ISSUER | SELF_SIGNED | SELF_SIGNED_ROOT
EXPLAINED_ELSEWHERE = EXPIRED | NOT_YET_VALID | WEAK_KEY | WEAK_SIGNATURE | MALFORMED | ONLY_PARTIAL


def message_of(code: int) -> str:
    """Return an error as a person would read it: its name in words."""
    return ERRORS.get(code, "unspecified").replace("_", " ")
