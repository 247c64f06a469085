"""The shape of a configuration file: which keys there are and how each value is read. Stays inside `config`.

A key without a value counts as not written, so every value may be None; defaults are in `model`.
"""

from collections.abc import Iterator
from importlib.util import find_spec

from exporter.config import parsers
from exporter.config.model import Addresses, IPProtocol, Transport
from exporter.config.schema_types import Block, Key, Named, Needed, Numbered, Shape, between, each, one_of, text, value

Conflict = tuple[str, str]  # the key, and the sentence about it

TEXT = text(parsers.filled)
FLAG = value(parsers.true_or_false)
DURATION = value(parsers.duration)
REFRESH = value(parsers.refresh)
VERSION = text(parsers.tls_version)
HOST_NAME = text(parsers.host_name)


class TLSConfig(Shape):
    """`tls_config`."""

    ca_file = Key(TEXT)
    cert_file = Key(TEXT)
    key_file = Key(TEXT)
    key_password = Key(TEXT)
    key_password_file = Key(TEXT)
    server_name = Key(HOST_NAME)
    min_version = Key(VERSION)
    max_version = Key(VERSION)

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


class HTTP(Shape):
    """`http`."""

    path = Key(text(parsers.request_path))
    host = Key(text(parsers.host_header))
    hsts = Key(FLAG)
    redirect_from_port = Key(between(1, 65535))


class Trust(Shape):
    """`trust`."""

    spki_sha256_pins = Key(each(text(parsers.spki_pin)))
    max_lifetime = Key(DURATION)
    ca_directory = Key(TEXT)
    system_roots = Key(FLAG)


class Revocation(Shape):
    """`revocation`."""

    refresh = Key(REFRESH)
    crl = Key(FLAG)
    ocsp = Key(FLAG)


class Posture(Shape):
    """`posture`."""

    refresh = Key(REFRESH)
    active_checks = Key(FLAG)


class Module(Shape):
    """A module: how to probe."""

    timeout = Key(DURATION)
    tls_config = Key(Block(TLSConfig))
    ip_protocol = Key(one_of(IPProtocol))
    addresses = Key(one_of(Addresses))
    server_names = Key(each(HOST_NAME))
    certificate_types = Key(each(text(parsers.certificate_type)))
    source_address = Key(text(parsers.ip_address))
    proxy_url = Key(value(parsers.proxy_url))
    proxy_password_file = Key(TEXT)
    no_proxy = Key(each(text(parsers.no_proxy)))
    starttls = Key(text(parsers.starttls))
    alpn = Key(each(text(parsers.alpn_protocol)))
    transport = Key(one_of(Transport))
    http = Key(Block(HTTP))
    trust = Key(Block(Trust))
    revocation = Key(Block(Revocation))
    posture = Key(Block(Posture))

    def conflicts(self) -> Iterator[Conflict]:
        """Yield what does not go together."""
        if self.transport == Transport.QUIC:
            yield from self._quic_conflicts()
        if self.starttls is not None and self.http is not None:
            yield "http", "it does not go with starttls: no HTTP request follows a STARTTLS handshake"
        if self.tls_config is not None and self.tls_config.server_name is not None and self.server_names:
            yield "server_names", "tls_config.server_name is written too: put all names into server_names"
        for key, texts in (("server_names", self.server_names), ("certificate_types", self.certificate_types)):
            again = next((one for one in texts or () if (texts or ()).count(one) > 1), None)
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


class TargetGroup(Shape):
    """An entry of `targets`: some targets, the module that probes them, and their labels."""

    instead_of_text = "a mapping is wanted: write '- targets: [example.com:443]'"

    targets = Needed(Numbered(text(parsers.target_text)))
    module = Key(TEXT)
    labels = Key(Named(text(parsers.label_name), text(parsers.label_value), blank=str))  # one that is empty is none


class Global(Shape):
    """`global`."""

    timeout = Key(DURATION)
    concurrency = Key(between(1, 65536))
    per_address_concurrency = Key(between(1, 1024))


class ProbeEndpoint(Shape):
    """`probe_endpoint`."""

    allow = Key(each(text(parsers.allow_pattern)))


class File(Shape):
    """One whole file."""

    global_ = Key(Block(Global))
    modules = Key(Named(text(parsers.module_name), Block(Module), blank=Module))
    targets = Key(Numbered(Block(TargetGroup)))
    target_files = Key(each(text(parsers.file_pattern)))
    probe_endpoint = Key(Block(ProbeEndpoint))
