"""Basic constraints, identifiers, version, serial number, names and other extensions."""

from tests.support import der
from tests.support.case import AIA, UNKNOWN, Made, case, direct, through
from tests.support.pki import (
    DAY,
    NOW,
    Extension,
    aki,
    basic_constraints,
    directory,
    dns,
    ec_key,
    intermediate,
    key_identifier,
    key_usage,
    leaf,
    root,
)

# Basic constraints and path length


@case("basic_constraints", "invalid_ca invalid_purpose")
def intermediate_without_ca_bit() -> Made:
    top = root()
    return through(intermediate(top, bc=basic_constraints(False)), top)


@case("basic_constraints", "invalid_ca")
def intermediate_without_basic_constraints() -> Made:
    top = root()
    return through(intermediate(top, bc=None), top)


@case("basic_constraints")
def root_without_basic_constraints() -> Made:
    return direct(root(bc=None))


@case("~basic_constraints")
def root_with_uncritical_basic_constraints() -> Made:
    return direct(root(critical={"bc": False}))


@case()
def path_length_0() -> Made:
    top = root()
    return through(intermediate(top, pathlen=0), top)


@case()
def path_length_2() -> Made:
    top = root()
    return through(intermediate(top, pathlen=2), top)


@case("path_length", "path_length_exceeded")
def path_length_0_violated() -> Made:
    top = root()
    first = intermediate(top, "CN=First", pathlen=0)
    second = intermediate(first, "CN=Second", pathlen=0)
    return Made((leaf(second), second, first), (top,))


@case("path_length", "path_length_exceeded")
def path_length_of_root_violated() -> Made:
    top = root(bc=basic_constraints(True, 0))
    return through(intermediate(top), top)


@case()
def path_length_may_increase() -> Made:
    top = root()
    first = intermediate(top, "CN=First", pathlen=1)
    second = intermediate(first, "CN=Second", pathlen=2)
    return Made((leaf(second), second, first), (top,))


@case("path_length", "path_length_exceeded")
def path_length_too_long() -> Made:
    top = root()
    first = intermediate(top, "CN=First", pathlen=1)
    second = intermediate(first, "CN=Second", pathlen=0)
    third = intermediate(second, "CN=Third", pathlen=0)
    return Made((leaf(third), third, second, first), (top,))


@case("path_length")
def self_issued_does_not_count() -> Made:
    """RFC 5280 section 4.2.1.9: self-issued intermediates are not counted."""
    top = root()
    first = intermediate(top, "CN=First", pathlen=1)
    again = intermediate(first, "CN=First", pathlen=1)
    third = intermediate(again, "CN=Third", pathlen=0)
    return Made((leaf(third), third, again, first), (top,))


def rollover(pathlen: int | None = None, **changes: object) -> Made:
    """Make a chain through an authority that certified its own new key, with two more below it."""
    top = root()
    first = intermediate(top, "CN=First", pathlen=pathlen)
    again = intermediate(first, "CN=First", **changes)
    third = intermediate(again, "CN=Third")
    fourth = intermediate(third, "CN=Fourth")
    return Made((leaf(fourth), fourth, third, again, first), (top,))


@case("path_length")
def rollover_within_the_path_length() -> Made:
    return rollover(2)


@case("path_length", "path_length_exceeded")
def rollover_beyond_the_path_length() -> Made:
    return rollover(1)


@case("expired path_length", "cert_has_expired")
def rollover_that_has_expired() -> Made:
    return rollover(2, not_after=NOW - DAY)


@case("key_usage path_length", "invalid_ca invalid_purpose keyusage_no_certsign")
def rollover_that_must_not_sign() -> Made:
    return rollover(2, ku=key_usage("digital_signature"))


@case("path_length ~authority_key_identifier_missing", "self_signed_cert_in_chain")
def rollover_without_identifier() -> Made:
    return rollover(2, aki=None)


# Identifiers


@case("~authority_key_identifier")
def leaf_without_authority_key_identifier() -> Made:
    return direct(root(), aki=None)


@case("~authority_key_identifier_missing")
def intermediate_without_authority_key_identifier() -> Made:
    top = root()
    return through(intermediate(top, aki=None), top)


@case("~authority_key_identifier_missing", "partial_chain")
def cross_signed_anchor_without_authority_key_identifier() -> Made:
    middle = intermediate(root(), aki=None)
    return Made((leaf(middle),), (middle,))


@case("unknown_critical_extension ~authority_key_identifier", "unhandled_critical_extension")
def critical_authority_key_identifier() -> Made:
    key = ec_key()
    return direct(root(key=key, aki=aki(key_identifier(key)), critical={"aki": True}))


@case("~authority_key_identifier ~root_authority_key_identifier")
def root_identifier_without_key() -> Made:
    return direct(root(aki=der.sequence()))


@case("malformed", "partial_chain")
def root_identifier_with_issuer() -> Made:
    key = ec_key()
    value = der.sequence(der.element(0x80, key_identifier(key)), der.element(0xA1, directory("CN=my")))
    return direct(root(key=key, aki=value))


@case("malformed", "partial_chain")
def root_identifier_with_serial_number() -> Made:
    key = ec_key()
    value = der.sequence(der.element(0x80, key_identifier(key)), der.element(0x82, b"\x04\xd2"))
    return direct(root(key=key, aki=value))


@case("~root_authority_key_identifier", "partial_chain")
def root_identifier_with_everything() -> Made:
    key = ec_key()
    value = der.sequence(
        der.element(0x80, key_identifier(key)), der.element(0xA1, directory("CN=my")), der.element(0x82, b"\x04\xd2")
    )
    return direct(root(key=key, aki=value))


@case("~root_authority_key_identifier", "partial_chain")
def root_identifiers_differ() -> Made:
    return direct(root(aki=aki(key_identifier(ec_key()))))


@case("~subject_key_identifier_missing")
def root_without_subject_key_identifier() -> Made:
    return direct(root(ski=None))


@case("~subject_key_identifier_missing")
def intermediate_without_subject_key_identifier() -> Made:
    top = root()
    return through(intermediate(top, ski=None), top)


@case("unknown_critical_extension ~subject_key_identifier", "unhandled_critical_extension")
def critical_subject_key_identifier() -> Made:
    return direct(root(critical={"ski": True}))


# Version, serial number, subject and issuer


@case("no_subject_alternative_name ~version ~common_name_not_in_san ~extended_key_usage_missing", matches=False)
def version_1_leaf() -> Made:
    none = dict.fromkeys(("ku", "eku", "san", "ski", "aki"))
    return direct(root(), subject="CN=example.com", version=None, **none)


@case("basic_constraints ~version", "invalid_ca invalid_purpose")
def version_1_intermediate() -> Made:
    top = root()
    none = dict.fromkeys(("bc", "ku", "ski", "aki"))
    return through(intermediate(top, version=None, **none), top)


@case("~serial_number")
def serial_number_zero() -> Made:
    return direct(root(), serial=0)


@case("serial_number ~malformed")
def serial_number_negative() -> Made:
    return direct(root(), serial_encoding=der.element(0x02, b"\x80\x01"))


@case("~serial_number")
def serial_number_too_long() -> Made:
    return direct(root(), serial_encoding=der.element(0x02, b"\x11" * 22))


@case("no_path ~empty_name", "unable_to_get_issuer_cert_locally unable_to_verify_leaf_signature")
def leaf_without_issuer() -> Made:
    return direct(root(), subject="CN=example.com", issuer_name="")


@case("~empty_name")
def authority_without_subject() -> Made:
    return direct(root(""))


# Other extensions


@case("unknown_critical_extension", "unhandled_critical_extension")
def unknown_critical_extension_in_leaf() -> Made:
    return direct(root(), extra=[Extension(UNKNOWN, b"\x05\x00", critical=True)])


@case("unknown_critical_extension", "unhandled_critical_extension")
def unknown_critical_extension_in_intermediate() -> Made:
    top = root()
    return through(intermediate(top, extra=[Extension(UNKNOWN, b"\x05\x00", critical=True)]), top)


@case("unknown_critical_extension", "unhandled_critical_extension")
def unknown_critical_extension_in_root() -> Made:
    return direct(root(extra=[Extension(UNKNOWN, b"\x05\x00", critical=True)]))


@case()
def unknown_extension() -> Made:
    return direct(root(), extra=[Extension(UNKNOWN, b"\x05\x00")])


@case("unknown_critical_extension ~authority_information_access", "unhandled_critical_extension")
def critical_information_access() -> Made:
    value = der.sequence(der.sequence(der.oid("1.3.6.1.5.5.7.48.2"), dns("example.com")))
    return direct(root(), extra=[Extension(AIA, value, critical=True)])


@case("malformed")
def malformed_information_access() -> Made:
    return direct(root(), extra=[Extension(AIA, b"malformed")])


@case("~policy_constraints_criticality")
def uncritical_policy_constraints() -> Made:
    top = root()
    value = der.sequence(der.element(0x80, b"\x03"))
    return through(intermediate(top, extra=[Extension("2.5.29.36", value)]), top)
