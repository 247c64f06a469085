"""RFC 9525: which names a certificate is for."""

import pytest

from exporter.certificates.certificate import read_certificate_untrusted
from exporter.certificates.names import a_labels, matches_name
from tests.support.pki import dns, ip, leaf, root

ROOT = root()


@pytest.mark.parametrize(
    ("presented", "name", "matches"),
    [
        ("example.com", "example.com", True),
        ("example.com", "EXAMPLE.COM", True),
        ("Example.Com", "example.com", True),
        ("example.com", "example.com.", True),
        ("example.com.", "example.com", False),
        ("example.com", "www.example.com", False),
        ("www.example.com", "example.com", False),
        ("*.example.com", "www.example.com", True),
        ("*.example.com", "WWW.example.com", True),
        ("*.example.com", "example.com", False),
        ("*.example.com", "a.b.example.com", False),
        ("*.example.com", ".example.com", False),
        ("w*.example.com", "www.example.com", False),
        ("*w.example.com", "www.example.com", False),
        ("www.*.com", "www.example.com", False),
        ("*.*.com", "www.example.com", False),
        ("*", "example", False),
        ("*", "example.com", False),
        ("*.com", "example.com", False),  # as clients have it: no wildcard right under a top-level domain
        ("xn--bcher-kva.example", "bücher.example", True),
        ("*.xn--bcher-kva.example", "www.bücher.example", True),
        ("xn--bcher-kva.example", "bucher.example", False),
        ("192.0.2.1", "192.0.2.1", False),
        ("example.com", "", False),
    ],
)
def test_dns_names(presented, name, matches):
    certificate = read_certificate_untrusted(leaf(ROOT, names=[dns(presented)]).der)
    assert matches_name(certificate, name) is matches


@pytest.mark.parametrize(
    ("presented", "name", "matches"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::1", True),
        ("2001:db8::1", "2001:DB8:0::1", True),
        ("2001:db8::1", "[2001:db8::1]", True),
        ("fe80::1", "fe80::1%eth0", True),
        ("::ffff:192.0.2.1", "192.0.2.1", False),
    ],
)
def test_ip_addresses_match_octet_by_octet(presented, name, matches):
    certificate = read_certificate_untrusted(leaf(ROOT, names=[ip(presented)]).der)
    assert matches_name(certificate, name) is matches


def test_a_common_name_never_counts():
    certificate = read_certificate_untrusted(leaf(ROOT, subject="CN=example.com", names=[dns("other.example")]).der)
    assert not matches_name(certificate, "example.com")
    nameless = read_certificate_untrusted(leaf(ROOT, subject="CN=example.com", san=None).der)
    assert not matches_name(nameless, "example.com")


def test_a_name_that_cannot_be_encoded_is_none():
    assert a_labels("a..é") is None
    assert a_labels("") is None
