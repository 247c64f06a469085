"""What a scrape knows of an endpoint when it asks what is published about it. Pure."""

from collections.abc import Hashable
from dataclasses import dataclass

from exporter.certificates.chain_cache import Chain
from exporter.config.model import ARIConfig, DNSConfig


@dataclass(frozen=True, slots=True)
class Question:
    """One endpoint as it was probed. `name` is what clients look up and the leaf must be valid for.

    `key` identifies the endpoint between scrapes. `alpn` is what was agreed, `is_local` tells that the endpoint is on
    this machine, so that what is published about it may lead there, too.
    """

    key: Hashable
    name: str
    port: int
    chain: Chain
    name_match: bool | None
    transport: str = "tcp"  # or "udp"
    is_https: bool = False
    is_smtp: bool = False
    alpn: str = ""
    is_local: bool = False
    dns: DNSConfig | None = None
    mail_domain: str | None = None
    ari: ARIConfig | None = None

    @property
    def asks_nothing(self) -> bool:
        """Whether the module asks for nothing that is published."""
        return self.dns is None and self.mail_domain is None and self.ari is None

    def is_like(self, other: "Question") -> bool:
        """Return whether two questions have the same answer; chains are compared by identity, since they are shared."""
        return (
            self.chain is other.chain
            and self.name_match is other.name_match
            and self.dns is other.dns
            and self.ari is other.ari
            and self.alpn == other.alpn
            and (self.name, self.port, self.mail_domain) == (other.name, other.port, other.mail_domain)
        )

    @property
    def is_trusted(self) -> bool | None:
        """Whether clients trust the chain; None if that is not known."""
        if self.chain.trusted_chain:
            return True
        return self.chain.openssl.trusted if self.chain.openssl is not None else None
