"""Keys, signatures and what they may be used for."""

from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.support import der
from tests.support.case import PRECERTIFICATE_SIGNING, Made, case, direct, through
from tests.support.pki import (
    basic_constraints,
    dsa_key,
    ec_key,
    extended_key_usage,
    intermediate,
    key_usage,
    root,
    rsa_key,
)

# Keys and signatures


@case("~forbidden_key", "ee_key_too_small")
def weak_rsa_in_leaf() -> Made:
    return direct(root(), key=rsa_key(1024))


@case("forbidden_key", "ca_key_too_small")
def weak_rsa_in_root() -> Made:
    return direct(root(key=rsa_key(1024)))


@case("~forbidden_key")
def rsa_not_divisible_by_8_in_leaf() -> Made:
    return direct(root(), key=rsa_key(2052))


@case("~forbidden_key")
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


@case("forbidden_signature_algorithm ~forbidden_key")
def dsa_in_root() -> Made:
    return direct(root(key=dsa_key()))


@case("forbidden_key")
def ed25519_in_leaf() -> Made:
    return direct(root(), key=ed25519.Ed25519PrivateKey.generate())


@case("forbidden_signature_algorithm ~forbidden_key")
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


@case("~extended_key_usage_any")
def any_extended_key_usage() -> Made:
    return direct(
        root(), eku=extended_key_usage(ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)
    )


@case("~extended_key_usage")
def critical_extended_key_usage() -> Made:
    return direct(root(), critical={"eku": True})


@case("~extended_key_usage_missing")
def no_extended_key_usage() -> Made:
    return direct(root(), eku=None)


@case("extended_key_usage ~malformed", "invalid_purpose")
def empty_extended_key_usage() -> Made:
    return direct(root(), eku=der.sequence())


@case("~root_extended_key_usage")
def extended_key_usage_in_root() -> Made:
    return direct(root(eku=extended_key_usage()))


@case("extended_key_usage", "invalid_purpose")
def client_authentication_only() -> Made:
    return direct(root(), eku=extended_key_usage(ExtendedKeyUsageOID.CLIENT_AUTH))


@case("extended_key_usage ~extended_key_usage_foreign", "invalid_purpose")
def precertificate_signing_only() -> Made:
    return direct(root(), eku=der.sequence(der.oid(PRECERTIFICATE_SIGNING)))


@case("~extended_key_usage_foreign")
def precertificate_signing_besides() -> Made:
    value = der.sequence(der.oid("1.3.6.1.5.5.7.3.1"), der.oid(PRECERTIFICATE_SIGNING))
    return direct(root(), eku=value)


@case("~extended_key_usage_foreign")
def code_signing_besides() -> Made:
    return direct(root(), eku=extended_key_usage(ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CODE_SIGNING))


@case("~extended_key_usage_foreign")
def email_protection_besides() -> Made:
    return direct(root(), eku=extended_key_usage(ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.EMAIL_PROTECTION))


@case("~extended_key_usage_foreign")
def time_stamping_besides() -> Made:
    return direct(root(), eku=extended_key_usage(ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.TIME_STAMPING))


@case("~extended_key_usage_foreign")
def ocsp_signing_besides() -> Made:
    return direct(root(), eku=extended_key_usage(ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.OCSP_SIGNING))


@case("extended_key_usage", "invalid_purpose")
def intermediate_for_clients_only() -> Made:
    top = root()
    return through(intermediate(top, eku=extended_key_usage(ExtendedKeyUsageOID.CLIENT_AUTH)), top)


# Key usage


@case("~leaf_is_ca")
def key_cert_sign_in_leaf() -> Made:
    return direct(root(), bc=basic_constraints(False), ku=key_usage("digital_signature", "key_cert_sign"))


@case("key_usage ~malformed", "unable_to_get_issuer_cert_locally unable_to_verify_leaf_signature")
def rsa_leaf_without_any_usage() -> Made:
    return direct(root(), key=rsa_key(), ku=key_usage())


@case("key_usage leaf_is_ca", "invalid_purpose")
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
