"""What the hellos of a scan offer: lists of suites and groups, each made to ask one question.

No list has more than 128 suites: servers are known that refuse longer ones for their length.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache

from exporter.wire.clienthello import ClientHello, HelloShape
from exporter.wire.iana import CIPHER_SUITES, GROUPS, SSL_3_0, TLS_1_2, TLS_1_3, WEAK_CURVES, cipher_classes

MAX_SUITES = 128

MODERN = "modern"  # the suites up to TLS 1.2 that Mozilla's guideline recommends
OTHER = "other"  # the suites that are neither recommended nor in one of names.CIPHER_CLASSES

_MODERN_SUITES = frozenset(
    f"TLS_ECDHE_{signature}_WITH_{cipher}"
    for signature in ("ECDSA", "RSA")
    for cipher in ("AES_128_GCM_SHA256", "AES_256_GCM_SHA384", "CHACHA20_POLY1305_SHA256")
)

# Key exchanges that a server can choose with a certificate alone; PSK, SRP and Kerberos need a secret
# shared before.
_COMMON = ("ECDHE_ECDSA", "ECDHE_RSA", "DHE_RSA", "RSA")
_RARE = ("DHE_DSS", "ECDH_ECDSA", "ECDH_RSA", "DH_anon", "ECDH_anon")
_RARE_CIPHERS = ("ARIA", "CAMELLIA", "SEED", "CCM")


def _is_askable(name: str) -> bool:
    exchange, with_, cipher = name.removeprefix("TLS_").partition("_WITH_")
    exchange = exchange.removesuffix("_EXPORT")
    if not with_ or name == "TLS_NULL_WITH_NULL_NULL" or ("ARIA" in cipher and "CBC" in cipher):
        return False
    return exchange in _COMMON or (exchange in _RARE and not cipher.startswith(_RARE_CIPHERS))


@lru_cache(maxsize=1024)
def suite_classes(name: str) -> frozenset[str]:
    """Return the classes of a suite up to TLS 1.2: those of names.CIPHER_CLASSES, else MODERN or OTHER."""
    return cipher_classes(name) or frozenset((MODERN if name in _MODERN_SUITES else OTHER,))


def _strength(name: str) -> tuple[int, int]:
    exchange = name.removeprefix("TLS_").partition("_WITH_")[0]
    return len(cipher_classes(name)), _COMMON.index(exchange) if exchange in _COMMON else len(_COMMON)


# The best first: a server that follows the client's order shows what it would do with a good client.
ASKABLE = {
    number: name
    for number, name in sorted(CIPHER_SUITES.items(), key=lambda item: _strength(item[1]))
    if _is_askable(name)
}
_NOT_BEFORE_1_2 = ("_SHA256", "_SHA384", "_CCM", "_CCM_8")
SSL3_SUITES = tuple(
    number for number, name in ASKABLE.items() if not name.endswith(_NOT_BEFORE_1_2) and "ECDH" not in name
)
LEGACY_SUITES = tuple(number for number, name in ASKABLE.items() if not name.endswith(_NOT_BEFORE_1_2))
_WIDE_CIPHERS = ("AES", "CHACHA20", "3DES", "RC4", "DES_", "CAMELLIA", "NULL")
WIDE_SUITES = tuple(
    number for number, name in ASKABLE.items() if name.partition("_WITH_")[2].startswith(_WIDE_CIPHERS)
)[:MAX_SUITES]
SIGNED_SUITES = tuple(number for number, name in ASKABLE.items() if "DHE_" in name and "_EXPORT_" not in name)
ECDHE_SUITES = tuple(number for number, name in ASKABLE.items() if name.startswith(("TLS_ECDHE_", "TLS_ECDH_anon_")))
RSA_SUITES = tuple(
    number for number, name in ASKABLE.items() if name.startswith("TLS_RSA_WITH_") and "_NULL_" not in name
)
DHE_SUITES = tuple(number for number, name in ASKABLE.items() if name.startswith("TLS_DHE_"))
PLAIN_SUITES = (0xC02F, 0xC02B, 0xC030, 0xC02C, 0xC013, 0xC009, 0xC014, 0x009C, 0x002F, 0x0035, 0x0033, 0x000A)
"""What nearly every server has one of, in a list too short to be refused for its length."""
TLS13_SUITES = (0x1301, 0x1302, 0x1303, 0x1304, 0x1305)
INTEGRITY_SUITES = (0xC0B4, 0xC0B5)
"""TLS 1.3 without encryption (RFC 9150)."""

_GROUP_NUMBERS = {name: number for number, name in GROUPS.items()}
REPORTED_GROUPS = (
    "X25519MLKEM768",
    "SecP256r1MLKEM768",
    "SecP384r1MLKEM1024",
    "x25519",
    "secp256r1",
    "secp384r1",
    "secp521r1",
)
REST_GROUPS = (
    "x448",
    "ffdhe2048",
    "ffdhe3072",
    "ffdhe4096",
    "ffdhe6144",
    "ffdhe8192",
    "brainpoolP256r1tls13",
    "brainpoolP384r1tls13",
    "brainpoolP512r1tls13",
    "MLKEM512",
    "MLKEM768",
    "MLKEM1024",
    "curveSM2",
)
HYBRIDS = REPORTED_GROUPS[:3]
CURVES = ("x25519", "secp256r1", "secp384r1", "secp521r1", "x448")
# Up to TLS 1.2 every curve, so that no server refuses a hello for its curves; the common ones first.
_CURVES = tuple(number for number in GROUPS if number <= 0x1E)  # noqa: PLR2004 - up to x448
OTHER_CURVES = tuple(number for number in _CURVES if number not in (29, 23, 24, 25, 30))
LEGACY_GROUPS = (29, 23, 24, 25, 30, *OTHER_CURVES)
WEAK_GROUPS = tuple(number for number in OTHER_CURVES if GROUPS[number] in WEAK_CURVES)
FFDHE_GROUPS = (0x0100, 0x0101, 0x0102, 0x0103, 0x0104)

SHA1_SCHEMES = (0x0201, 0x0203, 0x0202)
SIGNATURE_SCHEMES = (
    *(0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0809, 0x080A, 0x080B),
    *(0x0401, 0x0501, 0x0601, 0x0402, 0x0303, 0x0301, 0x0203, 0x0201, 0x0202),
)


def asked_with(group: str) -> tuple[str, ...]:
    """Return the groups that are not asked for any more when one was named: of the rest, one is enough."""
    return REST_GROUPS if group in REST_GROUPS else (group,)


def group_numbers(names: Iterable[str]) -> tuple[int, ...]:
    """Return the numbers of groups by name."""
    return tuple(_GROUP_NUMBERS[name] for name in names)


@lru_cache(maxsize=256)
def suites_of(classes: frozenset[str]) -> tuple[int, ...]:
    """Return the suites that are in any of the classes, those in most of them first."""
    chosen = [(number, len(suite_classes(name) & classes)) for number, name in ASKABLE.items()]
    chosen = sorted((item for item in chosen if item[1]), key=lambda item: -item[1])
    return tuple(number for number, _ in chosen)


def hello_up_to_1_2(version: int, suites: tuple[int, ...], random: bytes, server_name: str | None) -> ClientHello:
    """Return a hello that offers a version up to TLS 1.2 with the suites."""
    groups = LEGACY_GROUPS if version != SSL_3_0 else ()
    return ClientHello(version, suites, random, server_name, groups, SIGNATURE_SCHEMES)


def hello_1_3(groups: tuple[int, ...], random: bytes, server_name: str | None) -> ClientHello:
    """Return a hello that offers TLS 1.3 alone, with the groups and without a key share."""
    return ClientHello(TLS_1_3, TLS13_SUITES, random, server_name, groups, SIGNATURE_SCHEMES)


def feature_hello(random: bytes, server_name: str | None, shape: HelloShape | None = None) -> ClientHello:
    """Return the hello at TLS 1.2 whose answer tells most."""
    return ClientHello(
        version=TLS_1_2,
        cipher_suites=WIDE_SUITES,
        random=random,
        server_name=server_name,
        groups=LEGACY_GROUPS,
        signature_schemes=SIGNATURE_SCHEMES,
        compression=True,
        features=True,
        staple=True,
        shape=replace(shape or HelloShape(), suites=MAX_SUITES),  # so that no later question has more
    )


def feature_hellos(random: bytes, server_name: str | None, shape: HelloShape) -> Iterator[ClientHello]:
    """Yield that hello, and others with ever less in them that a server may dislike.

    Without the staple, without all that is optional, with another length and order.
    """
    full = feature_hello(random, server_name, shape)
    yield full
    yield replace(full, staple=False)
    groups, schemes = LEGACY_GROUPS[:5], SIGNATURE_SCHEMES[:12]
    plain = ClientHello(TLS_1_2, PLAIN_SUITES, random, server_name, groups, schemes, shape=shape)
    yield plain
    yield plain.varied()
