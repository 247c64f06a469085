"""Reads the web configuration file (exporter-toolkit's format): who may ask, over which TLS, with which headers.

Makes frozen values only: what serves TLS and checks passwords stands in `web`. What is accepted but has no effect
here is said in `notes`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from exporter.config.files import NamedFileError, check_pem, read_named
from exporter.config.model import Secret
from exporter.config.problems import ConfigError, Problem
from exporter.config.source import Source, read_source
from exporter.config.web_schema import CIPHER_SUITES, CURVES, TLSServer, WebFile, header_problem

_VERIFYING = ("VerifyClientCertIfGiven", "RequireAndVerifyClientCert")
WebSource = Source[WebFile]


@dataclass(frozen=True, slots=True)
class ServerTLS:
    """`tls_server_config`. Certificate, key and CA are a file's name, or PEM text itself where that was written."""

    cert_file: str | None = None
    key_file: str | None = None
    cert: str | None = None
    key: Secret | None = None
    client_ca_file: str | None = None
    client_ca: str | None = None
    client_certificate: str = "none"  # none | verified_if_given | required
    client_allowed_sans: tuple[str, ...] = ()
    min_version: str = "TLS12"
    max_version: str | None = None
    ciphers: tuple[str, ...] = ()  # OpenSSL's names, up to TLS 1.2
    curves: tuple[str, ...] = ()  # OpenSSL's names
    place: tuple[int, int] = field(default=(1, 1), compare=False)  # line and column


@dataclass(frozen=True, slots=True)
class WebSettings:
    """A whole web configuration. `rate_limit` is (seconds between requests, burst)."""

    tls: ServerTLS | None = None
    headers: tuple[tuple[str, str], ...] = ()
    users: tuple[tuple[str, Secret], ...] = ()  # names with bcrypt hashes
    rate_limit: tuple[float, int] | None = None
    notes: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


def read_web_config(path: str) -> WebSettings:
    """Read the file; raise ConfigError with all its problems."""
    try:
        source = read_source(path, read_named(path), WebFile())
    except NamedFileError as error:
        raise ConfigError([Problem(path, 1, 1, "", str(error))], [path]) from None
    shape = source.shape
    problems = list(source.problems)
    tls = None
    if shape.tls_server_config is not None:
        tls, found = _server_tls(source, shape.tls_server_config)
        problems.extend(found)
    headers = (shape.http_server_config.headers if shape.http_server_config is not None else None) or {}
    for name, value in headers.items():
        if (problem := header_problem(name, value)) is not None:
            problems.append(source.problem(("http_server_config", "headers", name), problem))
    files = (path, *(file for file in _named(tls) if file is not None))
    if problems:
        raise ConfigError(problems, files)
    return WebSettings(
        tls,
        tuple((name, value) for name, value in headers.items() if value),
        tuple((user, Secret(text)) for user, text in (shape.basic_auth_users or {}).items()),
        _rate_limit(shape),
        tuple(_notes(shape)),
        files,
    )


def _named(tls: ServerTLS | None) -> tuple[str | None, ...]:
    return (tls.cert_file, tls.key_file, tls.client_ca_file) if tls is not None else ()


def _server_tls(source: WebSource, shape: TLSServer) -> tuple[ServerTLS, list[Problem]]:
    here = ("tls_server_config",)
    problems = [source.problem((*here, key), message) for key, message in _conflicts(shape)]
    names: dict[str, str] = {}
    wanted = {"cert_file": "CERTIFICATE", "key_file": "PRIVATE KEY", "client_ca_file": "CERTIFICATE"}
    for key, label in wanted.items():
        written = getattr(shape, key)
        if written is not None:
            names[key] = str((Path(source.name).parent / written).absolute())
            try:
                check_pem(names[key], label)
            except NamedFileError as error:
                problems.append(source.problem((*here, key), str(error)))
    at = source.problem(here, "")
    tls = ServerTLS(
        **names,
        cert=shape.cert,
        key=Secret(shape.key) if shape.key is not None else None,
        client_ca=shape.client_ca,
        client_certificate=_client_certificate(shape.client_auth_type),
        client_allowed_sans=tuple(shape.client_allowed_sans or ()),
        min_version=shape.min_version or "TLS12",
        max_version=shape.max_version,
        ciphers=tuple(CIPHER_SUITES[name] for name in shape.cipher_suites or () if name in CIPHER_SUITES),
        curves=tuple(CURVES[name] for name in shape.curve_preferences or ()),
        place=(at.line, at.column),
    )
    return tls, problems


def _client_certificate(kind: str | None) -> str:
    return {"VerifyClientCertIfGiven": "verified_if_given", "RequireAndVerifyClientCert": "required"}.get(
        kind or "",
        "none",
    )


def _conflicts(shape: TLSServer) -> Iterator[tuple[str, str]]:
    """Yield what is missing or does not go together: the key, and the sentence about it."""
    for what in ("cert", "key", "client_ca"):
        if getattr(shape, what) is not None and getattr(shape, f"{what}_file") is not None:
            yield what, f"{what}_file is written too: one of them is enough"
    if shape.cert is None and shape.cert_file is None:
        yield "cert_file", "a server needs a certificate: write cert_file"
    if shape.key is None and shape.key_file is None:
        yield "key_file", "a server needs the key of its certificate: write key_file"
    has_ca = shape.client_ca is not None or shape.client_ca_file is not None
    verifying = shape.client_auth_type in _VERIFYING
    if shape.client_auth_type in ("RequireAnyClientCert", "RequireClientCert"):
        yield "client_auth_type", "a certificate that is not verified proves nothing: write RequireAndVerifyClientCert"
    elif verifying and not has_ca:
        yield "client_auth_type", "it needs client_ca_file, the CA of the clients' certificates"
    elif has_ca and not verifying:
        key = "client_ca" if shape.client_ca is not None else "client_ca_file"
        yield key, "without effect as long as client_auth_type is not RequireAndVerifyClientCert"
    if shape.client_allowed_sans and shape.client_auth_type != "RequireAndVerifyClientCert":
        yield "client_allowed_sans", "they need client_auth_type: RequireAndVerifyClientCert"
    if shape.max_version is not None and (shape.min_version or "TLS12") > shape.max_version:
        yield "max_version", f"{shape.max_version} is below min_version {shape.min_version or 'TLS12'}"


def _rate_limit(shape: WebFile) -> tuple[float, int] | None:
    limit = shape.rate_limit
    if limit is None or not limit.interval:
        return None
    return limit.interval, limit.burst or 1


def _notes(shape: WebFile) -> Iterator[str]:
    tls, http = shape.tls_server_config, shape.http_server_config
    if http is not None and http.http2:
        yield "http_server_config.http2: HTTP/1.1 is served, HTTP/2 is not"
    if tls is not None and tls.client_auth_type == "RequestClientCert":
        yield "tls_server_config.client_auth_type: clients' certificates are neither asked for nor looked at"
    if tls is not None and tls.curve_preferences is not None and len(tls.curve_preferences) > 1:
        yield "tls_server_config.curve_preferences: more than one cannot be set, OpenSSL's own order holds"
    if tls is not None and tls.cipher_suites and any(name not in CIPHER_SUITES for name in tls.cipher_suites):
        yield "tls_server_config.cipher_suites: those of TLS 1.3 are always on"
