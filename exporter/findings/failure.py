"""Why a probe failed, for people: a title, what it means and how to fix it, for each reason and phase.

Pages, `probe`, `debug=true`, runbooks and alerts take their words from here. `explain` looks further than the reason:
a peer that greets as a mail server is not asked for TLS in its own protocol, and the module to write is known.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from exporter.config.model import Module
from exporter.findings.explanation import Explanation
from exporter.findings.failure_at_rest import AT_REST_EXPLANATIONS
from exporter.net.reason import Reason
from exporter.probe.result import Failure, Phase
from exporter.target import Endpoint
from exporter.wire.starttls import PROTOCOLS

_SERVER_LOG = "Look into the server's log at the time of the probe: it says what it did not like."

EXPLANATIONS: Mapping[Reason, Explanation] = {
    **AT_REST_EXPLANATIONS,
    Reason.TIMEOUT: Explanation(
        "No answer in time",
        "The probe waited for the peer until its time was over. Packets are dropped on the way, or the peer is too "
        "busy to answer.",
        "Compare the probe's timeout with how long the server takes, and try from the exporter's own host: "
        "`tls-exporter probe TARGET --timeout 30`.",
    ),
    Reason.REFUSED: Explanation(
        "The connection was refused",
        "The host answered that nothing listens on this port.",
        "Check that the service runs and on which address and port it listens (`ss -ltn` on the host). A service that "
        "listens on 127.0.0.1 only cannot be reached from elsewhere. Check the port of the target.",
    ),
    Reason.RESET: Explanation(
        "The peer reset the connection",
        "The connection was there and was cut off by a reset: by the service itself, a load balancer without a "
        "healthy backend, or a firewall that judges contents.",
        f"{_SERVER_LOG} If it saw no connection, ask who runs the firewalls and load balancers between.",
    ),
    Reason.CLOSED: Explanation(
        "The peer closed the connection",
        "The peer ended the connection in order before TLS was established. Servers do so when no certificate is "
        "configured for the name, when the client's address is not allowed, or when they want another protocol first.",
        f"{_SERVER_LOG} Check the server name that is sent (`tls_config.server_name`), access lists, and whether the "
        "port wants STARTTLS or a PROXY header first.",
    ),
    Reason.UNREACHABLE: Explanation(
        "The network cannot reach the peer",
        "A router or the exporter's own host says that there is no way to this address: no route, the host is off, or "
        "the address family is not available here.",
        "Try `ip route get ADDRESS` on the exporter's host. If it has no IPv6, set `ip_protocol: ip4` in the module. "
        "If the module has a `source_address`, it must be one of this host's.",
    ),
    Reason.NO_ADDRESS: Explanation(
        "The name has no address",
        "The resolver knows no address for the target's name, or none of the wanted family.",
        "Check the spelling, and ask the same resolver: `getent ahosts NAME` on the exporter's host or in its "
        "container. Names of another network need its resolver. `ip_protocol: ip6` asks for AAAA records only.",
    ),
    Reason.NOT_TLS: Explanation(
        "The peer does not speak TLS here",
        "The first bytes that came are no TLS record: another protocol is spoken on this port, or TLS begins only "
        "after a command of that protocol (STARTTLS).",
        "Check the port. If the protocol has STARTTLS, use a module with `starttls:` for the target.",
    ),
    Reason.PROTOCOL_ERROR: Explanation(
        "The peer speaks broken TLS",
        "The peer began TLS and then sent what the protocol does not allow, or what no current TLS library takes. The "
        "detail has the library's words.",
        f"{_SERVER_LOG} Update its TLS library or firmware. A middlebox that intercepts TLS has the same effect: try "
        "from the server's own network.",
    ),
    Reason.TOO_MUCH_DATA: Explanation(
        "The peer sent too much",
        "More came than a handshake may have, and the probe gave up to protect itself.",
        "A chain of a few kilobytes is usual: look for a certificate file with a whole CA bundle in it.",
    ),
    Reason.FORBIDDEN_ADDRESS: Explanation(
        "The address may not be probed",
        "The name of a target that is not configured leads to an address that `probe_endpoint.allow` does not permit.",
        "Put the target under `targets`, or its network into `probe_endpoint.allow`.",
    ),
    Reason.CLIENT_CERTIFICATE_UNUSABLE: Explanation(
        "The exporter's client certificate cannot be used",
        "The certificate and key of the module's `tls_config` cannot be loaded together.",
        "Check that the key belongs to the certificate, that `key_password` opens it, and that the exporter's user "
        "may read both files.",
    ),
    Reason.INTERNAL_ERROR: Explanation(
        "The exporter could not make the probe",
        "The fault lies with the exporter or its host, as with exhausted file descriptors or memory. It says nothing "
        "about the target.",
        "The exporter's log has the cause. Raise `LimitNOFILE` or the memory limit if it names them; otherwise "
        "please report it.",
    ),
    Reason.PROXY_REFUSED: Explanation(
        "The proxy refused the connection",
        "The proxy was reached and declined to connect to the target: its rules forbid it, or it cannot reach or "
        "resolve the target itself.",
        "The detail has the proxy's answer, and its log more. Allow CONNECT to this host and port, or put the target "
        "into `no_proxy`.",
    ),
    Reason.PROXY_AUTHENTICATION_REQUIRED: Explanation(
        "The proxy wants a user and password",
        "The proxy was reached and asks for credentials, or did not take those of the module.",
        "Write `proxy_url: http://user@host:port` with `proxy_password_file`, and check both with "
        "`curl --proxy-user`. Only basic authentication is spoken.",
    ),
    Reason.PROXY_PROTOCOL_ERROR: Explanation(
        "The proxy's answer makes no sense",
        "What came from the proxy's port is no answer of an HTTP or SOCKS5 proxy.",
        "Check scheme and port of `proxy_url`: `http://` for CONNECT, `socks5://` for SOCKS. Both are spoken without "
        "TLS to the proxy.",
    ),
    Reason.STARTTLS_UNSUPPORTED: Explanation(
        "The server does not offer STARTTLS",
        "The server answered in its protocol and does not list STARTTLS among what it can do.",
        "Turn TLS on in the server and give it a certificate. Some servers hide STARTTLS from some networks, and some "
        "firewalls remove the word: compare from the server's own network.",
    ),
    Reason.STARTTLS_REFUSED: Explanation(
        "The server refused STARTTLS",
        "The server answered the command to begin TLS, or the greeting before it, with an error.",
        "The detail has its words. Usual causes: no usable certificate, a temporary overload, or a rule that refuses "
        "this client's name (`starttls_name`) or address.",
    ),
    Reason.STARTTLS_PROTOCOL_ERROR: Explanation(
        "The server speaks another protocol",
        "What the server said is not what the module's `starttls` protocol expects.",
        "Check that the port and `starttls:` belong together. A port on which TLS begins at once (465, 636, 993, 995) "
        "wants a module without `starttls`.",
    ),
    Reason.ALERT_CLOSE_NOTIFY: Explanation(
        "The server ended the handshake",
        "The server closed TLS in order before the handshake was over.",
        _SERVER_LOG,
    ),
    Reason.ALERT_HANDSHAKE_FAILURE: Explanation(
        "No common parameters",
        "The server found no version, cipher, group or signature algorithm that both sides have, or wants a client "
        "certificate that it did not get.",
        "Everything current and much that is old is offered, so look at the server: a key that fits none of its "
        "ciphers (an EC key with RSA-only ciphers), no certificate for the name, or a client certificate to be set "
        "in `tls_config`.",
    ),
    Reason.ALERT_PROTOCOL_VERSION: Explanation(
        "No common protocol version",
        "The server speaks none of the versions that the probe offers.",
        "Remove `min_version` and `max_version` from the module if they are set. A server below TLS 1.0 must be "
        "updated.",
    ),
    Reason.ALERT_UNRECOGNIZED_NAME: Explanation(
        "The server does not know the name",
        "The server has no virtual host for the server name (SNI) that was sent.",
        "Check the target's name. For an address or an internal name, set `tls_config.server_name` in the module to "
        "a name that the server is configured for.",
    ),
    Reason.ALERT_CERTIFICATE_REQUIRED: Explanation(
        "A client certificate is required",
        "The server wants its clients to show a certificate and ended the connection without one.",
        "Set `tls_config.cert_file` and `key_file` in the module. The server's certificates are checked even so.",
    ),
    Reason.ALERT_BAD_CERTIFICATE: Explanation(
        "The server rejects the exporter's client certificate",
        "The server could not use the client certificate, or got none where it wants one.",
        "Set or renew `tls_config.cert_file` and `key_file`, with every intermediate, from a CA that the server knows.",
    ),
    Reason.ALERT_UNKNOWN_CA: Explanation(
        "The server does not know the CA of the client certificate",
        "The server does not trust the issuer of the module's client certificate.",
        "Add the intermediates to `cert_file`, or have the CA added to the server's trusted client CAs.",
    ),
    Reason.ALERT_CERTIFICATE_EXPIRED: Explanation(
        "The exporter's client certificate has expired",
        "The server says that the module's client certificate is not valid any more.",
        "Renew it and replace `tls_config.cert_file`. If its dates are right, compare the server's clock.",
    ),
    Reason.ALERT_CERTIFICATE_REVOKED: Explanation(
        "The exporter's client certificate is revoked",
        "The server says that the module's client certificate was revoked.",
        "Have a new one issued and replace `tls_config.cert_file` and `key_file`.",
    ),
    Reason.ALERT_ACCESS_DENIED: Explanation(
        "The exporter's client certificate is not permitted",
        "The server took the client certificate and does not let its owner in.",
        "Ask the server's owner to permit the certificate's subject.",
    ),
    Reason.ALERT_NO_APPLICATION_PROTOCOL: Explanation(
        "No common application protocol",
        "The server speaks none of the application protocols that the module offers by ALPN.",
        "Correct `alpn` in the module, or leave it out: then none is asked for.",
    ),
    Reason.ALERT_INSUFFICIENT_SECURITY: Explanation(
        "The server wants stronger parameters",
        "The server requires ciphers or groups stronger than those that were offered.",
        "Remove `groups`, `min_version` and `max_version` from the module if they are set.",
    ),
    Reason.ALERT_INTERNAL_ERROR: Explanation(
        "The server failed internally",
        "The server's TLS stopped for a reason of its own, unrelated to the peer: a certificate that cannot be "
        "loaded, a broken configuration, no memory.",
        _SERVER_LOG,
    ),
    Reason.ALERT_UNASSIGNED: Explanation(
        "The server sent an unknown alert",
        "The server ended the handshake with an alert that no specification names.",
        _SERVER_LOG,
    ),
}

_OTHER_ALERT = Explanation(
    "The server ended the handshake",
    "The server ended the handshake with a fatal alert. Its name says what it did not like.",
    _SERVER_LOG,
)

_BY_PHASE: Mapping[tuple[Phase, Reason], Explanation] = {
    (Phase.READ, Reason.TIMEOUT): Explanation(
        "The file was not read in time",
        "The scrape's deadline came first: many files have changed at once, or their file system hangs.",
        "After a start or a change of many files the next scrape has them. If it stays so, look at the file system "
        "(`df` hangs with it), or name fewer files.",
    ),
    (Phase.RESOLVE, Reason.TIMEOUT): Explanation(
        "The resolver did not answer",
        "The name could not be looked up in time. The target itself was not asked.",
        "Check the name servers of the exporter's host (`/etc/resolv.conf`), and in Kubernetes the DNS policy. If "
        "`tls_exporter_resolver_busy_total` rises, all look-ups wait for a resolver that hangs.",
    ),
    (Phase.HANDSHAKE, Reason.TOO_EXPENSIVE): Explanation(
        "The server's Diffie-Hellman group is too large",
        "The prime is longer than 4,096 bits and of no standard: computing with it would hold up the probes of other "
        "targets. Certificate and session are read from what was sent in plaintext.",
        "Use a group of RFC 7919 (ffdhe2048 to ffdhe8192), which costs clients a twentieth, or suites with ECDHE.",
    ),
    (Phase.CONNECT, Reason.TIMEOUT): Explanation(
        "No answer to the connection",
        "Nothing came back to the attempt to connect: a firewall drops the packets, or the host is off.",
        "Open the port for the exporter's address on the way and on the host. `tls-exporter probe TARGET` on the "
        "exporter's host shows at once whether it helped.",
    ),
    (Phase.HANDSHAKE, Reason.TIMEOUT): Explanation(
        "The peer is silent",
        "The connection was made, and then the peer did not answer the TLS hello. It waits for something else, as a "
        "plaintext protocol or a PROXY header, it is overloaded, or its way back loses large packets.",
        "Check that TLS is spoken on this port, and whether `starttls` or `proxy_protocol` is needed. If only some "
        "networks fail, look for a tunnel that drops large packets (MTU).",
    ),
    (Phase.STARTTLS, Reason.TIMEOUT): Explanation(
        "The server is silent before STARTTLS",
        "The connection was made, and the server did not say what its protocol begins with.",
        "If TLS begins at once on this port, use a module without `starttls`. Mail servers also delay their greeting "
        "for unknown clients (tarpits): raise `timeout`, or permit the exporter's address.",
    ),
    (Phase.PROXY, Reason.TIMEOUT): Explanation(
        "The proxy did not answer",
        "The connection to the proxy was made, and the proxy did not answer in time: it probably waits for the target.",
        "Try the target through the same proxy with `curl --proxy`, and look into the proxy's log.",
    ),
}

_GREETINGS: tuple[tuple[re.Pattern[str], str, str | None], ...] = (
    # what the peer began with, what it speaks, and the STARTTLS protocol to write, if there is one
    (re.compile(r"220[ -].*FTP", re.IGNORECASE), "FTP", "ftp"),
    (re.compile(r"220[ -].*\bLMTP", re.IGNORECASE), "LMTP", "lmtp"),
    (re.compile(r"[245][0-9]{2}[ -].*\bE?SMTP|220[ -]|(?:421|554)[ -]", re.IGNORECASE), "SMTP", "smtp"),
    (re.compile(r"\* (?:OK|BYE|PREAUTH)"), "IMAP", "imap"),
    (re.compile(r"\+OK"), "POP3", "pop3"),
    (re.compile(r'"(?:IMPLEMENTATION|SIEVE)"|IMPLEMENTATION'), "ManageSieve", "sieve"),
    (re.compile(r"20[01] .*(?:NNTP|news|posting)", re.IGNORECASE), "NNTP", "nntp"),
    (re.compile(r"SSH-[12]\."), "SSH", None),
    (re.compile(r"HTTP/[0-9]"), "plain HTTP", None),
    (re.compile(r"<(?:\?xml|stream:)"), "XMPP", "xmpp"),
    (re.compile(r":\S+ (?:NOTICE|020|ERROR)|NOTICE |ERROR :"), "IRC", "irc"),
    (re.compile(r"INFO \{"), "NATS", "nats"),
    (re.compile(r"RFB [0-9]{3}\."), "VNC", None),
    (re.compile(r"-(?:ERR|DENIED|NOAUTH)"), "Redis", None),
    (re.compile(r"AMQP"), "AMQP", None),
    (
        re.compile(r".{0,12}?(?:\\x00){3}\\n(?:[0-9]+\.[0-9]+|5\.5\.5-)|.{0,16}?\\x00(?:\\x00|\\n)[0-9]+\.[0-9]+\."),
        "MySQL",
        "mysql",
    ),
    (re.compile(r"E(?:\\x00){2,3}.{0,8}S?(?:FATAL|SERROR)"), "PostgreSQL", "postgres"),
)
_BEGAN = re.compile(r"it began with '(.*)", re.DOTALL)
_IMPLICIT = {
    465: "smtp",
    563: "nntp",
    636: "ldap",
    853: "dns",
    989: "ftp",
    990: "ftp",
    993: "imap",
    995: "pop3",
    6697: "irc",
}
_SUBMISSION = 587
_SILENT = frozenset({Reason.TIMEOUT, Reason.CLOSED, Reason.RESET, Reason.PROTOCOL_ERROR, Reason.NOT_TLS})


def explain(failure: Failure, module: Module | None = None, endpoint: Endpoint | None = None) -> Explanation:
    """Return the texts of a failure, as exact as module and endpoint permit.

    They hold no word of the peer's: what it said is the failure's detail.
    """
    known = _BY_PHASE.get((failure.phase, failure.reason)) or EXPLANATIONS.get(failure.reason, _OTHER_ALERT)
    hint = _hint(failure, module, endpoint)
    return known if hint is None else replace(known, title=hint.title or known.title, fix=hint.fix or known.fix)


def _hint(failure: Failure, module: Module | None, endpoint: Endpoint | None) -> Explanation | None:
    """Return a better title and fix (each may be empty) where what happened tells more than the reason does."""
    port = endpoint.port if endpoint is not None else None
    starttls = module.starttls if module is not None else None
    if failure.phase is Phase.HANDSHAKE and not starttls:
        return _greeting(failure) or _starttls_port(failure, port)
    if failure.phase is Phase.STARTTLS and starttls and port in _IMPLICIT:
        fix = f"On port {port} TLS begins at once: use a module without `starttls: {starttls}` for this target."
        return Explanation("TLS begins at once on this port", "", fix)
    return None


def _greeting(failure: Failure) -> Explanation | None:
    began = _BEGAN.search(failure.detail) if failure.reason is Reason.NOT_TLS else None
    if began is None:
        return None
    for pattern, protocol, starttls in _GREETINGS:
        if pattern.match(began[1]):
            return _spoken(protocol, starttls)
    return None


def _spoken(protocol: str, starttls: str | None) -> Explanation:
    title = f"The peer speaks {protocol} here, not TLS"
    if starttls is not None:
        return Explanation(title, "", f"Write a module with `starttls: {starttls}` and give it to this target.")
    if protocol == "SSH":
        fix = "SSH has no TLS: remove the target, or correct its port."
    elif protocol == "plain HTTP":
        fix = (
            "The port serves HTTP without TLS. Probe its HTTPS port (443, 8443), or turn TLS on for this one "
            "(`listen ... ssl` in nginx)."
        )
    else:
        fix = f"Turn TLS on for this port of the {protocol} server, or probe the port on which it speaks TLS."
    return Explanation(title, "", fix)


def _starttls_port(failure: Failure, port: int | None) -> Explanation | None:
    """Return the protocol to write where a port is known for STARTTLS and its server did not answer a TLS hello."""
    protocols = [name for name, protocol in PROTOCOLS.items() if protocol.port == port]
    if port == _SUBMISSION:
        protocols = ["smtp"]
    if not protocols or failure.reason not in _SILENT:
        return None
    fix = (
        f"Port {port} usually begins in plaintext and changes to TLS by a command: write a module with "
        f"`starttls: {protocols[0]}` and give it to this target."
    )
    return Explanation("", "", fix)
