"""The questions on key exchange groups: in TLS 1.3 by HelloRetryRequests, up to TLS 1.2 by ServerKeyExchanges."""

from dataclasses import replace

from exporter.posture import hellos
from exporter.posture.check import Check
from exporter.posture.ciphers import ask_dhe_by_groups
from exporter.posture.evidence import Unanswered
from exporter.posture.exchange import HelloAnswer, has_key_exchange
from exporter.posture.scan import GROUPS, NO_VERSION, Scan
from exporter.wire import iana
from exporter.wire.clienthello import ClientHello
from exporter.wire.iana import TLS_1_2, TLS_1_3, WEAK_CURVES


async def ask_groups(scan: Scan) -> None:
    """Ask which groups are taken, in TLS 1.3 and then in TLS 1.2, where other ones may be.

    The rare groups of TLS 1.3 come last: most servers have one of them, and a ServerHello confirms all refusals.
    """
    shown = scan.shown.group if scan.shown is not None and scan.first_1_3 is None else ""
    left = [name for name in hellos.REPORTED_GROUPS if name != shown]
    accepts_1_2, accepts_1_3 = scan.versions.get(TLS_1_2), scan.is_accepted(TLS_1_3)
    if accepts_1_3:
        left = await _ask_1_3(scan, left, settles_curves=accepts_1_2 is False)
    else:
        scan.evidence.derived(GROUPS, scan.groups, *hellos.HYBRIDS)
    if accepts_1_2:
        await _ask_1_2(scan, [name for name in hellos.CURVES[: 4 if accepts_1_3 else None] if name in left])
    if accepts_1_3:
        await _ask_1_3(scan, list(hellos.REST_GROUPS), settles_curves=accepts_1_2 is False)
    if accepts_1_2 is None:
        raise Unanswered(NO_VERSION)


async def _ask_1_3(scan: Scan, left: list[str], *, settles_curves: bool) -> list[str]:
    """Let each answer name a group, which is left out of the next question; return the groups that none named.

    Curves that TLS 1.3 refuses are settled only where there is no TLS 1.2 that may take them.
    """
    answer, scan.first_1_3 = scan.first_1_3, None
    if answer is not None and _group_1_3(answer) not in left:
        scan.groups[_group_1_3(answer)] = True  # a server that prefers a rare one
        answer = None
    named = next((name for name in hellos.CURVES if scan.groups.get(name)), "")
    while left:
        if answer is None:
            answer = await _ask_with(scan, left, named)
        group = _group_1_3(answer)
        if group not in left:
            refused = [name for name in left if settles_curves or name not in hellos.CURVES]
            scan.evidence.refused(GROUPS, answer, scan.groups, *refused)
            break
        scan.groups[group], named, answer = True, group, None
        left = [name for name in left if name not in hellos.asked_with(group)]
    return left


async def _ask_with(scan: Scan, left: list[str], named: str) -> HelloAnswer:
    hello = scan.hello_1_3(hellos.group_numbers(left))
    if not named:
        return await scan.evidence.ask(hello)
    return await scan.evidence.ask_beside(hello, scan.hello_1_3(hellos.group_numbers((*left, named))))


def _group_1_3(answer: HelloAnswer) -> str:
    hello = answer.hello
    number = hello.group if hello is not None and hello.version == TLS_1_3 else None
    return iana.group_name(number) if number is not None else ""


async def _ask_1_2(scan: Scan, left: list[str]) -> None:
    """Ask for the curves that are left, for those that no server should take any more, and for DHE by groups.

    Some servers have DHE only for clients that name a group for it (RFC 7919).
    """
    if scan.uses_ecdsa:
        await _ask_1_2_with_ecdsa(scan, [name for name in left if not scan.groups.get(name)])
        return
    others = list(hellos.OTHER_CURVES)
    while True:
        dhe = () if scan.classes.get("dhe") else hellos.DHE_SUITES
        groups = (*hellos.group_numbers(left), *others, *(hellos.FFDHE_GROUPS if dhe else ()))
        hello = replace(_curves_hello(scan, groups), cipher_suites=(*hellos.ECDHE_SUITES, *dhe))
        answer = await scan.evidence.ask(hello, has_key_exchange)
        if answer.hello is not None and "dhe" in scan.note_suite(answer, hello):
            continue
        group = _group_1_2(answer)
        number = next((number for number in others if iana.group_name(number) == group), None)
        if group not in left and number is None:
            if not group:
                scan.evidence.refused(GROUPS, answer, scan.groups, *left)
            elif dhe:  # it names what was not on offer, as wolfSSL does, and so DHE was not looked at
                await ask_dhe_by_groups(scan, TLS_1_2)
            return
        scan.groups[group] = True
        left = [name for name in left if name != group]
        if number is not None:  # of the weak and of the rare curves one is enough
            is_weak = group in WEAK_CURVES
            others = [one for one in others if (iana.group_name(one) in WEAK_CURVES) is not is_weak]


async def _ask_1_2_with_ecdsa(scan: Scan, left: list[str]) -> None:
    """Do so where the certificate's own curve must be on offer (RFC 8422 section 5.1), which may be any.

    Only what is named is known then: a server that chooses another curve, and one that refuses, say nothing of the
    rest. So each curve is asked for alone, when all together named none of them any more.
    """
    named = [name for name in hellos.CURVES if scan.groups.get(name)]
    for offered in ([*left], *([name] for name in left)):
        asked = [name for name in offered if not scan.groups.get(name)]
        while asked:
            beside = (*hellos.group_numbers(named), *hellos.OTHER_CURVES) if len(offered) > 1 else ()
            answer = await scan.evidence.ask(
                _curves_hello(scan, (*hellos.group_numbers(asked), *beside)), has_key_exchange
            )
            group = _group_1_2(answer)
            if group:
                scan.groups[group] = True
            if group not in asked:
                break
            named.append(group)
            asked.remove(group)
    weak = _curves_hello(scan, (*hellos.WEAK_GROUPS, *hellos.group_numbers(hellos.CURVES)))
    group = _group_1_2(await scan.evidence.ask(weak, has_key_exchange))
    if group:
        scan.groups[group] = True


def _curves_hello(scan: Scan, groups: tuple[int, ...]) -> ClientHello:
    return replace(scan.hello(TLS_1_2, hellos.ECDHE_SUITES), groups=groups)


def _group_1_2(answer: HelloAnswer) -> str:
    exchange = answer.flight.key_exchange
    return iana.group_name(exchange.group) if exchange is not None and exchange.group is not None else ""


CHECKS = (Check(GROUPS, ask_groups),)
