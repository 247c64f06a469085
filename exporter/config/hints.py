"""What people write in place of what is meant, and the sentence that helps: keys, schemes, templates. Pure tables."""

import re
from collections.abc import Mapping

FOREIGN_KEYS: Mapping[str, str] = {  # what people bring along from blackbox_exporter and Prometheus
    "insecure_skip_verify": "not needed: a probe always completes, and trust is in tls_certificate_trusted",
    "prober": "not needed: every module probes TLS; 'http' asks for a request on the same connection",
    "preferred_ip_protocol": "write 'ip_protocol: ip4' or 'ip_protocol: ip6'",
    "ip_protocol_fallback": "write 'ip_protocol: any', 'ip4' or 'ip6'",
    "source_ip_address": "write 'source_address'",
    "static_configs": "write 'targets', a list of {targets, module, labels}",
    "file_sd_configs": "write 'target_files', a list of file names",
    "scrape_configs": "that is Prometheus' own: write 'targets', or see `tls-exporter migrate`",
    "scrape_timeout": "write 'timeout'; the deadline of a scrape comes from Prometheus",
    "scrape_interval": "the exporter probes when it is scraped: write the interval in Prometheus",
    "relabel_configs": "that is Prometheus' own; labels of targets are written under 'labels'",
    "tls_server_config": "that is for --web.config.file, not for the configuration of targets",
    "basic_auth_users": "that is for --web.config.file, not for the configuration of targets",
    "threshold": "write 'expiry: {warn: 21d, critical: 7d}'",
    "warn_days": "write 'expiry: {warn: 21d}'",
    "ignore": "write 'accept', a list of {finding, reason, until}",
}

_PROTOCOLS_OF_TLS: Mapping[str, int] = {  # schemes that begin with TLS at once, and their ports
    "smtps": 465, "submissions": 465, "imaps": 993, "pop3s": 995, "ldaps": 636, "ftps": 990, "nntps": 563,
    "ircs": 6697, "amqps": 5671, "mqtts": 8883, "rediss": 6379, "sips": 5061, "coaps": 5684, "stuns": 5349,
    "turns": 5349, "xmpps": 5223, "dot": 853, "telnets": 992, "grpcs": 443, "ssl": 443, "tcps": 443,
}  # fmt: skip
_PROTOCOLS_OF_STARTTLS: Mapping[str, str] = {
    "smtp": "smtp", "lmtp": "lmtp", "imap": "imap", "pop3": "pop3", "ftp": "ftp", "ldap": "ldap", "nntp": "nntp",
    "irc": "irc", "postgres": "postgres", "postgresql": "postgres", "mysql": "mysql", "mariadb": "mysql",
    "xmpp": "xmpp", "sieve": "sieve", "rdp": "rdp", "mssql": "tds", "sqlserver": "tds", "nats": "nats",
}  # fmt: skip
_TEMPLATES = (
    (re.compile(r"\$\{[^{}]*\}|\$\([^()]*\)|%[A-Z_]{3,}%|\$[A-Z_][A-Z0-9_]{2,}\b"), "environment variables are"),
    (re.compile(r"\{\{.*\}\}|<%.*%>|@@[A-Z_]+@@"), "templates are"),
)


def hint_for_scheme(scheme: str, authority: str) -> str:
    """Return what to write in place of a scheme that is not understood."""
    host = authority.partition("/")[0].partition("?")[0]
    host = host if host and host.isascii() and "@" not in host else "HOST"
    has_port = re.search(r":[0-9]{1,5}\Z", host) is not None
    if scheme in _PROTOCOLS_OF_TLS:
        where = host if has_port else f"{host}:{_PROTOCOLS_OF_TLS[scheme]}"
        return f"TLS begins at once there: write {where[:80]} with a module without starttls, as 'tls'"
    if scheme in _PROTOCOLS_OF_STARTTLS:
        starttls = _PROTOCOLS_OF_STARTTLS[scheme]
        return f"write {host[:80]} with a module that has 'starttls: {starttls}'"
    if scheme in ("http", "ws"):
        return f"it has no TLS: write https://{host[:80]}; 'http: {{redirect_from_port: 80}}' checks the redirect"
    if scheme in ("wss", "h2", "h3", "quic"):
        return f"write https://{host[:80]}" + (" with a module that has 'transport: quic'" if scheme == "quic" else "")
    return "write https://, tls:// or host:port"


def refuse_templates(text: str) -> None:
    """Raise ValueError for text that was meant to be filled in by somebody else."""
    for pattern, what in _TEMPLATES:
        found = pattern.search(text)
        if found is not None:
            raise ValueError(
                f"{found.group()[:40]!r}: {what} not filled in here; write the value, or let your deployment do it "
                "(secrets can stand in files: key_password_file, proxy_password_file)"
            )
