"""The questions on signatures with SHA-1 and on the signal of a fallback."""

from dataclasses import replace

from exporter.net.reason import Reason
from exporter.posture import hellos
from exporter.posture.check import Check
from exporter.posture.evidence import Unanswered
from exporter.posture.exchange import AnswerKind, has_key_exchange
from exporter.posture.scan import UP_TO_1_2, Scan
from exporter.posture.versions import ask_version
from exporter.wire.iana import FALLBACK_SCSV, SSL_3_0, TLS_1_2

SIGNATURES, FALLBACK = "signatures", "fallback"
_SHA1, _SCSV = "sha1_signature", "fallback_scsv"


async def ask_sha1_signature(scan: Scan) -> None:
    """Offer SHA-1 signatures alone, in TLS 1.2; the signature that comes shows whether one was made.

    Go sends its ServerHello and certificate before it finds that it has no signature to make: a refusal as well.
    """
    if not scan.is_accepted(TLS_1_2):
        scan.evidence.rests(SIGNATURES)
        return
    for suites in scan.evidence.fitting(hellos.SIGNED_SUITES):
        hello = replace(scan.hello(TLS_1_2, suites), signature_schemes=hellos.SHA1_SCHEMES)
        answer = await scan.evidence.ask(hello, has_key_exchange)
        if answer.hello is not None:
            break
    exchange = answer.flight.key_exchange
    if answer.hello is None or answer.flight.fatal_alert is not None:
        scan.evidence.refused(SIGNATURES, answer, scan.features, _SHA1)
    elif exchange is not None and exchange.signature_scheme is not None:
        scan.features[_SHA1] = exchange.signature_scheme in hellos.SHA1_SCHEMES
    elif exchange is None and answer.flight.done:
        scan.evidence.rests(SIGNATURES)  # a suite without a signature
    elif exchange is None:
        raise Unanswered(answer.reason or Reason.CLOSED)


async def ask_fallback(scan: Scan) -> None:
    """Pretend to have fallen back one version (RFC 7507), where a server has two up to TLS 1.2 to choose from.

    The version and the suites are accepted, so that whatever refuses this hello refuses its signal.
    """
    accepted = sorted(version for version in UP_TO_1_2 if scan.is_accepted(version))
    if len(accepted) < 2:  # noqa: PLR2004 - two versions make a fallback
        scan.evidence.rests(FALLBACK)
        return
    version = accepted[-2]
    suites = scan.evidence.fitting(hellos.SSL3_SUITES if version == SSL_3_0 else hellos.LEGACY_SUITES)[0][:-1]
    hello = scan.hello(version, (*suites, FALLBACK_SCSV))
    answer = await scan.evidence.ask_beside(hello, scan.hello(version, suites))
    if answer.kind is AnswerKind.HELLO:
        scan.features[_SCSV] = False
    elif answer.is_clear or (await ask_version(scan, version, suites)).hello is not None:
        scan.features[_SCSV] = True
    else:
        raise Unanswered(answer.reason or Reason.CLOSED)


CHECKS = (
    Check(SIGNATURES, ask_sha1_signature, (_SHA1,)),
    Check(FALLBACK, ask_fallback, (_SCSV,)),
)
