"""HTTPS records (RFC 9460): what they promise to clients, and where the endpoint does not keep it. Pure.

A record names a host, a port, protocols, address hints and keys of Encrypted Client Hello (RFC 9849). What a client
ignores is ignored here as well: records with unknown mandatory keys, and records next to an alias.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from exporter.published.dns_answer import Record, bytes_of

MAX_RECORDS = 8  # that are compared with the endpoint
MAX_HINTS = 8  # of one record
MAX_PROTOCOLS = 8
_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-_")
_MAX_LABEL, _MAX_NAME = 63, 257  # bytes; the name begins after the priority
DEFAULT_PROTOCOL = "http/1.1"
_MANDATORY, _ALPN, _NO_DEFAULT_ALPN, _PORT, _IPV4HINT, _ECH, _IPV6HINT = _UNDERSTOOD = range(7)  # section 14.3.2


@dataclass(frozen=True, slots=True)
class ServiceRecord:
    """One record in ServiceMode. `target` is the host that serves, `port` None where the record names none.

    `alpn` has the protocols that are written, without the default that comes with them (section 7.1.2).
    """

    priority: int
    target: str
    alpn: tuple[str, ...]
    port: int | None = None
    hints: tuple[str, ...] = ()
    ech: bytes | None = None

    @property
    def tcp_protocols(self) -> tuple[str, ...]:
        """The protocols that run over TLS on TCP, or the default; those of QUIC need another probe."""
        if not self.alpn:
            return (DEFAULT_PROTOCOL,)
        return tuple(one for one in self.alpn if one.partition("-")[0] not in ("h3", "hq", "doq"))


@dataclass(frozen=True, slots=True)
class HTTPSRecords:
    """The records of one name: an alias to follow, or services. `problem` says what in them clients must ignore."""

    owner: str
    alias: str | None = None
    services: tuple[ServiceRecord, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One connection as a client that follows a record makes it.

    `works` is None where nothing can be said, as after a timeout. `alpn` is what was chosen, "" for none.
    """

    record: ServiceRecord
    address: str
    port: int
    offered: tuple[str, ...]
    works: bool | None
    alpn: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class HTTPSAgreement:
    """What is published and what contradicts it. `mismatches` are sentences."""

    records: HTTPSRecords
    mismatches: tuple[str, ...] = ()
    ech_accepted: bool | None = None
    ech_detail: str = ""


def owner_name(host: str, port: int) -> str:
    """Return the name that has the records of an origin (section 9.1): port 443 has no prefix."""
    return host if port == 443 else f"_{port}._https.{host}"  # noqa: PLR2004


def read_https_untrusted(records: Iterable[Record], owner: str) -> HTTPSRecords:
    """Return what a set of HTTPS records says. A target of "." is the owner (section 2.5.2).

    Clients reject the whole set for one record that breaks the format (section 2.2).
    """
    try:
        read = sorted((_fields_untrusted(bytes_of(one)) for one in records), key=lambda one: one[:2])
    except ValueError as error:
        return HTTPSRecords(owner, problem=f"clients ignore all records at {owner}: {error}")
    for priority, target, _ in read:
        if priority == 0:
            return HTTPSRecords(owner, alias=target or None)
    services, problems = [], []
    for priority, target, params in read[:MAX_RECORDS]:
        try:
            services.append(_service_untrusted(priority, target or owner, params))
        except ValueError as error:
            problems.append(f"clients ignore the record with priority {priority}: {error}")
    return HTTPSRecords(owner, services=tuple(services), problem="; ".join(problems))


def _fields_untrusted(data: bytes) -> tuple[int, str, dict[int, bytes]]:
    """Read priority, target ("" for the root) and parameters, whose keys must rise (section 2.2).

    priority16 | target name, not compressed | { key16 | length16 | value }
    """
    labels, offset = [], 2
    while offset < len(data) and data[offset]:
        length = data[offset]
        labels.append(data[offset + 1 : offset + 1 + length])
        offset += 1 + length
        if length > _MAX_LABEL or offset > _MAX_NAME:
            raise ValueError("the target is no domain name")
    if offset >= len(data):
        raise ValueError("a record is cut")
    offset += 1
    params: dict[int, bytes] = {}
    last = -1
    while offset < len(data):
        key, length = (
            int.from_bytes(data[offset : offset + 2], "big"),
            int.from_bytes(data[offset + 2 : offset + 4], "big"),
        )
        value = data[offset + 4 : offset + 4 + length]
        if key <= last or len(data) < offset + 4 + length:
            raise ValueError("parameters are out of order or cut")
        params[key] = value
        last, offset = key, offset + 4 + length
    target = ".".join(printable_label(label) for label in labels)
    return int.from_bytes(data[:2], "big"), target, params


def printable_label(label: bytes) -> str:
    """Return a label in lower case; other bytes than letters, digits, - and _ in decimal (RFC 1035 section 5.1)."""
    return "".join(chr(byte) if byte in _PLAIN else f"\\{byte:03d}" for byte in label.lower())


def _service_untrusted(priority: int, target: str, params: dict[int, bytes]) -> ServiceRecord:
    mandatory = [int.from_bytes(pair, "big") for pair in _pieces(params.get(_MANDATORY, b""), 2)]
    unusable = sorted(key for key in mandatory if key not in _UNDERSTOOD or key not in params)
    if unusable:
        raise ValueError(f"mandatory keys are unknown or missing: {unusable[:4]}")
    protocols = _protocols(params)
    port = params.get(_PORT)
    if port is not None and len(port) != 2:  # noqa: PLR2004 - a port has 16 bits
        raise ValueError("the port is no port")
    hints = [str(IPv4Address(one)) for one in _pieces(params.get(_IPV4HINT, b""), 4)][:MAX_HINTS]
    hints += [str(IPv6Address(one)) for one in _pieces(params.get(_IPV6HINT, b""), 16)][:MAX_HINTS]
    return ServiceRecord(
        priority,
        target,
        protocols,
        int.from_bytes(port, "big") if port is not None else None,
        tuple(hints),
        params.get(_ECH),
    )


def _protocols(params: dict[int, bytes]) -> tuple[str, ...]:
    """Return the ALPN protocols of a record (section 7.1)."""
    protocols: list[str] = []
    ids = params.get(_ALPN, b"")
    while ids:
        length = ids[0]
        if not 0 < length < len(ids):
            raise ValueError("the list of protocols is cut")
        protocols.append(ids[1 : 1 + length].decode("latin-1"))
        ids = ids[1 + length :]
    if _NO_DEFAULT_ALPN in params and not protocols:
        raise ValueError("no-default-alpn without alpn")
    return tuple(protocols[:MAX_PROTOCOLS])


def _pieces(data: bytes, size: int) -> list[bytes]:
    if len(data) % size:
        raise ValueError("a list has the wrong length")
    return [data[at : at + size] for at in range(0, len(data), size)]


def mismatches(records: HTTPSRecords, attempts: Sequence[Attempt]) -> tuple[str, ...]:
    """Return what in the records the endpoint does not keep, a sentence for each."""
    found = [records.problem] if records.problem else []
    for one in attempts:
        where = f"{one.address} port {one.port}"
        if one.works is False:
            found.append(f"the record leads clients to {where}, which does not serve them: {one.detail}")
        elif one.works and one.alpn != one.offered[0] and one.offered != (DEFAULT_PROTOCOL,):
            chosen = one.alpn or "none"
            found.append(f"the record promises {one.offered[0]} and {where} chose {chosen} when offered only that")
    return tuple(dict.fromkeys(found))
