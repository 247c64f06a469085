"""Single values at their borders, patterns as each reads a name and an address, and what messages show."""

import ipaddress

import pytest
import yaml

from exporter.config import parsers, yaml_document
from exporter.config.model import BUILT_IN_MODULES, Module
from exporter.config.patterns import Pattern, parse_pattern
from exporter.config.problems import ConfigError, Problem, did_you_mean, dotted, one_of
from exporter.config.targets import default_module, default_port, make_target
from exporter.config.units import format_duration, parse_duration
from exporter.config.yaml_document import DocumentError, Plain, read_document
from exporter.metrics.vocabulary import VOCABULARY
from exporter.target import parse_endpoint
from exporter.wire.starttls import PROTOCOLS

YEARS = 365 * 86_400


def label_name(text):
    return parsers.label_name(text, VOCABULARY)


@pytest.mark.parametrize(
    ("read", "good", "bad"),
    [
        (parsers.alpn_protocol, ["a", "a" * 255], ["", "a" * 256, "a b", "é", "a\n"]),
        (
            label_name,
            ["a", "_a", "A1_b", "1a", "a-b", "é", "a" * 128],
            ["", "__a", "target", "severity", "a\nb", "a" * 129],
        ),
        (parsers.label_value, ["", "a" * 1024], ["a" * 1025]),
        (parsers.module_name, ["a", "_", "a.b-c_d", "0", "a" * 64], ["", ".a", "-a", "a" * 65, "a b", "é"]),
        (parsers.request_path, ["/", "/a?b=c"], ["", "a", "/a b", "/é", "/a#b"]),
        (parsers.file_pattern, ["a.json", "*.yml", "[ab].yaml"], ["a", "a.txt", "a.json.bak"]),
        (parsers.tls_version, ["TLS10", "TLS11", "TLS12", "TLS13"], ["TLS1.2", "tls12", "", "SSL3"]),
        (parsers.starttls, sorted(PROTOCOLS), ["", "SMTP", "http"]),
        (parsers.certificate_type, ["ecdsa", "rsa"], ["", "RSA", "dsa"]),
        (parsers.host_header, ["a.example", "a.example:80", "[::1]:80"], ["https://a", "unix:/a", "a b"]),
        (parsers.ip_address, ["192.0.2.1", "::1"], ["a.example", "192.0.2.0/24", ""]),
        (parsers.spki_pin, ["A" * 43 + "="], ["A" * 42 + "==", "A" * 44, "a", "A" * 47 + "="]),
        (parsers.target_text, ["a.example", "https://a/b"], ["", "a b", "http://a"]),
        (parsers.allow_pattern, ["*:*", "a:1"], ["a", "a:0"]),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_texts(read, good, bad):
    for text in good:
        assert read(text) == text
    for text in bad:
        with pytest.raises(ValueError, match=r"\w"):
            read(text)


def test_pins_and_addresses_are_read_as_they_are_compared():
    assert parsers.spki_pin("sha256//" + "A" * 43 + "=") == "A" * 43 + "="
    assert parsers.spki_pin("sha256/" + "A" * 43 + "=") == "A" * 43 + "="
    assert parsers.ip_address("2001:DB8:0::1") == "2001:db8::1"
    with pytest.raises(ValueError, match="a pin is written in base64, did you mean 'AAAAAAAA"):
        parsers.spki_pin("00" * 32)
    with pytest.raises(ValueError, match="did you mean '//////"):
        parsers.spki_pin(":".join(["FF"] * 32))


@pytest.mark.parametrize(("text", "hint"), [("1.2", "TLS12"), ("TLSv1.3", "TLS13"), ("TLS1", "TLS10"), ("1", "TLS10")])
def test_versions_in_other_spellings(text, hint):
    with pytest.raises(ValueError, match=f"did you mean '{hint}'"):
        parsers.tls_version(text)
    with pytest.raises(ValueError, match="known: TLS10, TLS11, TLS12, TLS13"):
        parsers.tls_version("SSLv3")


@pytest.mark.parametrize("text", ["0", "5", "10"])
def test_whole_numbers_within_their_range(text):
    assert parsers.whole_number(Plain(text), 0, 10) == int(text)


@pytest.mark.parametrize("value", ["5", Plain("11"), Plain("-1"), Plain("1.0"), Plain("1" * 10), Plain(""), None, 5])
def test_what_is_no_whole_number_of_the_range(value):
    with pytest.raises(ValueError, match=r"a whole number is wanted|is not between 0 and 10"):
        parsers.whole_number(value, 0, 10)


def test_the_largest_number_that_is_read():
    assert parsers.whole_number(Plain("9" * 9), 0, 10**9) == 10**9 - 1


def test_true_and_false_are_written_without_quotes():
    for value in (Plain("true"), Plain("True"), Plain("TRUE")):
        assert parsers.true_or_false(value) is True
    for value in (Plain("false"), Plain("False"), Plain("FALSE")):
        assert parsers.true_or_false(value) is False
    for value in ("true", "false", "True", Plain("yes"), Plain("tRUE"), None, True):
        with pytest.raises(ValueError, match="write true or false"):
            parsers.true_or_false(value)


def test_durations_and_refreshes():
    assert parsers.duration("1ms") == 0.001
    assert parsers.refresh("1s") == 1.0
    for read, text in (
        (parsers.duration, "0"),
        (parsers.duration, "0s"),
        (parsers.refresh, "999ms"),
        (parsers.refresh, "0"),
    ):
        with pytest.raises(ValueError, match=r"greater than 0|at least 1s"):
            read(text)
    for value in (None, 5, ["5s"]):
        with pytest.raises(ValueError, match="text is wanted"):
            parsers.duration(value)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("0s", 0.0),
        ("1y2w3d4h5m6s7ms", YEARS + 17 * 86_400 + 4 * 3600 + 5 * 60 + 6.007),
        ("292y", 292 * YEARS),
        ("1000ms", 1.0),
        ("90m", 5400.0),
    ],
)
def test_long_and_short_durations(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["293y", "292y1ms", "1s1m", "1s1s", "", "1", "s", "1.5s", "-1s", "1 s", "1S", "1" * 16 + "s"]
)
def test_what_is_no_duration(text):
    with pytest.raises(ValueError, match=r"bad duration|too long"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (0.0004, "0s"),
        (0.001, "1ms"),
        (90, "1m30s"),
        (86_400, "1d"),
        (694_861.5, "8d1h1m1s500ms"),
        (3600, "1h"),
    ],
)
def test_durations_are_written_with_the_largest_units(seconds, text):
    assert format_duration(seconds) == text


# patterns


@pytest.mark.parametrize(
    ("pattern", "covered", "not_covered"),
    [
        ("a.example:443", [("a.example", 443)], [("a.example", 444), ("b.a.example", 443), ("", 443)]),
        ("a.example:*", [("a.example", 1), ("a.example", 65_535)], [("a.examples", 1)]),
        ("*.a.example:443", [("b.a.example", 443), ("c.b.a.example", 443)], [("a.example", 443), (".a.example", 443)]),
        ("*:443", [("a", 443)], [("a", 80)]),
        ("*:*", [("a", 1), ("b.c", 2)], []),
        ("A.Example:443", [("a.example", 443)], []),
        ("10.0.0.0/8:443", [], [("10.0.0.1", 443)]),
        ("192.0.2.1:443", [], [("192.0.2.1", 443)]),
    ],
)
def test_patterns_of_names(pattern, covered, not_covered):
    read = parse_pattern(pattern)
    assert all(read.covers_name(*one) for one in covered)
    assert not any(read.covers_name(*one) for one in not_covered)


@pytest.mark.parametrize(
    ("pattern", "covered", "not_covered"),
    [
        ("10.0.0.0/8:443", [("10.255.255.255", 443)], [("11.0.0.0", 443), ("10.0.0.1", 80), ("::a00:1", 443)]),
        ("10.0.0.0/8:*", [("10.0.0.0", 1)], []),
        ("192.0.2.1:443", [("192.0.2.1", 443)], [("192.0.2.2", 443)]),
        ("[2001:db8::]/32:443", [("2001:db8::1", 443)], [("2001:db9::", 443)]),
        ("[::1]:443", [("::1", 443)], [("::2", 443), ("127.0.0.1", 443)]),
        ("*:*", [], [("192.0.2.1", 443)]),
    ],
)
def test_patterns_of_addresses(pattern, covered, not_covered):
    read = parse_pattern(pattern)
    assert all(read.covers_address(ipaddress.ip_address(ip), port) for ip, port in covered)
    assert not any(read.covers_address(ipaddress.ip_address(ip), port) for ip, port in not_covered)


def test_patterns_are_values():
    assert parse_pattern("a.example:65535") == Pattern(65_535, name="a.example")
    assert parse_pattern("a.example:1") == Pattern(1, name="a.example")
    assert parse_pattern("*.a.example:*") == Pattern(None, suffix=".a.example")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a.example", "write host:port"),
        ("a.example:0", "bad port '0': a number from 1 to 65535"),
        ("a.example:65536", "bad port"),
        ("a.*.example:1", r"'\*' stands at the beginning only"),
        ("**.example:1", r"'\*' stands at the beginning only"),
        ("10.0.0.1/8:1", "bad network: 10.0.0.1/8 has host bits set"),
        ("[::1]/129:1", "bad network"),
        ("a b:1", "."),
        ("unix:/a:1", "."),
    ],
)
def test_what_is_no_pattern(text, message):
    with pytest.raises(ValueError, match=message):
        parse_pattern(text)


# targets


@pytest.mark.parametrize(
    ("text", "module", "port"),
    [
        ("a.example", "https", 443),
        ("a.example:443", "https", 443),
        ("a.example:444", "tls", 444),
        ("https://a.example", "https", 443),
        ("https://a.example:444", "https", 444),
        ("tls://a.example", "tls", 443),
        ("tls://a.example:443", "tls", 443),
        ("unix:/run/a.sock", "tls", None),
    ],
)
def test_the_module_and_port_of_a_target(text, module, port):
    target = make_target(text, None, BUILT_IN_MODULES)
    assert (target.name, target.module, target.endpoint.port) == (text, module, port)
    assert default_module(parse_endpoint(text)) == module


def test_a_protocols_own_port_is_meant_without_one():
    modules = {"mail": Module("mail", starttls="smtp"), "tls": Module("tls")}
    assert default_port(modules["mail"]) == 25
    assert make_target("a.example", "mail", modules).endpoint.port == 25
    assert make_target("https://a.example", "mail", modules).endpoint.port == 443
    assert make_target("a.example:587", "mail", modules, (("a", "b"),)).labels == (("a", "b"),)
    with pytest.raises(KeyError):
        make_target("a.example", "gone", modules)


# messages


def test_a_problem_as_a_compiler_writes_it():
    assert str(Problem("a.yaml", 3, 5, "modules.a", "no")) == "a.yaml:3:5: modules.a: no"
    assert str(Problem("a.yaml", 1, 1, "", "no")) == "a.yaml:1:1: no"


def test_problems_come_in_order_once_each_and_a_hundred_are_shown():
    problems = [Problem("a", line, 1, "", "x") for line in range(101, 0, -1)]
    error = ConfigError([*problems, problems[0]], ["a"])
    assert [one.line for one in error.problems] == list(range(1, 102))
    assert str(error).splitlines()[-2:] == ["a:100:1: x", "... and 1 more"]
    assert error.files == ("a",)
    assert str(ConfigError(problems[1:])).splitlines()[-1] == "a:100:1: x"


def test_paths():
    assert dotted(("targets", 0, "labels", "team")) == "targets[0].labels.team"
    assert dotted(()) == ""
    assert dotted(("a" * 81,)) == "a" * 80
    assert dotted(("a\n",)) == "a\\n"


def test_hints():
    assert did_you_mean("tiemout", ("timeout", "target")) == ", did you mean 'timeout'?"
    assert did_you_mean("TIMEOUT", ("timeout", "target")) == ", did you mean 'timeout'?"
    assert did_you_mean("smpt", ("SMTP",)) == ", did you mean 'SMTP'?"
    assert did_you_mean("zzz", ("timeout",)) == ""
    assert one_of("zzz", ("timeout", "target")) == " (known: timeout, target)"
    assert one_of("timeouts", ("timeout", "target")) == ", did you mean 'timeout'?"


@pytest.mark.parametrize("text", [b'a: "\\UFFFFFFFF"', b"%YAML 1." + b"9" * 5000 + b"\n---\na: 1"])
@pytest.mark.parametrize("loader", ["CSafeLoader", "SafeLoader"])
def test_numbers_out_of_bounds_are_no_yaml_with_or_without_libyaml(monkeypatch, loader, text):
    monkeypatch.setattr(yaml_document, "_LOADER", getattr(yaml, loader))
    with pytest.raises(DocumentError) as caught:
        read_document("a.yaml", text)
    assert "not YAML" in str(caught.value.problems[0])
