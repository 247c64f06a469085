"""The findings on what an endpoint agrees to: protocol versions, cipher suites, key exchange. Pure.

What the probe itself negotiated counts as well as what the posture checks saw. A fact that is not known leaves its
finding absent.
"""

from exporter.findings.finding import Condition, Detail, Finding, Rule
from exporter.findings.observation import Observation
from exporter.findings.posture import of_posture
from exporter.posture.facts import Posture
from exporter.wire.iana import WEAK_CURVES, cipher_classes

_HYBRIDS = ("X25519MLKEM768", "SecP256r1MLKEM768", "SecP384r1MLKEM1024")
_MAX_SUITES = 3  # named in a sentence
_SUBMISSION_PORTS = frozenset((465, 587))  # where people send mail with a password (RFC 8314)

_OLD_VERSION_FIX = (
    "Set the lowest version to TLS 1.2 and reload: `ssl_protocols TLSv1.2 TLSv1.3` in nginx, `ssl-min-ver "
    "TLSv1.2` in HAProxy, `SSLProtocol -all +TLSv1.2 +TLSv1.3` in Apache. Look in the access logs for "
    "clients that still need the old version before you do."
)
_CIPHER_FIX = (
    "Replace the server's cipher list by a current one, as `ECDHE+AESGCM:ECDHE+CHACHA20` in OpenSSL's "
    "notation, and reload. If the program cannot be configured, put a proxy in front of it."
)


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


def _anonymous(observation: Observation) -> Detail | str | None:
    """Report anonymous suites, but not of a mail server that others deliver to.

    There encryption is opportunistic, and the certificate of the other side is not looked at anyway (RFC 7435).
    """
    if observation.module.starttls == "smtp" and observation.target.endpoint.port not in _SUBMISSION_PORTS:
        return None
    return _cipher_class("anonymous")(observation)


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


def _large_hello_refused(observation: Observation) -> str | None:
    if not observation.result.large_hello_refused:
        return None
    return "two hellos with a post-quantum key share met an end of the connection, and one without was answered"


def _no_post_quantum(posture: Posture) -> str | None:
    if any(posture.groups.get(group) is not False for group in _HYBRIDS):
        return None
    accepted = [group for group, is_accepted in posture.groups.items() if is_accepted]
    return f"accepted: {', '.join(accepted)}" if accepted else "no hybrid group is accepted"


RULES = (
    Rule(
        Finding(
            "sslv2_accepted",
            "critical",
            "SSL 2.0 is accepted",
            "The server answers SSL 2.0 of 1995, prohibited by RFC 6176. It is broken by itself, and it "
            "endangers every TLS server that uses the same RSA key (DROWN, CVE-2016-0800).",
            "Turn SSL 2.0 off or replace the program: nothing maintained speaks it. Replace the key as well "
            "wherever it is shared.",
        ),
        _version("SSLv2"),
    ),
    Rule(
        Finding(
            "sslv3_accepted",
            "high",
            "SSL 3.0 is accepted",
            "The server answers SSL 3.0, prohibited by RFC 7568. With CBC ciphers an attacker between client "
            "and server can read cookies (POODLE, CVE-2014-3566).",
            _OLD_VERSION_FIX,
        ),
        _version("SSLv3"),
    ),
    Rule(
        Finding(
            "tls10_accepted",
            "medium",
            "TLS 1.0 is accepted",
            "TLS 1.0 is prohibited by RFC 8996 and by PCI DSS. It relies on MD5 and SHA-1 and on CBC with "
            "predictable vectors (BEAST). Current clients never choose it, so only old ones and attackers lose "
            "by its removal.",
            _OLD_VERSION_FIX,
        ),
        _version("TLSv1.0"),
    ),
    Rule(
        Finding(
            "tls11_accepted",
            "medium",
            "TLS 1.1 is accepted",
            "TLS 1.1 is prohibited by RFC 8996 and by PCI DSS: its handshake relies on MD5 and SHA-1, and it "
            "has no authenticated encryption. Current clients never choose it.",
            _OLD_VERSION_FIX,
        ),
        _version("TLSv1.1"),
    ),
    Rule(
        Finding(
            "tls12_not_accepted",
            "low",
            "TLS 1.2 is not accepted",
            "The server refuses TLS 1.2 and TLS 1.3: it speaks older versions only, so that current clients fail.",
            "Update the TLS library of the server, or put a proxy in front of it.",
        ),
        of_posture(_tls12_not_accepted),
    ),
    Rule(
        Finding(
            "cipher_null",
            "critical",
            "Ciphers without encryption are accepted",
            "The server agrees to NULL ciphers: what is sent can be read by everybody on the way.",
            _CIPHER_FIX,
        ),
        _cipher_class("null"),
    ),
    Rule(
        Finding(
            "cipher_anonymous",
            "critical",
            "Ciphers without authentication are accepted",
            "The server agrees to anonymous Diffie-Hellman, without any certificate. Anybody between client and "
            "server can pose as the server.",
            _CIPHER_FIX
            + " Mail servers may keep it on port 25, for opportunistic encryption between servers: there it is no "
            "finding (RFC 7435).",
        ),
        _anonymous,
    ),
    Rule(
        Finding(
            "cipher_export",
            "critical",
            "Export ciphers are accepted",
            "The server agrees to ciphers weakened on purpose in the 1990s. They can be broken within hours, "
            "and an attacker can force good clients into them (FREAK, CVE-2015-0204; Logjam, CVE-2015-4000).",
            _CIPHER_FIX,
        ),
        _cipher_class("export"),
    ),
    Rule(
        Finding(
            "cipher_des",
            "high",
            "Single DES is accepted",
            "The server agrees to DES, whose keys are found by trying all of them within a day on rented hardware.",
            _CIPHER_FIX,
        ),
        _cipher_class("des"),
    ),
    Rule(
        Finding(
            "cipher_rc4",
            "high",
            "RC4 is accepted",
            "The server agrees to RC4, prohibited by RFC 7465. Its keystream is biased, and cookies that are "
            "sent often can be recovered.",
            _CIPHER_FIX,
        ),
        _cipher_class("rc4"),
    ),
    Rule(
        Finding(
            "cipher_3des",
            "high",
            "Triple DES is accepted",
            "The server agrees to 3DES with its 64-bit blocks. In long connections collisions leak plaintext "
            "(SWEET32, CVE-2016-2183).",
            _CIPHER_FIX,
        ),
        _cipher_class("3des"),
    ),
    Rule(
        Finding(
            "rsa_key_exchange",
            "medium",
            "Key exchange without forward secrecy is accepted",
            "The server agrees to ciphers where the client encrypts the secret to the certificate's RSA key "
            "(deprecated by RFC 9325). Anybody who gets the key later can read all recorded traffic.",
            _CIPHER_FIX,
        ),
        _cipher_class("rsa_key_exchange"),
    ),
    Rule(
        Finding(
            "weak_dh",
            "high",
            "The Diffie-Hellman group is weak",
            "The server uses a finite-field group of less than 2048 bits, one whose modulus is no prime, or one in "
            "which the secret is one of a few numbers. Groups of 1024 bits and less are within reach of well-funded "
            "attackers (Logjam, CVE-2015-4000), the others of anybody who knows how they were made. Groups of suites "
            "without a certificate do not count.",
            "Remove the DHE ciphers, as every client since 2014 has ECDHE. Where they must stay, set parameters "
            "of 2048 bits or more: `ssl_dhparam` in nginx, `tune.ssl.default-dh-param 2048` in HAProxy, "
            "`-Djdk.tls.ephemeralDHKeySize=2048` in Java.",
        ),
        of_posture(_weak_dh),
    ),
    Rule(
        Finding(
            "weak_curve",
            "medium",
            "Curves below 224 bits are accepted",
            "The server agrees to elliptic curves of 160 to 193 bits, which RFC 8422 has removed. They give less than "
            "112 bits of security, and the code behind them is old and seldom tested.",
            "Configure the curves: `ssl_ecdh_curve X25519:prime256v1:secp384r1` in nginx, "
            "`{supported_groups, [x25519, secp256r1, secp384r1]}` in Erlang, `-Djdk.tls.namedGroups` in Java.",
        ),
        of_posture(_weak_curve),
    ),
    Rule(
        Finding(
            "large_hello_refused",
            "high",
            "Large ClientHellos are refused",
            "A ClientHello with a post-quantum key share, which fills more than one TCP segment, gets no answer, and a "
            "small one does. Current browsers and libraries send large ones first, so they fail or connect only at the "
            "second try.",
            "Update the server or the firewall, load balancer or proxy before it: it reads a ClientHello at once, as "
            "if it always came in one segment (tldr.fail lists known cases). Until then let clients offer `x25519` "
            "only.",
        ),
        _large_hello_refused,
    ),
    Rule(
        Finding(
            "no_post_quantum_key_exchange",
            "low",
            "No post-quantum key exchange",
            "The server accepts none of the hybrid groups, as X25519MLKEM768. Traffic that is recorded today "
            "could be read once large quantum computers exist.",
            "Update to OpenSSL 3.5, Go 1.24, or a program built with them; the group is then on by default. If "
            "a group list is configured, put X25519MLKEM768 first.",
        ),
        of_posture(_no_post_quantum),
    ),
)
