"""Makes `dns` and `ari` of a module from what is written, with the files that they name checked."""

from collections.abc import Callable
from typing import Any

from exporter.config.files import check_pem, check_zone_records
from exporter.config.model import ARIConfig, DNSConfig
from exporter.config.schema_types import Shape

NamedFile = Callable[[str, str, Callable[[str], None]], str]
"""Takes a key, the file name written there and a check; returns the whole name. What is wrong is noted."""


def make_dns(shape: Shape, named_file: NamedFile) -> DNSConfig:
    """Make `dns`."""
    fields: dict[str, Any] = dict(shape.written)
    key = "trust_anchors_file"
    if key in fields:
        fields[key] = named_file(key, fields[key], lambda file: check_zone_records(file, "DS", "DNSKEY"))
    return DNSConfig(**fields)


def make_ari(shape: Shape, named_file: NamedFile) -> ARIConfig:
    """Make `ari`."""
    fields: dict[str, Any] = dict(shape.written)
    if "ca_file" in fields:
        fields["ca_file"] = named_file("ca_file", fields["ca_file"], lambda file: check_pem(file, "CERTIFICATE"))
    return ARIConfig(**fields)
