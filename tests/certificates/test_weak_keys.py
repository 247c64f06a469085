"""RSA keys that anybody can break are found by their public half, and ordinary ones never are."""

import math
import random

import pytest

from exporter.certificates.certificate import read_certificate_untrusted
from exporter.certificates.weak_keys import has_close_factors, is_roca, rsa_weakness_untrusted
from tests.support import der, pki

RSA = der.sequence(der.oid("1.2.840.113549.1.1.1"), der.element(5))


def spki(modulus, exponent=65537):
    return der.sequence(RSA, der.bits(der.sequence(der.integer(modulus), der.integer(exponent))))


def is_prime(number):
    return all(pow(base, number - 1, number) == 1 for base in (2, 3, 5, 7, 11))


def next_prime(number):
    number |= 1
    while not is_prime(number):
        number += 2
    return number


def prime(bits, generator):
    return next_prime(generator.getrandbits(bits) | 1 << bits - 1 | 1 << bits - 2)


def roca_prime(generator):
    """Make a prime as Infineon's library did: k * M + 65537^a mod M, with M the product of the first 39 primes."""
    primorial = math.prod(n for n in range(2, 168) if all(n % d for d in range(2, n)))
    while True:
        found = generator.getrandbits(37) * primorial + pow(65537, generator.getrandbits(60), primorial)
        if is_prime(found):
            return found


def test_close_factors_are_found():
    first = prime(512, random.Random(1))
    second = next_prime(first + 2**20)
    assert rsa_weakness_untrusted(spki(first * second)) == "has close factors (Fermat, CVE-2022-26320)"
    assert has_close_factors(first * first)


def test_the_broken_generator_is_found():
    generator = random.Random(2)
    modulus = roca_prime(generator) * roca_prime(generator)
    assert is_roca(modulus)
    assert "ROCA" in rsa_weakness_untrusted(spki(modulus))


@pytest.mark.parametrize(("exponent", "text"), [(1, "does not encrypt"), (2, "even"), (65536, "even")])
def test_exponents_that_break_a_key_are_found(exponent, text):
    modulus = pki.rsa_key().public_key().public_numbers().n
    assert text in rsa_weakness_untrusted(spki(modulus, exponent))


def test_ordinary_keys_are_not_weak():
    """An exponent of 3 is allowed; ten random keys pass every test."""
    generator = random.Random(3)
    for _ in range(10):
        modulus = prime(256, generator) * prime(256, generator)
        assert rsa_weakness_untrusted(spki(modulus)) is None
        assert rsa_weakness_untrusted(spki(modulus, 3)) is None


@pytest.mark.parametrize("junk", [b"", b"\x30\x00", spki(0), spki(-5), der.sequence(RSA, der.bits(b"x"))])
def test_what_cannot_be_read_is_not_weak(junk):
    assert rsa_weakness_untrusted(junk) is None


def test_a_modulus_beyond_the_limit_is_not_computed_with():
    assert rsa_weakness_untrusted(spki((1 << 20_000) + 1)) is None


def test_the_key_of_a_certificate_is_looked_at_in_its_own_encoding():
    """The field that the finding reads is the key as it stands in the certificate."""
    certificate = read_certificate_untrusted(pki.leaf(pki.root(), key=pki.rsa_key()).der)
    assert certificate.spki_der == pki.spki_of(pki.rsa_key())
