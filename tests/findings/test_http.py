"""The findings on HSTS, the way from port 80 and STARTTLS: present when it was seen, absent when nothing is known."""

import pytest
from support.results import make_result

from exporter.config.model import HTTPConfig, Module, TLSConfig
from exporter.findings.http import RULES, SHORTEST_HSTS_SECONDS
from exporter.findings.observation import Observation
from exporter.probe.result import HSTS, HTTPFacts, Variant
from exporter.target import Target, parse_endpoint
from tests.support.findings import details

NAMED = Module("https", http=HTTPConfig())


def found(http=None, module=NAMED, target="a.example:443", **result):
    seen = make_result(0.0, 0.1, http=http, **result)
    one = Observation(Target(target, parse_endpoint(target), module.name), module, seen, 0.0)
    return details(RULES, one)


def answer(status=200, hsts=None, **facts):
    return HTTPFacts(status_code=status, version="1.1", hsts=hsts, **facts)


GOOD = HSTS(SHORTEST_HSTS_SECONDS)


@pytest.mark.parametrize("status", [200, 301, 404, 499])
def test_an_answer_without_the_field_lacks_it(status):
    detail = f"HTTP status {status} came without Strict-Transport-Security"
    assert found(answer(status)) == {"hsts_missing": detail}


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_server_in_trouble_shows_nothing(status):
    assert found(answer(status)) == {}
    assert found(answer(status, HSTS(1, malformed="a word"))) == {}


def test_half_a_year_is_enough_and_a_second_less_is_not():
    assert found(answer(hsts=GOOD)) == {}
    short = found(answer(hsts=HSTS(SHORTEST_HSTS_SECONDS - 1)))
    assert short == {"hsts_too_short": "max-age=15551999, which is 180 days"}
    assert found(answer(hsts=HSTS(43_200))) == {"hsts_too_short": "max-age=43200, which is 0.5 days"}


def test_what_cannot_be_read_is_malformed_and_neither_missing_nor_short():
    broken = HSTS(None, malformed="max-age is missing")
    assert found(answer(hsts=broken)) == {"hsts_malformed": "Strict-Transport-Security: max-age is missing"}


@pytest.mark.parametrize("target", ["192.0.2.1:443", "[2001:db8::1]:443"])
def test_an_address_can_promise_nothing(target):
    assert found(answer(), target=target) == {}
    assert found(answer(hsts=HSTS(1)), target=target) == {}


@pytest.mark.parametrize(
    ("module", "variant"),
    [
        (Module("https", http=HTTPConfig(host="b.example")), Variant()),
        (Module("https", http=HTTPConfig(), tls_config=TLSConfig(server_name="b.example")), Variant()),
        (NAMED, Variant(server_name="b.example")),
    ],
)
def test_a_name_that_is_asked_for_at_an_address_can(module, variant):
    assert set(found(answer(), module, "192.0.2.1:443", variant=variant)) == {"hsts_missing"}


def test_the_host_that_is_asked_for_counts_before_the_name_in_tls():
    module = Module("https", http=HTTPConfig(host="192.0.2.1"), tls_config=TLSConfig(server_name="b.example"))
    assert found(answer(), module) == {}
    module = Module("https", http=HTTPConfig(), tls_config=TLSConfig(server_name="192.0.2.1"))
    assert found(answer(), module) == {}
    assert set(found(answer(), module, variant=Variant(server_name="b.example"))) == {"hsts_missing"}


@pytest.mark.parametrize("module", [Module("tls"), Module("https", http=HTTPConfig(hsts=False))])
def test_nothing_is_reported_that_was_not_asked_for(module):
    assert found(answer(), module) == {}
    assert found(answer(hsts=HSTS(1, malformed="x")), module) == {}


def test_without_an_answer_nothing_is_known():
    assert found(None) == {}
    assert found(HTTPFacts(failure="the answer is not HTTP")) == {}


def test_the_way_from_port_80():
    stays = answer(hsts=GOOD, redirects_to_https=False, redirect_detail="port 80: answered in plaintext")
    assert found(stays) == {"no_redirect_to_https": "port 80: answered in plaintext"}
    for known in (True, None):
        assert found(answer(hsts=GOOD, redirects_to_https=known, redirect_detail="port 80: x")) == {}


def test_bytes_behind_the_go_ahead():
    module = Module("mail", starttls="smtp")
    sentence = "plaintext came after the go-ahead of smtp, before TLS began"
    assert found(module=module, starttls_injection=True) == {"starttls_injection": sentence}
    assert found(module=module) == {}
