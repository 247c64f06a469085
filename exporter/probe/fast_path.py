"""The fast path of a handshake: the clients of `wire.tls13` and `wire.tls12`, for endpoints that OpenSSL has seen.

The first probe of an endpoint is OpenSSL's. If it saw a handshake that these clients know, the next ones take the fast
path, at a third of the cost. Whatever differs is probed again with OpenSSL on a new connection, so that every failure,
alert and old version in a result is as OpenSSL reports it.
"""

import math
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from functools import lru_cache

from OpenSSL import SSL

from exporter.net.limits import MAX_AFTER_HANDSHAKE_BYTES, MAX_PIECES
from exporter.net.reason import NetworkError, Reason
from exporter.net.stream import Stream
from exporter.probe.result import Handshake, Result, Session
from exporter.wire import iana
from exporter.wire.records import WireError
from exporter.wire.session_client import SessionClient
from exporter.wire.tls12 import client as tls12
from exporter.wire.tls12.key_schedule import SUITES
from exporter.wire.tls13 import client as tls13
from exporter.wire.tls13.hello import Hello, Offer, read_offer
from exporter.wire.tls13.key_shares import KeyShares

MAX_KNOWN = 50_000
EXCLUDED_SECONDS = 3600.0  # left to OpenSSL, after an endpoint did something else
KEYS_SECONDS = 60.0  # how long a key share serves: the keys of a probe guard nothing
CHUNK = 65536


class FastPathUnavailableError(Exception):
    """The peer did something that is left to OpenSSL; the message says what."""


class FastPathEndpoints:
    """Remembers which endpoints are eligible, and for which version. Bounded. `now` is in the loop's time."""

    def __init__(self) -> None:
        self._known: OrderedDict[Hashable, tuple[float, ClientType]] = OrderedDict()  # since when, by which client

    def client(self, endpoint: Hashable, now: float) -> "ClientType | None":
        """Return the client that can make the handshake; None if it is left to OpenSSL."""
        since, client = self._known.get(endpoint, _UNKNOWN)
        return client if since <= now else None

    def note(self, endpoint: Hashable, done: Result) -> None:
        """Learn from a probe by OpenSSL."""
        session = done.session
        client = _CLIENTS.get(session.version) if session is not None else None
        if client is tls12.Client and session is not None and session.cipher not in _SUITES_OF_TLS12:
            client = None
        if done.failure is None and not done.client_certificate_requested and client is not None:
            since, _ = self._known.get(endpoint, (0.0, client))
            self._known[endpoint] = since, client
            if len(self._known) > MAX_KNOWN:
                self._known.popitem(last=False)
        else:
            self._known.pop(endpoint, None)

    def exclude(self, endpoint: Hashable, now: float) -> None:
        """Leave an endpoint to OpenSSL for a while."""
        self._known[endpoint] = now + EXCLUDED_SECONDS, self._known.get(endpoint, _UNKNOWN)[1]

    def __len__(self) -> int:
        return len(self._known)


ClientType = type[tls12.Client] | type[tls13.Client]
_CLIENTS: Mapping[float, ClientType] = {1.2: tls12.Client, 1.3: tls13.Client}
_SUITES_OF_TLS12 = frozenset(map(iana.cipher_suite_name, SUITES))
_UNKNOWN: tuple[float, ClientType] = (math.inf, tls13.Client)


class Offers:
    """What the fast path offers: the same as a context of OpenSSL's, to the byte, except the keys."""

    def __init__(self) -> None:
        self._offers: dict[SSL.Context, Offer | None] = {}
        self._shares: KeyShares | None = None
        self._made_at = 0.0

    def get(self, context: SSL.Context, now: float) -> Offer | None:
        """Return the offer that stands for a context; None if it cannot be made from the context's hello."""
        if self._shares is None or now - self._made_at > KEYS_SECONDS:
            self._shares, self._made_at = KeyShares(), now
            self._offers.clear()
        if context not in self._offers:
            self._offers[context] = _offer(context, self._shares)
        return self._offers[context]


def _offer(context: SSL.Context, shares: KeyShares) -> Offer | None:
    connection = SSL.Connection(context, None)
    connection.request_ocsp()
    connection.set_connect_state()
    try:
        connection.do_handshake()
    except SSL.WantReadError:
        pass
    except SSL.Error:
        return None
    try:
        return read_offer(connection.bio_read(CHUNK), shares)
    except (WireError, SSL.WantReadError):
        return None


class FastPathStream:
    """A Stream inside the session."""

    def __init__(self, client: SessionClient, stream: Stream, unsent: bytes = b"") -> None:
        self._client = client
        self._stream = stream
        self._unsent = unsent  # the end of the handshake, which goes out with the first data
        self._begun = False

    def _begin(self) -> None:
        if not self._begun:
            self._begun = True
            self._client.begin_data()

    async def read(self) -> bytes:
        """Return decrypted bytes; b"" at the end. Raises NetworkError, and FastPathUnavailableError."""
        self._begin()
        received = 0
        while True:
            data = self._client.take()
            if data or self._client.closed:
                return data
            arrived = await self._stream.read()
            if not arrived:
                return b""
            received += len(arrived)
            if received > MAX_AFTER_HANDSHAKE_BYTES:
                detail = f"more than {MAX_AFTER_HANDSHAKE_BYTES} bytes of handshake after the handshake"
                raise NetworkError(Reason.TOO_MUCH_DATA, detail)
            try:
                self._client.receive_untrusted(arrived)
            except WireError as error:
                raise FastPathUnavailableError(str(error)) from None

    def write(self, data: bytes) -> None:
        """Encrypt and send."""
        self._begin()
        self._stream.write(self._unsent + self._client.send(data))
        self._unsent = b""

    def finish(self, then: Callable[[], None] | None = None) -> None:
        """End the session with close_notify (RFC 8446 section 6.1), and the connection with it."""
        self._stream.write(self._unsent + self._client.close_notify())
        self._unsent = b""
        self._stream.finish(then)

    def close(self) -> None:
        """Close at once."""
        self._stream.close()


async def fast_path_handshake(
    stream: Stream, hello: Hello, make_client: "ClientType" = tls13.Client
) -> tuple[Handshake, FastPathStream]:
    """Complete a handshake. Raises FastPathUnavailableError, and NetworkError when the time is over.

    The last bytes of the handshake go out with what is written next, which is close_notify if nothing else is: one
    segment instead of two.
    """
    client: SessionClient = make_client(hello)
    stream.write(hello.record)
    answer = b""
    pieces = 0
    try:
        while not client.completed:
            if answer:  # a round trip within the handshake, as TLS 1.2 has it
                stream.write(answer)
            data = await stream.read()
            pieces += 1
            if not data or pieces > MAX_PIECES:
                raise FastPathUnavailableError("the peer closed the connection, or sends byte by byte")
            answer = client.receive_untrusted(data)
    except WireError as error:
        raise FastPathUnavailableError(str(error)) from None
    except NetworkError as error:
        if error.reason is Reason.TIMEOUT:
            raise
        raise FastPathUnavailableError(error.detail or error.reason) from None
    presented = client.presented
    session = _session(client.version, client.cipher_suite, client.group, client.alpn)
    done = Handshake(session, presented.certificates, staple=presented.staple, tls_scts=presented.scts)
    return done, FastPathStream(client, stream, answer)


@lru_cache(maxsize=256)
def _session(version: float, cipher_suite: int, group: int, alpn: bytes) -> Session:
    """Return what was negotiated; it is the same for many endpoints."""
    return Session(
        protocol=f"TLSv{version}",
        version=version,
        cipher=iana.cipher_suite_name(cipher_suite),
        group=iana.group_name(group),
        alpn=alpn.decode("ascii", "backslashreplace"),
    )
