"""One scan: what has been found out so far, typed, and how an answer is noted. Which questions there are: `checks`."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field

from exporter.net.reason import Reason
from exporter.posture import hellos
from exporter.posture.evidence import CONTRADICTED, Evidence, Unanswered
from exporter.posture.exchange import HelloAnswer
from exporter.posture.facts import ClientResult, Oracle, Posture, Shown
from exporter.posture.finite_fields import DHGroup, judge_dh_untrusted
from exporter.wire import iana
from exporter.wire.clienthello import ClientHello, HelloShape
from exporter.wire.iana import CIPHER_CLASSES, SSL_2_0, SSL_3_0, TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3, cipher_classes

UP_TO_1_2 = (SSL_3_0, TLS_1_0, TLS_1_1, TLS_1_2)
VERSION_CHECKS = {
    SSL_2_0: "sslv2",
    SSL_3_0: "sslv3",
    TLS_1_0: "tls10",
    TLS_1_1: "tls11",
    TLS_1_2: "tls12",
    TLS_1_3: "tls13",
}
CIPHERS, GROUPS = "ciphers", "groups"
NO_VERSION = "no_version"
ASKED_CLASSES = frozenset((*CIPHER_CLASSES, hellos.OTHER))
_REPORTED = (*CIPHER_CLASSES, hellos.OTHER, hellos.MODERN)
MAX_DH_GROUPS = 16


@dataclass(slots=True)
class Scan:
    """A scan in progress: the questions' answers so far."""

    evidence: Evidence
    server_name: str | None
    random: Callable[[int], bytes] = os.urandom
    shown: Shown | None = None
    versions: dict[int, bool] = field(default_factory=dict)
    classes: dict[str, bool] = field(default_factory=dict)
    groups: dict[str, bool] = field(default_factory=dict)
    features: dict[str, bool] = field(default_factory=dict)
    vulnerabilities: dict[str, bool] = field(default_factory=dict)
    suites: dict[str, list[str]] = field(default_factory=dict)
    dh_groups: list[DHGroup] = field(default_factory=list)
    robot: Oracle | None = None
    clients: dict[str, ClientResult] = field(default_factory=dict)
    offers_alpn: bool = True  # in the hellos of clients
    undetermined: dict[str, str] = field(default_factory=dict)
    shape: HelloShape = field(default_factory=HelloShape)
    feature_answer: tuple[HelloAnswer, ClientHello] | None = None
    first_1_3: HelloAnswer | None = None

    def hello(self, version: int, suites: tuple[int, ...]) -> ClientHello:
        """Return a hello up to TLS 1.2."""
        hello = hellos.hello_up_to_1_2(version, suites, self.random(32), self.server_name)
        return hello if version == SSL_3_0 else hello.with_shape(self.shape)

    def hello_1_3(self, groups: tuple[int, ...]) -> ClientHello:
        """Return a hello of TLS 1.3 alone."""
        return hellos.hello_1_3(groups, self.random(32), self.server_name)

    # versions

    def note_version(self, asked: int, answer: HelloAnswer) -> None:
        """Note what an answer says of the version that was asked for, and of the one that it names."""
        named = answer.hello.version if answer.hello else None
        if named is not None and named in VERSION_CHECKS and named <= asked:
            self.versions[named] = True
        if named != asked and asked not in self.versions:
            self.refuse_version(asked, answer)

    def refuse_version(self, version: int, answer: HelloAnswer) -> None:
        """Note that an answer refuses a version."""
        self.evidence.refused(VERSION_CHECKS[version], answer, self.versions, version)

    def is_accepted(self, version: int) -> bool:
        """Return whether a version is accepted. Raises Unanswered when that is not known."""
        accepted = self.versions.get(version)
        if accepted is None:
            raise Unanswered(NO_VERSION)
        return accepted

    def highest(self) -> int | None:
        """Return the highest version up to TLS 1.2 that is accepted, None if none is. Raises Unanswered."""
        accepted = [version for version in UP_TO_1_2 if self.versions.get(version)]
        if not accepted and any(version not in self.versions for version in UP_TO_1_2):
            raise Unanswered(NO_VERSION)
        return max(accepted, default=None)

    # suites

    @property
    def uses_ecdsa(self) -> bool:
        """True if the server chose a suite with an ECDSA certificate."""
        return any("_ECDSA_" in suite for suites in self.suites.values() for suite in suites)

    def note_suite(self, answer: HelloAnswer, asked: ClientHello) -> frozenset[str]:
        """Note the suite that a server chose, and its group; return the suite's classes.

        Raises Unanswered for a suite that was not offered: such a server says nothing of what it accepts.
        """
        hello = answer.hello
        assert hello is not None
        if hello.cipher_suite not in asked.cipher_suites:
            raise Unanswered(Reason.PROTOCOL_ERROR)
        name = iana.cipher_suite_name(hello.cipher_suite)
        labels = classes_of(name, hello.version)
        for label in labels:
            self.classes[label] = True
            if name not in self.suites.setdefault(label, []):
                self.suites[label].append(name)
        exchange = answer.flight.key_exchange
        if exchange is not None and exchange.dh is not None:
            self._note_dh(judge_dh_untrusted(exchange.dh, name))
        if exchange is not None and exchange.group is not None and exchange.group in asked.groups:
            self.groups[iana.group_name(exchange.group)] = True
        return labels

    def _note_dh(self, group: DHGroup) -> None:
        if group not in self.dh_groups and len(self.dh_groups) < MAX_DH_GROUPS:
            self.dh_groups.append(group)
        if group.name in hellos.REST_GROUPS:
            self.groups[group.name] = True

    # features

    def note(self, check: str, facts: dict[str, bool], fact: str, *, found: bool) -> None:
        """Note what a check found. That it found nothing is believed as a refusal is: if the server is there later."""
        if found:
            facts[fact] = True
        else:
            self.evidence.derived(check, facts, fact)

    # the end

    def apply_shown(self) -> None:
        """Take over what an ordinary handshake has shown; a check whose refusals it contradicts is void."""
        if self.shown is None:
            return
        version = self.shown.version
        if self.versions.get(version) is False:
            self._contradict(VERSION_CHECKS[version], CIPHERS)
        self.versions[version] = True
        for label in classes_of(self.shown.suite, version):
            if self.classes.get(label) is False:
                self._contradict(CIPHERS)
            self.classes[label] = True
            if self.shown.suite not in self.suites.setdefault(label, []):
                self.suites[label].append(self.shown.suite)
        if self.shown.group:
            if self.groups.get(self.shown.group) is False:
                self._contradict(GROUPS)
            self.groups[self.shown.group] = True

    def _contradict(self, *checks: str) -> None:
        for check in checks:
            self.evidence.void(check)
            self.undetermined[check] = CONTRADICTED

    async def posture(self, now: float, seconds: float) -> Posture:
        """Confirm what rests on refusals, and return what is known."""
        self.apply_shown()
        self.undetermined.update(await self.evidence.confirm())
        wire = self.evidence.wire
        if not self.versions.get(TLS_1_3):
            self.features.pop("downgrade_sentinel", None)  # there is nothing to mark
        return Posture(
            timestamp=None if self.undetermined else now,
            versions={iana.VERSIONS[version]: accepted for version, accepted in sorted(self.versions.items())},
            cipher_classes={label: self.classes[label] for label in _REPORTED if label in self.classes},
            groups=dict(self.groups),
            suites={label: tuple(suites) for label, suites in self.suites.items()},
            dh_groups=tuple(self.dh_groups),
            features=dict(self.features),
            vulnerabilities=dict(self.vulnerabilities),
            robot=self.robot,
            clients=dict(self.clients),
            undetermined=dict(self.undetermined),
            connections=wire.connections,
            bytes_sent=wire.bytes_sent,
            bytes_received=wire.bytes_received,
            seconds=seconds,
        )


def classes_of(suite: str, version: int) -> frozenset[str]:
    """Return the classes of a suite as it is used in a version: of TLS 1.3's suites only those without encryption."""
    return hellos.suite_classes(suite) if version <= TLS_1_2 else cipher_classes(suite) & {"null"}
