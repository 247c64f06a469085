"""A TLS server over memory BIOs in an asyncio Protocol: it does what its Endpoint says, and answers HTTP.

It survives whatever a client sends: what breaks the handshake ends that connection and nothing else.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL

from exporter.demo.pki import PKI, Credential, Leaf

_VERSIONS = {
    "TLSv1.0": SSL.TLS1_VERSION,
    "TLSv1.1": SSL.TLS1_1_VERSION,
    "TLSv1.2": SSL.TLS1_2_VERSION,
    "TLSv1.3": SSL.TLS1_3_VERSION,
}
_IDLE_SECONDS = 60.0
_CHUNK = 64 * 1024
_ALPN = (b"http/1.1",)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What a TLS server presents and accepts. `sends` are the authorities that follow the leaf."""

    leaf: Leaf = field(default_factory=Leaf)
    sends: tuple[str, ...] = ("intermediate",)
    minimum: str = "TLSv1.2"
    maximum: str = "TLSv1.3"
    ciphers: str = "ECDHE+AESGCM:ECDHE+CHACHA20"
    security_level: int = 2  # of OpenSSL; 0 for what it refuses otherwise
    only_secp256r1: bool = False
    client_certificate: bool = False
    staple: str = ""  # "good", "revoked", "stale" or none
    headers: tuple[str, ...] = ("Strict-Transport-Security: max-age=63072000",)
    preface: tuple[bytes, ...] = ()  # said before TLS: the first at once, each other one after a line of the client


def context(endpoint: Endpoint, pki: PKI) -> SSL.Context:
    """Return the OpenSSL context that behaves as the endpoint says."""
    made = SSL.Context(SSL.TLS_SERVER_METHOD)
    made.set_cipher_list(f"{endpoint.ciphers}:@SECLEVEL={endpoint.security_level}".encode())
    made.set_min_proto_version(_VERSIONS[endpoint.minimum])
    made.set_max_proto_version(_VERSIONS[endpoint.maximum])
    made.set_options(SSL.OP_NO_RENEGOTIATION | SSL.OP_NO_TICKET)
    made.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    if endpoint.only_secp256r1:
        made.set_tmp_ecdh(ec.SECP256R1())
    _present(made, pki.leaf(endpoint.leaf), [pki.authority(name) for name in endpoint.sends])
    if endpoint.client_certificate:
        made.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, lambda *_: True)
    if endpoint.staple:
        staple = _staple(endpoint, pki)
        made.set_ocsp_server_callback(lambda _connection, _data: staple)
    _choose_alpn(made)
    return made


def _present(made: SSL.Context, leaf: Credential, chain: Sequence[Credential]) -> None:
    made.use_certificate(leaf.certificate)
    made.use_privatekey(leaf.key)
    for credential in chain:
        made.add_extra_chain_cert(credential.certificate)


def _staple(endpoint: Endpoint, pki: PKI) -> bytes:
    if endpoint.staple == "stale":
        return pki.staple(endpoint.leaf, starts=-9, ends=-2)
    return pki.staple(endpoint.leaf, revoked=endpoint.staple == "revoked")


def _choose_alpn(made: SSL.Context) -> None:
    """Agree on HTTP/1.1; go on without a protocol when nothing common was offered (RFC 7301 section 3.2)."""
    made.set_alpn_select_callback(
        lambda _connection, offered: next((name for name in _ALPN if name in offered), SSL.NO_OVERLAPPING_PROTOCOLS)
    )


class TLSServer(asyncio.Protocol):
    """One connection: the preface, the handshake, then the same HTTP answer to every request."""

    def __init__(self, endpoint: Endpoint, tls: SSL.Context, connected: set[asyncio.Transport]) -> None:
        self._endpoint = endpoint
        self._preface = list(endpoint.preface)
        self._tls = SSL.Connection(tls, None)
        self._tls.set_accept_state()
        self._connected = connected
        self._established = False
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin with the preface, if there is one."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._timer = asyncio.get_running_loop().call_later(_IDLE_SECONDS, transport.abort)
        self._connected.add(transport)
        if self._preface:
            transport.write(self._preface.pop(0))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio.Protocol
        """Forget the connection."""
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            self._connected.discard(self._transport)
        self._transport = None

    def data_received(self, data: bytes) -> None:
        """Go on with the preface, the handshake or HTTP."""
        if self._transport is None:
            return
        if self._preface:
            self._transport.write(self._preface.pop(0))
            return
        self._tls.bio_write(data)
        try:
            alive = self._advance()
        except SSL.Error:
            alive = False  # OpenSSL has written its alert
        self._flush()
        if not alive:
            self._transport.close()

    def _advance(self) -> bool:
        """Do what can be done with what has arrived; False at the end of the connection."""
        try:
            if not self._established:
                self._tls.do_handshake()
                self._established = True
            while True:
                if b"\r\n\r\n" in self._tls.recv(_CHUNK):
                    self._tls.sendall(self._response())
                    self._tls.shutdown()
                    return False
        except SSL.WantReadError:
            return True
        except SSL.ZeroReturnError:
            return False

    def _flush(self) -> None:
        assert self._transport is not None
        while True:
            try:
                self._transport.write(self._tls.bio_read(_CHUNK))
            except SSL.WantReadError:
                return

    def _response(self) -> bytes:
        body = "A scenario of the gallery of tls-exporter.\n"
        head = [
            "HTTP/1.1 200 OK",
            "Content-Type: text/plain",
            f"Content-Length: {len(body)}",
            "Connection: close",
        ]
        return "\r\n".join([*head, *self._endpoint.headers, "", body]).encode()
