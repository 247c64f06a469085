"""What can be known of a handshake that did not complete: the reason, the session as far as it was agreed.

It reads what was received; it sends nothing and asks OpenSSL for nothing but its words.
"""

from collections.abc import Mapping

from OpenSSL import SSL

from exporter.net.reason import NetworkError, Reason
from exporter.probe.result import Failure, Phase, Session
from exporter.text import printable
from exporter.wire import iana
from exporter.wire.records import ALERT, WireError
from exporter.wire.server_flight import ServerFlight
from exporter.wire.serverhello import ServerHello, read_alpn_untrusted

PROTOCOLS: Mapping[int, tuple[str, float]] = {
    **{number: (name, iana.VERSION_NUMBERS[number]) for number, name in iana.VERSIONS.items()},
    0xFEFF: ("DTLSv1.0", 1.0),  # RFC 4347, RFC 6347: the ones' complement of the version
    0xFEFD: ("DTLSv1.2", 1.2),
}
_ALERT_RECORD = 5 + 2
_RECORDS = (b"", *(bytes((kind,)) for kind in range(20, 24)))  # how a record begins, or nothing
_START = 40  # bytes of a peer that speaks something else, repeated in the log

# OpenSSL's words for received alerts that lack "alert" or spell it differently (ssl/ssl_err.c), and for our limits.
_OPENSSL_WORDS: Mapping[str, Reason] = {
    "tlsv1 unrecognized name": Reason.ALERT_UNRECOGNIZED_NAME,
    "tlsv1 unsupported extension": Reason.ALERT_UNSUPPORTED_EXTENSION,
    "tlsv1 certificate unobtainable": Reason.ALERT_CERTIFICATE_UNOBTAINABLE,
    "tlsv1 bad certificate hash value": Reason.ALERT_BAD_CERTIFICATE_HASH_VALUE,
    "tlsv1 bad certificate status response": Reason.ALERT_BAD_CERTIFICATE_STATUS_RESPONSE,
    "tlsv1 alert user cancelled": Reason.ALERT_USER_CANCELED,
    "excessive message size": Reason.TOO_MUCH_DATA,
}


def flight_session(flight: ServerFlight) -> Session | None:
    """Return what the server chose, if its ServerHello came."""
    hello = flight.server_hello
    if hello is None or hello.version not in PROTOCOLS:
        return None
    protocol, version = PROTOCOLS[hello.version]
    group = flight.key_exchange.group if flight.key_exchange else hello.group
    return Session(
        protocol=protocol,
        version=version,
        cipher=iana.cipher_suite_name(hello.cipher_suite),
        group=iana.group_name(group) if group is not None else "",
        alpn=_alpn(hello),
    )


def _alpn(hello: ServerHello) -> str:
    """Return the protocol that was agreed; "" for none, and for an extension that names none."""
    try:
        return read_alpn_untrusted(hello)
    except WireError:
        return ""


def flight_failure(flight: ServerFlight, data: bytes, error: NetworkError, *, upgraded: bool = False) -> Failure:
    """Return the true reason: the peer's fatal alert first, then what its first bytes were, then how it ended.

    `upgraded`: the connection began in another protocol, in which a server may say why it refuses.
    """
    alert = flight.fatal_alert
    text = _said_in_plaintext_untrusted(data) if upgraded and (flight.not_tls or flight.broken) else ""
    if alert is not None and error.reason not in (Reason.TIMEOUT, Reason.TOO_MUCH_DATA):
        reason = Reason(iana.alert_reason(alert.code))
        then = f", and said: {text}" if text else ""
        name = iana.ALERTS.get(alert.code, alert.code)
        return Failure(Phase.HANDSHAKE, reason, f"the peer sent the fatal alert {name}{then}")
    if text and error.reason is not Reason.TOO_MUCH_DATA:
        reason = Reason.NOT_TLS if flight.not_tls else Reason.STARTTLS_REFUSED
        return Failure(Phase.HANDSHAKE, reason, f"the server said in plaintext: {text}")
    if flight.not_tls and error.reason is not Reason.TOO_MUCH_DATA:
        start = printable(data[:_START].decode("latin-1"))
        return Failure(Phase.HANDSHAKE, Reason.NOT_TLS, f"the peer does not speak TLS here: it began with '{start}'")
    if flight.broken and error.reason is Reason.PROTOCOL_ERROR:
        return Failure(Phase.HANDSHAKE, error.reason, f"{error.detail} ({flight.broken})")
    return Failure(Phase.HANDSHAKE, error.reason, error.detail)


def _said_in_plaintext_untrusted(data: bytes) -> str:
    """Return what stands behind alerts and is no TLS record, fit to print; "" for nothing."""
    while data[:1] == bytes((ALERT,)) and data[3:5] == b"\0\2":
        data = data[_ALERT_RECORD:]
    return printable(data.decode("utf-8", "backslashreplace").rstrip()) if data[:1] not in _RECORDS else ""


def error_of(error: SSL.Error) -> NetworkError:
    """Map OpenSSL's error: an alert that was received, or else the peer broke the protocol."""
    texts = [text for _, _, text in error.args[0] if text] if error.args else []
    detail = "; ".join(texts) or "the TLS library gave up"
    for text in texts:
        if text in _OPENSSL_WORDS:
            return NetworkError(_OPENSSL_WORDS[text], detail)
        kind, alert, name = text.partition(" alert ")
        if alert and kind != "unknown":  # "unknown alert type" is no alert that was understood
            name = name.replace(" ", "_")
            return NetworkError(_alert(name), f"the peer sent the fatal alert {name}")
    return NetworkError(Reason.PROTOCOL_ERROR, detail)


def _alert(name: str) -> Reason:
    try:
        return Reason(f"alert_{name}")
    except ValueError:
        return Reason.ALERT_UNASSIGNED
