"""The pure readers and judges: CAA properties, policies, HTTPS parameters, names of certificates in ARI."""

import struct

import pytest
from dns.rdatatype import RdataType
from support import der, pki
from support.pki import dns

from exporter.certificates.certificate import read_certificate_untrusted
from exporter.published.ari import certificate_id
from exporter.published.caa import (
    MAX_NAMES,
    Property,
    RelevantSet,
    assess,
    climb,
    identifiers_of,
    names_to_check,
    permits,
    read_caa_untrusted,
)
from exporter.published.caa_identifiers import CAA_IDENTIFIERS
from exporter.published.dns_wire import make_generic
from exporter.published.https_record import read_https_untrusted
from exporter.published.mta_sts import Mode, Policy, PolicyError, read_policy_untrusted, read_record_untrusted

OURS = frozenset({"letsencrypt.org"})


def issue(*values, tag="issue"):
    return RelevantSet("example", tuple(Property(tag, value) for value in values))


@pytest.mark.parametrize(
    ("value", "allowed"),
    [
        ("letsencrypt.org", True),
        ("LetsEncrypt.ORG", True),
        (" letsencrypt.org ", True),
        ("letsencrypt.org;", True),
        ("letsencrypt.org; accounturi=https://a.example/1", True),
        ("letsencrypt.org; validationmethods=dns-01,http-01; accounturi=https://a.example/1", True),
        ("letsencrypt.org; accounturi=https://a/1; accounturi=https://a/2", False),
        ("letsencrypt.org; accounturi=", False),
        ("letsencrypt.org; validationmethods=", False),
        ("letsencrypt.org; no equals sign", False),
        ("letsencrypt.org; -tag=x", False),
        ("letsencrypt.org; tag=with space inside", False),
        ("other.example", False),
        ("a.letsencrypt.org", False),
        ("letsencrypt.org.", False),
        (";", False),
        ("", False),
        ("%%%%", False),
        ("letsencrypt.org other.example", False),
    ],
)
def test_the_value_of_an_issue_property_is_read_by_its_grammar(value, allowed):
    assert permits(issue(value), OURS, wildcard=False) is allowed


@pytest.mark.parametrize(
    ("properties", "single", "wildcard"),
    [
        ([], True, True),
        ([("iodef", "mailto:a@b")], True, True),
        ([("issue", "letsencrypt.org")], True, True),
        ([("issue", "other.example")], False, False),
        ([("issuewild", "letsencrypt.org")], True, True),
        ([("issuewild", "other.example")], True, False),
        ([("issue", "letsencrypt.org"), ("issuewild", ";")], True, False),
        ([("issue", ";"), ("issuewild", "letsencrypt.org")], False, True),
    ],
)
def test_wildcards_have_properties_of_their_own(properties, single, wildcard):
    relevant = RelevantSet("example", tuple(Property(*one) for one in properties))
    assert permits(relevant, OURS, wildcard=False) is single
    assert permits(relevant, OURS, wildcard=True) is wildcard


@pytest.mark.parametrize(
    ("tag", "critical", "allowed"), [("future", True, False), ("future", False, True), ("", True, False)]
)
def test_a_critical_property_that_nobody_knows_forbids(tag, critical, allowed):
    assert permits(RelevantSet("example", (Property(tag, "x", critical),)), OURS, wildcard=False) is allowed


def test_a_record_without_a_readable_tag_is_kept_as_one_that_nobody_understands():
    cut = make_generic(RdataType.CAA, b"\x80\x20issue")
    (found,) = read_caa_untrusted([cut])
    assert (found.tag, found.is_critical) == ("", True)


def test_the_climb_ends_below_the_root_and_is_bounded():
    assert climb("*.a.b.example") == ("a.b.example", "b.example", "example")
    assert len(climb(".".join("a" * 100))) == 24


def test_one_forbidden_name_is_enough_and_one_unknown_leaves_it_open():
    allowed, forbidden = issue("letsencrypt.org"), issue("other.example")
    assert assess(["a", "b"], [allowed, allowed], "CA", OURS).permits is True
    assert assess(["a", "b"], [allowed, None], "CA", OURS).permits is None
    assert assess(["a", "b"], [None, forbidden], "CA", OURS).permits is False
    assert "b" in assess(["a", "b"], [None, forbidden], "CA", OURS).detail


def test_only_names_that_somebody_vouches_for_are_looked_up():
    leaf = read_certificate_untrusted(
        pki.leaf(None, names=tuple(dns(name) for name in ("a.test", "*.test", "*.a.test", "elsewhere.example"))).der
    )
    assert names_to_check(leaf, "a.test", trusted=True) == ("a.test", "*.test", "*.a.test", "elsewhere.example")
    assert names_to_check(leaf, "a.test", trusted=False) == ("a.test", "*.test")
    many = read_certificate_untrusted(pki.leaf(None, names=tuple(dns(f"h{n}.test") for n in range(200))).der)
    assert len(names_to_check(many, "h1.test", trusted=True)) == MAX_NAMES


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("CN=R3,O=Let's Encrypt", True),
        ("O=DIGICERT INC", True),
        ("O=A,O=B", False),
        ("CN=x", False),
        ("O=Nobody", False),
    ],
)
def test_a_ca_is_known_by_its_organization(name, known):
    assert (identifiers_of(der.name(name))[1] is not None) is known
    assert identifiers_of(b"\x30\x03abc")[1] is None


def test_the_table_of_cas_is_in_lower_case_and_has_domain_names():
    for organization, names in CAA_IDENTIFIERS.items():
        assert organization == organization.lower().strip()
        assert names
        assert all("." in name and name == name.lower() for name in names)


@pytest.mark.parametrize(
    ("pattern", "host", "fits"),
    [
        ("mx.example", "mx.example", True),
        ("mx.example", "MX.Example", True),
        ("*.example", "mx.example", True),
        ("*.example", "a.mx.example", False),
        ("*.example", "example", False),
        ("example", "mx.example", False),
    ],
)
def test_a_wildcard_of_a_policy_stands_for_one_label(pattern, host, fits):
    assert Policy(Mode.ENFORCE, 1, (pattern,)).allows(host) is fits


GOOD = "version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 60\n"


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        GOOD.replace("\n", "\r\n"),
        GOOD.rstrip("\n"),
        GOOD + "future_field: x\n",
        GOOD + "mode: none\n",  # the first of several counts
        GOOD.replace(": ", ":\t "),
        GOOD + "\n\n",
    ],
)
def test_a_policy_that_senders_take_is_taken(text):
    assert read_policy_untrusted(text.encode(), "text/plain; charset=utf-8") == Policy(Mode.ENFORCE, 60, ("a.example",))


@pytest.mark.parametrize(
    "text",
    [
        "",
        GOOD.replace("STSv1", "STSv2"),
        GOOD.replace("enforce", "Enforce"),
        GOOD.replace("60", "31557601"),
        GOOD.replace("60", "-1"),
        GOOD.replace("60", "6 0"),
        GOOD.replace("a.example", "*.*.example"),
        GOOD.replace("a.example", ".example"),
        GOOD.replace("a.example", "a example"),
        GOOD.replace("mx: a.example\n", ""),
        GOOD + "no colon\n",
        GOOD + "mx: a.example\n" * 300,
    ],
)
def test_a_policy_that_senders_ignore_is_an_error(text):
    with pytest.raises(PolicyError):
        read_policy_untrusted(text.encode(), "text/plain")


@pytest.mark.parametrize(
    ("texts", "identifier"),
    [
        (["v=STSv1; id=1;"], "1"),
        (["v=STSv1;id=1"], "1"),
        (["v=STSv1 ; id=1 ; ext=x"], "1"),
        (["v=spf1 -all", "v=STSv1; id=20260101Z"], "20260101Z"),
        (["v=STSv10; id=1"], None),
        ([], None),
    ],
)
def test_the_record_of_mta_sts_gives_its_id(texts, identifier):
    assert read_record_untrusted(texts) == identifier


@pytest.mark.parametrize(
    "text", ["v=STSv1;", "v=STSv1; id=", "v=STSv1; id=a-b", "v=STSv1; id=" + "1" * 33, "v=STSv1; id"]
)
def test_a_record_of_mta_sts_without_an_id_is_an_error(text):
    with pytest.raises(PolicyError):
        read_record_untrusted([text])


def https(priority=1, target=b"\x00", *params):
    """Return an HTTPS record as bytes."""
    encoded = b"".join(struct.pack("!HH", key, len(value)) + value for key, value in params)
    return make_generic(RdataType.HTTPS, struct.pack("!H", priority) + target + encoded)


def test_parameters_are_read_and_defaults_left_out():
    record = https(
        1, b"\x03Web\x04test\x00", (1, b"\x02h2\x02h3"), (3, b"\x20\xfb"), (4, b"\x7f\x00\x00\x01"), (5, b"e")
    )
    (service,) = read_https_untrusted([record], "a.test").services
    assert (service.target, service.port, service.hints) == ("web.test", 8443, ("127.0.0.1",))
    assert (service.alpn, service.tcp_protocols, service.ech) == (("h2", "h3"), ("h2",), b"e")


def test_an_alias_goes_before_services():
    assert read_https_untrusted([https(1), https(0, b"\x01b\x00")], "a.test").alias == "b"
    assert read_https_untrusted([https(0, b"\x00")], "a.test").alias is None


@pytest.mark.parametrize(
    "record",
    [
        https(1, b"\x03we"),
        https(1, b"\x40" + b"a" * 64 + b"\x00"),
        https(1, b"\x00", (3, b"\x01\xbb"), (1, b"\x02h2")),  # keys must rise
        https(1, b"\x00", (1, b"\x02h2"), (1, b"\x02h2")),
        make_generic(RdataType.HTTPS, b"\x00\x01\x00\x00\x01\x00\x05ab"),
        make_generic(RdataType.HTTPS, b""),
    ],
)
def test_one_record_that_breaks_the_format_spoils_the_set(record):
    records = read_https_untrusted([https(), record], "a.test")
    assert records.services == ()
    assert "ignore all" in records.problem


@pytest.mark.parametrize(
    "params",
    [
        [(0, b"\x00\x09"), (9, b"")],  # an unknown mandatory key
        [(0, b"\x00\x03")],  # one that is not there
        [(1, b"\x05h2")],
        [(2, b"")],
        [(3, b"\x01")],
        [(4, b"\x01")],
        [(6, b"\x01" * 15)],
    ],
)
def test_a_record_that_clients_cannot_use_is_left_out_and_reported(params):
    records = read_https_untrusted([https(1, b"\x00", *params), https(2)], "a.test")
    assert [one.priority for one in records.services] == [2]
    assert "priority 1" in records.problem


def test_a_certificate_is_named_as_the_rfc_shows():
    """RFC 9773 section 4.1: a serial number with its high bit set keeps the zero that DER puts before it."""
    key_id = bytes.fromhex("69885b6b87464041e1b37b847bd0ae2cde01c8d4")
    leaf = pki.leaf(pki.root(), names=(dns("a.test"),), serial=0x87654321, aki=pki.aki(key_id))
    assert certificate_id(read_certificate_untrusted(leaf.der)) == "aYhba4dGQEHhs3uEe9CuLN4ByNQ.AIdlQyE"


def test_a_certificate_without_the_identifier_of_its_issuers_key_has_no_name():
    leaf = pki.leaf(pki.root(), names=(dns("a.test"),), aki=None)
    assert certificate_id(read_certificate_untrusted(leaf.der)) is None
