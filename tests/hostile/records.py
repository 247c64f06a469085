"""Peers whose records break the protocol, whole floods of them among them."""

from hostile.attack import Attack, handshake

from exporter.demo import flights
from exporter.demo.scripts import Await, Drip, Finish, Flood, Hold, Pause, Reset, Send

ALERT, CCS, HANDSHAKE, DATA, HEARTBEAT = 21, 20, 22, 23, 24
HELLO = flights.record(HANDSHAKE, flights.server_hello())
PROTOCOL = handshake("protocol_error")


def answers(name, data, expected=PROTOCOL, *after):
    return Attack(name, (Await(), Send(data), *(after or (Hold(),))), expected)


def header(content_type, length, version=0x0303):
    return bytes((content_type,)) + version.to_bytes(2, "big") + length.to_bytes(2, "big")


RECORDS = (
    answers("record-of-version-0", header(HANDSHAKE, 64, 0x0000) + bytes(64), handshake("not_tls")),
    answers("record-of-version-4", header(HANDSHAKE, 64, 0x0400) + bytes(64), handshake("not_tls")),
    answers("record-of-version-ff", header(HANDSHAKE, 64, 0xFFFF) + bytes(64), handshake("not_tls")),
    answers("record-of-type-99", header(99, 64) + bytes(64), handshake("not_tls")),
    answers("record-of-65535", header(HANDSHAKE, 65535) + bytes(65535), handshake("not_tls")),
    answers("record-too-long-later", HELLO + header(HANDSHAKE, 65535) + bytes(65535)),
    answers("record-of-type-99-later", HELLO + header(99, 64) + bytes(64)),
    answers("letters-later", HELLO + b"HTTP/1.1 500 oops\r\n\r\n"),
    answers("empty-handshake-record", header(HANDSHAKE, 0) + HELLO, handshake("timeout")),
    Attack("floods-empty-records", (Await(), Flood(header(HANDSHAKE, 0) * 4096)), PROTOCOL),
    Attack("floods-empty-data", (Await(), Flood(header(DATA, 0) * 4096)), PROTOCOL),
    answers("data-first", flights.record(DATA, b"hello")),
    answers("ccs-first", flights.record(CCS, b"\x01"), (("handshake", "timeout"), *PROTOCOL)),
    answers("ccs-of-two-bytes", flights.record(CCS, b"\x01\x01")),
    answers("ccs-too-early", HELLO + flights.record(CCS, b"\x01") + flights.record(HANDSHAKE, bytes(64))),
    Attack("floods-ccs", (Await(), Flood(flights.record(CCS, b"\x01") * 4096)), PROTOCOL),
    answers("heartbeat-first", flights.record(HEARTBEAT, b"\x01\x00\x10" + bytes(32))),
    Attack("floods-heartbeats", (Await(), Flood(flights.record(HEARTBEAT, bytes(64)) * 512)), PROTOCOL),
    answers("record-cut-then-ends", HELLO[:30], handshake("closed"), Finish()),
    answers("record-cut-then-resets", HELLO[:30], handshake("reset"), Pause(0.2), Reset()),
    answers("record-cut-then-silent", HELLO[:30], handshake("timeout")),
    answers("header-only", HELLO[:5], handshake("timeout")),
    answers("half-a-header-then-ends", HELLO[:3], handshake("closed"), Finish()),
    Attack("drips-a-hello", (Await(), Drip(HELLO, 0.2), Hold()), handshake("timeout")),
    answers(
        "hello-in-one-byte-records",
        b"".join(flights.record(HANDSHAKE, HELLO[at : at + 1]) for at in range(5, len(HELLO))),
        handshake("timeout"),
    ),
    answers("alert-empty", header(ALERT, 0)),
    answers("alert-of-one-byte", flights.record(ALERT, b"\x02")),
    answers("alert-of-three-bytes", flights.record(ALERT, b"\x02\x28\x00")),
    answers("alert-of-level-99", flights.alert(40, 99)),
    answers(
        "alert-close-notify-fatal", flights.alert(0, 2), (("handshake", "closed"), ("handshake", "alert_close_notify"))
    ),
    answers("alert-warning-then-silent", flights.alert(112, 1), handshake("timeout")),
    answers("alert-warning-then-ends", flights.alert(112, 1), handshake("closed"), Finish()),
    Attack("floods-warnings", (Await(), Flood(flights.alert(112, 1) * 4096)), PROTOCOL),
    answers("alert-close-notify", flights.alert(0, 1), handshake("closed")),
    answers("alert-after-hello", HELLO + flights.alert(80), handshake("alert_internal_error")),
    answers("alert-unassigned", flights.alert(255), handshake("alert_unassigned")),
    answers("alert-then-flood", flights.alert(40) + bytes(60000), handshake("alert_handshake_failure")),
    Attack(
        "alert-then-resets",
        (Await(), Send(flights.alert(70)), Pause(0.3), Reset()),
        handshake("alert_protocol_version"),
    ),
)

# RFC 8446 section 6, and the older ones of RFC 5246 and RFC 6066 that servers still send
ALERTS = {
    10: "unexpected_message",
    20: "bad_record_mac",
    21: "decryption_failed",
    22: "record_overflow",
    30: "decompression_failure",
    40: "handshake_failure",
    42: "bad_certificate",
    43: "unsupported_certificate",
    44: "certificate_revoked",
    45: "certificate_expired",
    46: "certificate_unknown",
    47: "illegal_parameter",
    48: "unknown_ca",
    49: "access_denied",
    50: "decode_error",
    51: "decrypt_error",
    60: "export_restriction",
    70: "protocol_version",
    71: "insufficient_security",
    80: "internal_error",
    86: "inappropriate_fallback",
    90: "user_canceled",
    100: "no_renegotiation",
    109: "missing_extension",
    110: "unsupported_extension",
    111: "certificate_unobtainable",
    112: "unrecognized_name",
    113: "bad_certificate_status_response",
    114: "bad_certificate_hash_value",
    115: "unknown_psk_identity",
    116: "certificate_required",
    120: "no_application_protocol",
    121: "ech_required",
}

FATAL_ALERTS = tuple(
    answers(f"fatal-{name.replace('_', '-')}", flights.alert(code), handshake(f"alert_{name}"), Finish())
    for code, name in ALERTS.items()
)
