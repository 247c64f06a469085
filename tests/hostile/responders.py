"""Hosts of OCSP responses and revocation lists that are broken, slow or malicious: every one is both."""

import gzip
from dataclasses import dataclass

from exporter.demo.scenario import Closed
from exporter.demo.scripts import Await, Drip, Finish, Flood, Hold, Reset, Script, Send

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class HostileResponder:
    """What a host does once it is asked, and why there is no answer then.

    `drips`: only the end of the patience with a list ends it, so that it is asked for a response alone.
    """

    name: str
    script: Script | Closed
    reason: str
    drips: bool = False


def asked(name, reason, *steps):
    return HostileResponder(name, (Await(), *steps), reason, drips=any(isinstance(step, Drip) for step in steps))


def says(name, reason, *data):
    return asked(name, reason, *map(Send, data), Hold())


def sends(name, reason, body, headers=b""):
    """Answer with a document, as a good host would."""
    return says(name, reason, OK + headers + b"Content-Length: %d\r\n\r\n" % len(body) + body)


def floods(name, reason, first, data):
    return asked(name, reason, Send(first), Flood(data))


def redirects(name, reason, where):
    return says(name, reason, b"HTTP/1.1 302 Found\r\nLocation: " + where + b"\r\nContent-Length: 0\r\n\r\n")


def inward(name, host):
    return redirects(f"redirects-to-{name}", "forbidden_address", b"http://" + host + b"/latest/meta-data/")


UNREADABLE, UNREACHABLE, TIMEOUT, TOO_LARGE = "unreadable", "unreachable", "timeout", "too_large"
CHUNK = b"10000\r\n" + b"A" * 65536 + b"\r\n"
TINY_CHUNKS = b"1\r\nA\r\n" * 10_000

RESPONDERS = (
    # it never comes to an answer
    HostileResponder("refuses", Closed(), UNREACHABLE),
    HostileResponder("closes-at-once", (), UNREACHABLE),
    HostileResponder("resets-at-once", (Reset(),), UNREACHABLE),
    asked("closes-when-asked", UNREACHABLE, Finish()),
    asked("resets-when-asked", UNREACHABLE, Reset()),
    asked("never-answers", TIMEOUT, Hold()),
    HostileResponder("never-reads", (Hold(),), TIMEOUT),
    asked("drips-its-headers", TIMEOUT, Drip(OK + b"A: b\r\n" * 1000, 0.2), Hold()),
    says("stops-within-its-headers", TIMEOUT, OK + b"A: "),
    floods("floods-headers", UNREACHABLE, OK, b"A: b\r\n" * 8000),
    floods("floods-one-header", UNREACHABLE, OK + b"A: ", b"A" * 65536),
    floods("floods-its-status-line", UNREACHABLE, b"HTTP/1.1 200 ", b"A" * 65536),
    floods("floods-interim-answers", TOO_LARGE, b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 2000),
    says("speaks-ssh", UNREACHABLE, b"SSH-2.0-x\r\n\r\n"),
    says("speaks-tls", UNREACHABLE, bytes.fromhex("15030300020228")),
    says("answers-with-bytes", UNREACHABLE, bytes(range(256)) * 40),
    says("status-of-letters", UNREACHABLE, b"HTTP/1.1 abc X\r\n\r\n"),
    says("status-500", "http_status", b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n"),
    says("status-204", "http_status", b"HTTP/1.1 204 X\r\n\r\n"),
    says("status-301-to-nowhere", "http_status", b"HTTP/1.1 301 X\r\nContent-Length: 0\r\n\r\n"),
    # its answer does not end, or is too much
    asked("drips-its-body", TIMEOUT, Send(OK + b"Content-Length: 60000\r\n\r\n"), Drip(b"A" * 60000, 0.2)),
    asked("drips-its-chunks", TIMEOUT, Send(CHUNKED), Drip(b"1\r\nA\r\n" * 9000, 0.2)),
    says("promises-more-than-it-sends", TIMEOUT, OK + b"Content-Length: 1000\r\n\r\nA"),
    asked("ends-before-its-end", UNREACHABLE, Send(OK + b"Content-Length: 1000\r\n\r\nA"), Finish()),
    asked("ends-before-its-last-chunk", UNREACHABLE, Send(CHUNKED + b"5\r\nhello\r\n"), Finish()),
    asked("resets-within-its-body", UNREACHABLE, Send(OK + b"Content-Length: 1000\r\n\r\nA"), Reset()),
    floods("floods-chunks", TOO_LARGE, CHUNKED, CHUNK),
    floods("floods-tiny-chunks", TOO_LARGE, CHUNKED, TINY_CHUNKS),
    floods("floods-a-length-of-exabytes", TOO_LARGE, OK + b"Content-Length: 9000000000000000000\r\n\r\n", CHUNK),
    floods("floods-without-a-length", TOO_LARGE, OK + b"\r\n", CHUNK),
    floods("floods-a-chunk-extension", TOO_LARGE, CHUNKED + b"5;", b"A" * 65536),
    floods("floods-trailers", UNREACHABLE, CHUNKED + b"5\r\nhello\r\n0\r\n", b"A: b\r\n" * 8000),
    says("claims-a-chunk-of-exabytes", UNREACHABLE, CHUNKED + b"FFFFFFFFFFFFFFFFF\r\nA"),
    says("claims-a-negative-length", UNREACHABLE, OK + b"Content-Length: -1\r\n\r\nA"),
    says("claims-two-lengths", UNREACHABLE, OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nAB"),
    # it sends somebody else
    redirects("redirects-to-itself", "too_many_redirects", b"/again"),
    redirects("redirects-with-64-kb", UNREACHABLE, b"/" + b"A" * 65536),
    redirects("redirects-to-https", "bad_url", b"https://example.com/"),
    redirects("redirects-to-a-file", "bad_url", b"file:///etc/passwd"),
    redirects("redirects-with-a-password", "bad_url", b"http://user:pw@127.0.0.1/"),
    redirects("redirects-to-half-an-address", UNREACHABLE, b"http://[::1/"),
    inward("metadata", b"169.254.169.254"),
    inward("metadata-in-hexadecimal", b"0xa9.0xfe.0xa9fe"),
    inward("metadata-mapped", b"[::ffff:169.254.169.254]"),
    inward("metadata-by-nat64", b"[64:ff9b::a9fe:a9fe]"),
    inward("metadata-of-ip6", b"[fd00:ec2::254]"),
    redirects("redirects-to-metadata-in-one-number", UNREACHABLE, b"http://2852039166/latest/meta-data/"),
    inward("its-link", b"[fe80::1]"),
    inward("any-address", b"0.0.0.0"),
    inward("broadcast", b"255.255.255.255"),
    # its answer is none
    sends("nothing", UNREADABLE, b""),
    sends("letters", UNREADABLE, b"hello" * 100),
    sends("a-page", UNREADABLE, b"<html><script>alert(1)</script></html>", b"Content-Type: text/html\r\n"),
    sends("escape-sequences", UNREADABLE, b"\x1b[2J\x1b]0;owned\x07"),
    sends("zeros", UNREADABLE, bytes(60_000)),
    sends("der-that-lies", UNREADABLE, b"\x30\x84\xff\xff\xff\xff" + bytes(1000)),
    sends("der-of-indefinite-length", UNREADABLE, b"\x30\x80" * 20_000),
    sends("der-nested", UNREADABLE, b"\x30\x83\x00\xea\x60" * 10_000),
    sends("a-gzip-bomb", UNREADABLE, gzip.compress(bytes(32 * MEGABYTE)), b"Content-Encoding: gzip\r\n"),
    sends("what-is-no-gzip", UNREADABLE, b"hello", b"Content-Encoding: gzip\r\n"),
    sends("what-is-no-brotli", UNREADABLE, b"hello", b"Content-Encoding: br, deflate, zstd\r\n"),
)
