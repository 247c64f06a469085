"""The shape of a configuration file: which keys there are and how each value is read. Stays inside `config`.

A key without a value counts as not written, so every field may be None; defaults are in `model`.
"""

from collections.abc import Iterator
from enum import StrEnum
from importlib.util import find_spec
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator

from exporter.config import values
from exporter.config.model import Addresses, IPProtocol, ProxyConfig, Transport

Conflict = tuple[str, str]  # the key, and the sentence about it


def _one_of(words: type[StrEnum]) -> AfterValidator:
    return AfterValidator(lambda text: values.choice(text, tuple(word.value for word in words)))


def between(low: int, high: int) -> BeforeValidator:
    """Read a whole number within bounds."""
    return BeforeValidator(lambda value: values.whole_number(value, low, high))


Text = Annotated[str, Field(min_length=1)]
Flag = Annotated[bool, BeforeValidator(values.true_or_false)]
Duration = Annotated[float, BeforeValidator(values.duration)]
Refresh = Annotated[float, BeforeValidator(values.refresh)]
Version = Annotated[str, AfterValidator(values.tls_version)]
HostName = Annotated[str, AfterValidator(values.host_name)]
Port = Annotated[int, between(1, 65535)]


class _Shape(BaseModel):
    """Refuses keys that are not named."""

    model_config = ConfigDict(extra="forbid")


class TLSConfig(_Shape):
    """`tls_config`."""

    ca_file: Text | None = None
    cert_file: Text | None = None
    key_file: Text | None = None
    key_password: Text | None = None
    key_password_file: Text | None = None
    server_name: HostName | None = None
    min_version: Version | None = None
    max_version: Version | None = None

    def conflicts(self) -> Iterator[Conflict]:
        """Yield what does not go together."""
        if self.min_version and self.max_version and self.min_version > self.max_version:
            yield "min_version", f"{self.min_version} is above max_version {self.max_version}"
        if self.cert_file is not None and self.key_file is None:
            yield "cert_file", "a certificate needs its key: write key_file too"
        if self.key_file is not None and self.cert_file is None:
            yield "key_file", "a key needs its certificate: write cert_file too"
        if self.key_password is not None and self.key_password_file is not None:
            yield "key_password_file", "key_password is written too: one of them is enough"
        for key in ("key_password", "key_password_file"):
            if getattr(self, key) is not None and self.key_file is None:
                yield key, "there is no key_file that it could open"


class HTTP(_Shape):
    """`http`."""

    path: Annotated[str, AfterValidator(values.request_path)] | None = None
    host: Annotated[str, AfterValidator(values.host_header)] | None = None
    hsts: Flag | None = None
    redirect_from_port: Port | None = None


class Trust(_Shape):
    """`trust`."""

    spki_sha256_pins: list[Annotated[str, AfterValidator(values.spki_pin)]] | None = None
    max_lifetime: Duration | None = None
    ca_directory: Text | None = None
    system_roots: Flag | None = None


class Revocation(_Shape):
    """`revocation`."""

    refresh: Refresh | None = None
    crl: Flag | None = None
    ocsp: Flag | None = None


class Posture(_Shape):
    """`posture`."""

    refresh: Refresh | None = None
    active_checks: Flag | None = None


class Module(_Shape):
    """A module: how to probe."""

    timeout: Duration | None = None
    tls_config: TLSConfig | None = None
    ip_protocol: Annotated[str, _one_of(IPProtocol)] | None = None
    addresses: Annotated[str, _one_of(Addresses)] | None = None
    server_names: list[HostName] | None = None
    certificate_types: list[Annotated[str, AfterValidator(values.certificate_type)]] | None = None
    source_address: Annotated[str, AfterValidator(values.ip_address)] | None = None
    proxy_url: Annotated[ProxyConfig, PlainValidator(values.proxy_url)] | None = None
    proxy_password_file: Text | None = None
    no_proxy: list[Annotated[str, AfterValidator(values.no_proxy)]] | None = None
    starttls: Annotated[str, AfterValidator(values.starttls)] | None = None
    alpn: list[Annotated[str, AfterValidator(values.alpn_protocol)]] | None = None
    transport: Annotated[str, _one_of(Transport)] | None = None
    http: HTTP | None = None
    trust: Trust | None = None
    revocation: Revocation | None = None
    posture: Posture | None = None

    def conflicts(self) -> Iterator[Conflict]:
        """Yield what does not go together."""
        if self.transport == Transport.QUIC:
            yield from self._quic_conflicts()
        if self.starttls is not None and self.http is not None:
            yield "http", "it does not go with starttls: no HTTP request follows a STARTTLS handshake"
        if self.tls_config is not None and self.tls_config.server_name is not None and self.server_names:
            yield "server_names", "tls_config.server_name is written too: put all names into server_names"
        for key, texts in (("server_names", self.server_names), ("certificate_types", self.certificate_types)):
            again = next((text for text in texts or () if (texts or ()).count(text) > 1), None)
            if again is not None:  # each is a set of series of its own
                yield key, f"{again[:80]!r} is written twice"
        if self.proxy_password_file is not None:
            if self.proxy_url is None:
                yield "proxy_password_file", "there is no proxy_url"
            elif self.proxy_url.password is not None:
                yield "proxy_password_file", "proxy_url has a password too: one of them is enough"
            elif self.proxy_url.username is None:
                yield "proxy_password_file", "it needs a user: write proxy_url: http://user@host:port"

    def _quic_conflicts(self) -> Iterator[Conflict]:
        if find_spec("aioquic") is None:
            yield "transport", "quic needs an extra that is not installed: pip install 'tls-exporter[quic]'"
        for key in ("starttls", "proxy_url", "certificate_types", "posture"):
            if getattr(self, key) is not None:
                yield key, "it does not go with 'transport: quic'"


class TargetGroup(_Shape):
    """An entry of `targets`: some targets, the module that probes them, and their labels."""

    targets: list[Annotated[str, AfterValidator(values.target_text)]]
    module: Text | None = None
    labels: (
        dict[
            Annotated[str, AfterValidator(values.label_name)],
            Annotated[str, AfterValidator(values.label_value)],
        ]
        | None
    ) = None


class Global(_Shape):
    """`global`."""

    timeout: Duration | None = None
    concurrency: Annotated[int, between(1, 65536)] | None = None
    per_address_concurrency: Annotated[int, between(1, 1024)] | None = None


class ProbeEndpoint(_Shape):
    """`probe_endpoint`."""

    allow: list[Annotated[str, AfterValidator(values.allow_pattern)]] | None = None


class File(_Shape):
    """One whole file."""

    global_: Global | None = Field(default=None, alias="global")
    modules: dict[Annotated[str, AfterValidator(values.module_name)], Module | None] | None = None
    targets: list[TargetGroup] | None = None
    target_files: list[Annotated[str, AfterValidator(values.file_pattern)]] | None = None
    probe_endpoint: ProbeEndpoint | None = None
