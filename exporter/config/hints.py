"""What people write in place of what is meant, and the sentence that helps: foreign keys, templates. Pure tables."""

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

_TEMPLATES = (
    (
        re.compile(r"\$\{[^{}]*\}|\$\([^()]*\)|%[A-Z_]{3,}%|\A\$[A-Z_][A-Z0-9_]{2,}\Z"),
        "environment variables are",
    ),  # $NAME in a hash or password is none
    (re.compile(r"\{\{.*\}\}|<%.*%>|@@[A-Z_]+@@"), "templates are"),
)


def refuse_templates(text: str) -> None:
    """Raise ValueError for text that was meant to be filled in by somebody else."""
    for pattern, what in _TEMPLATES:
        found = pattern.search(text)
        if found is not None:
            raise ValueError(
                f"{found.group()[:40]!r}: {what} not filled in here; write the value, or let your deployment do it "
                "(secrets can stand in files: key_password_file, proxy_password_file)"
            )
