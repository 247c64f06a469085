"""Peers that do not get as far as TLS: silence, ends, resets, floods, other protocols."""

from hostile.attack import Attack, handshake

from exporter.demo.scenario import Closed
from exporter.demo.scripts import Await, Drip, Finish, Flood, Hold, Pause, Reset, Send

ENDED = (("handshake", "closed"), ("handshake", "reset"))
RESET = (("handshake", "reset"), ("connect", "reset"))
SSLV2_ERROR = bytes.fromhex("8003000001")
PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + b"<h1>hello</h1>" * 8000


def says(name, data, reason="not_tls", *after):
    """Speak first, then wait."""
    return Attack(f"says-{name}", (Send(data), *(after or (Hold(),))), handshake(reason))


def answers(name, data, reason="not_tls", *after):
    """Answer the ClientHello, then wait."""
    return Attack(f"answers-{name}", (Await(), Send(data), *(after or (Hold(),))), handshake(reason))


CONNECTIONS = (
    Attack("refuses", Closed(), (("connect", "refused"),)),
    Attack("silent", (Hold(),), handshake("timeout")),
    Attack("reads-nothing", (Pause(60),), handshake("timeout")),
    Attack("reads-then-silent", (Await(), Pause(60)), handshake("timeout")),
    Attack("closes-at-once", (), ENDED),
    Attack("ends-at-once", (Finish(),), handshake("closed")),
    Attack("ends-after-hello", (Await(), Finish()), handshake("closed")),
    Attack("resets-at-once", (Reset(),), RESET),
    Attack("resets-after-hello", (Await(), Reset()), handshake("reset")),
    Attack("resets-late", (Await(), Pause(0.5), Reset()), handshake("reset")),
    Attack("ends-late", (Await(), Pause(0.5), Finish()), handshake("closed")),
    answers("http-400", b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", "not_tls", Finish()),
    answers("a-long-page", PAGE),
    Attack("floods-a-page", (Await(), Flood(PAGE)), handshake("not_tls")),
    Attack("floods-zeros", (Flood(bytes(65536)),), handshake("not_tls")),
    Attack("floods-letters", (Flood(b"A" * 65536),), handshake("not_tls")),
    Attack("drips-letters", (Drip(b"hello, who is there?", 0.1), Hold()), handshake("not_tls")),
    Attack("drips-slowly", (Drip(b"\x16\x03\x03", 0.9), Hold()), handshake("timeout")),
    says("ssh", b"SSH-2.0-OpenSSH_9.9\r\n"),
    says("ssh-then-ends", b"SSH-2.0-OpenSSH_9.9\r\n", "not_tls", Finish()),
    says("smtp", b"220 mail.example.com ESMTP\r\n"),
    says("ftp", b"220 (vsFTPd 3.0.5)\r\n"),
    says("mysql", bytes.fromhex("4a0000000a") + b"8.0.36\x00" + bytes(60)),
    says("escape-sequences", b"\x1b]0;owned\x07\x1b[2J\x1b[31m\r\n"),
    says("an-emoji", "😀 \u202e".encode()),
    says("xml", b"<?xml version='1.0'?><stream:stream>"),
    says("one-letter-then-ends", b"A", "not_tls", Finish()),
    says("format-strings", b"%s%n%x{0}{self}${jndi:ldap://x}\n" * 10),
    answers("sslv2-error", SSLV2_ERROR),
    answers("a-dns-message", bytes.fromhex("001c1234818000010000000000000377777706676f6f676c6503636f6d")),
    answers("http2-settings", bytes.fromhex("00000c0400000000000003000000640004") + b"\xff" * 8),
    answers("nothing-then-resets", b"", "reset", Reset()),
)
