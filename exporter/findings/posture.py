"""The findings on what an endpoint accepts: versions, ciphers, groups and known flaws. Pure.

What was negotiated by the probe itself counts as well as what the posture checks saw. A fact that is not known, and a
check that does not apply, leave their finding absent.
"""

from collections.abc import Callable, Mapping

from exporter.findings.observation import Observation
from exporter.posture.facts import Oracle, Posture
from exporter.wire.iana import WEAK_CURVES, cipher_classes

_HYBRIDS = ("X25519MLKEM768", "SecP256r1MLKEM768", "SecP384r1MLKEM1024")
_MAX_SUITES = 3  # named in a sentence
_SUBMISSION_PORTS = frozenset((465, 587))  # where people send mail with a password: RFC 8314

Condition = Callable[[Observation], str | None]


def _version(version: str) -> Condition:
    def condition(observation: Observation) -> str | None:
        session = observation.result.session
        if session is not None and session.protocol == version:
            return f"the probe was answered in {version}"
        posture = observation.posture
        return f"a {version} hello was answered" if posture is not None and posture.versions.get(version) else None

    return condition


def _cipher_class(label: str) -> Condition:
    def condition(observation: Observation) -> str | None:
        session = observation.result.session
        seen = [session.cipher] if session is not None and label in cipher_classes(session.cipher) else []
        posture = observation.posture
        if posture is not None and posture.cipher_classes.get(label):
            seen += posture.suites.get(label, ())
        return "accepted: " + ", ".join(dict.fromkeys(seen[:_MAX_SUITES])) if seen else None

    return condition


def _anonymous(observation: Observation) -> str | None:
    """Report anonymous suites, but not of a mail server that others deliver to.

    There encryption is opportunistic, and the certificate of the other side is not looked at anyway (RFC 7435).
    """
    module, port = observation.module, observation.target.endpoint.port
    if module.starttls == "smtp" and port not in _SUBMISSION_PORTS:
        return None
    return _cipher_class("anonymous")(observation)


def _fact(assess: Callable[[Posture], str | None]) -> Condition:
    def condition(observation: Observation) -> str | None:
        return assess(observation.posture) if observation.posture is not None else None

    return condition


def _tls12_not_accepted(posture: Posture) -> str | None:
    """Report a server that ends below TLS 1.2, which shuts current clients out; TLS 1.3 alone is what some want."""
    if posture.versions.get("TLSv1.2") is not False or posture.versions.get("TLSv1.3") is not False:
        return None
    accepted = [version for version, is_accepted in posture.versions.items() if is_accepted]
    return f"accepted: {', '.join(accepted)}" if accepted else None


def _weak_dh(posture: Posture) -> str | None:
    """Look at the groups of suites with a certificate: with an anonymous suite a stronger group helps nobody."""
    weak = [f"{group.suite}: {group.weakness}" for group in posture.dh_groups if group.weakness and not group.anonymous]
    return "; ".join(weak[:_MAX_SUITES]) or None


def _weak_curve(posture: Posture) -> str | None:
    weak = [group for group, is_accepted in posture.groups.items() if is_accepted and group in WEAK_CURVES]
    return f"accepted: {', '.join(weak)}" if weak else None


def _no_downgrade_protection(posture: Posture) -> str | None:
    """Without TLS 1.3 the fallback signal must do; with it, either is enough (RFC 8446 section 4.1.3)."""
    sentinel, fallback = posture.features.get("downgrade_sentinel"), posture.features.get("fallback_scsv")
    marks = (sentinel, fallback)
    if True in marks or False not in marks:
        return None
    if posture.versions.get("TLSv1.3") is None:
        return None  # a lack of the sentinel cannot be told from a lack of TLS 1.3
    parts = []
    if fallback is False:
        parts.append("a hello with the fallback signal was answered in a lower version")
    if sentinel is False:
        parts.append("the server accepts TLS 1.3 but does not mark a lower hello")
    return "; ".join(parts)


def _no_post_quantum(posture: Posture) -> str | None:
    if any(posture.groups.get(group) is not False for group in _HYBRIDS):
        return None
    accepted = [group for group, is_accepted in posture.groups.items() if is_accepted]
    return f"accepted: {', '.join(accepted)}" if accepted else "no hybrid group is accepted"


def _robot(posture: Posture) -> str | None:
    if posture.robot is None or posture.robot is Oracle.NONE:
        return None
    return f"a {posture.robot.value} oracle: malformed paddings are answered differently, twice in the same way"


def _feature(name: str, value: bool, sentence: str) -> Condition:
    return _fact(lambda posture: sentence if posture.features.get(name) is value else None)


def _vulnerability(name: str, sentence: str) -> Condition:
    return _fact(lambda posture: sentence if posture.vulnerabilities.get(name) else None)


CONDITIONS: Mapping[str, Condition] = {
    "sslv2_accepted": _version("SSLv2"),
    "sslv3_accepted": _version("SSLv3"),
    "tls10_accepted": _version("TLSv1.0"),
    "tls11_accepted": _version("TLSv1.1"),
    "tls12_not_accepted": _fact(_tls12_not_accepted),
    "cipher_null": _cipher_class("null"),
    "cipher_anonymous": _anonymous,
    "cipher_export": _cipher_class("export"),
    "cipher_des": _cipher_class("des"),
    "cipher_rc4": _cipher_class("rc4"),
    "cipher_3des": _cipher_class("3des"),
    "rsa_key_exchange": _cipher_class("rsa_key_exchange"),
    "weak_dh": _fact(_weak_dh),
    "weak_curve": _fact(_weak_curve),
    "no_post_quantum_key_exchange": _fact(_no_post_quantum),
    "sha1_handshake_signature": _feature(
        "sha1_signature", True, "offered SHA-1 alone, the server signed its key exchange with it"
    ),
    "compression": _feature("compression", True, "the server chose DEFLATE"),
    "insecure_renegotiation": _feature(
        "secure_renegotiation", False, "the server's hello lacks renegotiation_info (RFC 5746)"
    ),
    "client_renegotiation": _feature(
        "client_renegotiation", True, "a second handshake that the client began was completed"
    ),
    "no_downgrade_protection": _fact(_no_downgrade_protection),
    "no_extended_master_secret": _feature(
        "extended_master_secret", False, "the server's hello lacks extended_master_secret (RFC 7627)"
    ),
    "early_data_accepted": _feature("early_data", True, "a resumed session was accepted with early data"),
    "heartbleed": _vulnerability("heartbleed", "a heartbeat without padding was echoed"),
    "early_ccs": _vulnerability("early_ccs", "a ChangeCipherSpec was taken before any key existed"),
    "robot": _fact(_robot),
}
