"""The TLS of the exporter's server, from `tls_server_config`. Reads certificates and keys; opens no socket."""

import ssl
import sys
import tempfile
import warnings
from collections.abc import Callable
from typing import Any

import structlog

from exporter.config.model import Secret
from exporter.config.web_config import ServerTLS
from exporter.log import Throttle

log = structlog.get_logger("web")
_throttle = Throttle()

_VERSIONS = {
    "TLS10": ssl.TLSVersion.TLSv1,
    "TLS11": ssl.TLSVersion.TLSv1_1,
    "TLS12": ssl.TLSVersion.TLSv1_2,
    "TLS13": ssl.TLSVersion.TLSv1_3,
}
_VERIFICATION = {
    "none": ssl.CERT_NONE,
    "verified_if_given": ssl.CERT_OPTIONAL,
    "required": ssl.CERT_REQUIRED,
}


class ServerTLSError(Exception):
    """A certificate, key, CA or cipher list that OpenSSL does not take; the message says which."""


def server_context(tls: ServerTLS) -> ssl.SSLContext:
    """Make a context for new connections; raise ServerTLSError when something in it cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.sslobject_class = ReportingSSLObject
    _set_versions(context, tls)
    context.set_alpn_protocols(["http/1.1"])
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    _load_certificate(context, tls)
    if tls.client_certificate != "none":
        try:
            context.load_verify_locations(cafile=tls.client_ca_file, cadata=tls.client_ca)
        except (ssl.SSLError, OSError, ValueError) as error:
            raise ServerTLSError(f"the client CA cannot be used: {_reason(error)}") from None
    context.verify_mode = _VERIFICATION[tls.client_certificate]
    return context


def _set_versions(context: ssl.SSLContext, tls: ServerTLS) -> None:
    with warnings.catch_warnings():  # of TLS 1.0 and 1.1, which somebody asked for by name
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = _VERSIONS[tls.min_version]
        if tls.max_version is not None:
            context.maximum_version = _VERSIONS[tls.max_version]
    old = tls.min_version in ("TLS10", "TLS11")
    ciphers = ":".join(tls.ciphers) or "DEFAULT"
    try:
        context.set_ciphers(f"{ciphers}:@SECLEVEL=0" if old else ciphers)
    except ssl.SSLError as error:
        raise ServerTLSError(f"the cipher suites cannot be used: {_reason(error)}") from None
    if len(tls.curves) == 1:
        try:
            context.set_ecdh_curve(tls.curves[0])
        except (ValueError, ssl.SSLError):
            raise ServerTLSError(f"the curve {tls.curves[0]} cannot be set alone") from None


def _load_certificate(context: ssl.SSLContext, tls: ServerTLS) -> None:
    with tempfile.TemporaryDirectory(prefix="tls-exporter-") as directory:  # for its owner alone (mode 0700)
        certificate = tls.cert_file or _written(directory, "cert.pem", tls.cert)
        key = tls.key_file or _written(directory, "key.pem", tls.key)
        try:
            context.load_cert_chain(certificate, key, password=_no_password)
        except (ssl.SSLError, OSError, ValueError) as error:
            raise ServerTLSError(f"certificate and key cannot be used together: {_reason(error)}") from None


def _written(directory: str, name: str, text: str | None) -> str:
    """Put PEM text where OpenSSL can read it."""
    path = f"{directory}/{name}"
    with open(path, "w", encoding="utf-8") as file:  # noqa: PTH123 - a path that was just made
        file.write(text.reveal() if isinstance(text, Secret) else text or "")
    return path


def _no_password() -> bytes:
    """Answer OpenSSL's question for a key's password, which would otherwise be asked on the terminal."""
    raise ValueError("the key is encrypted, and there is nobody to ask for its password")


def _reason(error: Exception) -> str:
    return str(getattr(error, "reason", None) or getattr(error, "strerror", None) or error)


class ReportingSSLObject(ssl.SSLObject):
    """A connection whose failed handshake ends with its alert, and with a line in the log.

    asyncio closes the transport as soon as a handshake fails and throws OpenSSL's alert away: the client would see
    nothing but the end. So the alert is written here, to the transport of the protocol that called.
    """

    def do_handshake(self) -> None:
        """Go on with the handshake."""
        try:
            super().do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError, ssl.SSLEOFError):
            raise
        except ssl.SSLError as error:
            protocol = sys._getframe(1).f_locals.get("self")  # noqa: SLF001 - an SSLObject does not know its protocol
            if _throttle("handshake"):
                log.warning("TLS handshake with a client failed", client=_peer(protocol), reason=_reason(error))
            _send_alert(protocol)
            raise


def _peer(protocol: object) -> str:
    transport = getattr(protocol, "_transport", None)
    address = transport.get_extra_info("peername") if transport is not None else None
    return f"{address[0]}:{address[1]}" if isinstance(address, tuple) else "unknown"


def _send_alert(protocol: object) -> None:
    """Write what OpenSSL has to say before the end. Where asyncio is another one day, the alert is not sent."""
    transport, outgoing = getattr(protocol, "_transport", None), getattr(protocol, "_outgoing", None)
    if transport is not None and outgoing is not None:
        transport.write(outgoing.read())


class FollowingContext(ssl.SSLContext):
    """Makes each new connection with the context of that moment, so that certificates change without a restart.

    Servers insist on an SSLContext and ask it for nothing but `wrap_bio`; this one passes that on.
    """

    _current: Callable[[], ssl.SSLContext]

    @classmethod
    def of(cls, current: Callable[[], ssl.SSLContext]) -> "FollowingContext":
        """Make one that asks `current` for each connection."""
        context = cls(ssl.PROTOCOL_TLS_SERVER)
        context._current = current
        return context

    def wrap_bio(self, *args: Any, **kwargs: Any) -> ssl.SSLObject:
        """Begin a connection."""
        return self._current().wrap_bio(*args, **kwargs)
