"""Finite-field groups: which are known, and what is wrong with others. The numbers are made here or come from RFCs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.posture.finite_fields import judge_dh_untrusted
from exporter.wire.serverhello import DHParameters

SUITE = "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"
RFC_3526_14 = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B"
    "302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE6"
    "49286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB9ED529077096966D"
    "670C354E4ABC9804F1746C08CA18217C32905E462E36CE3BE39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF695581718"
    "3995497CEA956AE515D2261898FA051015728E5A8AACAA68FFFFFFFFFFFFFFFF",
    16,
)
# 2**2048 - 1942289 is prime, and no standard has it.
UNKNOWN = 2**2048 - 1942289


def judged(prime, generator=2, public=5, suite=SUITE):
    return judge_dh_untrusted(DHParameters(prime, generator, public), suite)


def test_a_group_of_an_rfc_has_its_name_and_no_weakness():
    group = judged(RFC_3526_14)
    assert (group.name, group.bits, group.weakness) == ("RFC 3526 group 14", 2048, "")


def test_a_prime_that_no_standard_has_is_no_weakness_by_itself():
    group = judged(UNKNOWN)
    assert (group.name, group.weakness) == ("", "")


@pytest.mark.parametrize(
    ("prime", "generator", "public", "word"),
    [
        (RFC_3526_14 - 2, 2, 5, "not a prime"),
        (RFC_3526_14 - 4, 2, 5, "not a prime"),
        (UNKNOWN * 3, 2, 5, "not a prime"),
        (2**2047, 3, 5, "not a prime"),
        (RFC_3526_14, RFC_3526_14 - 1, 5, "subgroup"),
        (RFC_3526_14, 1, 5, "subgroup"),
        (RFC_3526_14, 0, 5, "subgroup"),
        (RFC_3526_14, 2, 1, "subgroup"),
        (RFC_3526_14, 2, RFC_3526_14 - 1, "subgroup"),
        (RFC_3526_14, RFC_3526_14 + 2, 5, "subgroup"),
        (2**1024 - 105, 2, 5, "1024 bits"),
        (0, 0, 0, "0 bits"),
    ],
)
def test_what_is_wrong_with_a_group(prime, generator, public, word):
    assert word in judged(prime, generator, public).weakness


def test_a_generator_of_small_order_in_a_prime_of_its_own():
    """The prime less one is a multiple of seven: a seventh root of one generates seven numbers."""
    prime = 2**2048 - 1557
    root = pow(2, (prime - 1) // 7, prime)
    assert "small order" in judged(prime, root).weakness
    assert judged(prime, 2).weakness == ""


def test_anonymous_suites_are_marked():
    assert judged(RFC_3526_14, suite="TLS_DH_anon_WITH_AES_128_CBC_SHA").anonymous
    assert not judged(RFC_3526_14).anonymous


@given(st.integers(0, 2**600), st.integers(0, 2**600), st.integers(0, 2**600))
def test_any_numbers_are_judged(prime, generator, public):
    assert judged(prime, generator, public).weakness


def test_a_modulus_of_any_length_is_judged_in_no_time():
    """The test for primes is left out where it would cost much: what is not known is no weakness."""
    assert judged(2**400_000 + 1, 2, 5).weakness == ""
