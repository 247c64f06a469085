"""Chains of at most 100 KiB that would be costly to judge: products of names, constraints, attributes, keys and more.

Nothing in them is signed unless verification would end early otherwise. Each is a function, as some take a while.
"""

import os
import random
from collections.abc import Callable, Mapping
from functools import cache, partial

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448

from tests.support import der
from tests.support.pki import DAY, NOW, key_identifier, spki_of

Chain = list[bytes]
SHA256_WITH_RSA, ECDSA_WITH_SHA256, DSA_WITH_SHA256 = (
    "1.2.840.113549.1.1.11",
    "1.2.840.10045.4.3.2",
    "2.16.840.1.101.3.4.3.2",
)
SAN, NAME_CONSTRAINTS, BASIC_CONSTRAINTS = "2.5.29.17", "2.5.29.30", "2.5.29.19"
_KEY = ec.generate_private_key(ec.SECP256R1())
_SPKI = spki_of(_KEY)
_random = random.Random(15)
_TIMES = der.sequence(der.time(NOW - DAY), der.time(NOW + 90 * DAY))
_CA = (BASIC_CONSTRAINTS, der.sequence(der.boolean(True)))
_MAY_SIGN = ("2.5.29.15", bytes.fromhex("03020106"))


def extension(oid: str, value: bytes) -> bytes:
    return der.sequence(der.oid(oid), der.octets(value))


def certificate(
    subject: bytes = der.name("CN=leaf"),
    issuer: bytes = der.name("CN=issuer"),
    spki: bytes = _SPKI,
    extensions: bytes = b"",
    algorithm: bytes = der.sequence(der.oid(ECDSA_WITH_SHA256)),
    signer: ec.EllipticCurvePrivateKey | None = None,
    signature: bytes = b"\x30\x06\x02\x01\x01\x02\x01\x01",
    serial: bytes | None = None,
    times: bytes = _TIMES,
    more: bytes = b"",
) -> bytes:
    """Encode a certificate of anything."""
    tbs = der.sequence(
        der.element(0xA0, der.integer(2)),
        serial or der.integer(_random.getrandbits(62) | 1 << 62),
        algorithm,
        issuer,
        times,
        subject,
        spki,
        der.element(0xA3, der.sequence(extensions)) if extensions else b"",
        more,
    )
    if signer is not None:
        signature = signer.sign(tbs, ec.ECDSA(hashes.SHA256()))
    return der.sequence(tbs, algorithm, der.bits(signature))


def leaf_with(oid: str, value: bytes) -> Chain:
    return [certificate(extensions=extension(oid, value))]


def dns(count: int, text: str = "h{}.example") -> bytes:
    return b"".join(der.element(0x82, text.format(number).encode()) for number in range(count))


def names(count: int, text: str = "h{}.example") -> bytes:
    return extension(SAN, der.sequence(dns(count, text)))


def constraints(count: int, text: str = "c{}.example", tag: int = 0xA1, kind: int = 0x82) -> bytes:
    trees = b"".join(der.sequence(der.element(kind, text.format(number).encode())) for number in range(count))
    return extension(NAME_CONSTRAINTS, der.sequence(der.element(tag, trees)))


def signed_path(leaf_extensions: bytes, authority_extensions: bytes, authorities: int = 1) -> Chain:
    """Make a path whose signatures are right, so that it is followed to its end."""
    identifier = key_identifier(_KEY)
    own = extension("2.5.29.14", der.octets(identifier))
    above = extension("2.5.29.35", der.sequence(der.element(0x80, identifier)))
    authority = b"".join(extension(*one) for one in (_CA, _MAY_SIGN)) + own + above + authority_extensions
    chain = [
        certificate(der.name(f"CN={n}"), der.name(f"CN={n + 1}"), extensions=authority, signer=_KEY)
        for n in range(authorities)
    ]
    return [certificate(issuer=der.name("CN=0"), extensions=above + leaf_extensions, signer=_KEY), *chain]


def attribute(number: int) -> bytes:
    return der.sequence(der.oid("2.5.4.3"), der.utf8(f"{number}"))


def name_of(count: int, *, in_one: bool = False) -> bytes:
    pairs = [attribute(number) for number in range(count)]
    return der.sequence(der.element(0x31, *pairs) if in_one else b"".join(der.element(0x31, one) for one in pairs))


def text_of(tag: int, value: bytes) -> bytes:
    return der.sequence(der.element(0x31, der.sequence(der.oid("2.5.4.3"), der.element(tag, value))))


def rsa(bits: int, exponent: int = 65537) -> bytes:
    modulus = _random.getrandbits(bits) | 1 | 1 << (bits - 1)
    key = der.sequence(der.integer(modulus), der.integer(exponent))
    return der.sequence(der.sequence(der.oid("1.2.840.113549.1.1.1"), b"\x05\x00"), der.bits(key))


def same_named(count: int, spki: Callable[[], bytes], algorithm: str, size: int) -> Chain:
    """Make authorities of one name: each could have issued each."""
    one = der.name("CN=same")
    kind = der.sequence(der.oid(algorithm), b"\x05\x00" if "113549" in algorithm else b"")
    signature = b"\x00" + os.urandom(size - 1) if size else b"\x30\x06\x02\x01\x01\x02\x01\x01"
    return [certificate(one, one, spki(), extension(*_CA), kind, signature=signature) for _ in range(count)]


def same_named_rsa(count: int, bits: int, exponent: int = 65537) -> Chain:
    return same_named(count, partial(rsa, bits, exponent), SHA256_WITH_RSA, bits // 8)


def curve(kind: type[ec.EllipticCurve]) -> bytes:
    return spki_of(ec.generate_private_key(kind()))


def dsa_of(bits: int) -> bytes:
    """Make a DSA key of any size: its numbers are no group, which is found out by computing only."""
    prime, order = (_random.getrandbits(n) | 1 | 1 << (n - 1) for n in (bits, 256))
    parameters = der.sequence(der.integer(prime), der.integer(order), der.integer(3))
    return der.sequence(der.sequence(der.oid("1.2.840.10040.4.1"), parameters), der.bits(der.integer(prime - 2)))


def explicit_curve() -> bytes:
    """P-521 by its parameters."""
    prime = 2**521 - 1
    b = 0x051953EB9618E1C9A1F929A21A0B68540EEA2DA725B99B315F3B8B489918EF109E156193951EC7E937B1652C0BD3BB1BF073573DF883D2C34F1EF451FD46B503F00  # noqa: E501
    order = 0x1FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFA51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409  # noqa: E501
    point = ec.generate_private_key(ec.SECP521R1()).public_key().public_numbers()
    generator = b"\x04" + point.x.to_bytes(66) + point.y.to_bytes(66)
    field = der.sequence(der.oid("1.2.840.10045.1.1"), der.integer(prime))
    shape = der.sequence(der.octets((prime - 3).to_bytes(66)), der.octets(b.to_bytes(66)))
    parameters = der.sequence(der.integer(1), field, shape, der.octets(generator), der.integer(order), der.integer(1))
    return der.sequence(der.sequence(der.oid("1.2.840.10045.2.1"), parameters), der.bits(generator))


def long_labels(number: int) -> str:
    return f"{{}}.{number}." + ".".join("a" * 110)


NULL = b"\x05\x00"
MANY = 45_000
SHAPES: Mapping[str, Callable[[], Chain]] = {
    # names
    "24000 names": lambda: leaf_with(SAN, der.sequence(dns(24_000, "ab"))),
    "48000 empty names": lambda: leaf_with(SAN, der.sequence(b"\x82\x00" * 48_000)),
    "3500 names": lambda: leaf_with(SAN, der.sequence(dns(3_500))),
    "2500 names": lambda: leaf_with(SAN, der.sequence(dns(2_500))),
    "15000 addresses": lambda: leaf_with(SAN, der.sequence(b"\x87\x04\x7f\x00\x00\x01" * 15_000)),
    "3000 names of directories": lambda: leaf_with(SAN, der.sequence(der.element(0xA4, der.name("CN=a")) * 3_000)),
    "100 certificates of 80 names": lambda: [certificate(extensions=names(80, "{}")) for _ in range(100)],
    "10 certificates of 500 names": lambda: [certificate(extensions=names(500)) for _ in range(10)],
    "names of control characters": lambda: leaf_with(SAN, der.sequence(der.element(0x82, bytes(1_000)) * 95)),
    "names in no encoding": lambda: leaf_with(SAN, der.sequence(der.element(0x82, b"\xff" * 4_000) * 24)),
    # names times constraints
    "500 names under 500 constraints": lambda: signed_path(names(500), constraints(500)),
    "1500 names under 1500 constraints": lambda: signed_path(names(1_500), constraints(1_500)),
    "200 names under 10 times 200": lambda: signed_path(names(200), constraints(200), 10),
    "50 names under 40 times 40": lambda: signed_path(names(50), constraints(40), 40),
    "long names under long constraints": lambda: signed_path(
        names(180, long_labels(0)), constraints(180, long_labels(1))
    ),
    "permitted constraints": lambda: signed_path(names(700), constraints(700, tag=0xA0)),
    "attributes under constraints": lambda: [
        certificate(name_of(2_000), der.name("CN=0")),
        *signed_path(b"", constraints(1_500))[1:],
    ],
    "6000 constraints alone": lambda: signed_path(names(1), constraints(5_000)),
    "constraints on addresses": lambda: signed_path(
        extension(SAN, der.sequence(b"\x87\x04\x7f\x00\x00\x01" * 1_500)),
        extension(NAME_CONSTRAINTS, der.sequence(der.element(0xA1, der.sequence(b"\x87\x08" + bytes(8)) * 1_500))),
    ),
    # attributes
    "7000 attributes": lambda: [certificate(name_of(6_000))],
    "7000 attributes of one": lambda: [certificate(name_of(6_500, in_one=True))],
    "7000 attributes of the issuer": lambda: [certificate(issuer=name_of(6_000))],
    "both names of 1000": lambda: [certificate(name_of(1_000), name_of(1_000))],
    "100 certificates of 50 attributes": lambda: [certificate(name_of(50)) for _ in range(100)],
    "an attribute of 45000 parts": lambda: [
        certificate(der.sequence(der.element(0x31, der.sequence(der.oid("2.5.4.3"), NULL * MANY))))
    ],
    "45000 empty sets": lambda: [certificate(der.sequence(b"\x31\x00" * MANY))],
    "an attribute of 90 KB": lambda: [certificate(text_of(0x0C, b"a" * 90_000))],
    "control characters": lambda: [certificate(text_of(0x0C, b"\x01" * 45_000), text_of(0x0C, b"\x01" * 45_000))],
    "surrogates": lambda: [certificate(text_of(0x1E, b"\xd8\x00" * 45_000))],
    "universal characters": lambda: [certificate(text_of(0x1C, b"\x00\x01\xf6\x00" * 22_000))],
    # extensions
    "12000 extensions": lambda: [
        certificate(extensions=b"".join(extension(f"1.2.{n % 120}.{n // 120}", b"") for n in range(8_000)))
    ],
    "12000 times one extension": lambda: [certificate(extensions=extension("1.2.3", b"") * 9_000)],
    "3000 extensions": lambda: [
        certificate(extensions=b"".join(extension(f"1.2.{n % 120}.{n // 120}", b"") for n in range(3_000)))
    ],
    "100 certificates of 70 extensions": lambda: [
        certificate(extensions=b"".join(extension(f"1.2.{n}", b"") for n in range(50))) for _ in range(100)
    ],
    "an extension of 45000 parts": lambda: [certificate(extensions=der.sequence(der.oid("1.2.3"), NULL * MANY))],
    "12000 extended usages": lambda: leaf_with("2.5.29.37", der.sequence(der.oid("1.2.3") * 20_000)),
    "5000 policies": lambda: leaf_with(
        "2.5.29.32", der.sequence(*(der.sequence(der.oid(f"1.2.{n}")) for n in range(9_000)))
    ),
    "3000 responders": lambda: leaf_with(
        "1.3.6.1.5.5.7.1.1",
        der.sequence(der.sequence(der.oid("1.3.6.1.5.5.7.48.1"), der.element(0x86, b"http://a/")) * 3_500),
    ),
    "3000 lists": lambda: leaf_with(
        "2.5.29.31",
        der.sequence(der.sequence(der.element(0xA0, der.element(0xA0, der.element(0x86, b"http://a/")))) * 5_000),
    ),
    "20000 features": lambda: leaf_with("1.3.6.1.5.5.7.1.24", der.sequence(der.integer(5) * 30_000)),
    "timestamps": lambda: leaf_with(
        "1.3.6.1.4.1.11129.2.4.2", der.octets(b"\xf0\x00" + (b"\x00\x30" + bytes(48)) * 1_228 + bytes(40))
    ),
    "an extension of 90 KB": lambda: leaf_with("1.2.3.4", bytes(90_000)),
    # fields
    "45000 fields": lambda: [certificate(more=NULL * MANY)],
    "45000 times": lambda: [certificate(times=der.sequence(NULL * MANY))],
    "a key of 45000 parts": lambda: [certificate(spki=der.sequence(NULL * MANY))],
    "an algorithm of 45000 parts": lambda: [certificate(algorithm=der.sequence(der.oid("1.2.3"), NULL * 20_000))],
    "a serial number of 90 KB": lambda: [certificate(serial=der.element(0x02, b"\x7f" * 90_000))],
    "a nest of 20000": lambda: [nest(20_000)],
    "100 empty sequences": lambda: [b"\x30\x00"] * 100,
    # keys
    "100 issuers of one name": lambda: same_named(100, lambda: curve(ec.SECP256R1), ECDSA_WITH_SHA256, 0),
    "12 issuers of one name": lambda: same_named(12, lambda: curve(ec.SECP256R1), ECDSA_WITH_SHA256, 0),
    "60 issuers on brainpoolP512r1": lambda: same_named(60, lambda: curve(ec.BrainpoolP512R1), ECDSA_WITH_SHA256, 0),
    "40 issuers on curves of their own": lambda: same_named(40, explicit_curve, ECDSA_WITH_SHA256, 0),
    "40 issuers of RSA 3072 with long exponents": lambda: same_named_rsa(40, 3072, _random.getrandbits(3_071) | 1),
    "1 issuer of RSA 3072 with a long exponent": lambda: same_named_rsa(1, 3072, _random.getrandbits(3_071) | 1),
    "20 issuers of RSA 16384": lambda: same_named_rsa(20, 16_384),
    "2 issuers of RSA 16384": lambda: same_named_rsa(2, 16_384),
    "RSA 16384 with an exponent of 64 bits": lambda: same_named_rsa(10, 16_384, 2**64 - 59),
    "RSA 65536": lambda: same_named_rsa(4, 65_536),
    "RSA 300000": lambda: [certificate(spki=rsa(300_000), algorithm=der.sequence(der.oid(SHA256_WITH_RSA), NULL))],
    "8 issuers of DSA 10000": lambda: same_named(8, partial(dsa_of, 10_000), DSA_WITH_SHA256, 0),
    "100 issuers of Ed448": lambda: same_named(
        100, lambda: spki_of(ed448.Ed448PrivateKey.generate()), "1.3.101.113", 114
    ),
    # chains
    "a path of 100": lambda: signed_path(names(1), b"", 99),
    "a path of 40": lambda: signed_path(names(1), b"", 39),
    "the leaf 100 times": lambda: [certificate(extensions=names(3))] * 100,
}


def nest(depth: int) -> bytes:
    body = NULL
    for _ in range(depth):
        body = der.sequence(body)
    return certificate(extensions=extension("1.2.3", body))


@cache
def made(name: str) -> tuple[bytes, ...]:
    """Return a shape, made once."""
    return tuple(SHAPES[name]())
