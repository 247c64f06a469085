"""Trusted roots: from files, directories and the system, and what is said when they cannot be had."""

import os

import pytest

from exporter.certificates import trust_store
from exporter.certificates.trust_store import TrustError, load_trust
from tests.support.pki import root


@pytest.fixture
def bundle(tmp_path):
    path = tmp_path / "ca.pem"
    path.write_bytes(b"comment\n" + root("CN=A").pem + b"text between\n" + root("CN=B").pem)
    return path


def test_every_certificate_of_a_file_is_a_root(bundle):
    store = load_trust(str(bundle))
    assert sorted(one.subject for one in store.roots) == ["CN=A", "CN=B"]
    assert store.public == frozenset()
    assert all(store.named(one.subject_der) == (one,) for one in store.roots)


def test_a_file_may_be_der(tmp_path):
    path = tmp_path / "ca.der"
    path.write_bytes(root("CN=D").der)
    assert [one.subject for one in load_trust(str(path)).roots] == ["CN=D"]


def test_a_directory_gives_the_certificates_in_it_and_nothing_else(tmp_path):
    for name in ("one.pem", "two.crt", "0a1b2c3d.0"):
        (tmp_path / name).write_bytes(root(f"CN={name}").pem)
    (tmp_path / "README").write_text("no certificate")
    assert len(load_trust(ca_directory=str(tmp_path)).roots) == 3


def test_the_same_root_in_two_files_counts_once(tmp_path):
    for name in ("one.pem", "two.pem"):
        (tmp_path / name).write_bytes(root_a.pem)
    assert len(load_trust(ca_directory=str(tmp_path)).roots) == 1


root_a = root("CN=A")


def test_roots_are_read_once_and_again_when_the_file_changes(bundle):
    first = load_trust(str(bundle))
    assert load_trust(str(bundle), max_age=0) is first
    bundle.write_bytes(root("CN=C").pem)
    assert load_trust(str(bundle), max_age=60) is first
    second = load_trust(str(bundle), max_age=0)
    assert [one.subject for one in second.roots] == ["CN=C"]
    assert second.key != first.key


def test_a_store_of_many_settings_is_not_kept_for_ever(tmp_path):
    for number in range(trust_store._MAX_STORES + 10):
        path = tmp_path / f"{number}.pem"
        path.write_bytes(root_a.pem)
        load_trust(str(path))
    assert len(trust_store._loaded) <= trust_store._MAX_STORES
    assert len(trust_store._checked) <= trust_store._MAX_STORES


def test_system_roots_are_public_and_can_be_had_beside_a_file(bundle, tmp_path, monkeypatch):
    system = tmp_path / "system.pem"
    system.write_bytes(root_a.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(system))
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    assert len(load_trust().public) == 1
    both = load_trust(str(bundle), system_roots=True)
    assert (len(both.roots), len(both.public)) == (3, 1)
    assert len(load_trust(str(bundle)).roots) == 2
    assert load_trust(str(bundle)).key != both.key


def test_the_environment_may_name_several_directories(tmp_path, monkeypatch):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "ca.pem").write_bytes(root(f"CN={name}").pem)
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("SSL_CERT_DIR", os.pathsep.join(str(tmp_path / name) for name in "ab"))
    assert len(load_trust().roots) == 2


def test_a_system_without_roots_is_an_error(monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    monkeypatch.setattr(trust_store, "SYSTEM_FILES", ("/nonexistent/bundle",))
    with pytest.raises(TrustError, match="no system roots found"):
        load_trust()


def test_a_missing_file_is_looked_for_again(tmp_path):
    path = tmp_path / "late.pem"
    with pytest.raises(TrustError):
        load_trust(str(path))
    path.write_bytes(root_a.pem)
    with pytest.raises(TrustError):
        load_trust(str(path), max_age=60)
    assert len(load_trust(str(path), max_age=0).roots) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no certificate in it"),
        (b"-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n", "not valid PEM"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "no certificate in it"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "no certificate in it"),
    ],
)
def test_a_useless_file_is_named(tmp_path, content, message):
    path = tmp_path / "bad.pem"
    path.write_bytes(content)
    with pytest.raises(TrustError, match=f"{path}: .*{message}"):
        load_trust(str(path))


def test_a_missing_file_and_an_empty_directory_are_named(tmp_path):
    with pytest.raises(TrustError, match=r"missing\.pem: No such file"):
        load_trust(str(tmp_path / "missing.pem"))
    with pytest.raises(TrustError, match="no certificate files"):
        load_trust(ca_directory=str(tmp_path))
    with pytest.raises(TrustError, match="No such file"):
        load_trust(ca_directory=str(tmp_path / "missing"))
