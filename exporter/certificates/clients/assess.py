"""What each client makes of a presented chain: the first path that it accepts, or why it accepts none.

The clients search among the paths; each has its own rules (`rules`, `java_rules`) and its own way to compare names.
What a path breaks is collected for each client; the best path is the one with the least against it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from exporter.certificates.certificate import Certificate
from exporter.certificates.clients.constraints import SUPPORTED_BY_GO, ExcessiveError, broken_constraint
from exporter.certificates.clients.details import DIRECTORY_NAME, NAME_CONSTRAINTS, Details, details_untrusted
from exporter.certificates.clients.java_rules import JAVA_RULES
from exporter.certificates.clients.paths import Path, compares_octets, paths_to_trust
from exporter.certificates.clients.rules import (
    ALL,
    ANCHOR,
    ANCHOR_LIMITS_IGNORED,
    CHROMIUM,
    COUNT_SELF_ISSUED,
    FIREFOX,
    GO,
    INTERMEDIATE,
    JAVA,
    LEAF,
    MAX_SUBORDINATES,
    PARSES_EVERYTHING,
    RULES,
    RUSTLS,
)
from exporter.certificates.verdict import ClientVerdict, TrustStore, VerifyError

CLIENTS = (CHROMIUM, FIREFOX, GO, RUSTLS, JAVA)
_EVERY = ALL | {JAVA}
_TABLE = (*RULES, *JAVA_RULES)
_NOBODY: frozenset[str] = frozenset()
_UNSURE, _JAVA = frozenset((FIREFOX,)), frozenset((JAVA,))
_COMPARE_OCTETS = frozenset((FIREFOX, GO, RUSTLS))


@dataclass(frozen=True, slots=True)
class ClientsView:
    """What the clients make of a chain, and the path of those that trust it; () if none does.

    `signed_path` leads to a trusted certificate by good signatures, whether or not a rule is broken on it.
    """

    verdicts: tuple[ClientVerdict, ...]
    path: tuple[Certificate, ...] = ()
    signed_path: tuple[Certificate, ...] = ()


@dataclass(frozen=True, slots=True)
class _Refusal:
    clients: frozenset[str]
    error: VerifyError
    unmeasured: frozenset[str] = frozenset()


def assess_clients(chain: tuple[Certificate, ...], trust: TrustStore, now: float) -> ClientsView:
    """Assess a presented chain, leaf first, at a time in Unix seconds."""
    read: dict[bytes, Details] = {}
    paths, is_complete = paths_to_trust(chain, trust)
    unread = tuple(_unreadable(chain, read))
    try:
        refusals = [(path, (*unread, *_refusals(path, read, now))) for path in paths]
    except ExcessiveError:
        return ClientsView(tuple(ClientVerdict(client, None) for client in CLIENTS))
    if not refusals and not is_complete:
        return ClientsView(tuple(ClientVerdict(client, None) for client in CLIENTS))
    if not refusals:
        nothing = VerifyError(0, "no_path", 0, "no path leads to a trusted root", chain[-1].subject)
        return ClientsView(tuple(ClientVerdict(client, False, (nothing,)) for client in CLIENTS))
    verdicts = tuple(_verdict(client, refusals) for client in CLIENTS)
    accepted = next((path.certificates for path, found in refusals if not found), ())
    fewest = min(refusals, key=lambda one: len(one[1]))[0].certificates
    return ClientsView(verdicts, accepted or (fewest if any(one.trusted for one in verdicts) else ()), fewest)


def _verdict(client: str, refusals: Sequence[tuple[Path, tuple[_Refusal, ...]]]) -> ClientVerdict:
    best: tuple[VerifyError, ...] | None = None
    is_known = True
    for path, found in refusals:
        errors = _once(one.error for one in found if client in one.clients)
        is_measured = not any(client in one.unmeasured for one in found)
        if not errors and path.is_proven and is_measured:
            return ClientVerdict(client, True)
        if not errors:
            is_known = False  # a signature that is not checked here, or a rule that was not measured
        elif best is None or len(errors) < len(best):
            best = errors
    return ClientVerdict(client, False if is_known else None, best or () if is_known else ())


def _unreadable(chain: tuple[Certificate, ...], read: dict[bytes, Details]) -> Iterator[_Refusal]:
    """Yield what a client refuses that parses every certificate that is sent, whether it needs it or not."""
    for depth, certificate in enumerate(chain[1:], 1):
        one = _details(certificate, read)
        for rule in _TABLE:
            clients = rule.clients & PARSES_EVERYTHING.get(rule.reason, frozenset())
            if clients and (text := rule.violation(one)) is not None:
                yield _Refusal(clients, VerifyError(0, rule.reason, depth, text, certificate.subject))


def _refusals(path: Path, read: dict[bytes, Details], now: float) -> Iterator[_Refusal]:
    """Yield everything that some client holds against a path."""
    certificates = path.certificates
    if not compares_octets(path):
        text = "the issuer's name is written in another way than in its own certificate (RFC 5280 section 7.1)"
        yield _Refusal(_COMPARE_OCTETS, VerifyError(0, "issuer_name_differs", 0, text, certificates[0].subject))
    if len(certificates) - 2 > MAX_SUBORDINATES:
        text = f"{len(certificates) - 2} intermediates"
        yield _Refusal(frozenset((FIREFOX, RUSTLS)), VerifyError(0, "chain_too_long", 0, text))
    below: list[Details] = []
    for depth, certificate in enumerate(certificates):
        one = _details(certificate, read)
        place = LEAF if depth == 0 else ANCHOR if depth == len(certificates) - 1 else INTERMEDIATE
        if len(certificates) == 1:
            return  # trusted for itself
        yield from _rules(one, place, depth)
        yield from _validity(certificate, place, depth, now)
        yield from _constraints(one, below, place, depth)
        below.append(one)


def _rules(one: Details, place: str, depth: int) -> Iterator[_Refusal]:
    for rule in _TABLE:
        if place in rule.places and (text := rule.violation(one)) is not None:
            error = VerifyError(0, rule.reason, depth, text, one.certificate.subject)
            yield _Refusal(rule.clients, error, rule.unmeasured)


def _validity(certificate: Certificate, place: str, depth: int, now: float) -> Iterator[_Refusal]:
    """Yield what is wrong with the dates. Go and Chromium check those of a root as well, rustls does not."""
    who = _EVERY if place != ANCHOR else frozenset((CHROMIUM, GO))
    unmeasured = _UNSURE - who
    subject = certificate.subject
    if certificate.not_after is not None and certificate.not_after < now:
        yield _Refusal(who, VerifyError(0, "expired", depth, "it has expired", subject), unmeasured)
    if certificate.not_before is not None and certificate.not_before > now:
        yield _Refusal(who, VerifyError(0, "not_yet_valid", depth, "it is not valid yet", subject), unmeasured)


def _constraints(one: Details, below: list[Details], place: str, depth: int) -> Iterator[_Refusal]:
    """Yield what an authority's path length and name constraints forbid below it."""
    if place == LEAF:
        return
    subject = one.certificate.subject
    between = below[1:]
    exempt = sum(each.certificate.is_self_issued for each in between)
    if one.path_length is not None and len(between) > one.path_length:
        error = VerifyError(0, "path_length", depth, f"{len(between)} authorities follow", subject)
        who = _EVERY if len(between) - exempt > one.path_length else COUNT_SELF_ISSUED
        yield _Refusal(who - (ANCHOR_LIMITS_IGNORED if place == ANCHOR else frozenset()), error, _UNSURE - who)
    if one.subtrees is None:
        return
    for number, each in enumerate(below):
        broken = broken_constraint(each, one.subtrees)
        if broken is not None:
            error = VerifyError(0, "name_constraints", depth, broken, subject)
            who = COUNT_SELF_ISSUED if number and each.certificate.is_self_issued else ALL
            yield _Refusal(who, error, _UNSURE - who)
            if not each.certificate.is_self_issued and broken_constraint(each, one.subtrees, wildcards_reach=False):
                is_broken = "extension_nameConstraints" in one.faults  # what Java makes of it was not measured
                yield _Refusal(_NOBODY, error, _JAVA) if is_broken else _Refusal(_JAVA, error)
    kinds = {tag for tag, _ in (*one.subtrees.permitted, *one.subtrees.excluded)} - SUPPORTED_BY_GO
    if kinds and NAME_CONSTRAINTS in one.critical:
        error = VerifyError(0, "name_constraints", depth, "constraints on rare kinds of names", subject)
        occurs = DIRECTORY_NAME in kinds or any(tag in kinds for each in below for tag, _ in each.names)
        unsure = _UNSURE if occurs and kinds != {DIRECTORY_NAME} else frozenset()
        refusing = ({GO, RUSTLS} if occurs else {GO}) | ({CHROMIUM, JAVA} if unsure else set())
        yield _Refusal(frozenset(refusing), error, unsure)


def _details(certificate: Certificate, read: dict[bytes, Details]) -> Details:
    found = read.get(certificate.der)
    if found is None:
        found = read[certificate.der] = details_untrusted(certificate)
    return found


def _once(errors: Iterator[VerifyError]) -> tuple[VerifyError, ...]:
    """Keep the first error of each name."""
    found: dict[str, VerifyError] = {}
    for error in errors:
        found.setdefault(error.name, error)
    return tuple(found.values())
