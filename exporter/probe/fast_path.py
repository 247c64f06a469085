"""The short way of a handshake: TLS 1.3 by the client of `wire.tls13`, for endpoints that OpenSSL has seen before.

The first probe of an endpoint is OpenSSL's. If all it saw was an ordinary TLS 1.3 handshake, the next ones take the
short way, which costs a third. Whatever is not ordinary there is asked again with OpenSSL on a new connection, so
that every failure, alert and older version in a result is as OpenSSL reports it.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import lru_cache

from OpenSSL import SSL

from exporter.net.limits import MAX_AFTER_HANDSHAKE_BYTES, MAX_PIECES
from exporter.net.reason import NetworkError, Reason
from exporter.net.stream import Stream
from exporter.probe.result import Handshake, Result, Session
from exporter.wire import iana
from exporter.wire.records import WireError
from exporter.wire.tls13.client import Client
from exporter.wire.tls13.hello import Hello, Offer, read_offer
from exporter.wire.tls13.key_shares import KeyShares

MAX_KNOWN = 50_000
EXCLUDED_SECONDS = 3600.0  # OpenSSL's turn, after an endpoint turned out not to be ordinary
KEYS_SECONDS = 60.0  # how long a key share serves: the keys of a probe guard nothing
CHUNK = 65536


class FastPathUnavailableError(Exception):
    """The peer did something that is left to OpenSSL; the message says what."""


class FastPathEndpoints:
    """Remembers which endpoints completed an ordinary TLS 1.3 handshake. Bounded. `now` is in the loop's time."""

    def __init__(self) -> None:
        self._since: OrderedDict[Hashable, float] = OrderedDict()

    def holds(self, endpoint: Hashable, now: float) -> bool:
        """Tell whether the short way can be taken."""
        return self._since.get(endpoint, now + 1.0) <= now

    def note(self, endpoint: Hashable, done: Result) -> None:
        """Learn from a probe by OpenSSL."""
        session = done.session
        if done.failure is None and not done.client_certificate_requested and session and session.version == 1.3:  # noqa: PLR2004
            self._since.setdefault(endpoint, 0.0)
            if len(self._since) > MAX_KNOWN:
                self._since.popitem(last=False)
        else:
            self._since.pop(endpoint, None)

    def exclude(self, endpoint: Hashable, now: float) -> None:
        """Leave an endpoint to OpenSSL for a while."""
        self._since[endpoint] = now + EXCLUDED_SECONDS

    def __len__(self) -> int:
        return len(self._since)


class Offers:
    """What the short way offers: the same as a context of OpenSSL's, to the byte, but for the keys."""

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
    """A Stream inside the session of an ordinary handshake."""

    def __init__(self, client: Client, stream: Stream, unsent: bytes = b"") -> None:
        self._client = client
        self._stream = stream
        self._unsent = unsent  # the end of the handshake, which goes out with the first data
        self._begun = False

    def _begin(self) -> None:
        if not self._begun:
            self._begun = True
            self._client.begin_data()

    async def read(self) -> bytes:
        """Return decrypted bytes; b"" at the end. Raises NetworkError, and NotOrdinaryError."""
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


async def fast_path_handshake(stream: Stream, hello: Hello) -> tuple[Handshake, FastPathStream]:
    """Complete a handshake. Raises FastPathUnavailableError, and NetworkError when the time is over.

    Our Finished goes out with what is written next, which close_notify is if nothing else: one segment instead of two.
    """
    client = Client(hello)
    stream.write(hello.record)
    answer = b""
    pieces = 0
    try:
        while not client.completed:
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
    session = _session(client.cipher_suite, client.group, client.alpn)
    done = Handshake(session, presented.certificates, staple=presented.staple, tls_scts=presented.scts)
    return done, FastPathStream(client, stream, answer)


@lru_cache(maxsize=256)
def _session(cipher_suite: int, group: int, alpn: bytes) -> Session:
    """Return what was negotiated; it is the same for many endpoints."""
    return Session(
        protocol="TLSv1.3",
        version=1.3,
        cipher=iana.cipher_suite_name(cipher_suite),
        group=iana.group_name(group),
        alpn=alpn.decode("ascii", "backslashreplace"),
    )
