"""One scan: which hellos are sent, in which order, and what each answer says.

The order saves connections: an answer that names one suite or group says which question need not be asked
any more, and a clean server refuses all weak suites in one answer. At most one connection is open at a
time.
"""

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

from exporter.net.reason import Reason
from exporter.posture import hellos
from exporter.posture.evidence import Evidence, Unanswered
from exporter.posture.exchange import Answer, Kind, has_all, has_key_exchange
from exporter.posture.facts import Check, Posture
from exporter.wire import iana, sslv2
from exporter.wire.clienthello import ClientHello
from exporter.wire.iana import CIPHER_CLASSES, FALLBACK_SCSV, SSL_2_0, SSL_3_0, TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3
from exporter.wire.serverhello import EXTENDED_MASTER_SECRET, HEARTBEAT, RENEGOTIATION_INFO

CHECKS_OF_VERSIONS = {
    SSL_2_0: Check.SSLV2,
    SSL_3_0: Check.SSLV3,
    TLS_1_0: Check.TLS10,
    TLS_1_1: Check.TLS11,
    TLS_1_2: Check.TLS12,
    TLS_1_3: Check.TLS13,
}
ASKED_CLASSES = frozenset((*CIPHER_CLASSES, hellos.OTHER))


@dataclass(slots=True)
class Scan:
    """A scan under way: the questions' answers so far."""

    evidence: Evidence
    server_name: str | None
    random: Callable[[int], bytes] = os.urandom
    versions: dict[int, bool] = field(default_factory=dict)
    classes: dict[str, bool] = field(default_factory=dict)
    groups: dict[str, bool] = field(default_factory=dict)
    suites: dict[str, list[str]] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    undetermined: dict[Check, str] = field(default_factory=dict)
    skip: frozenset[Check] = frozenset()

    async def run(self) -> None:
        """Ask all the questions of passive checks."""
        steps: tuple[tuple[tuple[Check, ...], Callable[[], Awaitable[None]]], ...] = (
            ((Check.TLS12, Check.BASELINE), self._features),
            ((Check.TLS13, Check.GROUPS), self._groups),
            ((Check.TLS11, Check.TLS10), self._tls_1_1_and_1_0),
            ((Check.SSLV3,), self._sslv3),
            ((Check.CIPHERS,), self._ciphers),
            ((Check.SIGNATURES,), self._sha1_signature),
            ((Check.FALLBACK,), self._fallback),
            ((Check.SSLV2,), self._sslv2),  # often met by a reset, whose baseline is then that of the whole scan
        )
        given_up = ""
        for checks, step in steps:
            if self.skip.issuperset(checks):
                continue
            reason = given_up or await self._take(step)
            if reason:
                self.undetermined.update({check: reason for check in checks if self._is_open(check)})
            given_up = reason if self.evidence.given_up else ""

    @staticmethod
    async def _take(step: Callable[[], Awaitable[None]]) -> str:
        """Take a step; return why it found no answer, "" if it did."""
        try:
            await step()
        except Unanswered as unanswered:
            return unanswered.reason
        return ""

    def _is_open(self, check: Check) -> bool:
        version = next((number for number, one in CHECKS_OF_VERSIONS.items() if one is check), None)
        return version is None or version not in self.versions

    def hello(self, version: int, suites: tuple[int, ...]) -> ClientHello:
        """Return a hello up to TLS 1.2."""
        return hellos.hello_up_to_1_2(version, suites, self.random(32), self.server_name)

    # versions

    def _accepted(self, version: int) -> None:
        self.versions[version] = True

    def _refused(self, version: int, answer: Answer) -> None:
        self.evidence.refused(CHECKS_OF_VERSIONS[version], answer, self.versions, version)

    def _note_version(self, asked: int, answer: Answer) -> None:
        """Note what an answer says of the version that was asked for, and of the one that it names."""
        named = answer.hello.version if answer.hello else None
        if named is not None and named in CHECKS_OF_VERSIONS and named <= asked:
            self._accepted(named)
        if named != asked and asked not in self.versions:
            self._refused(asked, answer)

    async def _features(self) -> None:
        hello = hellos.feature_hello(self.random(32), self.server_name)
        answer = await self.evidence.ask(hello.write(), has_all)
        server_hello = answer.hello
        if server_hello is not None:
            self.note_suite(answer, hello)
        self._note_version(TLS_1_2, answer)
        if server_hello is None:
            return
        extensions = server_hello.extensions
        self.facts |= {
            "compression": server_hello.compression != 0,
            "secure_renegotiation": RENEGOTIATION_INFO in extensions,
            "heartbeat": HEARTBEAT in extensions,
            "downgrade_sentinel": server_hello.downgrade_sentinel,
        }
        if server_hello.version > SSL_3_0:
            self.facts["extended_master_secret"] = EXTENDED_MASTER_SECRET in extensions

    async def _groups(self) -> None:
        """Ask which groups are taken, in TLS 1.3 or else in the version that there is."""
        left = await self._groups_of_1_3([*hellos.REPORTED_GROUPS, *hellos.REST_GROUPS])
        if self.versions.get(TLS_1_3) is False and self.versions.get(TLS_1_2):
            await self._groups_of_1_2([name for name in left if name in hellos.CURVES])

    async def _groups_of_1_3(self, left: list[str]) -> list[str]:
        """Let each answer name a group, which is left out of the next question; return the groups that none named."""
        while left:
            hello = hellos.hello_1_3(hellos.group_numbers(left), self.random(32), self.server_name)
            answer = await self.evidence.ask(hello.write())
            if TLS_1_3 not in self.versions:
                self._note_version(TLS_1_3, answer)
            hello_1_3 = answer.hello if answer.hello is not None and answer.hello.version == TLS_1_3 else None
            number = hello_1_3.group if hello_1_3 is not None else None
            group = iana.group_name(number) if number is not None else ""
            if group not in left:
                refused = left if self.versions.get(TLS_1_3) else [name for name in left if name in hellos.HYBRIDS]
                self.evidence.refused(Check.GROUPS, answer, self.groups, *refused)
                break
            self.groups[group] = True
            left = [name for name in left if name not in hellos.asked_with(group)]
        return left

    async def _groups_of_1_2(self, left: list[str]) -> None:
        """Do the same by the ServerKeyExchange of ECDHE suites (RFC 8422 section 5.4).

        An ECDSA certificate's curve must be among those offered (section 5.1): all that were named, and the curves
        that are not reported, are offered again as the last ones; a server that then names one of them leaves the
        others unknown.
        """
        ecdsa = any("_ECDSA_" in suite for suites in self.suites.values() for suite in suites)
        named = [name for name in hellos.CURVES if ecdsa and self.groups.get(name)]
        unreported = hellos.OTHER_CURVES if ecdsa else ()
        while left:
            groups = (*hellos.group_numbers((*left, *named)), *unreported)
            hello = replace(self.hello(TLS_1_2, hellos.ECDHE_SUITES), groups=groups)
            answer = await self.evidence.ask(hello.write(), has_key_exchange)
            exchange = answer.flight.key_exchange
            group = iana.group_name(exchange.group) if exchange is not None and exchange.group is not None else ""
            if group not in left:
                if not group:
                    self.evidence.refused(Check.GROUPS, answer, self.groups, *left)
                return
            self.groups[group] = True
            named = [*named, group] if ecdsa else []
            left = [name for name in left if name not in hellos.asked_with(group)]

    async def _tls_1_1_and_1_0(self) -> None:
        """Ask for TLS 1.1: whatever refuses it refuses 1.0 as well, since a server names the best it has."""
        for version in (TLS_1_1, TLS_1_0):
            if version in self.versions:
                continue
            answer = await self.evidence.ask(self.hello(version, hellos.LEGACY_SUITES).write())
            self._note_version(version, answer)
            if version == TLS_1_1 and answer.hello is None and TLS_1_0 not in self.versions:
                self._refused(TLS_1_0, answer)

    async def _sslv3(self) -> None:
        if SSL_3_0 not in self.versions:
            answer = await self.evidence.ask(self.hello(SSL_3_0, hellos.SSL3_SUITES).write())
            self._note_version(SSL_3_0, answer)

    async def _sslv2(self) -> None:
        answer = await self.evidence.ask(sslv2.write_client_hello(self.random(16)))
        if answer.kind is Kind.SSLV2:
            self._accepted(SSL_2_0)
        else:
            self._refused(SSL_2_0, answer)

    # cipher suites

    async def _ciphers(self) -> None:
        """Ask for all classes in one hello; each answer names a suite, whose classes are not asked for again.

        Some servers have suites in their lowest version only (RFC 4346: export suites end at TLS 1.0).
        """
        versions = [version for version, accepted in self.versions.items() if accepted and version in UP_TO_1_2]
        if not versions:
            self._no_version_for_ciphers()
            return
        for version in dict.fromkeys((max(versions), min(versions))):
            await self._classes_at(version, final=version == min(versions))

    async def _classes_at(self, version: int, *, final: bool) -> None:
        while left := ASKED_CLASSES.difference(self.classes):
            hello = self.hello(version, hellos.suites_of(left))
            answer = await self.evidence.ask(hello.write(), has_key_exchange)
            if answer.hello is None or not self.note_suite(answer, hello) & left:
                break
        else:
            return
        if final:
            self.evidence.refused(Check.CIPHERS, answer, self.classes, *left)

    def _no_version_for_ciphers(self) -> None:
        """Without a version up to TLS 1.2 there is none of these suites, if that is known of every version."""
        if any(version not in self.versions for version in UP_TO_1_2):
            raise Unanswered("no_version")
        for label in ASKED_CLASSES:
            self.evidence.derived(Check.CIPHERS, self.classes, label)

    def note_suite(self, answer: Answer, asked: ClientHello) -> frozenset[str]:
        """Note the suite that a server chose, and its DH size; return the suite's classes.

        Raises Unanswered for a suite that was not offered: such a server says nothing of what it accepts.
        """
        hello = answer.hello
        assert hello is not None
        if hello.cipher_suite not in asked.cipher_suites:
            raise Unanswered(Reason.PROTOCOL_ERROR)
        name = iana.cipher_suite_name(hello.cipher_suite)
        labels = hellos.suite_classes(name) if hello.version <= TLS_1_2 else frozenset[str]()
        for label in labels:
            self.classes[label] = True
            if name not in self.suites.setdefault(label, []):
                self.suites[label].append(name)
        exchange = answer.flight.key_exchange
        if exchange is not None and exchange.dh_bits is not None:
            self.facts["dh_bits"] = min(exchange.dh_bits, self.facts.get("dh_bits", exchange.dh_bits))
        if exchange is not None and exchange.group is not None:
            self.groups[iana.group_name(exchange.group)] = True
        return labels

    # signatures and downgrades

    async def _sha1_signature(self) -> None:
        """Offer SHA-1 signatures alone, in TLS 1.2; the signature that comes tells whether one was made."""
        if not self._is_accepted(TLS_1_2):
            self.evidence.derived(Check.SIGNATURES, self.facts, "sha1_signature", None)
            return
        hello = replace(self.hello(TLS_1_2, hellos.SIGNED_SUITES), signature_schemes=hellos.SHA1_SCHEMES)
        answer = await self.evidence.ask(hello.write(), has_key_exchange)
        exchange = answer.flight.key_exchange
        if answer.hello is None:
            self.evidence.refused(Check.SIGNATURES, answer, self.facts, "sha1_signature")
        elif exchange is not None and exchange.signature_scheme is not None:
            self.facts["sha1_signature"] = exchange.signature_scheme in hellos.SHA1_SCHEMES

    async def _fallback(self) -> None:
        """Pretend to have fallen back one version (RFC 7507), where a server has two up to TLS 1.2 to choose from."""
        accepted = sorted(version for version in UP_TO_1_2 if self._is_accepted(version))
        if len(accepted) < 2:  # noqa: PLR2004 - two versions make a fallback
            self.evidence.derived(Check.FALLBACK, self.facts, "fallback_scsv", None)
            return
        version = accepted[-2]
        suites = hellos.SSL3_SUITES if version == SSL_3_0 else hellos.LEGACY_SUITES
        answer = await self.evidence.ask(self.hello(version, (*suites, FALLBACK_SCSV)).write())
        alert = answer.flight.fatal_alert
        if alert is not None and alert.code == iana.INAPPROPRIATE_FALLBACK:
            self.facts["fallback_scsv"] = True
        elif answer.hello is not None:
            self.facts["fallback_scsv"] = False

    def _is_accepted(self, version: int) -> bool:
        """Tell whether a version is accepted. Raises Unanswered when that is not known."""
        accepted = self.versions.get(version)
        if accepted is None:
            raise Unanswered("no_version")
        return accepted

    # the end

    async def posture(self, now: float, seconds: float) -> Posture:
        """Confirm what rests on refusals, and return what is known."""
        self.undetermined.update(await self.evidence.confirm())
        wire = self.evidence.wire
        if not self.versions.get(TLS_1_3):
            self.facts.pop("downgrade_sentinel", None)  # there is nothing to mark
        return Posture(
            **self.facts,
            timestamp=None if self.undetermined else now,
            versions={iana.VERSIONS[version]: accepted for version, accepted in sorted(self.versions.items())},
            cipher_classes={label: self.classes[label] for label in _REPORTED if label in self.classes},
            groups=dict(self.groups),
            suites={label: tuple(suites) for label, suites in self.suites.items()},
            undetermined={check.value: reason for check, reason in self.undetermined.items()},
            connections=wire.connections,
            bytes_sent=wire.bytes_sent,
            bytes_received=wire.bytes_received,
            seconds=seconds,
        )


UP_TO_1_2 = (SSL_3_0, TLS_1_0, TLS_1_1, TLS_1_2)
_REPORTED = (*CIPHER_CLASSES, hellos.OTHER, hellos.MODERN)
