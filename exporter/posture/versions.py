"""The questions on protocol versions, and on what a TLS 1.2 hello shows in plaintext besides."""

from dataclasses import replace

from exporter.posture import hellos
from exporter.posture.check import Check
from exporter.posture.evidence import INTOLERANT, Unanswered
from exporter.posture.exchange import AnswerKind, HelloAnswer, has_all
from exporter.posture.scan import NO_VERSION, VERSION_CHECKS, Scan
from exporter.wire import sslv2
from exporter.wire.clienthello import ClientHello
from exporter.wire.iana import SSL_2_0, SSL_3_0, TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3
from exporter.wire.serverhello import EXTENDED_MASTER_SECRET, HEARTBEAT, RENEGOTIATION_INFO

_PROTOCOL_VERSION = 70


async def ask_tls12(scan: Scan) -> None:
    """Ask for TLS 1.2 with all that a server can answer to it; the answer is the baseline of the scan."""
    answer, hello = await _ask_features(scan)
    if scan.shown is not None and scan.shown.version == TLS_1_2 and not _is_answered(answer, TLS_1_2):
        # tlslite-ng with a highest version takes TLS 1.2 only where supported_versions names it
        scan.shape = replace(scan.shape, named_versions=True)
        answer, hello = await _ask_features(scan)
    if answer.is_clear:
        _note_features(scan, answer, hello)


def _note_features(scan: Scan, answer: HelloAnswer, hello: ClientHello) -> None:
    if answer.hello is not None:
        scan.note_suite(answer, hello)
        scan.feature_answer = answer, hello
    scan.note_version(TLS_1_2, answer)


async def settle_tls12(scan: Scan) -> None:
    """Ask again where the first hello of the scan was not answered, in the looks of one that was answered since."""
    if TLS_1_2 in scan.versions or (scan.evidence.baseline is None and VERSION_CHECKS[TLS_1_2] in scan.undetermined):
        return
    hello = scan.hello(TLS_1_2, hellos.PLAIN_SUITES)
    _note_features(scan, await scan.evidence.ask(hello, has_all), hello)
    scan.undetermined.pop(VERSION_CHECKS[TLS_1_2], None)


async def _ask_features(scan: Scan) -> tuple[HelloAnswer, ClientHello]:
    return await scan.evidence.ask_any(hellos.feature_hellos(scan.random(32), scan.server_name, scan.shape), has_all)


def _is_answered(answer: HelloAnswer, version: int) -> bool:
    return answer.hello is not None and answer.hello.version == version


async def ask_baseline(scan: Scan) -> None:
    """Read what the answer to the first hello says of features. Only what was offered can have been declined."""
    if scan.feature_answer is None:
        if TLS_1_2 not in scan.versions:
            raise Unanswered(scan.undetermined.get(VERSION_CHECKS[TLS_1_2], NO_VERSION))
        return
    answer, hello = scan.feature_answer
    server_hello = answer.hello
    assert server_hello is not None
    extensions = server_hello.extensions
    scan.features["secure_renegotiation"] = RENEGOTIATION_INFO in extensions
    scan.features["downgrade_sentinel"] = server_hello.downgrade_sentinel
    if not hello.features:
        raise Unanswered(INTOLERANT)
    scan.features["compression"] = server_hello.compression != 0
    scan.features["heartbeat"] = HEARTBEAT in extensions
    if server_hello.version > SSL_3_0:
        scan.features["extended_master_secret"] = EXTENDED_MASTER_SECRET in extensions


async def ask_tls13(scan: Scan) -> None:
    """Ask for TLS 1.3 alone. An end is no answer to that: then a server with a lower version names it."""
    if scan.shown is not None and scan.shown.version == TLS_1_3:
        scan.versions[TLS_1_3] = True
        if scan.shown.group:
            scan.groups[scan.shown.group] = True
        return
    hello = scan.hello_1_3(hellos.group_numbers((*hellos.REPORTED_GROUPS, *hellos.REST_GROUPS)))
    answer = await scan.evidence.ask(hello)
    if not answer.is_clear:
        suites = (*hellos.TLS13_SUITES, *hellos.PLAIN_SUITES)
        both = replace(hello, cipher_suites=suites, lower_versions=(TLS_1_2, TLS_1_1, TLS_1_0))
        answer, _ = await scan.evidence.ask_any((both,))
        if answer.hello is None:
            raise Unanswered(INTOLERANT)
    scan.first_1_3 = answer
    scan.note_version(TLS_1_3, answer)


async def ask_tls11(scan: Scan) -> None:
    """Ask for TLS 1.1: whatever refuses it refuses 1.0 as well, since a server names the best it has.

    Where the alert says that the version is the reason, that holds for SSL 3.0, too (RFC 5246 appendix E.1).
    """
    if TLS_1_1 in scan.versions:
        return
    answer = await ask_version(scan, TLS_1_1, hellos.LEGACY_SUITES)
    scan.note_version(TLS_1_1, answer)
    if answer.hello is None and TLS_1_0 not in scan.versions:
        scan.refuse_version(TLS_1_0, answer)
        if _speaks_of_version(answer) and SSL_3_0 not in scan.versions:
            scan.refuse_version(SSL_3_0, answer)


async def ask_tls10(scan: Scan) -> None:
    """Ask for TLS 1.0."""
    if TLS_1_0 not in scan.versions:
        scan.note_version(TLS_1_0, await ask_version(scan, TLS_1_0, hellos.LEGACY_SUITES))


async def ask_sslv3(scan: Scan) -> None:
    """Ask for SSL 3.0."""
    if SSL_3_0 not in scan.versions:
        scan.note_version(SSL_3_0, await ask_version(scan, SSL_3_0, hellos.SSL3_SUITES))


async def ask_version(scan: Scan, version: int, suites: tuple[int, ...]) -> HelloAnswer:
    """Ask for a version with suites, in as many hellos as a server wants that refuses long lists. Raises Unanswered."""
    for part in scan.evidence.fitting(suites):
        answer = await scan.evidence.ask(scan.hello(version, part))
        if answer.hello is not None or _speaks_of_version(answer):
            break
    return answer


def _speaks_of_version(answer: HelloAnswer) -> bool:
    alert = answer.flight.fatal_alert
    return alert is not None and alert.code == _PROTOCOL_VERSION


async def ask_sslv2(scan: Scan) -> None:
    """Ask for SSL 2.0, whose hello is another: often met by a reset."""
    challenge = scan.random(16)
    answer = await scan.evidence.ask_bytes(
        sslv2.write_client_hello(challenge), sslv2.write_client_hello(scan.random(32))
    )
    if answer.kind is AnswerKind.SSLV2:
        scan.versions[SSL_2_0] = True
    else:
        scan.refuse_version(SSL_2_0, answer)


CHECKS = (
    Check("tls12", ask_tls12),
    Check("tls13", ask_tls13),
    Check("tls12", settle_tls12),
    Check(
        "baseline",
        ask_baseline,
        ("compression", "secure_renegotiation", "extended_master_secret", "downgrade_sentinel", "heartbeat"),
    ),
    Check("tls11", ask_tls11),
    Check("tls10", ask_tls10),
    Check("sslv3", ask_sslv3),
    Check("sslv2", ask_sslv2),
)
