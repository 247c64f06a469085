"""What a probe offers as a TLS client: one OpenSSL context for each kind of probe, made once.

A prober must not refuse what it should report: everything OpenSSL still speaks is offered, at security level 0, and
no trust store is loaded, because the chain is verified separately from the handshake. A pyOpenSSL context must not
change after its first connection, so all settings are made here.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from OpenSSL import SSL

from exporter.config.model import Secret, TLSConfig
from exporter.net.reason import NetworkError, Reason
from exporter.wire import iana
from exporter.wire.iana import TLS_1_3
from exporter.wire.records import HANDSHAKE
from exporter.wire.serverhello import SIGNED_CERTIFICATE_TIMESTAMP
from exporter.wire.tls13.client import CERTIFICATE

# Null and anonymous suites stand last: a server that follows the client's order then shows its certificate.
CIPHERS = b"ALL:-aNULL:eNULL:aNULL:@SECLEVEL=0"
# Those of TLS 1.3 are another list of OpenSSL's, whose default leaves out what gnutls-cli, embedded devices and Chinese
# clients use. The two that only protect integrity (RFC 9150) stand last, as the null suites above.
TLS13_SUITES = (
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_128_CCM_SHA256",
    "TLS_AES_128_CCM_8_SHA256",
    "TLS_SM4_GCM_SM3",
    "TLS_SM4_CCM_SM3",
    "TLS_SHA256_SHA256",
    "TLS_SHA384_SHA384",
)
# OpenSSL's own, and the groups that it knows and leaves out: a server that speaks nothing else is reached by its own
# clients, and a server with a certificate on one of the curves refuses a client up to TLS 1.2 that does not offer it
# (RFC 8422 section 5.1). The question mark skips a group that this OpenSSL does not know. No key share is added.
GROUPS = ":".join(("DEFAULT", *(f"?{group}" for group in iana.GROUPS.values()))).encode("ascii")
# A server with several certificates chooses by the client's order. OpenSSL's default order begins with ML-DSA, which
# no browser offers: the probe would see a certificate that no client of today gets. So what every client can verify
# stands first, then what some can, and SM2 and ML-DSA last.
SIGNATURES = (
    *("ecdsa_secp256r1_sha256", "ecdsa_secp384r1_sha384"),
    *("rsa_pss_rsae_sha256", "rsa_pss_rsae_sha384", "rsa_pss_rsae_sha512"),
    *("rsa_pkcs1_sha256", "rsa_pkcs1_sha384", "rsa_pkcs1_sha512"),
    *("ecdsa_secp521r1_sha512", "ed25519", "ed448"),
    *("rsa_pss_pss_sha256", "rsa_pss_pss_sha384", "rsa_pss_pss_sha512"),
    *("ecdsa_brainpoolP256r1tls13_sha256", "ecdsa_brainpoolP384r1tls13_sha384", "ecdsa_brainpoolP512r1tls13_sha512"),
    *("ECDSA+SHA224", "ECDSA+SHA1", "RSA+SHA224", "RSA+SHA1"),
    *("DSA+SHA256", "DSA+SHA384", "DSA+SHA512", "DSA+SHA224", "DSA+SHA1"),
    *("sm2sig_sm3", "mldsa65", "mldsa87", "mldsa44"),
)
CIPHERS_BY_CERTIFICATE = {
    "ecdsa": b"aECDSA:-eNULL:@SECLEVEL=0",
    "rsa": b"aRSA:-eNULL:@SECLEVEL=0",
}
SIGNATURES_BY_CERTIFICATE = {
    "ecdsa": b"ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:ed448:ECDSA+SHA224:ECDSA+SHA1",
    "rsa": b"rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:rsa_pss_rsae_sha512:rsa_pss_pss_sha256:rsa_pss_pss_sha384:"
    b"rsa_pss_pss_sha512:RSA+SHA256:RSA+SHA384:RSA+SHA512:RSA+SHA224:RSA+SHA1",
    "ml-dsa": b"mldsa65:mldsa87:mldsa44",
}
TLS13_ONLY = frozenset({"ml-dsa"})  # certificate types that no earlier version can present (RFC 9881, TLS 1.3 only)
VERSIONS = {
    "TLS10": SSL.TLS1_VERSION,
    "TLS11": SSL.TLS1_1_VERSION,
    "TLS12": SSL.TLS1_2_VERSION,
    "TLS13": SSL.TLS1_3_VERSION,
}
DTLS_VERSIONS = {"TLS10": 0xFEFF, "TLS11": 0xFEFF, "TLS12": 0xFEFD}  # DTLS 1.0 is like TLS 1.1; 1.3 is not in OpenSSL
_OP_NO_QUERY_MTU = 0x1000
# What pyOpenSSL itself does not use may go from a later `cryptography`; a probe then does without it.
_library: Any = SSL._lib  # type: ignore[attr-defined]  # noqa: SLF001
_foreign: Any = SSL._ffi  # type: ignore[attr-defined]  # noqa: SLF001
_CERTIFICATE_REQUEST = 13
_MESSAGE_HEADER = 4  # of a handshake message: type, length in 24 bits
OP_LEGACY_SERVER_CONNECT = 0x4  # servers without RFC 5746 are reported, not refused
MAX_CONTEXTS = 256


class ContextKey(NamedTuple):
    """What makes two probes share a context, that is, all that it is made of.

    What tells files apart is part of it, so that a renewed key is read. The server name and the roots are none of it:
    `/probe` may ask by thousands of names.
    """

    cert_file: str | None
    key_file: str | None
    key_password: Secret | None
    min_version: str | None
    max_version: str | None
    alpn: tuple[str, ...]
    certificate_type: str | None
    groups: tuple[str, ...]
    dtls: bool
    files: tuple[tuple[int, ...], ...]


@dataclass(slots=True)
class Delivered:
    """What a server delivers with its certificates: the application data of a connection, filled during a handshake."""

    staples: list[bytes] = field(default_factory=list)
    certificate_message: bytes = b""  # its body in TLS 1.3, where it is encrypted on the wire
    certificate_requested: bool = False  # of the client in TLS 1.3, during the handshake or after it


class Contexts:
    """A bounded cache of client contexts."""

    def __init__(self) -> None:
        self._contexts: OrderedDict[ContextKey, SSL.Context] = OrderedDict()

    def get(
        self,
        tls_config: TLSConfig,
        alpn: tuple[str, ...],
        certificate_type: str | None,
        groups: tuple[str, ...] = (),
        *,
        dtls: bool = False,
    ) -> SSL.Context:
        """Return the context for a kind of probe; raise NetworkError when the client certificate is unusable.

        `groups` are IANA names; without any, all are offered. `dtls` makes one for datagrams.
        """
        files = (tls_config.cert_file, tls_config.key_file)
        key = ContextKey(
            *files,
            tls_config.key_password,
            tls_config.min_version,
            tls_config.max_version,
            alpn,
            certificate_type,
            groups,
            dtls,
            tuple(_identity(file) for file in files if file),
        )
        context = self._contexts.get(key)
        if context is None:
            context = make_context(tls_config, alpn, certificate_type, groups, dtls=dtls)
            self._contexts[key] = context
            if len(self._contexts) > MAX_CONTEXTS:
                self._contexts.popitem(last=False)
        return context

    def __len__(self) -> int:
        return len(self._contexts)


def _identity(path: str) -> tuple[int, ...]:
    """Return what changes with a file; its modification time alone need not, where images or archives set it."""
    try:
        found = Path(path).stat()
    except OSError:
        return ()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def make_context(
    tls_config: TLSConfig,
    alpn: tuple[str, ...],
    certificate_type: str | None,
    groups: tuple[str, ...] = (),
    *,
    dtls: bool = False,
) -> SSL.Context:
    """Make a client context. Raises NetworkError when the client certificate or its key cannot be used."""
    context = SSL.Context(SSL.DTLS_CLIENT_METHOD if dtls else SSL.TLS_CLIENT_METHOD)
    versions = DTLS_VERSIONS if dtls else VERSIONS
    lowest = "TLS13" if certificate_type in TLS13_ONLY else tls_config.min_version or "TLS10"
    context.set_min_proto_version(versions[lowest])
    if tls_config.max_version in versions:
        context.set_max_proto_version(versions[tls_config.max_version])
    if dtls:
        context.set_options(_OP_NO_QUERY_MTU)  # there is no socket of OpenSSL's that could be asked
    context.set_cipher_list(CIPHERS_BY_CERTIFICATE.get(certificate_type or "", CIPHERS))
    context.set_tls13_ciphersuites(_known_suites())
    # TLS 1.3 chooses the certificate by the signature algorithms
    offered = SIGNATURES_BY_CERTIFICATE[certificate_type] if certificate_type else _known_signatures()
    _set_list("SSL_CTX_set1_sigalgs_list", context, offered)
    if hasattr(_library, "SSL_CTX_set1_curves_list"):
        _set_list("SSL_CTX_set1_curves_list", context, ":".join(groups).encode("ascii") if groups else GROUPS)
    context.set_options(OP_LEGACY_SERVER_CONNECT | SSL.OP_NO_COMPRESSION)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_verify(SSL.VERIFY_NONE)
    context.set_ocsp_client_callback(_keep_staple)
    _ask_for_timestamps(context)
    if alpn:
        context.set_alpn_protos([protocol.encode("ascii") for protocol in alpn])
    if tls_config.cert_file:
        _use_client_certificate(context, tls_config)
    return context


@cache
def _known_suites() -> bytes:
    """Return the suites of TLS 1.3 that this OpenSSL speaks: a list with an unknown name in it is refused whole."""
    return b":".join(name.encode("ascii") for name in TLS13_SUITES if _speaks_suite(name))


def _speaks_suite(name: str) -> bool:
    try:
        SSL.Context(SSL.TLS_CLIENT_METHOD).set_tls13_ciphersuites(name.encode("ascii"))
    except SSL.Error:
        return False
    return True


@cache
def _known_signatures() -> bytes:
    """Return the signature algorithms that this OpenSSL knows, in the order in which they are offered."""
    scratch = SSL.Context(SSL.TLS_CLIENT_METHOD)
    known = [name for name in SIGNATURES if _accepts("SSL_CTX_set1_sigalgs_list", scratch, name.encode("ascii"))]
    return ":".join(known).encode("ascii")


def _accepts(function: str, context: SSL.Context, listed: bytes) -> bool:
    accepted: bool = getattr(_library, function)(context._context, listed) == 1  # noqa: SLF001
    if not accepted:
        _library.ERR_clear_error()  # or the next call of OpenSSL would report it
    return accepted


def _set_list(function: str, context: SSL.Context, listed: bytes) -> None:
    """Set what is offered of one kind.

    pyOpenSSL has no public name for SSL_CTX_set1_groups_list(3) and SSL_CTX_set1_sigalgs_list(3).
    """
    if not _accepts(function, context, listed):
        raise NetworkError(Reason.INTERNAL_ERROR, f"this OpenSSL knows none of {listed.decode('ascii')}")


def _keep_staple(connection: SSL.Connection, staple: bytes, _data: object) -> bool:
    """Keep a stapled OCSP response with its connection."""
    delivered = connection.get_app_data()
    if delivered is not None and staple:
        delivered.staples.append(staple)
    return True


def _ask_for_timestamps(context: SSL.Context) -> None:
    """Offer signed_certificate_timestamp (RFC 6962 section 3.3.1), and keep what a TLS 1.3 server answers.

    pyOpenSSL has no public name for SSL_CTX_add_client_custom_ext(3) and SSL_CTX_set_msg_callback(3). OpenSSL passes
    over the answer; up to TLS 1.2 it is in plaintext.
    """
    if not all(hasattr(_library, name) for name in ("SSL_CTX_add_client_custom_ext", "SSL_CTX_set_msg_callback")):
        return
    handle: Any = context._context  # noqa: SLF001
    nothing = (_foreign.NULL,) * 5  # an empty extension, and no reader
    _library.SSL_CTX_add_client_custom_ext(handle, SIGNED_CERTIFICATE_TIMESTAMP, *nothing)
    _library.SSL_CTX_set_msg_callback(handle, _keep_certificate_message)


@_foreign.callback("void (int, int, int, void *, size_t, SSL *, void *)")  # type: ignore[untyped-decorator]
def _keep_certificate_message(
    is_sent: int, version: int, content_type: int, data: Any, length: int, ssl: Any, _: Any
) -> None:
    """Keep the body of a TLS 1.3 server's Certificate message with its connection, and whether it requested one."""
    is_old_tls = version != TLS_1_3 and version not in DTLS_VERSIONS.values()  # which is read from the wire
    if is_sent or content_type != HANDSHAKE or is_old_tls or length <= _MESSAGE_HEADER:
        return
    message = _foreign.buffer(data, length)
    connection = SSL.Connection._reverse_mapping.get(ssl)  # noqa: SLF001
    delivered = connection.get_app_data() if connection is not None else None
    if delivered is None:
        return
    if message[:1] == bytes((CERTIFICATE,)) and version == TLS_1_3:
        delivered.certificate_message = bytes(message[_MESSAGE_HEADER:])
    elif message[:1] == bytes((_CERTIFICATE_REQUEST,)):
        delivered.certificate_requested = True


def _use_client_certificate(context: SSL.Context, tls_config: TLSConfig) -> None:
    assert tls_config.cert_file is not None
    password = tls_config.key_password.reveal().encode() if tls_config.key_password else b""
    # Without a password OpenSSL would ask on the terminal: an empty answer fails instead.
    context.set_passwd_cb(lambda _length, _verify, _data: password)
    # A server may ask for it after the handshake, where it knows what is wanted (RFC 8446 section 4.6.2). pyOpenSSL has
    # no public name for SSL_CTX_set_post_handshake_auth(3).
    if hasattr(_library, "SSL_CTX_set_post_handshake_auth"):
        _library.SSL_CTX_set_post_handshake_auth(context._context, 1)  # noqa: SLF001
    try:
        context.use_certificate_chain_file(tls_config.cert_file)
        context.use_privatekey_file(tls_config.key_file or tls_config.cert_file)
        context.check_privatekey()
    except (SSL.Error, OSError) as error:
        detail = f"the client certificate {tls_config.cert_file} or its key cannot be used: {_openssl_text(error)}"
        raise NetworkError(Reason.CLIENT_CERTIFICATE_UNUSABLE, detail) from None


def _openssl_text(error: Exception) -> str:
    if isinstance(error, SSL.Error) and error.args and error.args[0]:
        return "; ".join(reason for _, _, reason in error.args[0] if reason) or "unknown error"
    return str(error) or "the files cannot be read"
