"""Which groups are computed with: any short one, and a long one only where a standard makes its secret short."""

import subprocess

import pytest
from cryptography.hazmat.primitives.serialization import load_der_private_key
from support.programs import need

from exporter.wire.dh_groups import MAX_UNKNOWN_BITS, is_too_expensive, known_group
from exporter.wire.serverhello import DHParameters


def parameters(prime, generator=2):
    return DHParameters(prime, generator, 4)


@pytest.mark.parametrize(
    ("bits", "expensive"), [(512, False), (2048, False), (4096, False), (4097, True), (10_000, True)]
)
def test_a_prime_of_no_standard_is_computed_with_up_to_a_length(bits, expensive):
    assert is_too_expensive(parameters((1 << bits) - 1)) is expensive
    assert (bits > MAX_UNKNOWN_BITS) is expensive


@pytest.mark.parametrize("name", ["ffdhe6144", "ffdhe8192", "modp_6144", "modp_8192"])
def test_long_groups_of_standards_are_computed_with(name):
    made = subprocess.run(
        [need("openssl"), "genpkey", "-algorithm", "DH", "-pkeyopt", f"group:{name}", "-outform", "DER"],
        check=True,
        capture_output=True,
    ).stdout
    with pytest.warns(match="Diffie-Hellman"):
        numbers = load_der_private_key(made, None).parameters().parameter_numbers()
    assert known_group(numbers.p)
    assert not is_too_expensive(parameters(numbers.p, numbers.g))
    assert is_too_expensive(parameters(numbers.p, 3)), "with another generator it is no group of a standard"
    assert is_too_expensive(parameters(numbers.p - 2))
