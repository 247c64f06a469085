"""The names of a leaf: subject alternative names and common names."""

from tests.support.case import Made, case, direct, san
from tests.support.pki import (
    Extension,
    alternative_names,
    dns,
    ip,
    root,
)

# Names of the leaf


@case(matches=False)
def other_name_in_san() -> Made:
    return direct(root(), **san("example2.com"))


@case(matches=False)
def other_subdomain() -> Made:
    return direct(root(), **san("abc.example.com"))


@case(host="foo.example.com", matches=False)
def apex_for_subdomain() -> Made:
    return direct(root(), **san("example.com"))


@case(host="foo.example.com")
def wildcard() -> Made:
    return direct(root(), **san("*.example.com"))


@case(host="foo.bar.example.com", matches=False)
def wildcard_for_two_labels() -> Made:
    return direct(root(), **san("*.example.com"))


@case(matches=False)
def wildcard_for_the_apex() -> Made:
    return direct(root(), **san("*.example.com"))


@case("~wildcard_misplaced", host="baz.example.com", matches=False)
def wildcard_within_a_label() -> Made:
    return direct(root(), **san("ba*.example.com"))


@case("~wildcard_misplaced", host="foo.bar.example.com", matches=False)
def wildcard_in_the_middle() -> Made:
    return direct(root(), **san("foo.*.example.com"))


@case("~wildcard_misplaced", host="xn--bliss-1b3c148a.example.com", matches=False)
def wildcard_within_an_a_label() -> Made:
    return direct(root(), **san("xn--*-1b3c148a.example.com"))


@case("public_suffix_wildcard", matches=False)
def wildcard_of_a_top_level_domain() -> Made:
    return direct(root(), **san("*.com"))


@case("public_suffix_wildcard", host="shop.co.uk")
def wildcard_of_a_public_suffix() -> Made:
    return direct(root(), **san("*.co.uk"))


@case("malformed", host="xn--628h.example.com", matches=False)
def dns_name_in_unicode() -> Made:
    return direct(root(), **san("\U0001f61c.example.com"))


@case(host="bücher.example.com")
def international_name() -> Made:
    return direct(root(), **san("xn--bcher-kva.example.com"))


@case(host="EXAMPLE.com")
def name_in_capitals() -> Made:
    return direct(root(), **san("example.COM"))


@case("~dns_name_invalid")
def dns_name_with_leading_dot() -> Made:
    return direct(root(), **san(".example.com", "example.com"))


@case("~dns_name_invalid", host="foo_bar.example.com")
def dns_name_with_underscore() -> Made:
    return direct(root(), **san("foo_bar.example.com"))


@case("~dns_name_invalid")
def dns_name_with_space() -> Made:
    return direct(root(), **san("exam ple.com", "example.com"))


@case("no_subject_alternative_name ~common_name_not_in_san", matches=False)
def no_subject_alternative_name() -> Made:
    return direct(root(), subject="CN=example.com", san=None)


@case(host="127.0.0.1")
def ip_address() -> Made:
    return direct(root(), names=[ip("127.0.0.1")])


@case(host="::1")
def ipv6_address() -> Made:
    return direct(root(), names=[ip("::1")])


@case(host="127.0.0.1", matches=False)
def ip_address_as_dns_name() -> Made:
    """RFC 9525 section 6.5: an address is matched by an iPAddress only."""
    return direct(root(), **san("127.0.0.1", "example.com"))


@case("malformed", host="192.0.2.1")
def range_as_ip_address() -> Made:
    return direct(root(), names=[ip("192.0.2.0/24"), ip("192.0.2.1")])


@case("~subject_alternative_name")
def critical_names_with_subject() -> Made:
    return direct(root(), subject="O=something", critical={"san": True})


@case("subject_alternative_name")
def uncritical_names_without_subject() -> Made:
    return direct(root(), critical={"san": False})


@case(
    "no_subject_alternative_name malformed",
    "unable_to_get_issuer_cert_locally unable_to_verify_leaf_signature",
    matches=False,
)
def malformed_names() -> Made:
    return direct(root(), san=b"example.com")


@case("malformed", "unable_to_get_issuer_cert_locally unable_to_verify_leaf_signature")
def extension_twice() -> Made:
    value = alternative_names(dns("example.com"))
    return direct(root(), extra=[Extension("2.5.29.17", value)])


# Common names


@case("~common_name_not_in_san", host="192.168.1.1")
def common_name_ipv4_in_hex() -> Made:
    return direct(root(), subject="CN=0xC0A80101", names=[ip("192.168.1.1")])


@case("~common_name_not_in_san", host="192.168.1.1")
def common_name_ipv4_with_zeros() -> Made:
    return direct(root(), subject="CN=192.168.001.001", names=[ip("192.168.1.1")])


@case("~common_name_not_in_san", host="2001:db8::8a2e:370:7334")
def common_name_ipv6_in_capitals() -> Made:
    return direct(root(), subject="CN=2001:DB8::8A2E:370:7334", names=[ip("2001:db8::8a2e:370:7334")])


@case("~common_name_not_in_san", host="2001:db8::1")
def common_name_ipv6_uncompressed() -> Made:
    return direct(root(), subject="CN=2001:0db8:0000:0000:0000:0000:0000:0001", names=[ip("2001:db8::1")])


@case("~common_name_not_in_san", host="2001:db8::1:0:0:1")
def common_name_ipv6_not_compressed_enough() -> Made:
    return direct(root(), subject="CN=2001:db8:0:0:1:0:0:1", names=[ip("2001:db8::1:0:0:1")])


@case(host="2001:db8::1")
def common_name_ipv6() -> Made:
    return direct(root(), subject="CN=2001:db8::1", names=[ip("2001:db8::1")])


@case("~common_name_not_in_san", host="xn--n3h.com")
def common_name_of_another_domain() -> Made:
    return direct(root(), subject="CN=xn--nxasmq6b.com", **san("xn--n3h.com"))


@case("~common_name_not_in_san", host="xn--test--wg5h0h.com")
def common_name_in_unicode() -> Made:
    return direct(root(), subject="CN=test-測試.com", **san("xn--test--wg5h0h.com"))


@case("~common_name_not_in_san", host="valid.example.com")
def common_name_not_among_the_names() -> Made:
    return direct(root(), subject="CN=notinsan.example.com", **san("valid.example.com", "another.example.com"))


@case("~common_name_not_in_san")
def common_name_in_another_case() -> Made:
    return direct(root(), subject="CN=Example.COM")


@case("~common_name_repeated")
def two_common_names() -> Made:
    return direct(root(), subject="CN=example.com,CN=www.example.com", **san("example.com", "www.example.com"))
