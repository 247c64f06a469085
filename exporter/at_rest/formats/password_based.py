"""What a password opens: the key derivations, ciphers and MACs of PKCS#12 and PKCS#5, with the work bounded before it.

The file sets the iteration counts, so its author decides how long reading takes. `Work` adds up the cost of all
derivations for one file, with each password that is tried, and refuses a file that exceeds the limit.
RFC 7292 appendices B and C, RFC 8018 (PBES2, PBKDF2), RFC 7914 (scrypt), RFC 9579 (PBMAC1).
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4, TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from exporter.at_rest.formats import rc2
from exporter.at_rest.formats.entry import UnreadableError
from exporter.certificates.der import (
    INTEGER,
    OCTET_STRING,
    OID,
    SEQUENCE,
    DERError,
    Element,
    elements_untrusted,
    integer_untrusted,
    oid_untrusted,
)
from exporter.net.reason import Reason

MAX_WORK = 5_000_000  # hashes of one file: some two seconds; NSS writes 600,000 iterations, Java 10,000, OpenSSL 2048
MAX_SCRYPT_BYTES = 64 * 1024 * 1024
_MAX_SCRYPT_PARALLEL = 16
_MAX_SALT = 1024
_MAX_KEY = 64
PBES2, PBKDF2, PBMAC1, SCRYPT = (
    "1.2.840.113549.1.5.13",
    "1.2.840.113549.1.5.12",
    "1.2.840.113549.1.5.14",
    "1.3.6.1.4.1.11591.4.11",
)
_PKCS12 = "1.2.840.113549.1.12.1."
_RC2_CBC = "1.2.840.113549.3.2"
_HMACS = {
    "1.2.840.113549.2.7": "sha1",
    "1.2.840.113549.2.8": "sha224",
    "1.2.840.113549.2.9": "sha256",
    "1.2.840.113549.2.10": "sha384",
    "1.2.840.113549.2.11": "sha512",
    "1.2.840.113549.2.12": "sha512_224",
    "1.2.840.113549.2.13": "sha512_256",
}
DIGESTS = {
    "1.2.840.113549.2.5": "md5",
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.4": "sha224",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
    "2.16.840.1.101.3.4.2.5": "sha512_224",
    "2.16.840.1.101.3.4.2.6": "sha512_256",
}
_CBC: dict[str, tuple[Callable[[bytes], Any], int]] = {  # algorithm and its key's length in octets
    "2.16.840.1.101.3.4.1.2": (algorithms.AES, 16),
    "2.16.840.1.101.3.4.1.22": (algorithms.AES, 24),
    "2.16.840.1.101.3.4.1.42": (algorithms.AES, 32),
    "1.2.840.113549.3.7": (TripleDES, 24),
}
# PBE of RFC 7292 appendix C: what decrypts, and the length of its key in octets. Two keys of 3DES are its first again.
_PBE: dict[str, tuple[str, int]] = {
    "1": ("rc4", 16),
    "2": ("rc4", 5),
    "3": ("3des", 24),
    "4": ("3des", 16),
    "5": ("rc2", 16),
    "6": ("rc2", 5),
}


@dataclass(slots=True)
class Work:
    """How much may still be computed for one file, in hashes."""

    left: int = MAX_WORK

    def spend(self, iterations: int, blocks: int = 1) -> None:
        """Take the cost of a derivation. Raises UnreadableError before anything is computed."""
        if iterations < 1:
            raise DERError("an iteration count below one")
        self.left -= iterations * blocks
        if self.left < 0:
            raise UnreadableError(
                Reason.TOO_EXPENSIVE,
                f"opening it takes more than {MAX_WORK} hashes: an iteration count of it is {min(iterations, 2**63)}",
            )


@dataclass(frozen=True, slots=True)
class Password:
    """A password as PKCS#12 writes it (RFC 7292 appendix B.1), and as PKCS#5 does (UTF-8)."""

    bmp: bytes
    utf8: bytes


def passwords(text: str | None) -> tuple[Password, ...]:
    """Return what a written password may stand for. None at all, or an empty one, is written in two ways."""
    if not text:
        return (Password(b"\0\0", b""), Password(b"", b""))
    return (Password(text.encode("utf-16-be", "surrogatepass") + b"\0\0", text.encode("utf-8", "surrogatepass")),)


def algorithm_untrusted(element: Element) -> tuple[str, Element | None]:
    """Return the identifier and the parameters of an AlgorithmIdentifier (RFC 5280 section 4.1.1.2)."""
    if element.tag != SEQUENCE:
        raise DERError("an algorithm is missing")
    parts = list(elements_untrusted(element.body))
    if not parts or parts[0].tag != OID:
        raise DERError("an algorithm is missing")
    return oid_untrusted(parts[0].body), parts[1] if len(parts) > 1 else None


def derive_pkcs12(digest: str, password: bytes, salt: bytes, iterations: int, purpose: int, size: int) -> bytes:
    """Derive key material (RFC 7292 appendix B.2). `purpose` is 1 for a key, 2 for an IV, 3 for a MAC's key."""
    empty = hashlib.new(digest, usedforsecurity=False)
    fresh, block = empty.copy, empty.block_size
    diversifier = bytes((purpose,)) * block
    material = bytearray(_filled(salt, block) + _filled(password, block))
    derived = b""
    while len(derived) < size:
        chunk = hashlib.new(digest, diversifier + material, usedforsecurity=False).digest()
        for _ in range(iterations - 1):
            state = fresh()  # a third faster than to make a new one
            state.update(chunk)
            chunk = state.digest()
        derived += chunk
        addend = int.from_bytes(_filled(chunk, block)[:block], "big") + 1
        for offset in range(0, len(material), block):
            total = int.from_bytes(material[offset : offset + block], "big") + addend
            material[offset : offset + block] = (total % (1 << 8 * block)).to_bytes(block, "big")
    return derived[:size]


def _filled(data: bytes, block: int) -> bytes:
    """Repeat data up to a whole number of blocks."""
    length = -(-len(data) // block) * block
    return (data * (length // len(data) + 1))[:length] if data else b""


def mac_key_untrusted(
    digest_info: Element, salt: bytes, iterations: int, password: Password, work: Work
) -> tuple[bytes, str] | None:
    """Return the key and digest of a PKCS#12 file's MAC; None where the algorithm is unknown."""
    oid, parameters = algorithm_untrusted(digest_info)
    if oid == PBMAC1:
        return _pbmac1_key(parameters, password, work)
    digest = DIGESTS.get(oid)
    if digest is None or len(salt) > _MAX_SALT:
        return None
    work.spend(iterations)
    size = hashlib.new(digest, usedforsecurity=False).digest_size
    return derive_pkcs12(digest, password.bmp, salt, iterations, 3, size), digest


def _pbmac1_key(parameters: Element | None, password: Password, work: Work) -> tuple[bytes, str] | None:
    """Derive the key of PBMAC1 (RFC 9579 section 4): PBMAC1-params holds a derivation and a MAC."""
    parts = list(elements_untrusted(parameters.body)) if parameters is not None else []
    if len(parts) != 2:  # noqa: PLR2004
        raise DERError("PBMAC1 without its parameters")
    digest = _HMACS.get(algorithm_untrusted(parts[1])[0])
    if digest is None:
        return None
    return _derive(parts[0], password.utf8, None, work), digest


def hmac_digest(key: bytes, digest: str, data: bytes) -> bytes:
    """Return a MAC."""
    return hmac.digest(key, data, digest)


def decrypt_untrusted(algorithm: Element, data: bytes, password: Password, work: Work) -> bytes:
    """Decrypt with a password; the padding is taken off. Raises UnreadableError, also where the password is wrong."""
    oid, parameters = algorithm_untrusted(algorithm)
    if parameters is None or parameters.tag != SEQUENCE:
        raise DERError("an encryption algorithm without parameters")
    if oid == PBES2:
        return _unpadded(*_pbes2(parameters, data, password, work))
    kind = _PBE.get(oid.removeprefix(_PKCS12)) if oid.startswith(_PKCS12) else None
    if kind is None:
        raise UnreadableError(Reason.UNSUPPORTED, f"encrypted with an algorithm that is not known here: {oid}")
    cipher, size = kind
    salt, iterations = _salt_and_iterations(parameters)
    work.spend(iterations, -(-size // 20) + 1)
    key = derive_pkcs12("sha1", password.bmp, salt, iterations, 1, size)
    if cipher == "rc4":
        return Cipher(ARC4(key), mode=None).decryptor().update(data)
    iv = derive_pkcs12("sha1", password.bmp, salt, iterations, 2, 8)
    if cipher == "rc2":
        work.spend(max(1, len(data)))
        return _unpadded(rc2.decrypt_cbc(key, 8 * size, iv, data), rc2.BLOCK)
    return _unpadded(_cbc(TripleDES, (key + key[:8])[:24], iv, data), 8)


def _salt_and_iterations(parameters: Element) -> tuple[bytes, int]:
    parts = list(elements_untrusted(parameters.body))
    if [part.tag for part in parts] != [OCTET_STRING, INTEGER] or len(parts[0].body) > _MAX_SALT:
        raise DERError("bad salt or iteration count")
    return parts[0].body, integer_untrusted(parts[1].body)


def _pbes2(parameters: Element, data: bytes, password: Password, work: Work) -> tuple[bytes, int]:
    """Decrypt by PBES2 (RFC 8018 section 6.2); return what came and the length of the cipher's blocks."""
    parts = list(elements_untrusted(parameters.body))
    if len(parts) != 2:  # noqa: PLR2004 - derivation and encryption
        raise DERError("PBES2 without its parameters")
    oid, iv = algorithm_untrusted(parts[1])
    if oid == _RC2_CBC:
        return _pbes2_rc2(parts[0], iv, data, password, work), rc2.BLOCK
    if oid not in _CBC:
        raise UnreadableError(Reason.UNSUPPORTED, f"encrypted with a cipher that is not known here: {oid}")
    algorithm, size = _CBC[oid]
    block = 8 if algorithm is TripleDES else 16
    if iv is None or len(iv.body) != block:
        raise DERError("bad initialization vector")
    return _cbc(algorithm, _derive(parts[0], password.utf8, size, work), iv.body, data), block


def _pbes2_rc2(derivation: Element, parameters: Element | None, data: bytes, password: Password, work: Work) -> bytes:
    """Decrypt by RC2 (RFC 8018 appendix B.2.3), whose parameters hold a coded number of bits and the vector."""
    parts = list(elements_untrusted(parameters.body)) if parameters is not None else []
    bits = {160: 40, 120: 64, 58: 128}.get(integer_untrusted(parts[0].body[:8])) if len(parts) == 2 else None  # noqa: PLR2004
    if bits is None or len(parts[1].body) != rc2.BLOCK:
        raise DERError("bad parameters of RC2")
    work.spend(max(1, len(data)))
    return rc2.decrypt_cbc(_derive(derivation, password.utf8, bits // 8, work), bits, parts[1].body, data)


def _derive(derivation: Element, password: bytes, size: int | None, work: Work) -> bytes:
    """Derive a key by PBKDF2 or scrypt; without a size it is the one that stands there."""
    oid, parameters = algorithm_untrusted(derivation)
    parts = list(elements_untrusted(parameters.body)) if parameters is not None else []
    if not parts or parts[0].tag != OCTET_STRING or len(parts[0].body) > _MAX_SALT:
        raise DERError("bad salt")
    numbers = [integer_untrusted(part.body[:9]) for part in parts[1:] if part.tag == INTEGER]
    if oid == PBKDF2:
        prf = next((algorithm_untrusted(part)[0] for part in parts[1:] if part.tag == SEQUENCE), "1.2.840.113549.2.7")
        return _pbkdf2(_HMACS.get(prf), password, parts[0].body, numbers, size, work)
    if oid == SCRYPT:
        return _scrypt(password, parts[0].body, numbers, size, work)
    raise UnreadableError(Reason.UNSUPPORTED, f"a key derivation that is not known here: {oid}")


def _pbkdf2(
    digest: str | None, password: bytes, salt: bytes, numbers: list[int], size: int | None, work: Work
) -> bytes:
    """Derive by PBKDF2 (RFC 8018 section 5.2): numbers are the iterations and, perhaps, the key's length."""
    if digest is None:
        raise UnreadableError(Reason.UNSUPPORTED, "a key derivation by a hash that is not known here")
    length = numbers[1] if len(numbers) > 1 else size
    if not numbers or length is None or not 0 < length <= _MAX_KEY or size not in (None, length):
        raise DERError("bad key length of PBKDF2")
    work.spend(numbers[0], -(-length // hashlib.new(digest, usedforsecurity=False).digest_size))
    return hashlib.pbkdf2_hmac(digest, password, salt, numbers[0], length)


def _scrypt(password: bytes, salt: bytes, numbers: list[int], size: int | None, work: Work) -> bytes:
    """Derive by scrypt (RFC 7914 section 7): numbers are N, r, p and, perhaps, the key's length."""
    if len(numbers) < 3 or size is None or numbers[3:4] not in ([], [size]):  # noqa: PLR2004
        raise DERError("bad parameters of scrypt")
    n, r, p = numbers[:3]
    if n < 2 or n & (n - 1) or r < 1 or p < 1:  # noqa: PLR2004
        raise DERError("bad parameters of scrypt")
    if 128 * n * r > MAX_SCRYPT_BYTES or p > _MAX_SCRYPT_PARALLEL:
        raise UnreadableError(Reason.TOO_EXPENSIVE, f"opening it takes more than {MAX_SCRYPT_BYTES} bytes of memory")
    work.spend(n * r * p)
    return hashlib.scrypt(password, salt=salt, n=n, r=r, p=p, maxmem=2 * MAX_SCRYPT_BYTES, dklen=size)


def _cbc(algorithm: Callable[[bytes], Any], key: bytes, iv: bytes, data: bytes) -> bytes:
    if not data or len(data) % len(iv):
        raise DERError("encrypted data that is no whole number of blocks")
    return Cipher(algorithm(key), modes.CBC(iv)).decryptor().update(data)


def _unpadded(data: bytes, block: int) -> bytes:
    count = data[-1] if data else 0
    if not 0 < count <= block or data[-count:] != bytes((count,)) * count:
        raise UnreadableError(Reason.WRONG_PASSWORD, "the password does not open it")
    return data[:-count]
