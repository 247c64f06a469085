"""The way to one endpoint: what a connection to it needs to know. Nothing is opened here."""

from dataclasses import dataclass

from exporter.config.model import Module, ProxyConfig
from exporter.net.own_name import own_name
from exporter.net.resolve import Address
from exporter.probe import proxy
from exporter.probe.result import Variant
from exporter.target import HTTPS_PORT, Target, is_ip_literal


@dataclass(frozen=True, slots=True)
class Route:
    """The way to one endpoint: what a connection to it needs to know."""

    target: Target
    module: Module
    port: int
    variant: Variant
    addresses: tuple[Address, ...] = ()  # already resolved, when every address is probed apart

    @property
    def host(self) -> str:
        """The host as a name or IP literal; "" for a Unix socket."""
        return self.target.endpoint.host

    @property
    def server_name(self) -> str | None:
        """What is sent as SNI: the variant's name, the module's, or the host; never an IP literal (RFC 6066)."""
        name = self.variant.server_name or self.module.tls_config.server_name or self.host
        return name if name and not is_ip_literal(name) else None

    @property
    def starttls_host(self) -> str:
        """What a STARTTLS protocol that names its server, as XMPP does, calls it."""
        return self.server_name or self.host

    @property
    def starttls_name(self) -> str:
        """What the client calls itself in EHLO and the like; "" for no name."""
        return self.module.starttls_name or own_name()

    @property
    def reference_name(self) -> str:
        """The name that the certificate is matched against: as SNI, but an IP literal counts too; "" for none."""
        return self.variant.server_name or self.module.tls_config.server_name or self.host.partition("%")[0]

    @property
    def proxy(self) -> ProxyConfig | None:
        """The proxy on the way, if the module has one and does not except this host."""
        if self.module.proxy is None or proxy.is_excepted(self.host, self.port, self.module.no_proxy):
            return None
        return self.module.proxy

    def authority(self, default_port: int = HTTPS_PORT) -> str:
        """Return the host and, unless it is the usual one, the port, as an HTTP request names them."""
        host = self.reference_name
        bracketed = f"[{host}]" if ":" in host else host
        return bracketed if self.port == default_port else f"{bracketed}:{self.port}"

    @property
    def path(self) -> str:
        """The path to ask for, when the module asks for one."""
        settings = self.module.http
        return self.target.endpoint.path or (settings.path if settings else "/")
