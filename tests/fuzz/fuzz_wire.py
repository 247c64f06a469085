"""Coverage-guided fuzzing of every reader of TLS bytes: only the one error type may come out of it.

python tests/fuzz/fuzz_wire.py -runs=1000000 -max_len=4096 [CORPUS]
python tests/fuzz/fuzz_wire.py -max_total_time=60
"""

import contextlib
import sys

import atheris

with atheris.instrument_imports(include=["exporter.wire"]):
    from exporter.wire import heartbeat, sslv2
    from exporter.wire.records import (
        HandshakeReader,
        RecordReader,
        WireError,
        looks_like_tls_untrusted,
        read_alert_untrusted,
        record,
    )
    from exporter.wire.server_flight import ServerFlightReader, read_server_flight_untrusted
    from exporter.wire.serverhello import (
        ServerHello,
        read_alpn_untrusted,
        read_certificate_status_untrusted,
        read_certificates_untrusted,
        read_key_exchange_untrusted,
        read_scts_untrusted,
        read_server_hello_untrusted,
    )

SUITES = (0xC02F, 0x009E, 0x0034, 0x0008, 0x1301, 0xC018, 0x008D)


def one_input(data: bytes) -> None:
    """Give one input to every reader."""
    suite = SUITES[data[0] % len(SUITES)] if data else SUITES[0]
    hello = ServerHello(0x0303, bytes(32), b"", suite, 0, {16: data, 18: data})
    flight = read_server_flight_untrusted(data)
    read_server_flight_untrusted(record(22, 0x0303, data[:16384]))
    in_parts = ServerFlightReader()
    for start in range(0, len(data), 7):
        in_parts.feed_untrusted(data[start : start + 7])
    assert in_parts.flight.certificates == flight.certificates
    assert in_parts.flight.not_tls == flight.not_tls
    sslv2.read_answer_untrusted(data)
    heartbeat.read_echo_untrusted((data,))
    looks_like_tls_untrusted(data)
    read_scts_untrusted(hello)
    for read in (
        lambda: list(RecordReader().feed_untrusted(data)),
        lambda: list(HandshakeReader().feed_untrusted(data)),
        lambda: read_alert_untrusted(data),
        lambda: read_server_hello_untrusted(data),
        lambda: read_certificates_untrusted(data),
        lambda: read_certificate_status_untrusted(data),
        lambda: read_key_exchange_untrusted(data, 0x0303, suite),
        lambda: read_alpn_untrusted(hello),
    ):
        with contextlib.suppress(WireError):
            read()


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
