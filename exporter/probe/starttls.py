"""From plain text to the brink of TLS: carries on one of `wire`'s STARTTLS dialogues. It begins no handshake."""

from exporter.net.stream import Stream
from exporter.probe.dialogue import converse
from exporter.wire.starttls import DIALOGUES


def default_port(protocol: str) -> int:
    """Return the port of a protocol when the target names none."""
    return DIALOGUES[protocol].port


async def negotiate(stream: Stream, protocol: str, host: str) -> bytes:
    """Bring a server to the point where it waits for a ClientHello. Raises NetworkError.

    Returns what the server sent behind its go-ahead, in clear. It belongs to no protocol and must not be taken for
    part of the TLS session (CVE-2011-0411): an attacker on the way, or a broken server, put it there.
    """
    return await converse(stream, DIALOGUES[protocol](host))
