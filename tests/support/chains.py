"""A table of chains with what each verifier has to say of them: the rules of RFC 5280 and of the Web PKI, one by one.

Each case is made anew when it is asked for. `webpki` names the rules that the strict verifier must cite (empty: it
accepts), `openssl` those of OpenSSL; `matches` says whether the certificate is for `host`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.support import der
from tests.support.pki import (
    DAY,
    NOW,
    Extension,
    Issued,
    aki,
    alternative_names,
    basic_constraints,
    directory,
    dns,
    dsa_key,
    ec_key,
    extended_key_usage,
    intermediate,
    ip,
    key_identifier,
    key_usage,
    leaf,
    name_constraints,
    other_name,
    root,
    rsa_key,
)

AIA = "1.3.6.1.5.5.7.1.1"
UNKNOWN = "1.3.6.1.4.1.55738.666.1"
PRECERTIFICATE_SIGNING = "1.3.6.1.4.1.11129.2.4.4"


@dataclass(frozen=True)
class Made:
    """A chain as it is served, leaf first, and the roots that are trusted."""

    chain: tuple[Issued, ...]
    roots: tuple[Issued, ...]


@dataclass(frozen=True)
class Case:
    """A chain and what is to be said of it."""

    name: str
    make: Callable[[], Made]
    webpki: tuple[str, ...]
    openssl: tuple[str, ...]
    host: str = "example.com"
    matches: bool = True


CASES: list[Case] = []


def case(
    webpki: str = "", openssl: str = "", host: str = "example.com", matches: bool = True
) -> Callable[[Callable[[], Made]], Callable[[], Made]]:
    """Enter a chain into the table under its function's name."""

    def enter(make: Callable[[], Made]) -> Callable[[], Made]:
        CASES.append(Case(make.__name__, make, tuple(webpki.split()), tuple(openssl.split()), host, matches))
        return make

    return enter


def direct(authority: Issued, **changes: object) -> Made:
    """Make a leaf that the root itself signed."""
    return Made((leaf(authority, **changes),), (authority,))


def through(middle: Issued, authority: Issued, **changes: object) -> Made:
    """Make a leaf that an intermediate signed."""
    return Made((leaf(middle, **changes), middle), (authority,))


def san(*names: str) -> dict[str, object]:
    return {"names": [dns(name) for name in names]}


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


@case()
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


@case()
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
def stranger_in_the_chain() -> Made:
    top = root()
    middle = intermediate(top)
    return Made((leaf(middle), middle, root("CN=Stranger")), (top,))


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


@case("no_path", "unable_to_get_issuer_cert_locally")
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


@case("no_path", "unable_to_get_issuer_cert_locally")
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


@case("no_path", "unable_to_get_issuer_cert_locally")
def malformed_rsa_key_in_intermediate() -> Made:
    empty = der.sequence(der.sequence(der.oid("1.2.840.113549.1.1.1"), der.element(0x05)), der.bits(b""))
    middle = intermediate(root(), spki=empty)
    return Made((leaf(middle), middle), (root(),))


@case("no_path")
def chain_of_a_hundred() -> Made:
    top = current = root()
    chain: list[Issued] = []
    for number in range(98):
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


@case("malformed")
def generalized_time_before_2050() -> Made:
    return direct(root(), times=(der.element(0x18, b"20250101000000Z"), der.time(NOW + 80 * DAY)))


# Names of the leaf


@case(matches=False)
def other_name_in_san() -> Made:
    return direct(root(), **san("example2.com"))


@case(matches=False)
def other_subdomain() -> Made:
    return direct(root(), **san("abc.example.com"))


@case(host="foo.example.com", matches=False)
def apex_for_subdomain() -> Made:
    return direct(root(), **san("example.com"))


@case(host="foo.example.com")
def wildcard() -> Made:
    return direct(root(), **san("*.example.com"))


@case(host="foo.bar.example.com", matches=False)
def wildcard_for_two_labels() -> Made:
    return direct(root(), **san("*.example.com"))


@case(matches=False)
def wildcard_for_the_apex() -> Made:
    return direct(root(), **san("*.example.com"))


@case("wildcard_misplaced", host="baz.example.com", matches=False)
def wildcard_within_a_label() -> Made:
    return direct(root(), **san("ba*.example.com"))


@case("wildcard_misplaced", host="foo.bar.example.com", matches=False)
def wildcard_in_the_middle() -> Made:
    return direct(root(), **san("foo.*.example.com"))


@case("wildcard_misplaced", host="xn--bliss-1b3c148a.example.com", matches=False)
def wildcard_within_an_a_label() -> Made:
    return direct(root(), **san("xn--*-1b3c148a.example.com"))


@case("public_suffix_wildcard", matches=False)
def wildcard_of_a_top_level_domain() -> Made:
    return direct(root(), **san("*.com"))


@case("public_suffix_wildcard", host="shop.co.uk")
def wildcard_of_a_public_suffix() -> Made:
    return direct(root(), **san("*.co.uk"))


@case("dns_name_invalid", host="xn--628h.example.com", matches=False)
def dns_name_in_unicode() -> Made:
    return direct(root(), **san("\U0001f61c.example.com"))


@case(host="bücher.example.com")
def international_name() -> Made:
    return direct(root(), **san("xn--bcher-kva.example.com"))


@case(host="EXAMPLE.com")
def name_in_capitals() -> Made:
    return direct(root(), **san("example.COM"))


@case("dns_name_invalid")
def dns_name_with_leading_dot() -> Made:
    return direct(root(), **san(".example.com", "example.com"))


@case("dns_name_invalid", host="foo_bar.example.com")
def dns_name_with_underscore() -> Made:
    return direct(root(), **san("foo_bar.example.com"))


@case("dns_name_invalid")
def dns_name_with_space() -> Made:
    return direct(root(), **san("exam ple.com", "example.com"))


@case("no_subject_alternative_name common_name_not_in_san", matches=False)
def no_subject_alternative_name() -> Made:
    return direct(root(), subject="CN=example.com", san=None)


@case(host="127.0.0.1")
def ip_address() -> Made:
    return direct(root(), names=[ip("127.0.0.1")])


@case(host="::1")
def ipv6_address() -> Made:
    return direct(root(), names=[ip("::1")])


@case(host="127.0.0.1", matches=False)
def ip_address_as_dns_name() -> Made:
    """RFC 9525 section 6.5: an address is matched by an iPAddress only."""
    return direct(root(), **san("127.0.0.1", "example.com"))


@case("malformed", host="192.0.2.1")
def range_as_ip_address() -> Made:
    return direct(root(), names=[ip("192.0.2.0/24"), ip("192.0.2.1")])


@case("subject_alternative_name")
def critical_names_with_subject() -> Made:
    return direct(root(), subject="O=something", critical={"san": True})


@case("subject_alternative_name")
def uncritical_names_without_subject() -> Made:
    return direct(root(), critical={"san": False})


@case("malformed", "unable_to_get_issuer_cert_locally", matches=False)
def malformed_names() -> Made:
    return direct(root(), san=b"example.com")


@case("malformed", "unable_to_get_issuer_cert_locally")
def extension_twice() -> Made:
    value = alternative_names(dns("example.com"))
    return direct(root(), extra=[Extension("2.5.29.17", value)])


# Common names


@case("common_name_not_in_san", host="192.168.1.1")
def common_name_ipv4_in_hex() -> Made:
    return direct(root(), subject="CN=0xC0A80101", names=[ip("192.168.1.1")])


@case("common_name_not_in_san", host="192.168.1.1")
def common_name_ipv4_with_zeros() -> Made:
    return direct(root(), subject="CN=192.168.001.001", names=[ip("192.168.1.1")])


@case("common_name_not_in_san", host="2001:db8::8a2e:370:7334")
def common_name_ipv6_in_capitals() -> Made:
    return direct(root(), subject="CN=2001:DB8::8A2E:370:7334", names=[ip("2001:db8::8a2e:370:7334")])


@case("common_name_not_in_san", host="2001:db8::1")
def common_name_ipv6_uncompressed() -> Made:
    return direct(root(), subject="CN=2001:0db8:0000:0000:0000:0000:0000:0001", names=[ip("2001:db8::1")])


@case("common_name_not_in_san", host="2001:db8::1:0:0:1")
def common_name_ipv6_not_compressed_enough() -> Made:
    return direct(root(), subject="CN=2001:db8:0:0:1:0:0:1", names=[ip("2001:db8::1:0:0:1")])


@case(host="2001:db8::1")
def common_name_ipv6() -> Made:
    return direct(root(), subject="CN=2001:db8::1", names=[ip("2001:db8::1")])


@case("common_name_not_in_san", host="xn--n3h.com")
def common_name_of_another_domain() -> Made:
    return direct(root(), subject="CN=xn--nxasmq6b.com", **san("xn--n3h.com"))


@case("common_name_not_in_san", host="xn--test--wg5h0h.com")
def common_name_in_unicode() -> Made:
    return direct(root(), subject="CN=test-測試.com", **san("xn--test--wg5h0h.com"))


@case("common_name_not_in_san", host="valid.example.com")
def common_name_not_among_the_names() -> Made:
    return direct(root(), subject="CN=notinsan.example.com", **san("valid.example.com", "another.example.com"))


@case("common_name_not_in_san")
def common_name_in_another_case() -> Made:
    return direct(root(), subject="CN=Example.COM")


@case("common_name_repeated")
def two_common_names() -> Made:
    return direct(root(), subject="CN=example.com,CN=www.example.com", **san("example.com", "www.example.com"))


# Keys and signatures


@case("forbidden_key", "ee_key_too_small")
def weak_rsa_in_leaf() -> Made:
    return direct(root(), key=rsa_key(1024))


@case("forbidden_key", "ca_key_too_small")
def weak_rsa_in_root() -> Made:
    return direct(root(key=rsa_key(1024)))


@case("forbidden_key")
def rsa_not_divisible_by_8_in_leaf() -> Made:
    return direct(root(), key=rsa_key(2052))


@case("forbidden_key")
def rsa_not_divisible_by_8_in_root() -> Made:
    return direct(root(key=rsa_key(2052)))


@case("forbidden_key", "ee_key_too_small")
def p192_in_leaf() -> Made:
    return direct(root(), key=ec_key(ec.SECP192R1))


@case("forbidden_key", "ca_key_too_small")
def p192_in_root() -> Made:
    return direct(root(key=ec_key(ec.SECP192R1)))


@case("forbidden_key")
def p224_in_leaf() -> Made:
    return direct(root(), key=ec_key(ec.SECP224R1))


@case("forbidden_key")
def dsa_in_leaf() -> Made:
    return direct(root(), key=dsa_key())


@case("forbidden_key")
def dsa_in_root() -> Made:
    return direct(root(key=dsa_key()))


@case("forbidden_key")
def ed25519_in_leaf() -> Made:
    return direct(root(), key=ed25519.Ed25519PrivateKey.generate())


@case("forbidden_key")
def ed448_in_root() -> Made:
    return direct(root(key=ed448.Ed448PrivateKey.generate()))


@case("forbidden_signature_algorithm", "ca_md_too_weak")
def sha1_in_leaf() -> Made:
    return direct(root(key=rsa_key()), key=rsa_key(), digest="sha1")


@case("forbidden_signature_algorithm", "ca_md_too_weak")
def md5_in_intermediate() -> Made:
    top = root(key=rsa_key())
    return through(intermediate(top, digest="md5"), top)


@case()
def sha1_in_root() -> Made:
    """Trust a root for itself: its signature proves nothing."""
    return direct(root(key=rsa_key(), digest="sha1"))


@case("malformed", "cert_signature_failure")
def two_signature_algorithms() -> Made:
    inner = der.sequence(der.oid("1.2.840.10045.4.3.3"))
    return direct(root(), inner_algorithm=inner)


# Extended key usage


@case("extended_key_usage_any")
def any_extended_key_usage() -> Made:
    return direct(
        root(), eku=extended_key_usage(ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)
    )


@case("extended_key_usage")
def critical_extended_key_usage() -> Made:
    return direct(root(), critical={"eku": True})


@case("extended_key_usage_missing")
def no_extended_key_usage() -> Made:
    return direct(root(), eku=None)


@case("malformed", "invalid_purpose")
def empty_extended_key_usage() -> Made:
    return direct(root(), eku=der.sequence())


@case("root_extended_key_usage")
def extended_key_usage_in_root() -> Made:
    return direct(root(eku=extended_key_usage()))


@case("extended_key_usage", "invalid_purpose")
def client_authentication_only() -> Made:
    return direct(root(), eku=extended_key_usage(ExtendedKeyUsageOID.CLIENT_AUTH))


@case("extended_key_usage extended_key_usage_foreign", "invalid_purpose")
def precertificate_signing_only() -> Made:
    return direct(root(), eku=der.sequence(der.oid(PRECERTIFICATE_SIGNING)))


@case("extended_key_usage_foreign")
def precertificate_signing_besides() -> Made:
    value = der.sequence(der.oid("1.3.6.1.5.5.7.3.1"), der.oid(PRECERTIFICATE_SIGNING))
    return direct(root(), eku=value)


@case("extended_key_usage_foreign")
def code_signing_besides() -> Made:
    return direct(root(), eku=extended_key_usage(ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CODE_SIGNING))


@case("extended_key_usage_foreign")
def email_protection_besides() -> Made:
    return direct(root(), eku=extended_key_usage(ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.EMAIL_PROTECTION))


@case("extended_key_usage_foreign")
def time_stamping_besides() -> Made:
    return direct(root(), eku=extended_key_usage(ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.TIME_STAMPING))


@case("extended_key_usage_foreign")
def ocsp_signing_besides() -> Made:
    return direct(root(), eku=extended_key_usage(ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.OCSP_SIGNING))


@case("extended_key_usage", "invalid_purpose")
def intermediate_for_clients_only() -> Made:
    top = root()
    return through(intermediate(top, eku=extended_key_usage(ExtendedKeyUsageOID.CLIENT_AUTH)), top)


# Key usage


@case("leaf_is_ca")
def key_cert_sign_in_leaf() -> Made:
    return direct(root(), bc=basic_constraints(False), ku=key_usage("digital_signature", "key_cert_sign"))


@case("key_usage_empty", "unable_to_get_issuer_cert_locally")
def rsa_leaf_without_any_usage() -> Made:
    return direct(root(), key=rsa_key(), ku=key_usage())


@case("leaf_is_ca", "invalid_purpose")
def authority_as_leaf() -> Made:
    return direct(root(), bc=basic_constraints(True), ku=key_usage("key_cert_sign"))


@case("leaf_is_ca")
def leaf_with_ca_bit() -> Made:
    return direct(root(), bc=basic_constraints(True))


@case("key_usage", "invalid_ca invalid_purpose keyusage_no_certsign")
def root_without_key_cert_sign() -> Made:
    return direct(root(ku=key_usage("digital_signature")))


@case("key_usage", "invalid_ca invalid_purpose keyusage_no_certsign")
def intermediate_without_key_cert_sign() -> Made:
    top = root()
    return through(intermediate(top, ku=key_usage("digital_signature"), pathlen=0), top)


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


@case("basic_constraints")
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


@case("no_path")
def self_issued_does_not_count() -> Made:
    """RFC 5280 section 4.2.1.9 does not count self-issued intermediates; strict verifiers of the Web PKI do."""
    top = root()
    first = intermediate(top, "CN=First", pathlen=1)
    again = intermediate(first, "CN=First", pathlen=1)
    third = intermediate(again, "CN=Third", pathlen=0)
    return Made((leaf(third), third, again, first), (top,))


# Identifiers


@case("authority_key_identifier")
def leaf_without_authority_key_identifier() -> Made:
    return direct(root(), aki=None)


@case("authority_key_identifier_missing")
def intermediate_without_authority_key_identifier() -> Made:
    top = root()
    return through(intermediate(top, aki=None), top)


@case("authority_key_identifier_missing")
def cross_signed_anchor_without_authority_key_identifier() -> Made:
    middle = intermediate(root(), aki=None)
    return Made((leaf(middle),), (middle,))


@case("authority_key_identifier", "unhandled_critical_extension")
def critical_authority_key_identifier() -> Made:
    key = ec_key()
    return direct(root(key=key, aki=aki(key_identifier(key)), critical={"aki": True}))


@case("authority_key_identifier root_authority_key_identifier")
def root_identifier_without_key() -> Made:
    return direct(root(aki=der.sequence()))


@case("malformed")
def root_identifier_with_issuer() -> Made:
    key = ec_key()
    value = der.sequence(der.element(0x80, key_identifier(key)), der.element(0xA1, directory("CN=my")))
    return direct(root(key=key, aki=value))


@case("malformed")
def root_identifier_with_serial_number() -> Made:
    key = ec_key()
    value = der.sequence(der.element(0x80, key_identifier(key)), der.element(0x82, b"\x04\xd2"))
    return direct(root(key=key, aki=value))


@case("root_authority_key_identifier")
def root_identifier_with_everything() -> Made:
    key = ec_key()
    value = der.sequence(
        der.element(0x80, key_identifier(key)), der.element(0xA1, directory("CN=my")), der.element(0x82, b"\x04\xd2")
    )
    return direct(root(key=key, aki=value))


@case("root_authority_key_identifier")
def root_identifiers_differ() -> Made:
    return direct(root(aki=aki(key_identifier(ec_key()))))


@case("subject_key_identifier_missing")
def root_without_subject_key_identifier() -> Made:
    return direct(root(ski=None))


@case("subject_key_identifier_missing")
def intermediate_without_subject_key_identifier() -> Made:
    top = root()
    return through(intermediate(top, ski=None), top)


@case("subject_key_identifier", "unhandled_critical_extension")
def critical_subject_key_identifier() -> Made:
    return direct(root(critical={"ski": True}))


# Version, serial number, subject and issuer


@case("version no_subject_alternative_name common_name_not_in_san extended_key_usage_missing", matches=False)
def version_1_leaf() -> Made:
    none = dict.fromkeys(("ku", "eku", "san", "ski", "aki"))
    return direct(root(), subject="CN=example.com", version=None, **none)


@case("version authority_key_identifier_missing subject_key_identifier_missing", "invalid_ca invalid_purpose")
def version_1_intermediate() -> Made:
    top = root()
    none = dict.fromkeys(("bc", "ku", "ski", "aki"))
    return through(intermediate(top, version=None, **none), top)


@case("serial_number")
def serial_number_zero() -> Made:
    return direct(root(), serial=0)


@case("serial_number malformed")
def serial_number_negative() -> Made:
    return direct(root(), serial_encoding=der.element(0x02, b"\x80\x01"))


@case("serial_number")
def serial_number_too_long() -> Made:
    return direct(root(), serial_encoding=der.element(0x02, b"\x11" * 22))


@case("empty_name", "unable_to_get_issuer_cert_locally")
def leaf_without_issuer() -> Made:
    return direct(root(), subject="CN=example.com", issuer_name="")


@case("empty_name")
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


@case("authority_information_access", "unhandled_critical_extension")
def critical_information_access() -> Made:
    value = der.sequence(der.sequence(der.oid("1.3.6.1.5.5.7.48.2"), dns("example.com")))
    return direct(root(), extra=[Extension(AIA, value, critical=True)])


@case("malformed")
def malformed_information_access() -> Made:
    return direct(root(), extra=[Extension(AIA, b"malformed")])


@case("policy_constraints_criticality")
def uncritical_policy_constraints() -> Made:
    top = root()
    value = der.sequence(der.element(0x80, b"\x03"))
    return through(intermediate(top, extra=[Extension("2.5.29.36", value)]), top)


# Name constraints


def constrained(permitted: Sequence[bytes] = (), excluded: Sequence[bytes] = (), **changes: object) -> Made:
    """Make a leaf under an intermediate with name constraints."""
    top = root()
    return through(intermediate(top, nc=name_constraints(permitted, excluded)), top, **changes)


@case()
def permitted_name() -> Made:
    return constrained([dns("example.com")])


@case(host="foo.bar.example.com")
def permitted_subdomain() -> Made:
    return constrained([dns("example.com")], **san("foo.bar.example.com"))


@case("name_constraints", "permitted_violation", host="not-example.com")
def name_that_is_not_permitted() -> Made:
    return constrained([dns("example.com")], **san("not-example.com"))


@case("name_constraints", "excluded_violation")
def excluded_name() -> Made:
    return constrained([], [dns("example.com")])


@case("name_constraints", "excluded_violation")
def second_name_excluded() -> Made:
    names = san("example.com", "not-allowed.example.com")
    return constrained([], [dns("not-allowed.example.com")], **names)


@case("name_constraints", "excluded_violation")
def permitted_and_excluded() -> Made:
    return constrained([dns("example.com")], [dns("example.com")])


@case()
def constraints_of_the_root() -> Made:
    return direct(root(nc=name_constraints([dns("example.com")])))


@case()
def uncritical_constraints() -> Made:
    """Do what the CA/Browser Forum allows and RFC 5280 forbids: name constraints that are not critical."""
    return direct(root(nc=name_constraints([dns("example.com")]), critical={"nc": False}))


@case(host="192.0.2.1")
def permitted_address() -> Made:
    return constrained([ip("192.0.2.0/24")], names=[ip("192.0.2.1")])


@case("name_constraints", "permitted_violation", host="192.0.3.1")
def address_that_is_not_permitted() -> Made:
    return constrained([ip("192.0.2.0/24")], names=[ip("192.0.3.1")])


@case("name_constraints", "excluded_violation", host="192.0.2.1")
def excluded_address() -> Made:
    return constrained([], [ip("192.0.2.0/24")], names=[ip("192.0.2.1")])


@case(host="::1")
def permitted_ipv6_address() -> Made:
    return constrained([ip("::1/128")], names=[ip("::1")])


@case("name_constraints", "excluded_violation", host="::1")
def excluded_ipv6_address() -> Made:
    return constrained([], [ip("::1/128")], names=[ip("::1")])


@case()
def permitted_address_for_a_name() -> Made:
    """Constrain addresses, which says nothing about names."""
    return constrained([ip("192.0.2.0/24")])


@case()
def excluded_address_for_a_name() -> Made:
    return constrained([], [ip("192.0.2.0/24")])


@case("name_constraints", matches=False)
def permitted_directory_name() -> Made:
    """Show a limit of the strict verifier: it does not support constraints on directory names."""
    return constrained([directory("O=foo")], subject="O=foo", names=[directory("O=foo"), dns("example.org")])


@case("name_constraints", "permitted_violation")
def directory_name_that_is_not_permitted() -> Made:
    return constrained([directory("O=foo")], subject="O=not-foo", names=[directory("O=not-foo"), dns("example.com")])


@case("name_constraints", "excluded_violation")
def excluded_directory_name() -> Made:
    return constrained([], [directory("O=foo")], subject="O=foo", names=[directory("O=foo"), dns("example.com")])


@case("name_constraints", "permitted_violation")
def subject_that_is_not_permitted() -> Made:
    return constrained([directory("O=foo")], subject="O=not-foo", names=[directory("O=foo"), dns("example.com")])


@case("name_constraints", "excluded_violation")
def excluded_subject() -> Made:
    return constrained([], [directory("O=foo")], subject="O=foo", names=[directory("O=not-foo"), dns("example.com")])


@case()
def self_issued_intermediate_is_not_constrained() -> Made:
    """RFC 5280 section 6.1.3: name constraints are not applied to self-issued intermediates."""
    outside = alternative_names(dns("not-example.com"))
    top = root("CN=Same", san=outside, nc=name_constraints([dns("example.com")]))
    return through(intermediate(top, "CN=Same", san=outside), top)


@case("name_constraints", "permitted_violation", host="not-example.com")
def self_issued_leaf_is_constrained() -> Made:
    top = root(nc=name_constraints([dns("example.com")]))
    middle = intermediate(top, "O=same")
    return Made((leaf(middle, subject="O=same", **san("not-example.com")), middle), (top,))


@case("name_constraints", "permitted_violation", host="permitted.example.com")
def intermediate_with_excluded_name() -> Made:
    top = root()
    constraints = name_constraints([dns("permitted.example.com")], [dns("forbidden.example.com")])
    first = intermediate(top, "CN=First", nc=constraints)
    second = intermediate(first, "CN=Second", san=alternative_names(dns("forbidden.example.com")))
    return Made((leaf(second, **san("permitted.example.com")), second, first), (top,))


@case("name_constraints", "permitted_violation", host="foo.example.com")
def constraints_narrow() -> Made:
    top = root()
    first = intermediate(top, "CN=First", nc=name_constraints([dns("foo.example.com"), dns("bar.example.com")]))
    second = intermediate(first, "CN=Second", nc=name_constraints([dns("bar.example.com")]))
    return Made((leaf(second, **san("foo.example.com")), second, first), (top,))


@case("name_constraints", "permitted_violation", host="foo.example.com")
def constraints_cannot_widen() -> Made:
    top = root()
    first = intermediate(top, "CN=First", nc=name_constraints([dns("bar.example.com")]))
    second = intermediate(first, "CN=Second", nc=name_constraints([dns("foo.example.com"), dns("bar.example.com")]))
    return Made((leaf(second, **san("foo.example.com")), second, first), (top,))


@case("name_constraints", host="bar.example.com")
def wildcard_that_covers_an_excluded_name() -> Made:
    return constrained([dns("example.com")], [dns("bar.example.com")], **san("*.example.com"))


@case("name_constraints", "permitted_violation", host="foo.example.com")
def wildcard_wider_than_permitted() -> Made:
    return constrained([dns("foo.example.com")], **san("*.example.com"))


@case("name_constraints malformed", "permitted_violation", host="foo.example.com")
def constraint_with_wildcard() -> Made:
    return constrained([dns("*.example.com")], **san("foo.example.com"))


@case("name_constraints", host="foo.example.com")
def constraint_with_leading_dot() -> Made:
    return constrained([dns(".example.com")], **san("foo.example.com"))


@case("name_constraints malformed", "unsupported_name_syntax", host="127.0.0.1")
def constraint_of_a_single_address() -> Made:
    return constrained([ip("127.0.0.1")], names=[ip("127.0.0.1")])


@case("name_constraints")
def constraints_in_a_leaf() -> Made:
    return direct(root(), nc=name_constraints([dns("example.com")]))


@case("name_constraints malformed")
def empty_constraints() -> Made:
    top = root()
    return through(intermediate(top, nc=der.sequence()), top)


@case("name_constraints malformed")
def constraints_of_two_empty_lists() -> Made:
    top = root()
    value = der.sequence(der.element(0xA0), der.element(0xA1))
    return through(intermediate(top, nc=value), top)


@case("name_constraints", "unsupported_constraint_type")
def excluded_other_name() -> Made:
    return constrained([dns("example.com")], [other_name()], names=[dns("example.com"), other_name()])


@case()
def excluded_other_name_that_does_not_occur() -> Made:
    return constrained([dns("example.com")], [other_name()])


@case("", "unable_to_get_issuer_cert_locally", host="permitted.example.com")
def constraint_on_another_branch() -> Made:
    """One certificate of the intermediate has an excluded name and leads nowhere; the other one is good."""
    lost, top = root("CN=Lost Root"), root()
    constraints = name_constraints([dns("permitted.example.com")], [dns("forbidden.example.com")])
    first = intermediate(top, "CN=First", nc=constraints)
    key = ec_key()
    dead_end = intermediate(lost, "CN=Second", key=key, san=alternative_names(dns("forbidden.example.com")))
    good_one = intermediate(first, "CN=Second", key=key)
    return Made((leaf(good_one, **san("permitted.example.com")), dead_end, good_one, first), (top,))


@case("", "excluded_violation", host="unconstrained.example.com")
def constraint_on_one_of_two_roots() -> Made:
    one, two = root("CN=Root One"), root("CN=Root Two")
    first = intermediate(one, "CN=First", nc=name_constraints([], [dns("forbidden.example.com")]))
    key = ec_key()
    bad = intermediate(first, "CN=Second", key=key, san=alternative_names(dns("forbidden.example.com")))
    good_one = intermediate(two, "CN=Second", key=key, san=alternative_names(dns("other.example.com")))
    return Made((leaf(good_one, **san("unconstrained.example.com")), first, bad, good_one), (one, two))
