"""The shape of a configuration file: which keys there are and how each value is read. Stays inside `config`.

A key without a value counts as not written, so every value may be None; defaults are in `model`.
"""

from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import ClassVar

from exporter.config import parsers
from exporter.config.model import Addresses, IPProtocol, Transport
from exporter.config.schema_published import ARI, DNS, mail_domain
from exporter.config.schema_types import (
    Block,
    Key,
    Named,
    Needed,
    Numbered,
    OneOrMore,
    Shape,
    TextOr,
    between,
    each,
    named,
    one_of,
    text,
    value,
)

Conflict = tuple[str | int, str]  # the key or the place in a list, and the sentence about it

TEXT = text(parsers.filled)
FLAG = value(parsers.true_or_false)
DURATION = value(parsers.duration)
REFRESH = value(parsers.refresh)
PAUSE = value(parsers.pause)
VERSION = text(parsers.tls_version)
HOST_NAME = text(parsers.host_name)
LABELS = Named(named(parsers.label_name), text(parsers.label_value), blank=str)  # one that is empty is none


class Expiry(Shape):
    """`expiry`: when the end of a certificate is near, in time and as a fraction of its lifetime."""

    warn = Key(DURATION)
    warn_fraction = Key(value(parsers.fraction))
    critical = Key(DURATION)
    critical_fraction = Key(value(parsers.fraction))

    def conflicts(self) -> Iterator[Conflict]:
        """Yield what does not go together."""
        for key, lower in (("critical", self.warn), ("critical_fraction", self.warn_fraction)):
            upper = self.written.get(key)
            if lower is not None and upper is not None and upper > lower:
                yield key, f"it is more than {key.replace('critical', 'warn')}: what is critical was never warned of"


class Accept(Shape):
    """An entry of `accept`: a finding that is accepted, why, and until when."""

    instead_of_text = "a mapping is wanted: write '- {finding: ID, reason: why, until: 2027-06-30}'"

    finding = Needed(named(parsers.finding))
    reason = Needed(text(parsers.filled))
    until = Key(text(parsers.until))


class Policied(Shape):
    """What `global`, a module and a group of targets can each say of findings."""

    expiry = Key(Block(Expiry))
    accept = Key(Numbered(Block(Accept)))
    severity = Key(Named(named(parsers.finding), text(parsers.severity)))


class TLSConfig(Shape):
    """`tls_config`."""

    ca_file = Key(TEXT)
    cert_file = Key(TEXT)
    key_file = Key(TEXT)
    key_password = Key(text(parsers.filled, literal=True))
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


class RootStore(Shape):
    """An entry of `stores`: a bundle of roots in a file."""

    name = Needed(text(parsers.store_name))
    file = Needed(TEXT)


class CT(Shape):
    """`ct`."""

    log_list_file = Needed(TEXT)


class Revocation(Shape):
    """`revocation`."""

    refresh = Key(REFRESH)
    crl = Key(FLAG)
    ocsp = Key(FLAG)
    proxy_url = Key(value(parsers.proxy_url))


class Posture(Shape):
    """`posture`."""

    refresh = Key(REFRESH)
    active_checks = Key(FLAG)
    pace = Key(PAUSE)
    clients = Key(REFRESH)


class Module(Policied):
    """A module: how to probe."""

    elsewhere: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(TLSConfig.keys, "it stands in 'tls_config' of the module"),
        **dict.fromkeys(Trust.keys, "it stands in 'trust' of the module"),
        **dict.fromkeys(("path", "host", "hsts", "redirect_from_port"), "it stands in 'http' of the module"),
        **dict.fromkeys(("crl", "ocsp"), "it stands in 'revocation' of the module"),
        "active_checks": "it stands in 'posture' of the module",
        "refresh": "it stands in 'posture' or 'revocation' of the module",
        **dict.fromkeys(("warn", "warn_fraction", "critical", "critical_fraction"), "it stands in 'expiry'"),
        **dict.fromkeys(("targets", "labels"), "it stands in an entry of 'targets', which names its module"),
        **dict.fromkeys(("concurrency", "per_address_concurrency"), "it stands in 'global'"),
    }

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
    starttls_name = Key(text(parsers.client_name))
    proxy_protocol = Key(text(parsers.proxy_protocol))
    alpn = Key(each(text(parsers.alpn_protocol)))
    groups = Key(each(text(parsers.group)))
    transport = Key(one_of(Transport))
    http = Key(Block(HTTP, true_is_empty=True))
    trust = Key(Block(Trust))
    stores = Key(each(TextOr(text(parsers.known_store), Block(RootStore))))
    ct = Key(Block(CT))
    revocation = Key(Block(Revocation, true_is_empty=True))
    posture = Key(Block(Posture, true_is_empty=True))
    dns = Key(Block(DNS, true_is_empty=True))
    mail_domain = Key(text(mail_domain))
    ari = Key(Block(ARI))

    def conflicts(self) -> Iterator[Conflict]:
        """Yield what does not go together."""
        if self.transport == Transport.QUIC:
            yield from self._quic_conflicts()
        elif self.transport == Transport.DTLS:
            yield from self._dtls_conflicts()
        yield from self._starttls_conflicts()
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

    def _starttls_conflicts(self) -> Iterator[Conflict]:
        if self.starttls_name is not None and self.starttls is None:
            yield "starttls_name", "there is no starttls in which it would be said"
        if self.starttls is not None and self.http is not None:
            yield "http", "it does not go with starttls: no HTTP request follows a STARTTLS handshake"

    def _dtls_conflicts(self) -> Iterator[Conflict]:
        for key in ("starttls", "proxy_protocol", "proxy_url", "http", "posture"):
            if getattr(self, key) is not None:
                yield key, "it does not go with 'transport: dtls'"
        if self.tls_config is not None and self.tls_config.min_version == "TLS13":
            yield "transport", "dtls has 1.2 at most: tls_config.min_version is above that"
        if "ml-dsa" in (self.certificate_types or ()):
            yield "certificate_types", "ml-dsa needs TLS 1.3, which dtls has not"

    def _quic_conflicts(self) -> Iterator[Conflict]:
        if find_spec("aioquic") is None:
            yield "transport", "quic needs an extra that is not installed: pip install 'tls-exporter[quic]'"
        for key in ("starttls", "proxy_protocol", "proxy_url", "certificate_types", "posture"):
            if getattr(self, key) is not None:
                yield key, "it does not go with 'transport: quic'"


class TargetGroup(Policied):
    """An entry of `targets`: some targets, the module that probes them, and their labels."""

    instead_of_text = "a mapping is wanted: write '- targets: [example.com:443]'"
    elsewhere: ClassVar[Mapping[str, str]] = {
        **Module.elsewhere,
        **{
            name: "it belongs to a module: write it under modules.NAME, and 'module: NAME' here"
            for name in Module.keys
            if name not in (*Policied.keys, "mail_domain")
        },
        "target": "write 'targets', a list",
        "url": "write 'targets', a list",
        "urls": "write 'targets', a list",
        "hosts": "write 'targets', a list",
        "host": "write 'targets', a list",
    }

    targets = Needed(Numbered(text(parsers.target_text)))
    module = Key(TEXT)
    labels = Key(LABELS)
    mail_domain = Key(text(mail_domain))


class FileGroup(Shape):
    """An entry of `files`: certificates at rest."""

    instead_of_text = "a mapping is wanted: write '- paths: [/etc/ssl/site/*.pem]'"

    paths = Key(each(TEXT))
    urls = Key(each(text(parsers.http_url)))
    refresh = Key(REFRESH)
    exclude = Key(each(TEXT))
    password = Key(TEXT)
    password_file = Key(TEXT)
    module = Key(TEXT)
    serves = Key(Numbered(text(parsers.target_text)))
    labels = Key(LABELS)

    def conflicts(self) -> Iterator[Conflict]:
        """Yield what does not go together."""
        if not self.paths and not self.urls:
            yield "paths", "there is nothing to read: write 'paths: [/etc/ssl/site/*.pem]'"
        if self.password is not None and self.password_file is not None:
            yield "password_file", "password is written too: one of them is enough"
        if self.refresh is not None and not self.urls:
            yield "refresh", "it is for urls: files are read again when they change"


class KubernetesGroup(Shape):
    """`kubernetes`, or an entry of it: certificates in a cluster."""

    secrets = Key(FLAG)
    config_maps = Key(FLAG)
    ca_bundles = Key(FLAG)
    namespaces = Key(each(text(parsers.kubernetes_name)))
    names = Key(each(text(parsers.kubernetes_name)))
    selector = Key(TEXT)
    keys_ = Key(each(TEXT))
    kubeconfig = Key(TEXT)
    context = Key(TEXT)
    password = Key(TEXT)
    password_file = Key(TEXT)
    module = Key(TEXT)
    serves = Key(Numbered(text(parsers.target_text)))
    labels = Key(LABELS)

    def conflicts(self) -> Iterator[Conflict]:
        """Yield what does not go together."""
        if find_spec("kubernetes_asyncio") is None:
            yield "secrets", "it needs an extra that is not installed: pip install 'tls-exporter[kubernetes]'"
        if self.password is not None and self.password_file is not None:
            yield "password_file", "password is written too: one of them is enough"
        if self.context is not None and self.kubeconfig is None:
            yield "context", "it is one of a kubeconfig: write that too"
        if self.secrets is False and not self.config_maps and not self.ca_bundles:
            yield "secrets", "nothing is left to watch: write config_maps or ca_bundles"


class Global(Policied):
    """`global`."""

    elsewhere: ClassVar[Mapping[str, str]] = dict.fromkeys(
        Module.keys, "it belongs to a module: write it under modules.NAME"
    )

    timeout = Key(DURATION)
    fast_path = Key(FLAG)
    concurrency = Key(between(1, 65536))
    per_address_concurrency = Key(between(1, 1024))


class ProbeEndpoint(Shape):
    """`probe_endpoint`."""

    allow = Key(each(text(parsers.allow_pattern)))


class TargetFiles(Shape):
    """An entry of `target_files`: files, and what holds for those of their targets that do not say otherwise."""

    files = Needed(each(text(parsers.file_pattern)))
    module = Key(TEXT)
    labels = Key(LABELS)


class File(Shape):
    """One whole file."""

    elsewhere: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(Module.keys, "it belongs to a module: write it under modules.NAME"),
        **dict.fromkeys(Global.keys, "it stands in 'global'"),
        "allow": "it stands in 'probe_endpoint'",
        "module": "it is plural here: write 'modules: {NAME: {...}}'",
        "target": "write 'targets', a list of {targets, module, labels}",
    }

    global_ = Key(Block(Global))
    modules = Key(Named(text(parsers.module_name), Block(Module), blank=Module))
    targets = Key(Numbered(Block(TargetGroup)))
    target_files = Key(Numbered(TextOr(text(parsers.file_pattern), Block(TargetFiles))))
    files = Key(Numbered(Block(FileGroup)))
    kubernetes = Key(OneOrMore(Block(KubernetesGroup)))
    probe_endpoint = Key(Block(ProbeEndpoint))
