"""The questions on cipher suites, by classes; each answer names a suite, whose classes are not asked for again."""

from dataclasses import replace

from exporter.posture import hellos
from exporter.posture.check import Check
from exporter.posture.evidence import Unanswered
from exporter.posture.exchange import HelloAnswer, has_key_exchange
from exporter.posture.scan import ASKED_CLASSES, CIPHERS, NO_VERSION, UP_TO_1_2, Scan
from exporter.wire.iana import SSL_3_0, TLS_1_2, TLS_1_3

_NULL = "null"


async def ask_ciphers(scan: Scan) -> None:
    """Ask for all classes in one hello, then for DHE with groups to choose from, then for TLS 1.3 without encryption.

    Some servers have suites in their lowest version only (RFC 4346: export suites end at TLS 1.0).
    """
    versions = [version for version in UP_TO_1_2 if scan.versions.get(version)]
    if versions:
        refusal: HelloAnswer | None = None
        for version in dict.fromkeys((max(versions), min(versions))):
            refusal = await _ask_classes(scan, version)
        if refusal is not None and (SSL_3_0 < max(versions) < TLS_1_2 or scan.uses_ecdsa):  # else `groups` asks for it
            refusal = await ask_dhe_by_groups(scan, max(versions))
        if refusal is not None and TLS_1_2 not in scan.versions:
            raise Unanswered(NO_VERSION)  # some suites exist in TLS 1.2 only: older versions do not refuse them
        if refusal is not None:
            if TLS_1_2 not in scan.versions:
                raise Unanswered(NO_VERSION)  # where most suites are, if it is accepted
            scan.evidence.refused(CIPHERS, refusal, scan.classes, *_left(scan))
    elif any(version not in scan.versions for version in UP_TO_1_2):
        raise Unanswered(NO_VERSION)
    else:
        scan.evidence.derived(CIPHERS, scan.classes, *_left(scan))
    await _ask_integrity_only(scan)


def _left(scan: Scan) -> frozenset[str]:
    return ASKED_CLASSES.difference(scan.classes)


async def _ask_classes(scan: Scan, version: int) -> HelloAnswer | None:
    """Ask until the classes that are left are refused; return the refusal, None if none is left."""
    while left := _left(scan):
        for suites in scan.evidence.fitting(hellos.suites_of(left)):
            hello = scan.hello(version, suites)
            answer = await scan.evidence.ask(hello, has_key_exchange)
            if answer.hello is not None and scan.note_suite(answer, hello) & left:
                break
        else:
            return answer
    return None


async def ask_dhe_by_groups(scan: Scan, version: int) -> HelloAnswer | None:
    """Do the same with the DHE suites of a client that names groups for them (RFC 7919): some servers want that."""
    while True:
        left = frozenset(label for label in ASKED_CLASSES if not scan.classes.get(label))
        suites = tuple(number for number in hellos.suites_of(left) if number in hellos.DHE_SUITES)
        if not suites:
            return None
        groups = (*hellos.LEGACY_GROUPS, *hellos.FFDHE_GROUPS)
        hello = replace(scan.hello(version, suites), groups=groups)
        answer = await scan.evidence.ask(hello, has_key_exchange)
        if answer.hello is None or not scan.note_suite(answer, hello) & left:
            return answer


async def _ask_integrity_only(scan: Scan) -> None:
    """Ask for the suites of TLS 1.3 that do not encrypt (RFC 9150); without them the class is refused as a whole."""
    if scan.classes.get(_NULL):
        return
    accepted = scan.versions.get(TLS_1_3)
    if accepted is None:
        scan.classes.pop(_NULL, None)
        raise Unanswered(NO_VERSION)
    if not accepted:
        return
    groups = hellos.group_numbers((*hellos.REPORTED_GROUPS, *hellos.REST_GROUPS))
    hello = replace(scan.hello_1_3(groups), cipher_suites=hellos.INTEGRITY_SUITES)
    answer = await scan.evidence.ask(hello)
    if answer.hello is not None and answer.hello.version == TLS_1_3:
        scan.note_suite(answer, hello)
    else:
        scan.evidence.refused(CIPHERS, answer, scan.classes, _NULL)


CHECKS = (Check(CIPHERS, ask_ciphers),)
