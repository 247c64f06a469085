"""Which real clients can connect: their ClientHellos, captured from the programs, are replayed one at a time.

The data is client_hellos.json, made by tools/clients/capture.py: the hello, and measured properties of the program
that are not in it. The server's answer to the hello shows what that client would get. Clients whose hellos every server
answers alike share one connection.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from exporter.posture.check import Check
from exporter.posture.evidence import NO_BASELINE, Unanswered
from exporter.posture.exchange import AnswerKind, HelloAnswer
from exporter.posture.facts import ClientResult
from exporter.posture.scan import Scan
from exporter.wire import iana
from exporter.wire.captured_hello import CapturedHello, read_captured_hello
from exporter.wire.iana import TLS_1_2, TLS_1_3, VERSIONS
from exporter.wire.server_flight import ServerFlight
from exporter.wire.serverhello import RENEGOTIATION_INFO

CLIENTS = "clients"
_DATA = "client_hellos.json"
_VERSION_NUMBERS = {name: number for number, name in VERSIONS.items()}


@dataclass(frozen=True, slots=True)
class RealClient:
    """A real client. `versions` are those that it goes through with; `captured` is a date.

    `imitation`: not the program itself sent the hello, but one that copies it.
    """

    name: str
    program: str
    package: str
    captured: str
    imitation: bool
    versions: frozenset[int]
    needs_secure_renegotiation: bool
    hello: CapturedHello


@cache
def captured_clients() -> Mapping[str, RealClient]:
    """Return all clients by name, the oldest of a family first."""
    rows = json.loads(resources.files("exporter.posture").joinpath(_DATA).read_text())
    return {name: _client(name, row) for name, row in rows.items()}


def _client(name: str, row: Mapping[str, object]) -> RealClient:
    versions = row["versions"]
    assert isinstance(versions, list)
    return RealClient(
        name=name,
        program=str(row["program"]),
        package=str(row["package"]),
        captured=str(row["captured"]),
        imitation=row["imitation"] is True,
        versions=frozenset(_VERSION_NUMBERS[version] for version in versions),
        needs_secure_renegotiation=row["needs_secure_renegotiation"] is True,
        hello=read_captured_hello(bytes.fromhex(str(row["hello"]))),
    )


async def ask_clients(scan: Scan) -> None:
    """Send each client's hello, and note what each would get. Raises Unanswered where nothing can be said of all.

    An end of the connection is what a client meets as well. It counts if the hello meets it twice, and the server
    answered another hello after it.
    """
    refused: list[str] = []
    for clients in _alike(captured_clients().values()):
        answer = await _answer(scan, clients[0].hello)
        if answer is None:
            if scan.evidence.given_up:
                break
            continue
        for client in clients:
            scan.clients[client.name] = _result(client, answer)
        if answer.kind is AnswerKind.ENDED:
            refused += [client.name for client in clients]
        elif answer.kind is AnswerKind.HELLO:
            refused.clear()  # the server is there, so that what ended before was refused
    if refused and not await scan.evidence.is_alive():
        for name in refused:
            del scan.clients[name]
    if len(scan.clients) < len(captured_clients()):
        raise Unanswered(scan.evidence.reason or NO_BASELINE)


def _alike(clients: Iterable[RealClient]) -> list[list[RealClient]]:
    groups: dict[object, list[RealClient]] = {}
    for client in clients:
        groups.setdefault(client.hello.likeness, []).append(client)
    return list(groups.values())


async def _answer(scan: Scan, hello: CapturedHello) -> HelloAnswer | None:
    """Return the answer to a hello, ENDED only if it met that twice; None for none."""
    for _ in range(2):
        content = hello.write(scan.random(64), scan.server_name, alpn=scan.offers_alpn)
        answer = await scan.evidence.send(content, _has_enough)
        if answer is None or answer.kind is not AnswerKind.ENDED or answer.flight.fatal_alert is not None:
            return answer
    return answer


def _has_enough(flight: ServerFlight) -> bool:
    hello = flight.server_hello or flight.hello_retry_request
    return hello is not None and (hello.version >= TLS_1_3 or flight.key_exchange is not None)


def _result(client: RealClient, answer: HelloAnswer) -> ClientResult:
    """Return what a client gets from an answer to its hello."""
    hello = answer.hello
    if hello is None or answer.flight.fatal_alert is not None or not _goes_along(client, answer):
        return ClientResult(connects=False)
    exchange = answer.flight.key_exchange
    group = hello.group if hello.version >= TLS_1_3 else exchange.group if exchange is not None else None
    return ClientResult(
        connects=True,
        protocol=VERSIONS[hello.version],
        cipher=iana.cipher_suite_name(hello.cipher_suite),
        group=iana.group_name(group) if group is not None else "",
    )


def _goes_along(client: RealClient, answer: HelloAnswer) -> bool:
    hello = answer.hello
    assert hello is not None
    if hello.version not in client.versions or hello.cipher_suite not in client.hello.cipher_suites:
        return False
    if hello.version <= TLS_1_2:
        return RENEGOTIATION_INFO in hello.extensions or not client.needs_secure_renegotiation
    # A HelloRetryRequest asks for another hello, with a share of a group that the client has (RFC 8446 section 4.1.4)
    return (
        hello.group in client.hello.groups if hello.is_hello_retry_request else hello.group in client.hello.key_shares
    )


CHECKS = (Check(CLIENTS, ask_clients, on_request=True),)
