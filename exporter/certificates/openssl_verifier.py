"""The verdict of OpenSSL's clients: its verification with every error it finds, not only the first.

There are three kinds of such clients. Plain ones (psql, Node, wget, stunnel, Python up to 3.12) accept only a path to
a self-signed root. curl and others set PARTIAL_CHAIN, so that any trusted certificate is an anchor. Python from 3.13
on sets X509_STRICT as well, which demands what RFC 5280 does of every authority.

pyOpenSSL's X509StoreContext stops at the first error; only a connection calls back for each error. So the chain is
fed to an in-memory client connection as a server's first flight of TLS 1.2. That needs no socket and no key, and the
connection is dropped as soon as OpenSSL has verified the Certificate message.
"""

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from OpenSSL import SSL, crypto

from exporter.certificates.certificate import Certificate, read_certificate_untrusted
from exporter.certificates.openssl_errors import (
    ERRORS,
    PARTIAL_CHAIN,
    PARTIAL_CHAIN_TEXT,
    UNREADABLE,
    UNSUPPORTED,
    WEAK_KEY,
    message_of,
)
from exporter.certificates.verdict import TrustStore, Verdict, VerifyError

_RECORD_SIZE = 16384
_MAX_MESSAGE = 100 * 1024  # of certificates: OpenSSL's clients read no more (SSL_CTX_set_max_cert_list)
_PRESENT_SECONDS = 1.0
_MAX_TIME = 253402300799  # the last second of the year 9999
_CIPHERS = b"ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256"
_LEGACY_SERVER_CONNECT = 0x4  # SSL_OP_LEGACY_SERVER_CONNECT: the flight below has no renegotiation_info

# struct { ProtocolVersion version; Random random; SessionID session_id; CipherSuite; CompressionMethod; }
_SERVER_HELLO = b"\x02\x00\x00\x26" + b"\x03\x03" + bytes(32) + b"\x00" + b"\xc0\x2f" + b"\x00"


class OpenSSLVerifier:
    """Verifies chains against one trust store, at the security level that OpenSSL gives its clients.

    By default OpenSSL verifies at the machine's time; once a time is set on a store, it stays set. So one context
    serves every verification at the present time, and any other time (a `clock` that differs) gets its own context.
    """

    def __init__(
        self,
        trust: TrustStore,
        clock: Callable[[], float] = time.time,
        *,
        name: str = "openssl",
        flags: int = 0,
    ) -> None:
        self._name = name
        self._flags = flags
        self._lock = threading.Lock()  # the callback has one list
        self._clock = clock
        self._roots = {root.der: root for root in trust.roots}
        self._found: list[tuple[int, int, bytes]] = []
        self._context = self._make_context()

    def _make_context(self, now: float | None = None) -> SSL.Context:
        context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        context.set_max_proto_version(SSL.TLS1_2_VERSION)
        context.set_options(_LEGACY_SERVER_CONNECT)
        context.set_cipher_list(_CIPHERS)
        context.set_verify(SSL.VERIFY_PEER, self._note)
        store = context.get_cert_store()
        assert store is not None
        store.set_flags(self._flags)
        if now is not None:
            store.set_time(datetime.fromtimestamp(min(max(now, 0), _MAX_TIME), UTC))
        for der in self._roots:
            try:
                store.add_cert(crypto.load_certificate(crypto.FILETYPE_ASN1, der))
            except crypto.Error:
                continue  # a root that OpenSSL cannot read is none for its clients
        return context

    def _note(self, _connection: SSL.Connection, x509: crypto.X509, code: int, depth: int, _ok: int) -> bool:
        if code:
            self._found.append((code, depth, _der(x509)))
        return True

    def verify(self, chain: tuple[Certificate, ...], now: float) -> Verdict:
        """Verify a chain as presented, leaf first, at a time in Unix seconds."""
        is_present = abs(now - self._clock()) < _PRESENT_SECONDS
        context = self._context if is_present else self._make_context(now)
        with self._lock:
            self._found.clear()
            connection = SSL.Connection(context, None)
            connection.set_connect_state()
            refusal = _play(connection, _certificate_message(chain))
            errors = tuple(dict.fromkeys(self._found))
            verified = [_der(x) for x in connection.get_verified_chain() or ()] if not errors else []
        if not errors and not verified:
            return self._unreadable(chain, refusal)
        known = {certificate.der: certificate for certificate in chain} | self._roots
        found = tuple(
            VerifyError(code, ERRORS.get(code, "unspecified"), depth, message_of(code), _facts(known, der).subject)
            for code, depth, der in errors
            if not _is_unsupported(code, der)
        )
        if errors and not found:
            return Verdict(self._name, None)  # all that OpenSSL reports is that it cannot check this
        return Verdict(self._name, not found, found, tuple(_facts(known, der) for der in verified))

    def _unreadable(self, chain: tuple[Certificate, ...], refusal: str) -> Verdict:
        """Return the verdict on a chain that OpenSSL cannot parse: unknown where its certificates are right."""
        is_too_long = sum(len(certificate.der) + 3 for certificate in chain) > _MAX_MESSAGE
        if not is_too_long and not any(certificate.faults for certificate in chain):
            return Verdict(self._name, None)
        return Verdict(self._name, False, (VerifyError(*UNREADABLE, _unreadable_depth(chain), refusal),))


class OpenSSLVerifiers:
    """Verifies as plain OpenSSL does, and as Python 3.13 does."""

    def __init__(self, trust: TrustStore, clock: Callable[[], float] = time.time) -> None:
        flags = crypto.X509StoreFlags
        self._plain = OpenSSLVerifier(trust, clock)
        self._partial = OpenSSLVerifier(trust, clock, flags=flags.PARTIAL_CHAIN)
        strict = flags.PARTIAL_CHAIN | flags.X509_STRICT
        self._strict = OpenSSLVerifier(trust, clock, name="openssl_strict", flags=strict)

    def verify(self, chain: tuple[Certificate, ...], now: float) -> tuple[Verdict, Verdict]:
        """Return the verdicts `openssl` and `openssl_strict`, at a time in Unix seconds.

        Where only PARTIAL_CHAIN makes a path, plain OpenSSL refuses; its one error then says so.
        """
        plain, strict = self._plain.verify(chain, now), self._strict.verify(chain, now)
        if plain.trusted is False:
            partial = self._partial.verify(chain, now)
            if partial.trusted:
                anchor = partial.chain[-1].subject
                error = VerifyError(*PARTIAL_CHAIN, len(partial.chain) - 1, PARTIAL_CHAIN_TEXT, anchor)
                plain = replace(plain, errors=(error,))
        return plain, strict


def _is_unsupported(code: int, der: bytes) -> bool:
    """Return whether an error says only that OpenSSL cannot read a key or does not know an algorithm."""
    name = ERRORS.get(code, "")
    if name in UNSUPPORTED:
        return True
    if name not in WEAK_KEY | {"unspecified"}:  # the latter where it compares a key that it could not read
        return False
    try:
        crypto.load_certificate(crypto.FILETYPE_ASN1, der).get_pubkey()
    except crypto.Error:
        return True
    return False


def _facts(known: dict[bytes, Certificate], der: bytes) -> Certificate:
    return known.get(der) or read_certificate_untrusted(der)


def _der(certificate: crypto.X509) -> bytes:
    return crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate)


def _unreadable_depth(chain: tuple[Certificate, ...]) -> int:
    """Return the position of the first certificate that OpenSSL cannot read."""
    for depth, certificate in enumerate(chain):
        try:
            crypto.load_certificate(crypto.FILETYPE_ASN1, certificate.der)
        except crypto.Error:
            return depth
    return 0


def _certificate_message(chain: tuple[Certificate, ...]) -> bytes:
    """Build a Certificate message: ASN.1Cert certificate_list<0..2^24-1> (RFC 5246 section 7.4.2)."""
    entries = b"".join(len(c.der).to_bytes(3, "big") + c.der for c in chain)
    return b"\x0b" + (len(entries) + 3).to_bytes(3, "big") + len(entries).to_bytes(3, "big") + entries


def _play(connection: SSL.Connection, certificate_message: bytes) -> str:
    """Play a server's first flight to a client in memory; return what OpenSSL says when it stops.

    It always stops, if only because the flight ends here: what counts is what the callback heard before.
    """
    with contextlib.suppress(SSL.WantReadError):
        connection.do_handshake()  # writes the ClientHello, which nobody reads
    flight = _SERVER_HELLO + certificate_message
    for start in range(0, len(flight), _RECORD_SIZE):
        fragment = flight[start : start + _RECORD_SIZE]
        connection.bio_write(b"\x16\x03\x03" + len(fragment).to_bytes(2, "big") + fragment)
    try:
        connection.do_handshake()
    except SSL.WantReadError:
        return ""
    except SSL.Error as error:
        reasons = error.args[0] if error.args and isinstance(error.args[0], list) else []
        return ", ".join(str(reason[-1]) for reason in reasons)
    return ""
