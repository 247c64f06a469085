"""Renewed but not served, served but not on disk, and when neither can be said."""

import pytest

from exporter.certificates.certificate import read_certificate_untrusted
from exporter.config.model import Module
from exporter.findings.assessment import assess
from exporter.findings.observation import Observation
from exporter.findings.serving import RULES, expected_of
from exporter.probe.result import Result
from exporter.target import Target, parse_endpoint
from tests.support.pki import DAY, NOW, dns, leaf, root, rsa_key

TOP = root()
TARGET = Target("example.com:443", parse_endpoint("example.com:443"), "tls")


def certificate(begin=-10, *, name="example.com", key=None):
    made = leaf(TOP, names=(dns(name),), not_before=NOW + begin * DAY, not_after=NOW + (begin + 90) * DAY, key=key)
    return read_certificate_untrusted(made.der)


OLD, NEW, NEWER = certificate(-60), certificate(-1), certificate(0)
OTHER_NAME, RSA = certificate(-1, name="other.example"), certificate(-60, key=rsa_key())


def found(served, *on_disk):
    expected = tuple(expected_of(one, f"file:/{number}.pem", NOW - 3600.0) for number, one in enumerate(on_disk))
    presented = (served,) if served is not None else ()
    observation = Observation(TARGET, Module("tls"), Result(NOW, 0.1), NOW, certificates=presented, expected=expected)
    return {one.finding.id: one.detail for one in assess(observation, RULES).findings}


@pytest.mark.parametrize(
    ("served", "on_disk", "finding"),
    [
        (OLD, [OLD], None),
        (OLD, [NEW], "renewed_but_not_served"),
        (OLD, [NEW, NEWER], "renewed_but_not_served"),
        (NEW, [OLD], "served_but_not_on_disk"),
        (OLD, [OLD, NEW], None),
        (OLD, [OTHER_NAME], "served_but_not_on_disk"),
        (OLD, [RSA, NEW], "renewed_but_not_served"),
        (RSA, [RSA, NEW], None),
        (OLD, [], None),
        (None, [NEW], None),
    ],
)
def test_what_is_served_is_compared_with_what_is_on_disk(served, on_disk, finding):
    assert list(found(served, *on_disk)) == ([finding] if finding else [])


def test_the_detail_says_since_when_and_where():
    detail = found(OLD, NEW, NEWER)["renewed_but_not_served"]
    assert "file:/1.pem" in detail
    assert detail.startswith("since 20")
