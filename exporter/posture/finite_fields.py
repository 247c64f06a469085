"""Finite-field Diffie-Hellman groups as servers send them: which are known, and what is wrong with one. Pure.

A server's parameters are any numbers. Their size says little: anybody who knows the factors of a composite modulus
breaks it (socat had one until 2016), and in a subgroup of small order the secret is one of a few numbers. All work is
bounded: what costs more than a tenth of a second is left unjudged, and a prime is judged once.
"""

import secrets
from dataclasses import dataclass
from functools import lru_cache
from math import lcm

from exporter.wire.dh_groups import known_group
from exporter.wire.serverhello import DHParameters

SHORTEST = 2048
"""Bits of a prime, from which on RFC 9325 section 4.4 takes a group."""
_LONGEST_TESTED = 3072  # bits of an unknown modulus that is tested for being prime
_SMALL_ORDERS = lcm(*range(1, 65))


@dataclass(frozen=True, slots=True)
class DHGroup:
    """A group that a server used with a suite.

    `name` is that of the RFC, "" for other groups. `weakness` says what is wrong with it, "" if nothing is known to be.
    """

    bits: int
    suite: str
    name: str = ""
    weakness: str = ""
    anonymous: bool = False

    @property
    def label(self) -> str:
        """Return the group in a few words."""
        return f"{self.name}, {self.bits} bits" if self.name else f"{self.bits} bits"


def judge_dh_untrusted(parameters: DHParameters, suite: str) -> DHGroup:
    """Return what is known of a group. `suite` is the name of the suite that was agreed. Never raises."""
    prime = parameters.prime
    name = known_group(prime)
    return DHGroup(
        bits=prime.bit_length(),
        suite=suite,
        name=name,
        weakness=_weakness(prime, parameters.generator, parameters.public, is_known=bool(name)),
        anonymous="_anon_" in suite,
    )


def _weakness(prime: int, generator: int, public: int, *, is_known: bool) -> str:
    bits = prime.bit_length()
    if bits < SHORTEST:
        common = ", and that of every server that uses this standard's" if is_known else ""
        return f"the prime has {bits} bits{common}"
    if not 1 < generator < prime - 1 or not 1 < public < prime - 1:
        return "the generator or the public key lies in a subgroup of at most two elements"
    if is_known or bits > _LONGEST_TESTED:
        return ""
    return _weakness_of_unknown(prime, generator)


@lru_cache(maxsize=1024)
def _weakness_of_unknown(prime: int, generator: int) -> str:
    if not _is_probably_prime(prime):
        return "the modulus is not a prime"
    if pow(generator, _SMALL_ORDERS, prime) == 1:
        return "the generator lies in a subgroup of small order"
    return ""


def _is_probably_prime(number: int) -> bool:
    """Test once by Miller and Rabin (FIPS 186-5 appendix B.3.1), with a base that a peer cannot foresee.

    A composite number that was not made for it passes with a probability below 2**-80; one that was, in one of four
    processes at most.
    """
    if number % 2 == 0:
        return False
    shifts = ((number - 1) & (1 - number)).bit_length() - 1
    power = pow(2 + secrets.randbelow(number - 4), (number - 1) >> shifts, number)
    if power in (1, number - 1):
        return True
    for _ in range(min(shifts - 1, 64)):
        power = power * power % number
        if power == number - 1:
            return True
    return False
