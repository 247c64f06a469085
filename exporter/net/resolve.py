"""Names to addresses: `getaddrinfo` on a separate thread pool, so that a resolver that hangs delays nothing else.

It honours the hosts file and search domains as other programs do. Concurrent lookups of one name are shared. Nothing
is cached: that is the system resolver's job.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from exporter.config.model import IPProtocol
from exporter.net.dns_threads import AddressInfo, DNSThreadPool, Lookup, NoThreadError
from exporter.net.limits import MAX_ADDRESSES
from exporter.net.reason import NetworkError, Reason

RESOLVER_THREADS = 64
_FAMILIES = {
    IPProtocol.ANY: socket.AF_UNSPEC,
    IPProtocol.IP4: socket.AF_INET,
    IPProtocol.IP6: socket.AF_INET6,
}
_TEMPORARY = (socket.EAI_AGAIN, socket.EAI_SYSTEM, socket.EAI_MEMORY)


@dataclass(frozen=True, slots=True)
class Address:
    """One address to connect to. `ip` is canonical (with its zone for link-local IPv6), `family` is ip4 or ip6."""

    ip: str
    port: int
    family: str


class Resolver:
    """Resolves names on its own threads. `lookup` has getaddrinfo's shape, so that tests need no DNS.

    `tell_busy` is called for each name that was not looked up in time while every thread was busy.
    """

    def __init__(
        self,
        lookup: Lookup = socket.getaddrinfo,
        threads: int = RESOLVER_THREADS,
        on_busy: Callable[[], None] = lambda: None,
    ) -> None:
        self._on_busy = on_busy
        self._lookups = DNSThreadPool("resolver", threads, lookup)

    async def resolve(self, host: str, port: int, protocol: IPProtocol, deadline: float) -> tuple[Address, ...]:
        """Return the host's addresses in the system's order of preference (RFC 6724), without repetition.

        Raises NetworkError with `no_address` when there is none, `timeout` when the deadline (loop time) passes,
        `internal_error` when no thread can be started.
        """
        literal = literal_address(host, port)
        if literal is not None:
            if protocol is not IPProtocol.ANY and literal.family != protocol:
                raise NetworkError(Reason.NO_ADDRESS, f"{host} is not an {protocol} address, which the module demands")
            return (literal,)
        try:
            async with asyncio.timeout_at(deadline):
                answers = await self._lookups.look_up(_looked_up(host), port, _FAMILIES[protocol])
        except NoThreadError as error:
            raise NetworkError(Reason.INTERNAL_ERROR, f"out of resources: {error}") from None
        except TimeoutError:
            if self._lookups.are_busy:
                self._on_busy()
            raise NetworkError(Reason.TIMEOUT, f"no answer for the name {host} in time") from None
        except socket.gaierror as error:
            kind = "the resolver failed" if error.errno in _TEMPORARY else "no such name or no address"
            raise NetworkError(Reason.NO_ADDRESS, f"{kind}: {error.strerror}") from None
        except (OSError, UnicodeError) as error:
            raise NetworkError(Reason.NO_ADDRESS, f"the resolver failed: {error}") from None
        addresses = _addresses(answers)
        if not addresses:
            raise NetworkError(Reason.NO_ADDRESS, f"the name {host} has no address")
        return addresses

    def close(self) -> None:
        """Accept no more lookups; those in flight end on their own."""
        self._lookups.close()


def _looked_up(host: str) -> str:
    """Return the name to ask for: names below `localhost` are this machine (RFC 6761 section 6.3), as browsers know."""
    return "localhost" if host.lower().rstrip(".").endswith(".localhost") else host


@lru_cache(maxsize=32_768)
def literal_address(host: str, port: int) -> Address | None:
    """Return the address that an IP literal stands for; None for a name."""
    try:
        parsed = ipaddress.ip_address(host)
    except ValueError:
        return None
    return Address(str(parsed), port, "ip4" if parsed.version == 4 else "ip6")  # noqa: PLR2004


def _addresses(answers: list[AddressInfo]) -> tuple[Address, ...]:
    found: dict[str, Address] = {}
    for family, _, _, _, sockaddr in answers:
        if family == socket.AF_INET:
            found.setdefault(sockaddr[0], Address(sockaddr[0], sockaddr[1], "ip4"))
        elif family == socket.AF_INET6:
            zone = f"%{sockaddr[3]}" if len(sockaddr) > 3 and sockaddr[3] and "%" not in sockaddr[0] else ""  # noqa: PLR2004
            found.setdefault(sockaddr[0] + zone, Address(sockaddr[0] + zone, sockaddr[1], "ip6"))
        if len(found) >= MAX_ADDRESSES:
            break
    return tuple(found.values())
