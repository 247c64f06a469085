"""What holds where nothing is written, what the words of a file become, and the files that it names."""

import pytest

from exporter.config.files import NamedFileError, check_directory, check_pem, read_named, read_secret
from exporter.config.model import (
    BUILT_IN_MODULES,
    Addresses,
    Config,
    GlobalConfig,
    HTTPConfig,
    IPProtocol,
    Module,
    TLSConfig,
    Transport,
)
from exporter.config.reader import load
from exporter.config.targets import default_port
from exporter.metrics.vocabulary import VOCABULARY
from exporter.wire.starttls import PROTOCOLS

CONTRACT_LABELS = {
    *("target", "module", "address", "server_name", "certificate_type", "position", "phase", "reason", "family"),
    *("protocol", "cipher", "group", "alpn", "subject", "issuer", "serial_number", "fingerprint_sha256", "key"),
    *("signature_algorithm", "dns_names", "ip_addresses", "chain", "verifier", "status", "source", "version", "class"),
    *("finding", "severity", "le", "quantile"),
}


def loaded(tmp_path, text):
    file = tmp_path / "config.yaml"
    file.write_text(text)
    return load(str(file))


def test_the_defaults_that_are_documented():
    assert GlobalConfig() == GlobalConfig(timeout=10.0, concurrency=512, per_address_concurrency=4)
    assert HTTPConfig() == HTTPConfig("/", None, True, None)
    plain = Module("a")
    assert plain.ip_protocol is IPProtocol.ANY
    assert plain.addresses is Addresses.FIRST
    assert plain.transport is Transport.TCP
    assert (plain.starttls, plain.proxy, plain.posture, plain.timeout) == (None, None, None, None)
    assert plain.server_names == plain.certificate_types == ()
    assert Config().targets == ()
    assert set(BUILT_IN_MODULES) == {"https", "tls"}
    assert BUILT_IN_MODULES["https"].alpn == ("h2", "http/1.1")
    assert all(name == module.name for name, module in BUILT_IN_MODULES.items())


def test_modules_that_differ_in_the_name_they_ask_by_are_distinguished_by_their_hashes():
    """`/probe` makes one for each `hostname`: thousands under one hash would hold up the loop at each look-up."""
    names = [f"{number}.example" for number in range(1000)]
    assert len({hash(Module("a", tls_config=TLSConfig(server_name=name))) for name in names}) > 990


def test_words_become_the_values_that_are_compared_by_identity(tmp_path):
    text = "modules: {a: {ip_protocol: ip4, addresses: all, transport: quic, timeout: 3s}, b: {ip_protocol: ip6}}"
    modules = loaded(tmp_path, text).modules
    assert modules["a"].ip_protocol is IPProtocol.IP4
    assert modules["b"].ip_protocol is IPProtocol.IP6
    assert modules["a"].addresses is Addresses.ALL
    assert modules["a"].transport is Transport.QUIC
    assert modules["a"].timeout == 3.0


def test_the_second_of_two_is_reported_with_the_place_of_the_first(tmp_path):
    (tmp_path / "a.yaml").write_text("global: {timeout: 1s}\nmodules: {m: {}}\n")
    (tmp_path / "b.yaml").write_text("global: {timeout: 2s, concurrency: 3}\nmodules:\n  m: {}\n")
    with pytest.raises(
        ValueError, match=r"b.yaml:1:10: global.timeout: the key is written twice, first at .*a.yaml:1:10"
    ) as e:
        load(str(tmp_path))
    assert "b.yaml:3:3: modules.m: the module is written twice, first at" in str(e.value)
    assert len(e.value.problems) == 2


def test_no_label_of_the_contract_can_be_the_users():
    assert VOCABULARY.reserved_labels >= CONTRACT_LABELS


def test_registered_ports():
    assert {name: default_port(Module(name, starttls=name)) for name in PROTOCOLS} == {
        "smtp": 25,
        "lmtp": 24,
        "imap": 143,
        "pop3": 110,
        "ftp": 21,
        "ldap": 389,
        "postgres": 5432,
        "mysql": 3306,
        "xmpp": 5222,
        "xmpp-server": 5269,
        "sieve": 4190,
        "nntp": 119,
        "irc": 6667,
        "rdp": 3389,
        "tds": 1433,
        "nats": 4222,
        "telnet": 23,
    }


@pytest.mark.parametrize(
    ("data", "secret"),
    [(b"a", "a"), (b"a\n", "a"), (b"a\r\n", "a"), (b"a\n\n", "a\n"), (b" a ", " a "), ("é\n".encode(), "é")],
)
def test_a_secret_is_the_file_without_its_last_newline(tmp_path, data, secret):
    file = tmp_path / "secret"
    file.write_bytes(data)
    assert read_secret(str(file)).reveal() == secret


@pytest.mark.parametrize(("data", "why"), [(b"", "is empty"), (b"\n", "is empty"), (b"\xff", "is not UTF-8")])
def test_what_is_no_secret(tmp_path, data, why):
    file = tmp_path / "secret"
    file.write_bytes(data)
    with pytest.raises(NamedFileError, match=why):
        read_secret(str(file))


def test_the_size_of_a_file_that_is_read(tmp_path):
    file = tmp_path / "a"
    file.write_bytes(b"12345")
    assert read_named(str(file), 5) == b"12345"
    with pytest.raises(NamedFileError, match="is larger than 4 bytes"):
        read_named(str(file), 4)
    file.write_bytes(b"a" * (64 * 1024))
    assert len(read_secret(str(file)).reveal()) == 64 * 1024
    file.write_bytes(b"a" * (64 * 1024 + 1))
    with pytest.raises(NamedFileError, match="is larger than 65536 bytes"):
        read_secret(str(file))


def test_what_cannot_be_read_is_said_in_one_sentence(tmp_path):
    for path, why in (
        (str(tmp_path / "gone"), "there is no file"),
        (str(tmp_path), "is not a regular file"),
        ("/dev/null", "is not a regular file"),
        ("a\0b", "cannot read|there is no file"),
    ):
        with pytest.raises(NamedFileError, match=why):
            read_named(path)
    with pytest.raises(NamedFileError, match="cannot list"):
        check_directory(str(tmp_path / "gone"))
    check_directory(str(tmp_path))


def test_a_pem_file_holds_what_it_is_named_for(tmp_path):
    file = tmp_path / "a.pem"
    file.write_text("-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n")
    check_pem(str(file), "PRIVATE KEY")
    with pytest.raises(NamedFileError, match=r"CERTIFICATE-----' \(PEM\): it holds a PRIVATE KEY"):
        check_pem(str(file), "CERTIFICATE")
    file.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    with pytest.raises(NamedFileError, match=r"PRIVATE KEY-----' \(PEM\): it holds a CERTIFICATE"):
        check_pem(str(file), "PRIVATE KEY")
    file.write_text("nothing")
    with pytest.raises(NamedFileError, match=r"\(PEM\)$"):
        check_pem(str(file), "CERTIFICATE")
