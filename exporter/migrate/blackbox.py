"""blackbox_exporter's modules as tls-exporter's. What a module did beyond TLS gets a note; nothing is lost silently."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from exporter.config import parsers
from exporter.config.units import parse_duration
from exporter.migrate.dialogue import protocol_of, turns_to_tls
from exporter.migrate.note import Note, remark
from exporter.migrate.reading import flag, mapping, sequence, text

_TLS_KEYS = ("ca_file", "cert_file", "key_file", "server_name", "min_version", "max_version")
_IN_HTTP = {
    "valid_status_codes": "alert on tls_http_status_code",
    "valid_http_versions": "see the label alpn of tls_session_info",
    "method": "the request is always GET",
    "body": "the request has no body",
    "body_file": "the request has no body",
    "body_size_limit": "bodies are not read",
    "compression": "bodies are not read",
    "fail_if_body_matches_regexp": "bodies are not read",
    "fail_if_body_not_matches_regexp": "bodies are not read",
    "fail_if_body_json_matches_cel": "bodies are not read",
    "fail_if_body_json_not_matches_cel": "bodies are not read",
    "fail_if_header_matches": "header fields are not checked, except for Strict-Transport-Security",
    "fail_if_header_not_matches": "header fields are not checked, except for Strict-Transport-Security",
    "accept_any_response": "any answer counts here anyway",
    "basic_auth": "no credentials are sent",
    "authorization": "no credentials are sent",
    "bearer_token": "no credentials are sent",
    "bearer_token_file": "no credentials are sent",
    "oauth2": "no credentials are sent",
    "http_headers": "no header fields are added",
    "proxy_connect_header": "write user and password into proxy_url instead",
    "proxy_from_environment": "write proxy_url instead",
    "skip_resolve_phase_with_proxy": "the proxy always resolves the name here",
    "fail_if_not_ssl": "a probe without TLS fails anyway",
}
_CARRIED = {
    *("tls_config", "preferred_ip_protocol", "ip_protocol_fallback", "source_ip_address", "headers", "proxy_url"),
    *("no_proxy", "enable_http2", "enable_http3", "follow_redirects", "no_follow_redirects", "fail_if_ssl", "tls"),
    *("query_response", "service", "dns_over_tls", "transport_protocol"),
}


@dataclass(slots=True)
class Module:
    """A module that was migrated. `written` is what the new configuration says.

    `http`: its targets are URLs, http:// where none is written; `secure_urls`: https:// where none is written.
    `reads_files`: its targets are certificates at rest; `reads_secrets`: those of a cluster.
    `fixed_target` is the one that the module itself names.
    """

    name: str
    written: dict[str, Any] = field(default_factory=dict)
    http: bool = False
    secure_urls: bool = False
    reads_files: bool = False
    reads_secrets: bool = False
    kubeconfig: str | None = None
    password_file: str | None = None
    fixed_target: str | None = None
    notes: list[Note] = field(default_factory=list)

    def note(self, sentence: str) -> None:
        """Note what of this module is not migrated."""
        self.notes.append(Note(f"module {self.name}: {sentence}"))

    def remark(self, sentence: str) -> None:
        """Explain something about this module."""
        self.notes.append(remark(f"module {self.name}: {sentence}"))

    def checked(self, key: str, value: str, check: Callable[[], object]) -> None:
        """Write a value if the configuration takes it. The note does not repeat it: it may hold a password."""
        try:
            check()
        except ValueError as error:
            self.note(f"{key} is not migrated: {error}")
        else:
            self.written[key] = value


def read_modules(document: dict[str, Any]) -> tuple[dict[str, Module], list[Note]]:
    """Return the modules that probe TLS by their old names, and notes on all."""
    modules: dict[str, Module] = {}
    notes: list[Note] = []
    for name, body in mapping(document.get("modules")).items():
        module = Module(name)
        settings = mapping(body)
        prober = text(settings.get("prober"))
        if _carry(module, prober, mapping(settings.get(prober))):
            _timeout(module, settings)
            modules[name] = module
        notes += module.notes
    return modules, notes


def _carry(module: Module, prober: str, settings: dict[str, Any]) -> bool:
    """Fill in a module; False, with a note, when it has nothing to do with TLS."""
    if prober == "http":
        carried = _http(module, settings)
    elif prober in ("tcp", "unix"):
        carried = _stream(module, settings)
    elif prober in ("grpc", "dns"):
        carried = _over_tls(module, prober, settings)
    else:
        module.note(f"the prober {prober or '(none)'} is not about TLS: keep it in blackbox_exporter")
        return False
    if carried:
        _connection(module, settings)
    return carried


def _http(module: Module, settings: dict[str, Any]) -> bool:
    if flag(settings.get("fail_if_ssl")):
        module.note("it wants an answer without TLS: keep it in blackbox_exporter")
        return False
    module.http = True
    request: dict[str, Any] = {"path": "/"}
    for name, value in mapping(settings.get("headers")).items():
        if name.lower() == "host" and text(value):
            request["host"] = text(value)
        else:
            module.note(f"the header field {name} is not sent")
    module.written["http"] = request
    if flag(settings.get("enable_http3")):
        module.written |= {"transport": "quic", "alpn": ["h3"]}
        module.remark("HTTP/3 needs the extra: pip install 'tls-exporter[quic]'")
    else:
        http2 = flag(settings.get("enable_http2"), default=True)
        module.written["alpn"] = ["h2", "http/1.1"] if http2 else ["http/1.1"]
    _unused(module, settings)
    return True


def _stream(module: Module, settings: dict[str, Any]) -> bool:
    dialogue = settings.get("query_response")
    if turns_to_tls(dialogue):
        protocol = protocol_of(dialogue)
        if protocol is None:
            module.note("which protocol its starttls step belongs to is not recognised: write starttls: by hand")
            return False
        module.written["starttls"] = protocol
        module.remark(f"its dialogue is taken for {protocol}; what it expects after STARTTLS is not checked")
    elif not flag(settings.get("tls")):
        module.note("it speaks no TLS: keep it in blackbox_exporter")
        return False
    elif sequence(dialogue):
        module.note("what it sends and expects inside TLS is not migrated: the handshake is what is probed")
    _unused(module, settings)
    return True


def _over_tls(module: Module, prober: str, settings: dict[str, Any]) -> bool:
    if not flag(settings.get("tls" if prober == "grpc" else "dns_over_tls")):
        module.note("it speaks no TLS: keep it in blackbox_exporter")
        return False
    module.written["alpn"] = ["h2"] if prober == "grpc" else ["dot"]
    question = "health check" if prober == "grpc" else "query"
    module.note(f"the handshake is probed, the {question} is not made")
    return True


def _unused(module: Module, settings: dict[str, Any]) -> None:
    for key, value in settings.items():
        if key in _IN_HTTP and not (key == "method" and value == "GET") and value not in ("false", "", [], {}):
            module.note(f"{key} is not migrated: {_IN_HTTP[key]}")
        elif key not in _IN_HTTP and key not in _CARRIED:
            module.note(f"{key} is not migrated")


def _connection(module: Module, settings: dict[str, Any]) -> None:
    """Carry over what concerns the connection: TLS, addresses, proxy."""
    if tls := _tls_config(module, mapping(settings.get("tls_config"))):
        module.written["tls_config"] = tls
    preferred = text(settings.get("preferred_ip_protocol"))
    if preferred in ("ip4", "ip6"):
        if flag(settings.get("ip_protocol_fallback"), default=True):
            module.remark(
                f"{preferred} was preferred, any address is taken now; ip_protocol: {preferred} insists on it"
            )
        else:
            module.written["ip_protocol"] = preferred
    if source := text(settings.get("source_ip_address")):
        module.written["source_address"] = source
    if proxy := text(settings.get("proxy_url")):
        module.checked("proxy_url", proxy, lambda: parsers.proxy_url(proxy))
        exempt = [part.strip() for part in text(settings.get("no_proxy")).split(",") if part.strip()]
        if "proxy_url" in module.written and exempt:
            module.written["no_proxy"] = exempt


def _tls_config(module: Module, settings: dict[str, Any]) -> dict[str, str]:
    for key, value in settings.items():
        if key == "insecure_skip_verify":
            if flag(value):
                module.remark(
                    "insecure_skip_verify is not needed: trust is reported separately, in tls_certificate_trusted"
                )
        elif key not in _TLS_KEYS:
            module.note(f"tls_config.{key} is not migrated: write it to a file and name that in tls_config")
    return {key: text(settings[key]) for key in _TLS_KEYS if text(settings.get(key))}


def _timeout(module: Module, settings: dict[str, Any]) -> None:
    if timeout := text(settings.get("timeout")):
        module.checked("timeout", timeout, lambda: parse_duration(timeout))


def names_of(modules: Iterable[str]) -> dict[str, str]:
    """Return for each old name of a module a different name that tls-exporter's configuration accepts."""
    names: dict[str, str] = {}
    for old in modules:
        new = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "_.-") else "_" for letter in old)
        new = (new.lstrip(".-") or "module")[:60]
        while new in names.values():
            new += "_"
        names[old] = new
    return names
