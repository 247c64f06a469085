"""RSA keys whose private half anybody can compute, as far as the public half shows it.

Three kinds: an exponent that does not encrypt, a modulus whose factors are close together (Fermat's method, found in
printers and remote consoles, CVE-2022-26320), and a modulus of the generator of Infineon's smart cards (ROCA,
CVE-2017-15361). The work is bounded by the length of the modulus.
"""

from collections.abc import Callable
from functools import lru_cache
from math import isqrt

from exporter.certificates import der
from exporter.certificates.der import DERError, element_untrusted, elements_untrusted

MAX_BITS = 16_384  # a longer modulus is not computed with
MAX_SPKI_OCTETS = 4096  # nor a longer encoding kept
FERMAT_ROUNDS = 100  # enough for every key that was found in the wild (Böck 2022); each costs one square root
_GENERATOR = 65_537
# The generator's primes are k * M + 65537^a mod M, so modulo each small prime the modulus is a power of 65537. The
# primes up to 167 divide M for every length of key; one random modulus in 2^27 passes all of them (Nemec et al. 2017).
_PRIMES = tuple(n for n in range(3, 168) if all(n % d for d in range(2, isqrt(n) + 1)))
_POWERS = {p: frozenset(pow(_GENERATOR, exponent, p) for exponent in range(p)) for p in _PRIMES}


def rsa_weakness_untrusted(spki: bytes) -> str | None:
    """Return what is wrong with the RSA key of a SubjectPublicKeyInfo; None if nothing is, or it cannot be read."""
    return _kept_weakness(spki) if len(spki) <= MAX_SPKI_OCTETS else None


@lru_cache(maxsize=4096)
def _kept_weakness(spki: bytes) -> str | None:
    try:
        _, key = list(elements_untrusted(element_untrusted(spki, der.SEQUENCE).body))[:2]
        numbers = list(elements_untrusted(element_untrusted(der.bits_untrusted(key.body), der.SEQUENCE).body))
        modulus, exponent = (der.integer_untrusted(number.body) for number in numbers[:2])
    except (DERError, ValueError):
        return None
    if modulus <= 0 or modulus.bit_length() > MAX_BITS:
        return None
    return next((text for is_weak, text in _WEAKNESSES if is_weak(modulus, exponent)), None)


def is_roca(modulus: int) -> bool:
    """Return whether a modulus has the fingerprint of Infineon's generator."""
    return all(modulus % prime in powers for prime, powers in _POWERS.items())


def has_close_factors(modulus: int) -> bool:
    """Return whether Fermat's method factors an odd modulus within some rounds: n = a^2 - b^2 with a near its root."""
    root = isqrt(modulus - 1) + 1
    for candidate in range(root, root + FERMAT_ROUNDS):
        square = candidate * candidate - modulus
        if isqrt(square) ** 2 == square:
            return True
    return False


_WEAKNESSES: tuple[tuple[Callable[[int, int], bool], str], ...] = (
    (lambda _, exponent: exponent <= 1, "has an exponent that does not encrypt"),
    (lambda _, exponent: exponent % 2 == 0, "has an even exponent"),
    (lambda modulus, _: modulus % 2 == 0, "has an even modulus"),
    (lambda modulus, _: is_roca(modulus), "comes from a broken generator (ROCA, CVE-2017-15361)"),
    (lambda modulus, _: has_close_factors(modulus), "has close factors (Fermat, CVE-2022-26320)"),
)
