"""The findings on what an endpoint accepts: versions, ciphers, groups and known flaws. Pure.

What was negotiated by the probe itself counts as well as what the posture checks saw. A fact that is not known, and a
check that does not apply, leave their finding absent.
"""

from collections.abc import Callable, Mapping

from exporter.findings.observation import Observation
from exporter.posture.facts import Oracle, Posture
from exporter.wire.iana import cipher_classes

_SHORTEST_DH = 2048
_HYBRIDS = ("X25519MLKEM768", "SecP256r1MLKEM768", "SecP384r1MLKEM1024")
_MAX_SUITES = 3  # named in a sentence

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


def _fact(assess: Callable[[Posture], str | None]) -> Condition:
    def condition(observation: Observation) -> str | None:
        return assess(observation.posture) if observation.posture is not None else None

    return condition


def _tls12_not_accepted(observation: Observation) -> str | None:
    posture, session = observation.posture, observation.result.session
    if posture is None or posture.versions.get("TLSv1.2") is not False:
        return None
    if session is not None and session.protocol == "TLSv1.2":
        return None
    accepted = [version for version, is_accepted in posture.versions.items() if is_accepted]
    return f"accepted: {', '.join(accepted)}" if accepted else None


def _weak_dh(posture: Posture) -> str | None:
    if posture.dh_bits is None or posture.dh_bits >= _SHORTEST_DH:
        return None
    return f"the prime has {posture.dh_bits} bits"


def _no_downgrade_protection(posture: Posture) -> str | None:
    """Without TLS 1.3 the fallback signal must do; with it, either is enough (RFC 8446 section 4.1.3)."""
    marks = (posture.downgrade_sentinel, posture.fallback_scsv)
    if True in marks or False not in marks:
        return None
    if posture.versions.get("TLSv1.3") is None:
        return None  # a lack of the sentinel cannot be told from a lack of TLS 1.3
    parts = []
    if posture.fallback_scsv is False:
        parts.append("a hello with the fallback signal was answered in a lower version")
    if posture.downgrade_sentinel is False:
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


def _when(sentence: str, is_present: Callable[[Posture], bool]) -> Condition:
    return _fact(lambda posture: sentence if is_present(posture) else None)


CONDITIONS: Mapping[str, Condition] = {
    "sslv2_accepted": _version("SSLv2"),
    "sslv3_accepted": _version("SSLv3"),
    "tls10_accepted": _version("TLSv1.0"),
    "tls11_accepted": _version("TLSv1.1"),
    "tls12_not_accepted": _tls12_not_accepted,
    "cipher_null": _cipher_class("null"),
    "cipher_anonymous": _cipher_class("anonymous"),
    "cipher_export": _cipher_class("export"),
    "cipher_des": _cipher_class("des"),
    "cipher_rc4": _cipher_class("rc4"),
    "cipher_3des": _cipher_class("3des"),
    "rsa_key_exchange": _cipher_class("rsa_key_exchange"),
    "weak_dh": _fact(_weak_dh),
    "no_post_quantum_key_exchange": _fact(_no_post_quantum),
    "sha1_handshake_signature": _when(
        "offered SHA-1 alone, the server signed its key exchange with it", lambda one: one.sha1_signature is True
    ),
    "compression": _when("the server chose DEFLATE", lambda one: one.compression is True),
    "insecure_renegotiation": _when(
        "the server's hello lacks renegotiation_info (RFC 5746)", lambda one: one.secure_renegotiation is False
    ),
    "client_renegotiation": _when(
        "a second handshake that the client began was completed", lambda one: one.client_renegotiation is True
    ),
    "no_downgrade_protection": _fact(_no_downgrade_protection),
    "no_extended_master_secret": _when(
        "the server's hello lacks extended_master_secret (RFC 7627)", lambda one: one.extended_master_secret is False
    ),
    "early_data_accepted": _when("the server's ticket permits early data", lambda one: one.early_data is True),
    "heartbleed": _when("a heartbeat without padding was echoed", lambda one: one.heartbleed is True),
    "early_ccs": _when("a ChangeCipherSpec was taken before any key existed", lambda one: one.early_ccs is True),
    "robot": _fact(_robot),
}
