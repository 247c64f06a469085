"""ssl_exporter's modules as ones of this exporter: every prober that opens TLS, and those that read files.

Its living fork is read as well: `tls_cipher` becomes the posture, `keystore` files with a password, `ocsp` revocation.
"""

from typing import Any

from exporter.config import parsers
from exporter.config.units import parse_duration
from exporter.migrate.blackbox import Module
from exporter.migrate.note import Note
from exporter.migrate.reading import flag, mapping, text

DEFAULT_MODULE = "tcp"
_TLS_KEYS = ("ca_file", "cert_file", "key_file", "server_name")
_FILES = {"file": "files", "http_file": "urls", "kubeconfig": "kubeconfig", "keystore": "keystore"}


def read_ssl_modules(document: dict[str, Any]) -> tuple[dict[str, Module], list[Note], str]:
    """Return the modules that were migrated by their old names, notes on all, and the default module's name."""
    modules: dict[str, Module] = {}
    notes: list[Note] = []
    for name, body in mapping(document.get("modules")).items():
        module = Module(name)
        if _carry(module, mapping(body)):
            modules[name] = module
        notes += module.notes
    return modules, notes, text(document.get("default_module")) or DEFAULT_MODULE


def _carry(module: Module, settings: dict[str, Any]) -> bool:
    """Fill in a module; False, with a note, when nothing of it can be migrated."""
    prober = text(settings.get("prober"))
    if prober in ("tcp", "https", "tls_cipher"):
        _network(module, prober, settings)
    elif prober in _FILES:
        module.reads_files = True
        password = mapping(settings.get("keystore"))
        module.password_file = text(password.get("password_file")) or None
        if text(password.get("password")):
            module.note("its password is not migrated: write it to a file, and password_file in files")
    elif prober == "kubernetes":
        module.reads_files = module.reads_secrets = True
        module.kubeconfig = text(mapping(settings.get("kubernetes")).get("kubeconfig")) or None
    else:
        module.note(f"the prober {prober or '(none)'} opens no TLS connection and reads no file")
        return False
    module.fixed_target = text(settings.get("target")) or None
    if timeout := text(settings.get("timeout")):
        module.checked("timeout", timeout, lambda: parse_duration(timeout))
    return True


def _network(module: Module, prober: str, settings: dict[str, Any]) -> None:
    module.secure_urls = prober == "https"
    if prober == "https":
        module.written["alpn"] = ["h2", "http/1.1"]
    _tls_config(module, mapping(settings.get("tls_config")))
    if starttls := text(mapping(settings.get("tcp")).get("starttls")):
        module.checked("starttls", starttls, lambda: parsers.starttls(starttls))
    if proxy := text(mapping(settings.get("https")).get("proxy_url")):
        module.checked("proxy_url", proxy, lambda: parsers.proxy_url(proxy))
    if prober == "tls_cipher":
        module.written["posture"] = True
        module.remark("tls_cipher becomes posture: classes of cipher suites rather than single ones")
    source = text(mapping(settings.get("ocsp")).get("source"))
    if source in ("responder", "both"):
        module.written["revocation"] = {"crl": False, "ocsp": True}


def _tls_config(module: Module, tls: dict[str, Any]) -> None:
    if kept := {key: text(tls[key]) for key in _TLS_KEYS if text(tls.get(key))}:
        module.written["tls_config"] = kept
    for key, value in tls.items():
        if key == "insecure_skip_verify" and flag(value):
            module.remark("insecure_skip_verify is not needed: expiry is reported whether the chain is trusted or not")
        elif key == "renegotiation":
            module.remark("renegotiation is not needed")
        elif key not in (*_TLS_KEYS, "insecure_skip_verify"):
            module.note(f"tls_config.{key} is not migrated")
