"""Every format as the real tools write it: the facts of good files, and the reasons for bad ones."""

import pytest
from at_rest import zoo as files
from cryptography import x509

from exporter.at_rest.formats.entry import EntryKind, UnreadableError
from exporter.at_rest.formats.reader import read_contents_untrusted
from exporter.net.reason import Reason

pytestmark = pytest.mark.server("openssl", "keytool", "certtool", "pk12util")
CERTIFICATE, KEY, TRUSTED, CLIENT = EntryKind.CERTIFICATE, EntryKind.KEY, EntryKind.TRUSTED, EntryKind.CLIENT
WEB = [(KEY, "web", ["www.example.com", "Issuing"])]
CHAIN = [(CERTIFICATE, "", ["www.example.com", "Issuing"])]
LEAF = [(CERTIFICATE, "", ["www.example.com"])]
KEY_ALONE = [(KEY, "", ["www.example.com"])]
GNUTLS = [(KEY, "gnu", ["gnutls.example.com"])]
JAVA = [(KEY, "web", ["java.example.com"]), (TRUSTED, "anchor", ["Root"])]
SECRET, CHANGEIT = files.PASSWORD, files.JAVA_PASSWORD

GOOD = {
    ("root.pem", None): [(CERTIFICATE, "", ["Root"])],
    ("leaf.pem", None): LEAF,
    ("leaf.pem", "not needed"): LEAF,
    ("fullchain.pem", None): CHAIN,
    ("bundle.pem", None): [(CERTIFICATE, "", ["Root", "Issuing"])],
    ("with_key.pem", None): CHAIN,
    ("crlf.pem", None): CHAIN,
    ("x509.pem", None): LEAF,
    ("one_line.pem", None): LEAF,
    ("bom.pem", None): LEAF,
    ("trusted.pem", None): LEAF,
    ("from_pkcs12.pem", None): [(CERTIFICATE, "web", ["www.example.com", "Issuing"])],
    ("leaf.der", None): LEAF,
    ("padded.der", None): LEAF,
    ("two.der", None): [(CERTIFICATE, "", ["www.example.com", "www.example.com"])],
    ("bag.p7b", None): CHAIN,
    ("bag.p7c", None): CHAIN,
    ("ber.p7s", None): LEAF,
    ("gnutls.p7b", None): LEAF,
    ("openssl3.p12", SECRET): WEB,
    ("openssl1.p12", SECRET): WEB,
    ("windows.pfx", SECRET): WEB,
    ("sha512.p12", SECRET): WEB,
    ("noiter.p12", SECRET): WEB,
    **{(f"{cipher}.p12", SECRET): WEB for cipher in files.OPENSSL_CIPHERS if not cipher.startswith("camellia")},
    ("empty_password.p12", None): KEY_ALONE,
    ("plain.p12", None): KEY_ALONE,
    ("plain.p12", "not needed"): KEY_ALONE,
    ("nomac.p12", SECRET): WEB,
    ("nomac_open.p12", None): KEY_ALONE,
    ("nokeys.p12", SECRET): CHAIN,
    ("unicode.p12", "p\u00e4ss\u4e2d"): [(KEY, "w\u00e9b\u4e2d", ["www.example.com"])],
    ("gnutls_aes.p12", SECRET): GNUTLS,
    ("gnutls_3des.p12", SECRET): GNUTLS,
    ("gnutls_null.p12", None): GNUTLS,
    ("gnutls_empty.p12", None): GNUTLS,
    ("nss.p12", SECRET): WEB,
    ("java.jks", CHANGEIT): JAVA,
    ("java.jks", None): JAVA,
    ("chain.jks", CHANGEIT): WEB,
    ("java.jceks", CHANGEIT): JAVA,
    ("java.jceks", None): JAVA,
    ("java.pkcs12", CHANGEIT): JAVA,
    ("new.pkcs12", CHANGEIT): JAVA,
    ("open.p12", None): [(TRUSTED, "anchor", ["Root"])],
    ("admin.conf", None): [(TRUSTED, "production", ["Root"]), (CLIENT, "admin", ["www.example.com", "Issuing"])],
    ("json.conf", None): [(TRUSTED, "c", ["Root"])],
}

BAD = {
    ("empty.pem", None): Reason.EMPTY,
    ("blank.pem", None): Reason.EMPTY,
    ("half.pem", None): Reason.TRUNCATED,
    ("half_end.pem", None): Reason.TRUNCATED,
    ("half_second.pem", None): Reason.TRUNCATED,
    ("lost_end.pem", None): Reason.MALFORMED,
    ("bad_base64.pem", None): Reason.MALFORMED,
    ("cut_inside.pem", None): Reason.MALFORMED,
    ("other_end.pem", None): Reason.MALFORMED,
    ("many_begins.pem", None): Reason.MALFORMED,
    ("utf16.pem", None): Reason.MALFORMED,
    ("bare.b64", None): Reason.MALFORMED,
    ("text.txt", None): Reason.MALFORMED,
    ("leaf.key", None): Reason.NO_CERTIFICATE,
    ("leaf.csr", None): Reason.NO_CERTIFICATE,
    ("thousand.pem", None): Reason.TOO_LARGE,
    ("big.pem", None): Reason.TOO_LARGE,
    ("half.der", None): Reason.TRUNCATED,
    ("one_byte.der", None): Reason.TRUNCATED,
    ("trailing.der", None): Reason.MALFORMED,
    ("sequence.der", None): Reason.NO_CERTIFICATE,
    ("empty_sequence.der", None): Reason.MALFORMED,
    ("nested.der", None): Reason.MALFORMED,
    ("long_length.der", None): Reason.MALFORMED,
    ("enveloped.p7m", None): Reason.UNSUPPORTED,
    ("openssl3.p12", None): Reason.PASSWORD_REQUIRED,
    ("openssl3.p12", "wrong"): Reason.WRONG_PASSWORD,
    ("openssl1.p12", "wrong"): Reason.WRONG_PASSWORD,
    ("nomac.p12", "wrong"): Reason.WRONG_PASSWORD,
    ("nomac.p12", None): Reason.PASSWORD_REQUIRED,
    ("gnutls_aes.p12", None): Reason.PASSWORD_REQUIRED,
    ("java.pkcs12", "wrong"): Reason.WRONG_PASSWORD,
    ("camellia-128-cbc.p12", SECRET): Reason.UNSUPPORTED,
    ("expensive.p12", SECRET): Reason.TOO_EXPENSIVE,
    ("only_key.p12", SECRET): Reason.NO_CERTIFICATE,
    ("half.p12", SECRET): Reason.TRUNCATED,
    ("changed.p12", SECRET): Reason.WRONG_PASSWORD,
    ("java.jks", "wrong"): Reason.WRONG_PASSWORD,
    ("java.jceks", "wrong"): Reason.WRONG_PASSWORD,
    ("changed.jks", CHANGEIT): Reason.WRONG_PASSWORD,
    ("half.jks", CHANGEIT): Reason.TRUNCATED,
    ("no_digest.jks", None): Reason.TRUNCATED,
    ("longer.jks", None): Reason.MALFORMED,
    ("count.jks", None): Reason.TOO_LARGE,
    ("version.jks", None): Reason.UNSUPPORTED,
    ("kind.jks", None): Reason.MALFORMED,
    ("secret.jceks", CHANGEIT): Reason.NO_CERTIFICATE,
    ("bad_base64.conf", None): Reason.MALFORMED,
    ("no_certificates.conf", None): Reason.NO_CERTIFICATE,
    ("not_kubeconfig.yaml", None): Reason.NO_CERTIFICATE,
    ("bomb.conf", None): Reason.MALFORMED,
}


@pytest.fixture(scope="module")
def zoo(tmp_path_factory):
    return files.make(tmp_path_factory.mktemp("zoo"))


def _common_name(der):
    return x509.load_der_x509_certificate(der).subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value


@pytest.mark.parametrize(("name", "password"), GOOD)
def test_a_good_file_gives_its_entries(zoo, name, password):
    contents = read_contents_untrusted(zoo.read(name), password)
    found = [
        (one.kind, one.alias or one.user, [_common_name(der) for der in one.certificates]) for one in contents.entries
    ]
    assert sorted(found) == sorted(GOOD[name, password])


@pytest.mark.parametrize(("name", "password"), BAD)
def test_a_bad_file_gives_its_reason(zoo, name, password):
    with pytest.raises(UnreadableError) as refused:
        read_contents_untrusted(zoo.read(name), password)
    assert refused.value.reason is BAD[name, password]
    assert refused.value.detail
    assert SECRET not in refused.value.detail
    assert CHANGEIT not in refused.value.detail


def test_a_kubeconfig_names_the_files_that_it_does_not_hold(zoo):
    contents = read_contents_untrusted(zoo.read("admin.conf"))
    assert [(one.path, one.user, one.kind) for one in contents.references] == [("pki/client.pem", "by-file", CLIENT)]


def test_there_are_sixty_files_of_the_real_tools_and_what_becomes_of_them():
    assert len(GOOD) + len(BAD) >= 60
