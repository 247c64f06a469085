"""Finite-field Diffie-Hellman groups as servers send them: which are known, and what is wrong with one. Pure.

A server's parameters are any numbers. Their size says little: a composite modulus falls to whoever knows its factors
(as socat's of 2016 did), and in a subgroup of small order the secret is one of a few numbers. All work is bounded: what
costs more than a tenth of a second is left unjudged, and a prime is judged once.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import lcm

from exporter.wire.serverhello import DHParameters

SHORTEST = 2048
"""Bits of a prime, from which on RFC 9325 section 4.4 takes a group."""
_LONGEST_TESTED = 3072  # bits of an unknown modulus that is tested for being prime
_LONGEST_KEPT = 65_536  # bits
_SMALL_ORDERS = lcm(*range(1, 65))

# SHA-256 of the prime, big-endian: of RFC 7919 appendix A, RFC 3526, RFC 2409 section 6 and RFC 5114 section 2.
_KNOWN: Mapping[str, str] = {
    "9cd3b7f336872f46c09428d1bbc19877a4d440512cda8d1c1cf0cd6e33698966": "ffdhe2048",
    "0eaf67db3a839156d5013494a5318a772b5697d270d721f37f092efc69ea5a17": "ffdhe3072",
    "4648414224ac881b3d0dc59b466f96d06a558278776807797ecf1f66ff397b3e": "ffdhe4096",
    "227ac9066b3ddd9e193670cda2388fa884f65ba0cf98b742d1fe77a6687c79c7": "ffdhe6144",
    "770b14efaf6f049929c523113b3fa99a8d11dab1b18af3609590122075d19833": "ffdhe8192",
    "b52ba6a3026520a6c49d37e4587601801bee500123b3259b6bf03e7cecc3e63d": "RFC 2409 group 1",
    "3f35a3f5f6c4376a744acad409bb22f8d897f949d2311d885adaa890981b67a0": "RFC 2409 group 2",
    "64fcc83ec403930bf18393dbc883ccaa1fbb08ac876f77f7aa99748ca945019b": "RFC 3526 group 5",
    "d66436f79bbd6b2e38c0ffbd079be904d2641415e2e67140e09448be9a60890e": "RFC 3526 group 14",
    "48cf8b092fbce4359d9871abf74f98e25b6163379eaa15cd9087e800c6d1c55c": "RFC 3526 group 15",
    "4ee95187682bcb230ad26a95205f6920e84708f6251b3894329b09ec23919e33": "RFC 3526 group 16",
    "d1bfe6d0925ce7e4da262b62861514a7755e35831e429f343e7b864848657efd": "RFC 3526 group 17",
    "39ab4feab950a3128fb71accb9fc3965d857012e081998a85996e3ea8b3c3bcf": "RFC 3526 group 18",
    "44c55cfee5c075927cf682da5b681bdecbd5c3eb0784c14f5dce7610f0ef133d": "RFC 5114 group 22",
    "bfe545862ca102ad1eeddb5fbfa5bf855ac4995c56a8b408ce3fe099dce93a9d": "RFC 5114 group 23",
    "0b7835722cb619827610c2549fdda5587421686c4409a13865e76225522ddcc9": "RFC 5114 group 24",
}


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
    name = _name(prime)
    return DHGroup(
        bits=prime.bit_length(),
        suite=suite,
        name=name,
        weakness=_weakness(prime, parameters.generator, parameters.public, is_known=bool(name)),
        anonymous="_anon_" in suite,
    )


def _name(prime: int) -> str:
    if prime.bit_length() > _LONGEST_KEPT:
        return ""
    content = prime.to_bytes((prime.bit_length() + 7) // 8)
    return _KNOWN.get(hashlib.sha256(content).hexdigest(), "")


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
