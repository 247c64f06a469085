"""Everything that the OpenSSL at hand speaks is offered: one server for each group and suite of it."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, mldsa
from OpenSSL import SSL

from exporter.wire import iana
from tests.support import pki
from tests.support.openssl_server import serving_context
from tests.support.probing import probe_one

LIBRARY = SSL._lib
ROOT = pki.root()
LEAF = pki.leaf(ROOT)
ONLY_TLS_1_2 = {"brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1"}
FIRST_SUITES_OF_1_3 = {0x13: range(0x1300, 0x1400), 0xC0: range(0xC0B4, 0xC0B6), 0x00: range(0xC6, 0xC8)}


def accepts_group(name):
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    accepted = LIBRARY.SSL_CTX_set1_curves_list(context._context, name.encode()) == 1
    LIBRARY.ERR_clear_error()
    return accepted


def accepts_suite(name):
    try:
        SSL.Context(SSL.TLS_SERVER_METHOD).set_tls13_ciphersuites(name.encode())
    except SSL.Error:
        return False
    return True


GROUPS = [name for name in iana.GROUPS.values() if accepts_group(name)]
SUITES = [
    iana.cipher_suite_name(number)
    for numbers in FIRST_SUITES_OF_1_3.values()
    for number in numbers
    if accepts_suite(iana.cipher_suite_name(number))
]


def server_context(certificate=LEAF):
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_cipher_list(b"ALL:@SECLEVEL=0")
    context.use_certificate(certificate.parsed)
    context.use_privatekey(certificate.key)
    return context


def test_the_library_has_groups_and_suites_to_offer():
    """The lists below are made from the library: an empty one would make the tests pass for nothing."""
    assert {"x25519", "secp256r1", "ffdhe2048", "X25519MLKEM768"} <= set(GROUPS)
    assert {"TLS_AES_128_GCM_SHA256", "TLS_AES_128_CCM_8_SHA256"} <= set(SUITES)


@pytest.mark.parametrize("group", GROUPS)
async def test_a_server_of_one_group_is_reached(group):
    context = server_context()
    assert LIBRARY.SSL_CTX_set1_curves_list(context._context, group.encode()) == 1
    version = SSL.TLS1_2_VERSION if group in ONLY_TLS_1_2 else SSL.TLS1_3_VERSION
    context.set_min_proto_version(version)
    context.set_max_proto_version(version)
    async with serving_context(context) as target:
        result = await probe_one(target)
    assert result.failure is None
    assert result.session.group == group


@pytest.mark.parametrize("suite", SUITES)
async def test_a_server_of_one_suite_is_reached(suite):
    context = server_context()
    context.set_tls13_ciphersuites(suite.encode())
    context.set_min_proto_version(SSL.TLS1_3_VERSION)
    async with serving_context(context) as target:
        result = await probe_one(target)
    assert result.failure is None
    assert result.session.cipher == suite


@pytest.mark.parametrize("kind", ["ec", "rsa", "ed25519"])
async def test_of_two_certificates_the_one_is_seen_that_clients_of_today_get(kind, tmp_path):
    """No browser offers ML-DSA, and the server gives it the other certificate: the probe must see that one."""
    keys = {"ec": pki.ec_key, "rsa": pki.rsa_key, "ed25519": ed25519.Ed25519PrivateKey.generate}
    old, new = pki.leaf(ROOT, key=keys[kind]()), post_quantum_leaf()
    context = server_context(old)
    context.use_certificate(new.parsed)
    (tmp_path / "key.pem").write_bytes(pki.key_pem(new.key))  # pyOpenSSL takes no ML-DSA key as an object
    context.use_privatekey_file(str(tmp_path / "key.pem"))
    async with serving_context(context) as target:
        by_default = await probe_one(target)
        asked_for = await probe_one(target, certificate_types=("ml-dsa",))
    assert (by_default.chain, asked_for.chain) == ((old.der,), (new.der,))


def post_quantum_leaf():
    key = mldsa.MLDSA65PrivateKey.generate()
    return pki.leaf(ROOT, key=key)
