"""Questions sent to name servers: UDP first, TCP for what does not fit, the next server when one does not answer.

Each question has a socket of its own, so that its port is as hard to guess as its identifier (RFC 5452), and one
deadline that no server can stretch. What does not carry the identifier is dropped unread, and only so many datagrams
are looked at. Nothing is cached here.
"""

import asyncio
import socket
from collections.abc import Sequence
from pathlib import Path

from exporter.config.model import NameServer
from exporter.published.dns_answer import DNSError, DNSFailure
from exporter.published.dns_message import (
    MAX_MESSAGE_BYTES,
    Query,
    Response,
    answers_untrusted,
    is_truncated_untrusted,
    read_response_untrusted,
)

UDP_SECONDS = (1.0, 2.0)  # how long each server may take in the first round and in the second
TCP_SECONDS = 4.0
TOTAL_SECONDS = 10.0  # for one question, whatever servers do
MAX_SERVERS = 4
MAX_DATAGRAMS = 64  # looked at for one question
RESOLV_CONF = Path("/etc/resolv.conf")


async def ask(query: Query, servers: Sequence[NameServer]) -> Response:
    """Ask the servers in turn, twice; return the first usable response. Raises DNSError: the last server's failure."""
    failure = DNSError(DNSFailure.UNREACHABLE, "no name server is configured")
    try:
        async with asyncio.timeout(TOTAL_SECONDS):
            for seconds in UDP_SECONDS:
                for server in servers[:MAX_SERVERS]:
                    try:
                        return await _ask_one(query, server, seconds)
                    except DNSError as error:
                        failure = DNSError(error.reason, f"{server}: {error.detail}")
                if failure.reason not in (DNSFailure.TIMEOUT, DNSFailure.MALFORMED):
                    break  # asking again gives the same
    except TimeoutError:
        failure = DNSError(DNSFailure.TIMEOUT, f"no answer within {TOTAL_SECONDS:g} s")
    raise failure


async def _ask_one(query: Query, server: NameServer, seconds: float) -> Response:
    identifier, question = query.to_wire()
    try:
        async with asyncio.timeout(seconds):
            data = await _over_udp(identifier, question, server)
        if is_truncated_untrusted(data):
            async with asyncio.timeout(TCP_SECONDS):
                data = await _over_tcp(identifier, question, server)
    except TimeoutError:
        raise DNSError(DNSFailure.TIMEOUT, "no answer in time") from None
    except (OSError, EOFError) as error:
        raise DNSError(DNSFailure.UNREACHABLE, f"{type(error).__name__}: {error}"[:200]) from None
    return read_response_untrusted(data, query)


class _Datagrams(asyncio.DatagramProtocol):
    """Waits for the one datagram that answers."""

    def __init__(self, identifier: int) -> None:
        self._identifier = identifier
        self._looked_at = 0
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, _addr: object) -> None:
        """Take a datagram if it carries the identifier; give up in a flood of others."""
        self._looked_at += 1
        if self.answer.done():
            return
        if answers_untrusted(data, self._identifier):
            self.answer.set_result(data)
        elif self._looked_at >= MAX_DATAGRAMS:
            self.answer.set_exception(DNSError(DNSFailure.MALFORMED, "a flood of datagrams that answer nothing"))

    def error_received(self, exc: Exception) -> None:
        """Note what the network said, as that nobody listens."""
        if not self.answer.done():
            self.answer.set_exception(exc)


async def _over_udp(identifier: int, question: bytes, server: NameServer) -> bytes:
    loop = asyncio.get_running_loop()
    family = socket.AF_INET6 if ":" in server.ip else socket.AF_INET
    transport, datagrams = await loop.create_datagram_endpoint(
        lambda: _Datagrams(identifier), remote_addr=(server.ip, server.port), family=family
    )
    try:
        transport.sendto(question)
        return await datagrams.answer
    finally:
        transport.close()
        datagrams.answer.cancel()


async def _over_tcp(identifier: int, question: bytes, server: NameServer) -> bytes:
    reader, writer = await asyncio.open_connection(server.ip, server.port)
    try:
        writer.write(len(question).to_bytes(2, "big") + question)
        length = int.from_bytes(await reader.readexactly(2), "big")
        assert length <= MAX_MESSAGE_BYTES
        data = await reader.readexactly(length)
    finally:
        writer.transport.abort()
    if not answers_untrusted(data, identifier) or is_truncated_untrusted(data):
        raise DNSError(DNSFailure.MALFORMED, "the answer over TCP is cut or answers nothing")
    return data


def system_servers(path: Path = RESOLV_CONF) -> tuple[NameServer, ...]:
    """Return the name servers of the system's resolver (resolv.conf(5)); none if they cannot be read."""
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return ()
    words = [line.split() for line in lines]
    return tuple(NameServer(line[1]) for line in words if len(line) > 1 and line[0] == "nameserver")[:MAX_SERVERS]
