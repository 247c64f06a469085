"""The configuration in force: frozen, typed, already checked values.

This file holds no behaviour and reads no file: `reader` makes these values, every other room reads them.
Durations are in seconds. A secret is a `Secret`, which shows itself as `<secret>`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from exporter.config.problems import Problem
from exporter.config.vocabulary import ANY_NAMES, Vocabulary
from exporter.policy import DEFAULT_POLICY, Policy, PolicyLayer
from exporter.target import Target


class Secret(str):
    """A string that never shows itself in a repr, a log line or a page; `reveal()` gives the text."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<secret>"

    def __str__(self) -> str:
        return "<secret>"

    def __format__(self, format_spec: str) -> str:
        return "<secret>"

    def reveal(self) -> str:
        """Return the secret itself."""
        return str.__str__(self)


class IPProtocol(StrEnum):
    """Which address families a module probes."""

    ANY = "any"
    IP4 = "ip4"
    IP6 = "ip6"


class Addresses(StrEnum):
    """Whether the first address that answers is probed, or every one."""

    FIRST = "first"
    ALL = "all"


class Transport(StrEnum):
    """What carries TLS."""

    TCP = "tcp"
    QUIC = "quic"
    DTLS = "dtls"


@dataclass(frozen=True, slots=True)
class TLSConfig:
    """`tls_config`: what the probe offers as a TLS client."""

    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    key_password: Secret | None = None
    server_name: str | None = None
    min_version: str | None = None  # "TLS10" .. "TLS13", Prometheus' spelling
    max_version: str | None = None

    def __hash__(self) -> int:
        return hash((self.cert_file, self.server_name))  # a key of every probe; the other fields seldom differ alone


@dataclass(frozen=True, slots=True)
class ProxyConfig:
    """`proxy_url`, taken apart. `scheme` is `http` (CONNECT) or `socks5`."""

    scheme: str
    host: str
    port: int
    username: str | None = None
    password: Secret | None = None


@dataclass(frozen=True, slots=True)
class HTTPConfig:
    """`http`: one request on the probed connection."""

    path: str = "/"
    host: str | None = None
    hsts: bool = True
    redirect_from_port: int | None = None


@dataclass(frozen=True, slots=True)
class TrustConfig:
    """`trust`: which roots are trusted and what a certificate must be beyond that.

    `system_roots` None means: the system's roots unless `tls_config.ca_file` or `ca_directory` names others.
    """

    spki_sha256_pins: tuple[str, ...] = ()  # base64, as in RFC 7469
    max_lifetime: float | None = None
    ca_directory: str | None = None
    system_roots: bool | None = None


@dataclass(frozen=True, slots=True)
class RootStore:
    """An entry of `stores`: `system`, `mozilla`, or a name with a PEM file."""

    name: str
    file: str | None = None


@dataclass(frozen=True, slots=True)
class CTConfig:
    """`ct`: the logs of Certificate Transparency whose timestamps are verified, as Google's list in version 3."""

    log_list_file: str


@dataclass(frozen=True, slots=True)
class RevocationConfig:
    """`revocation`: what is fetched about the revocation of a chain, and how often at most."""

    refresh: float = 3600.0
    crl: bool = True
    ocsp: bool = True
    proxy: ProxyConfig | None = None  # None: the module's own


@dataclass(frozen=True, slots=True)
class PostureConfig:
    """`posture`: how often the accepted versions, ciphers and groups are determined."""

    refresh: float = 600.0
    active_checks: bool = False
    clients: float | None = None  # seconds, how often the hellos of real clients are sent at most; None: never
    pace: float | None = None  # seconds between two connections of a scan; None: as posture.pace limits them


class DNSSECMode(StrEnum):
    """Who validates DNSSEC: the name servers that are asked, or the exporter from the trust anchors down."""

    RESOLVER = "resolver"
    VALIDATE = "validate"


@dataclass(frozen=True, slots=True)
class NameServer:
    """A name server: an IP address and a port."""

    ip: str
    port: int = 53

    def __str__(self) -> str:
        return f"[{self.ip}]:{self.port}" if ":" in self.ip else f"{self.ip}:{self.port}"


@dataclass(frozen=True, slots=True)
class DNSConfig:
    """`dns`: which records are compared with the endpoint, and who is asked; no `nameservers`: the system's."""

    tlsa: bool = True
    caa: bool = True
    https: bool = True
    nameservers: tuple[NameServer, ...] = ()
    dnssec: DNSSECMode = DNSSECMode.RESOLVER
    trust_anchors_file: str | None = None


@dataclass(frozen=True, slots=True)
class ARIConfig:
    """`ari`: the ACME directories of the CAs that are asked when a certificate should be renewed."""

    directories: tuple[str, ...] = ()
    ca_file: str | None = None


@dataclass(frozen=True, slots=True)
class Module:
    """How to probe. `https` and `tls` exist without being written."""

    name: str
    timeout: float | None = None
    tls_config: TLSConfig = field(default_factory=TLSConfig)
    ip_protocol: IPProtocol = IPProtocol.ANY
    addresses: Addresses = Addresses.FIRST
    server_names: tuple[str, ...] = ()
    certificate_types: tuple[str, ...] = ()  # of "ecdsa", "rsa", "ml-dsa"
    source_address: str | None = None
    proxy: ProxyConfig | None = None
    no_proxy: tuple[str, ...] = ()
    starttls: str | None = None
    starttls_name: str | None = None  # of the client, in EHLO and the like; None: the machine's own
    proxy_protocol: str | None = None  # "v1" or "v2"
    alpn: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()  # key exchange groups to offer, IANA names; none: all
    transport: Transport = Transport.TCP
    http: HTTPConfig | None = None
    trust: TrustConfig = field(default_factory=TrustConfig)
    stores: tuple[RootStore, ...] | None = None  # None: the system's, where the module trusts it
    ct: CTConfig | None = None
    revocation: RevocationConfig | None = None
    posture: PostureConfig | None = None
    dns: DNSConfig | None = None
    mail_domain: str | None = None
    ari: ARIConfig | None = None
    # Of findings. What the module itself writes, and what that makes of `global`: no part of how a target is probed.
    layer: PolicyLayer = field(default_factory=PolicyLayer, compare=False)
    policy: Policy = field(default=DEFAULT_POLICY, compare=False)

    def __hash__(self) -> int:
        return hash((self.name, self.tls_config.server_name))  # a key of every probe; `/probe` asks by many names


@dataclass(frozen=True, slots=True)
class GlobalConfig:
    """`global`: limits that hold for every module."""

    timeout: float = 10.0
    fast_path: bool = True  # False: OpenSSL makes every handshake
    concurrency: int = 512
    per_address_concurrency: int = 4
    layer: PolicyLayer = field(default_factory=PolicyLayer)


@dataclass(frozen=True, slots=True)
class TargetFiles:
    """An entry of `target_files`: a file or pattern with its whole path, and what holds where the file says nothing."""

    pattern: str
    module: str | None = None
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ProbeEndpoint:
    """`probe_endpoint`: who may be probed by `/probe` besides the configured targets."""

    allow: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FileGroup:
    """An entry of `files`: patterns of certificate files, all absolute. `serves` names targets that present them."""

    paths: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    refresh: float = 600.0  # of URLs, in seconds
    module: str = "tls"
    password: Secret | None = None
    serves: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class KubernetesGroup:
    """An entry of `kubernetes`: what is watched in a cluster. Without a kubeconfig it is the exporter's own."""

    secrets: bool = True
    config_maps: bool = False
    ca_bundles: bool = False
    namespaces: tuple[str, ...] = ()  # patterns, with ! before those that are left out; none: all of them
    names: tuple[str, ...] = ()  # patterns of objects, likewise
    selector: str = ""
    keys: tuple[str, ...] = ()  # patterns; none: those that are usual
    kubeconfig: str | None = None
    context: str | None = None
    module: str = "tls"
    password: Secret | None = None
    serves: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()


BUILT_IN_MODULES: Mapping[str, Module] = {
    "https": Module("https", alpn=("h2", "http/1.1")),
    "tls": Module("tls"),
}


@dataclass(frozen=True, slots=True)
class Config:
    """A whole configuration. `targets` are in the order of the files; `files` are those that were read.

    In `empty_files` nothing is written: no value of any key.
    """

    global_: GlobalConfig = field(default_factory=GlobalConfig)
    modules: Mapping[str, Module] = field(default_factory=lambda: dict(BUILT_IN_MODULES))
    targets: tuple[Target, ...] = ()
    target_files: tuple[TargetFiles, ...] = ()
    file_groups: tuple[FileGroup, ...] = ()
    kubernetes: tuple[KubernetesGroup, ...] = ()
    probe_endpoint: ProbeEndpoint = field(default_factory=ProbeEndpoint)
    files: tuple[str, ...] = ()
    empty_files: tuple[str, ...] = field(default=(), compare=False)
    warnings: tuple[Problem, ...] = field(default=(), compare=False, repr=False)  # what is valid and hardly meant
    vocabulary: Vocabulary = field(default=ANY_NAMES, compare=False, repr=False)  # for files of targets, read later
