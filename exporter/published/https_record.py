"""HTTPS records (RFC 9460): what they promise to clients, and where the endpoint does not keep it. Pure.

A record names a host, a port, protocols, address hints and keys of Encrypted Client Hello (RFC 9849). What a client
would ignore is left out here, as it leaves it out: records with unknown mandatory keys, or beside an alias.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from exporter.published.dns_answer import Record

MAX_RECORDS = 8  # that are compared with the endpoint
MAX_HINTS = 8  # of one record
MAX_PROTOCOLS = 8
DEFAULT_PROTOCOL = "http/1.1"
_MANDATORY, _ALPN, _NO_DEFAULT_ALPN, _PORT, _IPV4HINT, _ECH, _IPV6HINT = _UNDERSTOOD = range(7)  # section 14.3.2


@dataclass(frozen=True, slots=True)
class ServiceRecord:
    """One record in ServiceMode. `target` is the host that serves, `port` None where the record names none."""

    priority: int
    target: str
    alpn: tuple[str, ...]
    port: int | None = None
    hints: tuple[str, ...] = ()
    ech: bytes | None = None

    @property
    def tcp_protocols(self) -> tuple[str, ...]:
        """The protocols that run over TLS on TCP; those of QUIC need another probe."""
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
    """Return what a set of HTTPS records says. A target of "." is the owner (section 2.5.2)."""
    ordered = sorted(records, key=lambda one: (one.priority, one.to_text()))
    for one in ordered:
        if one.priority == 0:
            alias = _text(one.target)
            return HTTPSRecords(owner, alias=None if alias == "." else alias)
    services, problems = [], []
    for one in ordered[:MAX_RECORDS]:
        try:
            services.append(_service_untrusted(one, owner))
        except ValueError as error:
            problems.append(f"clients ignore the record with priority {one.priority}: {error}")
    return HTTPSRecords(owner, services=tuple(services), problem="; ".join(problems))


def _service_untrusted(one: Record, owner: str) -> ServiceRecord:
    params = one.params
    mandatory = params.get(_MANDATORY)
    if mandatory is not None:
        unknown = sorted(int(key) for key in mandatory.keys if int(key) not in _UNDERSTOOD)
        missing = sorted(int(key) for key in mandatory.keys if key not in params)
        if unknown or missing:
            raise ValueError(f"mandatory keys are unknown or missing: {(unknown + missing)[:4]}")
    alpn, port, ech = params.get(_ALPN), params.get(_PORT), params.get(_ECH)
    protocols = tuple(bytes(one).decode("latin-1") for one in alpn.ids[:MAX_PROTOCOLS]) if alpn is not None else ()
    if _NO_DEFAULT_ALPN in params:
        if not protocols:
            raise ValueError("no-default-alpn without alpn")
    elif DEFAULT_PROTOCOL not in protocols:
        protocols = (*protocols, DEFAULT_PROTOCOL)
    hints = [
        address
        for key in (_IPV4HINT, _IPV6HINT)
        if (hint := params.get(key)) is not None
        for address in hint.addresses[:MAX_HINTS]
    ]
    target = _text(one.target)
    return ServiceRecord(
        int(one.priority),
        owner if target == "." else target,
        protocols,
        int(port.port) if port is not None else None,
        tuple(hints),
        bytes(ech.ech) if ech is not None else None,
    )


def _text(name: Record) -> str:
    """Return a domain name of dnspython's in lower case; "." for the root."""
    return str(name.canonicalize().to_text(omit_final_dot=True))


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
