"""What no tool of a package writes yet: PBMAC1 and scrypt in PKCS#12; and that no file says how long it is computed."""

import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from exporter.at_rest.formats import password_based
from exporter.at_rest.formats.entry import UnreadableError
from exporter.at_rest.formats.password_based import Work, derive_pkcs12
from exporter.at_rest.formats.rc2 import decrypt_cbc
from exporter.at_rest.formats.reader import read_contents_untrusted
from exporter.net.reason import Reason
from tests.support import der
from tests.support.pki import leaf, root

LEAF = leaf(root()).der
PASSWORD, SALT, IV = "p\u00e4ss", b"12345678", b"0123456789abcdef"
PBES2, PBKDF2, PBMAC1 = (f"1.2.840.113549.1.5.{number}" for number in (13, 12, 14))
SCRYPT, AES256, HMAC_SHA256 = "1.3.6.1.4.1.11591.4.11", "2.16.840.1.101.3.4.1.42", "1.2.840.113549.2.9"


def content(kind, *parts):
    return der.sequence(der.oid(f"1.2.840.113549.1.7.{kind}"), der.element(0xA0, *parts))


def safe():
    """Return a safe with one certificate."""
    certificate = der.sequence(der.oid("1.2.840.113549.1.9.22.1"), der.element(0xA0, der.octets(LEAF)))
    return der.sequence(der.sequence(der.oid("1.2.840.113549.1.12.10.1.3"), der.element(0xA0, certificate)))


def pbkdf2(iterations, length=32):
    prf = der.sequence(der.oid(HMAC_SHA256), der.element(0x05))
    return der.sequence(
        der.oid(PBKDF2), der.sequence(der.octets(SALT), der.integer(iterations), der.integer(length), prf)
    )


def scrypt(n, r=8, p=1):
    return der.sequence(der.oid(SCRYPT), der.sequence(der.octets(SALT), der.integer(n), der.integer(r), der.integer(p)))


def encrypted(derivation, key):
    plain = safe()
    padded = plain + bytes((16 - len(plain) % 16,)) * (16 - len(plain) % 16)
    data = Cipher(algorithms.AES(key), modes.CBC(IV)).encryptor().update(padded)
    scheme = der.sequence(der.oid(PBES2), der.sequence(derivation, der.sequence(der.oid(AES256), der.octets(IV))))
    info = der.sequence(der.oid("1.2.840.113549.1.7.1"), scheme, der.element(0x80, data))
    return content(6, der.sequence(der.integer(0), info))


def pkcs12(*safes, mac=b""):
    return der.sequence(der.integer(3), content(1, der.octets(der.sequence(*safes))), mac)


def pbmac1(safes, iterations=1000, length=32):
    """Return the MAC of RFC 9579: an HMAC by a key that PBKDF2 derives, of a length that is written."""
    key = hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), SALT, min(iterations, 1000), length)
    parameters = der.sequence(pbkdf2(iterations, length), der.sequence(der.oid(HMAC_SHA256), der.element(0x05)))
    digest = hmac.digest(key, safes, "sha256")
    info = der.sequence(der.sequence(der.oid(PBMAC1), parameters), der.octets(digest))
    return der.sequence(info, der.octets(b"unused"), der.integer(1))


def test_pbmac1_with_pbes2():
    key = hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), SALT, 1000, 32)
    one = encrypted(pbkdf2(1000), key)
    data = pkcs12(one, mac=pbmac1(der.sequence(one)))
    assert read_contents_untrusted(data, PASSWORD).entries[0].certificates == (LEAF,)
    with pytest.raises(UnreadableError) as refused:
        read_contents_untrusted(data, "other")
    assert refused.value.reason is Reason.WRONG_PASSWORD


def test_scrypt():
    key = hashlib.scrypt(PASSWORD.encode(), salt=SALT, n=1024, r=8, p=1, dklen=32)
    assert read_contents_untrusted(pkcs12(encrypted(scrypt(1024), key)), PASSWORD).entries[0].certificates == (LEAF,)


@pytest.mark.parametrize(
    "data",
    [
        pkcs12(encrypted(pbkdf2(2**31), bytes(32))),
        pkcs12(encrypted(pbkdf2(2**62), bytes(32))),
        pkcs12(encrypted(scrypt(2**40), bytes(32))),
        pkcs12(encrypted(scrypt(2, r=2**30), bytes(32))),
        pkcs12(encrypted(scrypt(2, r=1, p=2**30), bytes(32))),
        pkcs12(encrypted(pbkdf2(1), bytes(32)), mac=pbmac1(b"", 2**31)),
        pkcs12(*[encrypted(pbkdf2(300_000), bytes(32))] * 60),
    ],
)
def test_what_would_take_long_is_refused_before_it_is_computed(data, monkeypatch):
    computed = []
    pbkdf2_hmac = hashlib.pbkdf2_hmac
    monkeypatch.setattr(
        password_based.hashlib,
        "pbkdf2_hmac",
        lambda *arguments: computed.append(arguments[3]) or pbkdf2_hmac(*arguments[:3], 1, arguments[4]),
    )
    monkeypatch.setattr(password_based.hashlib, "scrypt", lambda *_, **__: computed.append(2**60))
    with pytest.raises(UnreadableError) as refused:
        read_contents_untrusted(data, PASSWORD)
    assert refused.value.reason in (Reason.TOO_EXPENSIVE, Reason.WRONG_PASSWORD)
    assert sum(computed) <= password_based.MAX_WORK


def test_work_of_all_passwords_and_safes_adds_up():
    work = Work(100)
    work.spend(60)
    with pytest.raises(UnreadableError) as refused:
        work.spend(25, 2)
    assert refused.value.reason is Reason.TOO_EXPENSIVE


@pytest.mark.parametrize(
    ("digest", "password", "salt", "iterations", "purpose", "key"),
    [  # openssl kdf -keylen 24 -kdfopt digest:... -kdfopt iter:... -kdfopt id:... PKCS12KDF
        (
            "sha1",
            "0073006d006500670000",
            "0a58cf64530d823f",
            1,
            1,
            "8aaae6297b6cb04642ab5b077851284eb7128f1a2a7fbca3",
        ),
        (
            "sha256",
            "007100750065006500670000",
            "05dec959acff72f7",
            1000,
            3,
            "64bd552bb4ecec8224b888d4fa1dc49c6ff894bfc59b1040",
        ),
    ],
)
def test_key_derivation_of_pkcs12(digest, password, salt, iterations, purpose, key):
    made = derive_pkcs12(digest, bytes.fromhex(password), bytes.fromhex(salt), iterations, purpose, 24)
    assert made.hex() == key


@pytest.mark.parametrize(
    ("key", "bits", "plain", "encrypted"),
    [  # RFC 2268 section 5
        ("0000000000000000", 63, "0000000000000000", "ebb773f993278eff"),
        ("ffffffffffffffff", 64, "ffffffffffffffff", "278b27e42e2f0d49"),
        ("3000000000000000", 64, "1000000000000001", "30649edf9be7d2c2"),
        ("88", 64, "0000000000000000", "61a8a244adacccf0"),
        ("88bca90e90875a", 64, "0000000000000000", "6ccf4308974c267f"),
        ("88bca90e90875a7f0f79c384627bafb2", 64, "0000000000000000", "1a807d272bbe5db1"),
        ("88bca90e90875a7f0f79c384627bafb2", 128, "0000000000000000", "2269552ab0f85ca6"),
    ],
)
def test_rc2(key, bits, plain, encrypted):
    assert decrypt_cbc(bytes.fromhex(key), bits, bytes(8), bytes.fromhex(encrypted)) == bytes.fromhex(plain)
