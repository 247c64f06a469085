"""The web configuration file, value by value: what is read, what is reported as ignored, what is refused and where."""

import pytest

from exporter.config.problems import ConfigError
from exporter.config.web_config import ServerTLS, WebSettings, read_web_config
from exporter.config.web_schema import CIPHER_SUITES, CURVES

HASH = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi"
PEM = {
    "server.pem": "CERTIFICATE",
    "server.key": "PRIVATE KEY",
    "ca.pem": "CERTIFICATE",
}


@pytest.fixture
def read(tmp_path):
    for name, label in PEM.items():
        (tmp_path / name).write_text(f"-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n")

    def read_text(text):
        file = tmp_path / "web.yml"
        file.write_text(text)
        return read_web_config(str(file))

    return read_text


@pytest.fixture
def wrong(read):
    def problems_of(text):
        with pytest.raises(ConfigError) as caught:
            read(text)
        return [(one.line, one.column, one.path, one.message) for one in caught.value.problems]

    return problems_of


def tls(extra="", files="cert_file: server.pem, key_file: server.key"):
    return f"tls_server_config: {{{', '.join(filter(None, (files, extra)))}}}"


def test_an_empty_file_asks_for_nothing(read, tmp_path):
    assert read("") == WebSettings(files=(str(tmp_path / "web.yml"),))


def test_files_are_named_beside_the_file_and_the_defaults_are_the_toolkits(read, tmp_path):
    settings = read(tls())
    assert settings.tls == ServerTLS(cert_file=str(tmp_path / "server.pem"), key_file=str(tmp_path / "server.key"))
    assert settings.tls.min_version == "TLS12"
    assert settings.tls.client_certificate == "none"
    assert settings.tls.place == (1, 20)
    assert settings.files == tuple(str(tmp_path / name) for name in ("web.yml", "server.pem", "server.key"))
    assert settings.notes == ()


def test_everything_that_tls_may_say(read, tmp_path):
    settings = read(
        tls(
            "client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.pem, client_allowed_sans: [a, b],"
            " min_version: TLS12, max_version: TLS12, curve_preferences: [CurveP384],"
            " cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA]"
        )
    )
    made = settings.tls
    assert made.client_certificate == "required"
    assert made.client_ca_file == str(tmp_path / "ca.pem")
    assert made.client_allowed_sans == ("a", "b")
    assert (made.min_version, made.max_version) == ("TLS12", "TLS12")
    assert made.curves == ("secp384r1",)
    assert made.ciphers == ("ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA")
    assert settings.files[-1] == str(tmp_path / "ca.pem")
    assert settings.notes == ()


def test_text_in_place_of_files(read):
    settings = read("tls_server_config: {cert: c, key: k, client_ca: a, client_auth_type: VerifyClientCertIfGiven}")
    made = settings.tls
    assert (made.cert, made.key.reveal(), made.client_ca) == ("c", "k", "a")
    assert made.client_certificate == "verified_if_given"
    assert (made.cert_file, made.key_file, made.client_ca_file) == (None, None, None)
    assert len(settings.files) == 1


def test_headers_users_and_rate(read):
    settings = read(
        "http_server_config: {headers: {X-Frame-Options: deny, Strict-Transport-Security: max-age=1}}\n"
        f"basic_auth_users: {{ada: '{HASH}', eve: '{HASH}'}}\n"
        "rate_limit: {interval: 500ms, burst: 20}\n"
    )
    assert settings.headers == (("X-Frame-Options", "deny"), ("Strict-Transport-Security", "max-age=1"))
    assert [(user, secret.reveal()) for user, secret in settings.users] == [("ada", HASH), ("eve", HASH)]
    assert settings.rate_limit == (0.5, 20)
    assert settings.notes == ()


@pytest.mark.parametrize("blank", ["", "''", "~"])
def test_a_header_field_that_is_blank_is_unset(read, blank):
    settings = read(f"http_server_config: {{headers: {{X-Frame-Options: {blank}, X-XSS-Protection: '0'}}}}")
    assert settings.headers == (("X-XSS-Protection", "0"),)


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("rate_limit: {interval: 1s}", (1.0, 1)),
        ("rate_limit: {interval: 1s, burst: 0}", (1.0, 1)),
        ("rate_limit: {interval: 1s, burst: 1000000}", (1.0, 1_000_000)),
        ("rate_limit: {burst: 5}", None),
        ("rate_limit: {interval: 0s, burst: 5}", None),
        ("rate_limit: {interval: 0}", None),
        ("rate_limit: {interval: 1.5s, burst: 5}", (1.5, 5)),
        ("rate_limit: {interval: 1m30.5s}", (90.5, 1)),
        ("rate_limit: {interval: 100us}", (0.0001, 1)),
        ("rate_limit: {interval: 1000000000}", (1.0, 1)),
    ],
)
def test_rates(read, text, limit):
    assert read(text).rate_limit == limit


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("http_server_config: {http2: true}", "http_server_config.http2: HTTP/1.1 is served, HTTP/2 is not"),
        (
            tls("client_auth_type: RequestClientCert"),
            "tls_server_config.client_auth_type: clients' certificates are neither asked for nor looked at",
        ),
        (
            tls("curve_preferences: [X25519, CurveP256]"),
            "tls_server_config.curve_preferences: more than one cannot be set, OpenSSL's own order holds",
        ),
        (
            tls("cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, TLS_AES_128_GCM_SHA256]"),
            "tls_server_config.cipher_suites: those of TLS 1.3 are always on",
        ),
    ],
)
def test_what_has_no_effect_is_reported(read, text, note):
    assert read(text).notes == (note,)


@pytest.mark.parametrize("text", ["http_server_config: {http2: false}", tls("prefer_server_cipher_suites: true")])
def test_what_is_as_it_is_here_anyway_is_not(read, text):
    assert read(text).notes == ()


AT = "tls_server_config"
BOTH = "is written too: one of them is enough"
NO_EFFECT = "without effect as long as client_auth_type is not RequireAndVerifyClientCert"


@pytest.mark.parametrize(
    ("extra", "key", "message"),
    [
        ("cert: a", "cert", f"cert_file {BOTH}"),
        ("key: a", "key", f"key_file {BOTH}"),
        (
            "client_ca: a, client_ca_file: ca.pem, client_auth_type: RequireAndVerifyClientCert",
            "client_ca",
            f"client_ca_file {BOTH}",
        ),
        ("client_ca: a", "client_ca", NO_EFFECT),
        ("client_ca_file: ca.pem", "client_ca_file", NO_EFFECT),
        (
            "client_auth_type: RequireClientCert",
            "client_auth_type",
            "a certificate that is not verified proves nothing: write RequireAndVerifyClientCert",
        ),
        (
            "client_auth_type: RequireAndVerifyClientCert",
            "client_auth_type",
            "it needs client_ca_file, the CA of the clients' certificates",
        ),
        (
            "client_allowed_sans: [a], client_ca: c, client_auth_type: VerifyClientCertIfGiven",
            "client_allowed_sans",
            "they need client_auth_type: RequireAndVerifyClientCert",
        ),
        ("max_version: TLS11", "max_version", "TLS11 is below min_version TLS12"),
        ("min_version: TLS13, max_version: TLS12", "max_version", "TLS12 is below min_version TLS13"),
    ],
)
def test_what_does_not_go_together_is_reported_at_its_place(wrong, extra, key, message):
    text = tls(extra)
    column = text.index(f", {key}: ") + len(f", {key}: ") + 1
    assert wrong(text) == [(1, column, f"{AT}.{key}", message)]


def test_a_server_needs_a_certificate_and_its_key(wrong):
    assert wrong(tls(files="min_version: TLS12")) == [
        (1, 20, f"{AT}.cert_file", "a server needs a certificate: write cert_file"),
        (1, 20, f"{AT}.key_file", "a server needs the key of its certificate: write key_file"),
    ]


def test_versions_that_go_together(read):
    assert read(tls("min_version: TLS10, max_version: TLS10")).tls.max_version == "TLS10"
    assert read(tls("max_version: TLS13")).tls.max_version == "TLS13"


def test_files_must_be_what_they_are_named_for(wrong):
    (problem,) = wrong(tls(files="cert_file: server.key, key_file: server.key"))
    assert problem[:3] == (1, 32, f"{AT}.cert_file")
    assert "holds no '-----BEGIN ... CERTIFICATE-----'" in problem[3]
    (problem,) = wrong(tls(files="cert_file: server.pem, key_file: gone.key"))
    assert "there is no file" in problem[3]


@pytest.mark.parametrize("cost", ["04", "17", "31"])
def test_costs_of_hashes(read, cost):
    assert read(f"basic_auth_users: {{ada: '{HASH.replace('$10$', f'${cost}$')}'}}").users


@pytest.mark.parametrize("cost", ["03", "32"])
def test_costs_that_are_no_good(wrong, cost):
    (problem,) = wrong(f"basic_auth_users: {{ada: '{HASH.replace('$10$', f'${cost}$')}'}}")
    assert problem[3] == f"the cost {int(cost)} of this hash is not between 4 and 31"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("basic_auth_users: {ada: secret}", "not a bcrypt hash: make one with 'htpasswd -nBC 10 \"\"'"),
        (f"basic_auth_users: {{ada: '{HASH}x'}}", "not a bcrypt hash: make one with 'htpasswd -nBC 10 \"\"'"),
        (f"basic_auth_users: {{'': '{HASH}'}}", "bad user name: it must not be empty"),
        (f"basic_auth_users: {{'a:b': '{HASH}'}}", "bad user name: it must not be empty"),
        (f'basic_auth_users: {{"a\\nb": "{HASH}"}}', "bad user name: it must not be empty"),
        ("http_server_config: {headers: {X-Frame-Options: é}}", "bad header field: visible ASCII"),
        (
            f"http_server_config: {{headers: {{X-XSS-Protection: {'a' * 2001}}}}}",
            "bad header field: visible ASCII",
        ),
        ("http_server_config: {headers: {Server: a}}", "unknown header field 'Server'"),
        (tls("client_auth_type: Any"), "unknown client_auth_type 'Any'"),
        (tls("cipher_suites: [AES128-SHA]"), "unknown cipher suite 'AES128-SHA'"),
        (tls("curve_preferences: [P256]"), "unknown curve 'P256'"),
        ("rate_limit: {interval: 5}", "bad duration '5': write it like 500ms, 1.5s or 1m30s, did you mean '5s'?"),
        ("rate_limit: {interval: 1d}", "bad duration '1d'"),
        ("rate_limit: {interval: 1.5}", "bad duration '1.5'"),
        ("rate_limit: {interval: -1s}", "bad duration '-1s'"),
        ("http_server_config: {headers: {X-Content-Type-Options: sniff}}", "unknown value 'sniff': write nosniff"),
        ("http_server_config: {headers: {X-Frame-Options: DENY}}", "unknown value 'DENY': write deny or sameorigin"),
        (
            tls("cipher_suites: [TLS_RSA_WITH_AES_128_GCM_SHA256]"),
            "unknown cipher suite 'TLS_RSA_WITH_AES_128_GCM_SHA256'",
        ),
        ("rate_limit: {burst: 1000001}", "1000001 is not between 0 and 1000000"),
        ("unknown: 1", "unknown key"),
        ("tls_server_config: {unknown: 1, cert: a, key: b}", "unknown key"),
        ("http_server_config: {unknown: 1}", "unknown key"),
        ("rate_limit: {unknown: 1}", "unknown key"),
    ],
)
def test_values_that_are_refused(wrong, text, message):
    (problem,) = wrong(text)
    assert problem[3].startswith(message)


def test_the_longest_field(read):
    assert (
        read(f"http_server_config: {{headers: {{Content-Security-Policy: {'a' * 2000}}}}}").headers[0][1] == "a" * 2000
    )


def test_every_suite_and_curve_is_one_of_openssls():
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for ours in CIPHER_SUITES.values():
        context.set_ciphers(f"{ours}:@SECLEVEL=0")
        assert ours in [one["name"] for one in context.get_ciphers()]
    assert set(CURVES) == {"CurveP256", "CurveP384", "CurveP521", "X25519", "X25519MLKEM768"}


def test_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(ConfigError, match="there is no file"):
        read_web_config(str(tmp_path / "gone.yml"))


def test_a_hash_with_what_looks_like_a_variable_is_taken(read):
    """A bcrypt hash is random text after dollar signs: `$Z3AE` in it is no environment variable."""
    text = "$2y$10$Z3AEhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi"
    assert [hashed.reveal() for _, hashed in read(f"basic_auth_users:\n  ada: {text}\n").users] == [text]
