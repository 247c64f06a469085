"""The findings on features and known flaws, as the posture checks saw them. Pure.

A fact that is not known, and a check that does not apply, leave their finding absent.
"""

from collections.abc import Callable

from exporter.findings.finding import Condition, Finding, Rule
from exporter.findings.observation import Observation
from exporter.posture.facts import Oracle, Posture


def of_posture(assess: Callable[[Posture], str | None]) -> Condition:
    """Return a condition that asks what the posture shows, where it is known."""

    def condition(observation: Observation) -> str | None:
        return assess(observation.posture) if observation.posture is not None else None

    return condition


def _feature(name: str, value: bool, sentence: str) -> Condition:
    return of_posture(lambda posture: sentence if posture.features.get(name) is value else None)


def _vulnerability(name: str, sentence: str) -> Condition:
    return of_posture(lambda posture: sentence if posture.vulnerabilities.get(name) else None)


def _no_downgrade_protection(posture: Posture) -> str | None:
    """Without TLS 1.3 the fallback signal must do; with it, either is enough (RFC 8446 section 4.1.3)."""
    sentinel, fallback = posture.features.get("downgrade_sentinel"), posture.features.get("fallback_scsv")
    marks = (sentinel, fallback)
    if True in marks or False not in marks:
        return None
    if posture.versions.get("TLSv1.3") is None:
        return None  # a lack of the sentinel cannot be distinguished from a lack of TLS 1.3
    parts = []
    if fallback is False:
        parts.append("a hello with the fallback signal was answered in a lower version")
    if sentinel is False:
        parts.append("the server accepts TLS 1.3 but does not mark a lower hello")
    return "; ".join(parts)


def _robot(posture: Posture) -> str | None:
    if posture.robot is None or posture.robot is Oracle.NONE:
        return None
    return f"a {posture.robot.value} oracle: malformed paddings are answered differently, twice in the same way"


RULES = (
    Rule(
        Finding(
            "sha1_handshake_signature",
            "medium",
            "The server signs handshakes with SHA-1",
            "Asked for nothing better, the server signs its key exchange with SHA-1, deprecated by RFC 9155. "
            "This helps attacks on the transcript of TLS 1.2 handshakes (SLOTH).",
            "Remove SHA-1 from the signature algorithms: `SignatureAlgorithms` of OpenSSL's configuration (or "
            "security level 2), the priority string of GnuTLS, `jdk.tls.disabledAlgorithms` in Java.",
        ),
        _feature("sha1_signature", True, "offered SHA-1 alone, the server signed its key exchange with it"),
    ),
    Rule(
        Finding(
            "compression",
            "high",
            "TLS compression is on",
            "The server compresses below TLS. An attacker who can make a browser send requests learns cookies "
            "from the sizes (CRIME, CVE-2012-4929).",
            "Turn it off (`SSLCompression off` in Apache) or update the TLS library: none compresses by default "
            "any more.",
        ),
        _feature("compression", True, "the server chose DEFLATE"),
    ),
    Rule(
        Finding(
            "insecure_renegotiation",
            "high",
            "Secure renegotiation is missing",
            "The server does not support RFC 5746. An attacker can put own data before a client's "
            "(CVE-2009-3555), and OpenSSL 3 clients refuse such a server by default.",
            "Update the TLS library: every one since 2010 has it. On appliances look for a firmware update or "
            "an option named secure renegotiation.",
        ),
        _feature("secure_renegotiation", False, "the server's hello lacks renegotiation_info (RFC 5746)"),
    ),
    Rule(
        Finding(
            "client_renegotiation",
            "medium",
            "Clients may renegotiate at will",
            "The server takes a renegotiation that the client begins. Each costs the server more than the "
            "client, which makes cheap overload attacks possible (CVE-2011-1473).",
            "Turn it off: OpenSSL 3 does so by default, older programs have an option "
            "(`SSL_OP_NO_RENEGOTIATION`, `-Djdk.tls.rejectClientInitiatedRenegotiation=true` in Java).",
        ),
        _feature("client_renegotiation", True, "a second handshake that the client began was completed"),
    ),
    Rule(
        Finding(
            "no_downgrade_protection",
            "medium",
            "Downgrades go unnoticed",
            "The server accepts several versions but neither answers the fallback signal (RFC 7507) nor marks "
            "its lower hellos (RFC 8446 section 4.1.3). An attacker can push clients that retry down to its "
            "oldest version.",
            "Update the TLS library, and turn the old versions off: with only TLS 1.2 and 1.3 from one current "
            "library nothing is left to downgrade to.",
        ),
        of_posture(_no_downgrade_protection),
    ),
    Rule(
        Finding(
            "no_extended_master_secret",
            "low",
            "No extended master secret",
            "TLS 1.2 sessions are not bound to their handshake (RFC 7627). This permits triple handshake "
            "attacks where client certificates or channel bindings are used.",
            "Update the TLS library; OpenSSL has had it since 1.1.0, Java since 8u161. Middleboxes are the usual rest.",
        ),
        _feature("extended_master_secret", False, "the server's hello lacks extended_master_secret (RFC 7627)"),
    ),
    Rule(
        Finding(
            "early_data_accepted",
            "low",
            "TLS 1.3 early data is accepted",
            "The server accepts data with the first flight of a resumed session (0-RTT). An attacker can send a "
            "copy of it again, which repeats a request that is not safe to repeat.",
            "Turn it off (`ssl_early_data off` in nginx) unless the application refuses unsafe methods in early "
            "data, with status 425 as in RFC 8470.",
        ),
        _feature("early_data", True, "a resumed session was accepted with early data"),
    ),
    Rule(
        Finding(
            "heartbleed",
            "critical",
            "Heartbleed",
            "The server answers a heartbeat without checking its length (CVE-2014-0160). Anybody can read its "
            "memory: keys, passwords, contents. The check itself reads none.",
            "Take the server off the network, update OpenSSL (1.0.1g or any current version), and restart "
            "everything that uses it. Then make a new key, revoke the old certificate, and change what passed "
            "through the server.",
        ),
        _vulnerability("heartbleed", "a heartbeat without padding was echoed"),
    ),
    Rule(
        Finding(
            "early_ccs",
            "critical",
            "A ChangeCipherSpec is accepted too early",
            "The server takes a ChangeCipherSpec before keys exist (CVE-2014-0224). With a client that has the "
            "same flaw, an attacker in between can read and change the connection.",
            "Update OpenSSL (0.9.8za, 1.0.0m, 1.0.1h or any current version) and restart everything that uses it.",
        ),
        _vulnerability("early_ccs", "a ChangeCipherSpec was taken before any key existed"),
    ),
    Rule(
        Finding(
            "robot",
            "critical",
            "The server is a Bleichenbacher oracle (ROBOT)",
            "The server's answers show whether an RSA-encrypted secret was padded well. With some ten thousand "
            "questions an attacker can decrypt recorded sessions or sign as the server.",
            "Remove the ciphers with RSA key exchange (`TLS_RSA_*`) at once: that closes the hole. Then look "
            "for the vendor's update, and replace the key if it protected recorded secrets.",
        ),
        of_posture(_robot),
    ),
)
