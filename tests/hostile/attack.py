"""What an attack is: a peer that is broken, slow or malicious, and what the exporter must say of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from exporter.demo.scenario import Served

TIMEOUT = "timeout"
COMPLETED = ("completed", "")  # the handshake completes; the attack comes later


@dataclass(frozen=True, slots=True)
class Attack:
    """One hostile peer.

    `expected` are the (phase, reason) pairs that may be reported: one, but where the system may deliver an end and a
    reset in either order. `certificates` is how many must be read all the same; None leaves it open.
    `through_proxy`: the peer is the proxy on the way to another host.
    """

    name: str
    served: Served
    expected: tuple[tuple[str, str], ...]
    settings: Mapping[str, object] = field(default_factory=dict)
    certificates: int | None = 0
    through_proxy: str = ""  # "http" or "socks5"


def handshake(reason):
    return (("handshake", reason),)
