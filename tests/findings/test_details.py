"""The sentence of each finding on certificates: what was seen, in words that an operator can act on."""

import pytest

from tests.findings.test_certificate import EXPIRED_MIDDLE, MIDDLE, TOP, UNRELATED, UNRELATED_MIDDLE, chain, found
from tests.support.chains import CASES
from tests.support.pki import DAY, NOW, dns, ec_key, intermediate, ip, leaf, root, rsa_key

NAMED = {"subject": "CN=Leaf"}


@pytest.mark.parametrize(
    ("made", "finding", "detail"),
    [
        (chain(leaf(UNRELATED)), "untrusted_issuer", "the issuer CN=Unrelated Root is not trusted"),
        (chain(leaf(UNRELATED), UNRELATED), "untrusted_issuer", "the root CN=Unrelated Root is not trusted"),
        (
            chain(leaf(UNRELATED_MIDDLE), UNRELATED_MIDDLE),
            "untrusted_issuer",
            "the issuer CN=Unrelated Root is not trusted",
        ),
        (
            chain(leaf(root())),
            "untrusted_issuer",
            "the issuer CN=Test Root is not trusted: it has the name of a trusted root, but another key",
        ),
        (chain(leaf(None)), "self_signed", "the certificate is signed by its own key"),
        (chain(leaf(None, **NAMED)), "self_signed", "CN=Leaf is signed by its own key"),
        (chain(leaf(TOP, not_after=1000)), "expired", "the certificate ended at 1970-01-01 00:16:40 UTC"),
        (
            chain(leaf(EXPIRED_MIDDLE), EXPIRED_MIDDLE),
            "expired",
            "the chain's certificate CN=Expired Intermediate has expired",
        ),
        (
            chain(leaf(TOP, not_before=4102444800, not_after=4102448400)),
            "not_yet_valid",
            "the certificate begins at 2100-01-01 00:00:00 UTC",
        ),
        (
            chain(leaf(soon := intermediate(TOP, "CN=Soon", not_before=NOW + DAY)), soon),
            "not_yet_valid",
            "the chain's certificate CN=Soon is not valid yet",
        ),
        (
            chain(leaf(TOP, names=[*(dns(f"{c}.example") for c in "abcd"), ip("192.0.2.1"), dns("f.example")])),
            "name_mismatch",
            "the certificate is for a.example, b.example, c.example, d.example, f.example and 1 more",
        ),
        (
            chain(leaf(TOP, names=[*(dns(f"{c}.example") for c in "abcd"), ip("192.0.2.1")])),
            "name_mismatch",
            "the certificate is for a.example, b.example, c.example, d.example, 192.0.2.1",
        ),
        (chain(leaf(TOP, san=None)), "name_mismatch", "it has no names"),
        (chain(leaf(TOP, key=rsa_key(1024))), "weak_key", "a certificate has the key RSA 1024"),
        (chain(leaf(TOP, key=rsa_key(1024), **NAMED)), "weak_key", "CN=Leaf has the key RSA 1024"),
        (
            chain(leaf(root("CN=Other", key=rsa_key()), digest="sha1")),
            "weak_signature",
            "a certificate is signed with sha1WithRSAEncryption",
        ),
        (chain(leaf(TOP), TOP), "root_sent", "the self-signed CN=Test Root is sent"),
        (
            chain(leaf(MIDDLE, **NAMED), TOP, MIDDLE),
            "chain_misordered",
            "CN=Test Root follows CN=Leaf, which it did not sign",
        ),
        (
            chain(leaf(MIDDLE), leaf(MIDDLE, key=ec_key())),
            "chain_misordered",
            "a certificate follows another, which it did not sign",
        ),
    ],
)
def test_the_sentence_says_what_was_seen(made, finding, detail):
    assert found(made)[finding] == detail


@pytest.mark.parametrize(
    ("case", "detail"),
    [
        ("path_length_0_violated", "CN=First: path length exceeded"),
        ("excluded_name", "excluded violation: example.com is excluded"),
        ("intermediate_without_ca_bit", "CN=Test Intermediate: invalid ca; CN=Test Intermediate: invalid purpose"),
        ("malformed_names", "a certificate: subjectAltName: element longer than what holds it"),
    ],
)
def test_a_broken_rule_is_named_with_its_certificate(case, detail):
    """The root is trusted: that it is not would be the wrong thing to say, and to mend."""
    made = next(one for one in CASES if one.name == case)
    findings = found(made.make(), host=made.host)
    assert findings["refused"] == detail
    assert "untrusted_issuer" not in findings


@pytest.mark.parametrize(
    ("case", "detail"),
    [
        ("leaf_without_issuer", "the issuer of the chain is not trusted"),
        ("unknown_root_is_sent", "the root CN=Other Root is not trusted"),
    ],
)
def test_an_authority_that_is_not_trusted_is_named(case, detail):
    made = next(one for one in CASES if one.name == case)
    findings = found(made.make(), host=made.host)
    assert findings["untrusted_issuer"] == detail
    assert "refused" not in findings


def test_the_first_problem_is_reported_with_the_place_of_its_certificate():
    broken = leaf(MIDDLE, san=b"junk")
    assert found(chain(broken, MIDDLE))["malformed"].startswith("certificate 0: ")
    assert found(chain(leaf(MIDDLE), MIDDLE, broken))["malformed"].startswith("certificate 2: ")


@pytest.mark.parametrize(("key", "weak"), [(rsa_key(2048), False), (rsa_key(2047), True), (ec_key(), False)])
def test_the_border_of_weak_keys(key, weak):
    assert ("weak_key" in found(chain(leaf(TOP, key=key)))) == weak


@pytest.mark.parametrize(("seconds", "present"), [(40 * DAY - 3601, False), (40 * DAY - 3602, True)])
def test_the_border_of_lifetimes(seconds, present):
    """Both ends belong to it (RFC 5280 section 4.1.2.5), and an hour is left to the CA: notBefore is dated back."""
    made = chain(leaf(TOP, not_before=NOW - DAY, not_after=NOW + 39 * DAY - 1))
    assert ("lifetime_too_long" in found(made, max_lifetime=seconds)) == present


def test_a_certificate_ends_after_its_last_second():
    assert "expired" not in found(chain(leaf(TOP, not_after=NOW)), trusted=False)
    assert "expired" in found(chain(leaf(TOP, not_after=NOW - 1)), trusted=False)
    assert "not_yet_valid" not in found(chain(leaf(TOP, not_before=NOW)), trusted=False)
    assert "not_yet_valid" in found(chain(leaf(TOP, not_before=NOW + 1)), trusted=False)


@pytest.mark.parametrize("name", ["CN=Issuing CA", "CN=Example Sub CA", "CN=ICA 3", "CN=Subordinate 1", "CN=Inter"])
def test_an_issuer_that_calls_itself_intermediate_is_one(name):
    assert "chain_incomplete" in found(chain(leaf(intermediate(UNRELATED, name))))


@pytest.mark.parametrize("name", ["CN=Substance", "CN=Africa", "CN=Internal Root", "CN=Example"])
def test_an_issuer_that_does_not_is_taken_for_a_root(name):
    assert "untrusted_issuer" in found(chain(leaf(intermediate(UNRELATED, name))))
