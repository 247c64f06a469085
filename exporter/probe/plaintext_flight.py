"""The certificate of a server that shares nothing with OpenSSL: read from the answer to an older hello.

Up to TLS 1.2 a server sends its certificate in plaintext (RFC 5246 section 7.4.2). No handshake is completed: that
the server has one that current clients cannot use is what the probe reports.
"""

import os
from collections.abc import Iterator

from exporter.net.limits import MAX_CERTIFICATES, MAX_HANDSHAKE_BYTES
from exporter.net.reason import NetworkError, Reason
from exporter.net.stream import Stream
from exporter.probe.handshake_failure import flight_session
from exporter.probe.result import Failure, Handshake
from exporter.wire.clienthello import ClientHello
from exporter.wire.iana import CIPHER_SUITES, SSL_3_0, TLS_1_2
from exporter.wire.server_flight import ServerFlightReader

_OLD_CIPHERS = ("3DES", "RC4", "DES_CBC", "DES40", "IDEA", "SEED", "AES_128_CBC_SHA", "AES_256_CBC_SHA", "NULL_SHA")
_EXCHANGES = ("TLS_RSA_", "TLS_DHE_RSA_", "TLS_DHE_DSS_", "TLS_ECDHE_")
_OLD_SUITES = tuple(
    number
    for number, name in CIPHER_SUITES.items()
    if name.startswith(_EXCHANGES) and "PSK" not in name and name.partition("_WITH_")[2].startswith(_OLD_CIPHERS)
)[:100]
_SSL3_SUITES = tuple(number for number in _OLD_SUITES if number < 0x0060)  # noqa: PLR2004 - those of RFC 6101 and 3268
_CURVES = (29, 23, 24, 25)
_SCHEMES = (0x0403, 0x0401, 0x0501, 0x0601, 0x0203, 0x0201, 0x0202, 0x0402)


def plaintext_hellos(server_name: str | None) -> Iterator[ClientHello]:
    """Yield hellos with all that OpenSSL has dropped: up to TLS 1.2, and of SSL 3.0 without extensions."""
    yield ClientHello(TLS_1_2, _OLD_SUITES, os.urandom(32), server_name, _CURVES, _SCHEMES)
    yield ClientHello(SSL_3_0, _SSL3_SUITES, os.urandom(32))


async def read_flight(stream: Stream, hello: ClientHello, failure: Failure) -> Handshake:
    """Send a hello and return what the answer shows, with the failure of the handshake before. Raises NetworkError."""
    stream.write(hello.write())
    reader, received = ServerFlightReader(), 0
    while not reader.flight.over:
        data = await stream.read()
        received += len(data)
        if received > MAX_HANDSHAKE_BYTES:
            raise NetworkError(Reason.TOO_MUCH_DATA, f"more than {MAX_HANDSHAKE_BYTES} bytes of handshake")
        if not data:
            break
        reader.feed_untrusted(data)
    flight = reader.flight
    session = flight_session(flight)
    if session is None or not flight.certificates:
        return Handshake(failure=failure)
    spoken = f"the server answers an older hello with {session.protocol} and {session.cipher}"
    detail = "; ".join(part for part in (failure.detail, spoken) if part)
    return Handshake(
        session=session,
        chain=flight.certificates[:MAX_CERTIFICATES],
        chain_truncated=flight.certificates_truncated,
        staple=flight.staple,
        client_certificate_requested=flight.certificate_requested,
        failure=Failure(failure.phase, failure.reason, detail),
    )
