"""Chains that are as they should be, paths that lead nowhere, and validity."""

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.support import der
from tests.support.case import AIA, Made, case, direct, san, through
from tests.support.pki import (
    DAY,
    NOW,
    Extension,
    Issued,
    aki,
    basic_constraints,
    dns,
    ec_key,
    extended_key_usage,
    intermediate,
    key_identifier,
    leaf,
    root,
    rsa_key,
)

# Chains that are as they should be


@case()
def good() -> Made:
    top = root()
    return through(intermediate(top), top)


@case()
def good_direct() -> Made:
    return direct(root())


@case()
def good_rsa() -> Made:
    top = root(key=rsa_key())
    return through(intermediate(top, key=rsa_key(3072)), top, key=rsa_key(4096))


@case("forbidden_key")
def good_p384() -> Made:
    top = root(key=ec_key(ec.SECP384R1), digest="sha384")
    return direct(top, key=ec_key(ec.SECP521R1), digest="sha384")


@case()
def common_name_in_san() -> Made:
    return direct(root(), subject="CN=example.com")


@case()
def root_is_sent() -> Made:
    top = root()
    middle = intermediate(top)
    return Made((leaf(middle), middle, top), (top,))


@case("", "partial_chain")
def intermediate_is_the_anchor() -> Made:
    top = root()
    middle = intermediate(top)
    return Made((leaf(middle), top), (middle,))


@case()
def out_of_order() -> Made:
    top = root()
    first = intermediate(top, "CN=First")
    second = intermediate(first, "CN=Second")
    return Made((leaf(second), first, second), (top,))


@case()
def unrelated_in_the_chain() -> Made:
    top = root()
    middle = intermediate(top)
    return Made((leaf(middle), middle, root("CN=Unrelated")), (top,))


@case()
def no_key_usage_in_leaf() -> Made:
    return direct(root(), ku=None)


@case()
def basic_constraints_in_leaf() -> Made:
    return direct(root(), bc=basic_constraints(False))


@case()
def key_usage_not_critical() -> Made:
    top = root(critical={"ku": False})
    return direct(top, critical={"ku": False})


@case()
def root_without_authority_key_identifier() -> Made:
    return direct(root(aki=None))


@case()
def root_with_authority_key_identifier() -> Made:
    key = ec_key()
    return direct(root(key=key, aki=aki(key_identifier(key))))


@case()
def client_authentication_besides() -> Made:
    return direct(root(), eku=extended_key_usage(ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH))


@case()
def issuers_named_by_dns_name() -> Made:
    value = der.sequence(der.sequence(der.oid("1.3.6.1.5.5.7.48.2"), dns("example.com")))
    return direct(root(), extra=[Extension(AIA, value)])


@case()
def generalized_time_after_2049() -> Made:
    return direct(root(not_after=NOW + 20000 * DAY), not_before=NOW - DAY)


# Signatures, roots and paths


@case("no_path", "unable_to_get_issuer_cert_locally unable_to_verify_leaf_signature")
def missing_intermediate() -> Made:
    top = root()
    return Made((leaf(intermediate(top)),), (top,))


@case("no_path", "unable_to_get_issuer_cert_locally")
def unknown_root() -> Made:
    other = root("CN=Other Root")
    middle = intermediate(other)
    return Made((leaf(middle), middle), (root(),))


@case("no_path", "self_signed_cert_in_chain")
def unknown_root_is_sent() -> Made:
    other = root("CN=Other Root")
    middle = intermediate(other)
    return Made((leaf(middle), middle, other), (root(),))


@case("no_path", "depth_zero_self_signed_cert")
def self_signed_leaf() -> Made:
    return Made((leaf(None, "CN=example.com"),), (root(),))


@case("no_path", "unable_to_get_issuer_cert_locally unable_to_verify_leaf_signature")
def same_name_other_key() -> Made:
    """Give the issuer the trusted root's name, but another key."""
    return Made((leaf(root()),), (root(),))


@case("no_path", "cert_signature_failure")
def signature_does_not_verify() -> Made:
    top = root()
    impostor = Issued(top.der, ec_key(), top.subject, top.ski)
    return Made((leaf(impostor),), (top,))


@case("no_path", "unable_to_get_issuer_cert_locally")
def loop_of_two_authorities() -> Made:
    first, second = ec_key(), ec_key()
    one = Issued(b"", first, der.name("CN=One"), key_identifier(first))
    two = Issued(b"", second, der.name("CN=Two"), key_identifier(second))
    one_by_two = intermediate(two, "CN=One", key=first)
    two_by_one = intermediate(one, "CN=Two", key=second)
    return Made((leaf(one_by_two), one_by_two, two_by_one), (root(),))


@case("no_path", "unable_to_get_issuer_cert_locally")
def loop_of_one_authority_with_two_keys() -> Made:
    first, second = ec_key(), ec_key()
    one = Issued(b"", first, der.name("CN=Same"), key_identifier(first))
    two = Issued(b"", second, der.name("CN=Same"), key_identifier(second))
    one_by_two = intermediate(two, "CN=Same", key=first)
    two_by_one = intermediate(one, "CN=Same", key=second)
    return Made((leaf(one_by_two), one_by_two, two_by_one), (root(),))


@case(host="cross.example.com")
def authorities_that_cross_sign_each_other() -> Made:
    """A1 is signed by A, which B and C cross-sign in a circle; A itself is also a trusted root."""
    keys = {name: ec_key() for name in "ABC"}
    issuers = {n: Issued(b"", k, der.name(f"CN=Root {n}"), key_identifier(k)) for n, k in keys.items()}
    top = root("CN=Root A", key=keys["A"])
    crossed = [
        intermediate(issuers[by], f"CN=Root {name}", key=keys[name])
        for name, by in ("AB", "AC", "BA", "BC", "CA", "CB")
    ]
    middle = intermediate(top, "CN=A1")
    return Made((leaf(middle, **san("cross.example.com")), middle, *crossed), (top,))


@case()
def expired_cross_certificate_of_the_root() -> Made:
    """AddTrust 2020: the chain sent leads to an expired root, but the intermediate's issuer is a root itself."""
    old = root("CN=Old Root", not_after=NOW - 5 * DAY)
    top = root("CN=New Root")
    cross = intermediate(old, "CN=New Root", key=top.key, not_after=NOW - 5 * DAY)
    middle = intermediate(top)
    return Made((leaf(middle), middle, cross), (old, top))


@case()
def expired_root_that_signed_the_new_one() -> Made:
    """DST Root CA X3, 2021: the cross-certificate is still good, the root that signed it has expired."""
    old = root("CN=Old Root", not_after=NOW - 5 * DAY)
    top = root("CN=New Root")
    cross = intermediate(old, "CN=New Root", key=top.key)
    middle = intermediate(top)
    return Made((leaf(middle), middle, cross), (old, top))


@case()
def two_intermediates_with_one_key_one_expired() -> Made:
    top = root()
    key = ec_key()
    old = intermediate(top, key=key, not_after=NOW - DAY)
    new = intermediate(top, key=key)
    return Made((leaf(new), old, new), (top,))


@case("no_path", "unable_to_get_issuer_cert_locally unable_to_verify_leaf_signature")
def malformed_rsa_key_in_intermediate() -> Made:
    empty = der.sequence(der.sequence(der.oid("1.2.840.113549.1.1.1"), der.element(0x05)), der.bits(b""))
    middle = intermediate(root(), spki=empty)
    return Made((leaf(middle), middle), (root(),))


@case(unknown="webpki")
def chain_of_forty() -> Made:
    top = current = root()
    chain: list[Issued] = []
    for number in range(38):
        current = intermediate(current, f"CN=Intermediate {number}")
        chain.insert(0, current)
    return Made((leaf(current), *chain), (top,))


# Validity


@case("expired", "cert_has_expired")
def expired_leaf() -> Made:
    top = root()
    return through(intermediate(top), top, not_after=NOW - DAY)


@case("expired", "cert_has_expired")
def expired_intermediate() -> Made:
    top = root()
    return through(intermediate(top, not_after=NOW - DAY), top)


@case("expired", "cert_has_expired")
def expired_root() -> Made:
    top = root(not_after=NOW - DAY)
    return through(intermediate(top), top)


@case("expired", "cert_has_expired")
def expired_root_is_sent() -> Made:
    top = root(not_after=NOW - DAY)
    middle = intermediate(top)
    return Made((leaf(middle), middle, top), (top,))


@case("not_yet_valid", "cert_not_yet_valid")
def leaf_not_yet_valid() -> Made:
    return direct(root(), not_before=NOW + DAY)


@case("not_yet_valid", "cert_not_yet_valid")
def intermediate_not_yet_valid() -> Made:
    top = root()
    return through(intermediate(top, not_before=NOW + DAY), top)


@case("malformed", "unreadable_certificate")
def utc_time_without_seconds() -> Made:
    return direct(root(), times=(der.element(0x17, b"2501010000Z"), der.time(NOW + 80 * DAY)))


@case("~malformed")
def generalized_time_before_2050() -> Made:
    return direct(root(), times=(der.element(0x18, b"20250101000000Z"), der.time(NOW + 80 * DAY)))
