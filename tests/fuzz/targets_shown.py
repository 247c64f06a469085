"""What peers said on its way out: HTTP answers, and every text that is made of a probe (series, pages, terminal)."""

# ruff: noqa: D401 - a target says what it proves

import asyncio
import re
from collections.abc import Callable

from h2.config import H2Configuration
from h2.connection import H2Connection
from prometheus_client.parser import text_string_to_metric_families
from support.pki import NOW, intermediate, leaf, root
from support.results import make_result
from support.scripted import TIMEOUT, ScriptedStream
from support.trust import store_of

from exporter.certificates.chain_cache import ChainAssessor
from exporter.cli.report import as_text
from exporter.cli.report_json import as_json
from exporter.config.model import HTTPConfig, Module
from exporter.findings.assessment import assess
from exporter.findings.observation import Observation
from exporter.metrics.exposition import pages
from exporter.net.reason import Reason
from exporter.probe import http, http2
from exporter.probe.hsts import read_hsts_untrusted
from exporter.probe.http3 import _status_untrusted as read_status_untrusted
from exporter.probe.redirect import redirect_verdict
from exporter.probe.result import Event, Failure, HTTPFacts, Phase, Session
from exporter.scrape.history import History
from exporter.scrape.report import TargetReport, make_report
from exporter.target import Target, parse_endpoint
from exporter.text import printable
from exporter.web.debug_text import debug_text
from exporter.web.pages import Shell, render
from exporter.web.probe_page import exposition
from exporter.web.target_list import row
from exporter.web.target_view import recent_bars, view
from tests.fuzz.target import FuzzTarget, parts, whole

TOP = root()
MIDDLE = intermediate(TOP)
STORE = store_of(TOP, public=True)
TARGET = Target("a.example:443", parse_endpoint("a.example:443"), "https", (("team", "web"),))
MODULE = Module("https", http=HTTPConfig())
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_MARKUP = re.compile("<script>|<img|<iframe")  # none of these is in our own pages


def http_answer(data: bytes) -> None:
    """Any answer gives facts, or the reason why there are none."""
    facts = asyncio.run(http.request(ScriptedStream(parts(data)), "a.example", "/a?b"))
    assert (facts.status_code is None) == bool(facts.failure)
    assert (facts.location + facts.alt_svc + facts.failure).isprintable()
    _, sentence = redirect_verdict(facts, "a.example", "/")
    assert sentence.isprintable()


def _http_seeds() -> list[bytes]:
    head = b"Strict-Transport-Security: max-age=31536000; includeSubDomains; preload\r\nAlt-Svc: h3=':443'\r\n\r\n"
    return [
        whole(b"HTTP/1.1 200 OK\r\n" + head),
        whole(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.0 301 Go\r\nLocation: https://b.example/\r\n\r\n"),
        whole(b"HTTP/1.1 302 Go\r\nLocation: //[::1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 7),
    ]


def http2_answer(data: bytes) -> None:
    """Any answer over HTTP/2 gives facts, or the reason why there are none."""
    facts = asyncio.run(http2.request(ScriptedStream(parts(data)), "a.example", "/a?b"))
    assert (facts.status_code is None) == bool(facts.failure)
    assert (facts.location + facts.alt_svc + facts.failure).isprintable()


def _http2_seeds() -> list[bytes]:
    return [whole(_answered(lambda server, status=status: _respond(server, status))) for status in ("200", "301")] + [
        whole(_answered(lambda server: server.reset_stream(1, 7))),
        whole(_answered(lambda server: server.close_connection(11))),
        whole(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    ]


def _answered(answer: Callable[[H2Connection], None]) -> bytes:
    """Return what a server of the same library writes to our request."""
    asking = ScriptedStream([TIMEOUT])
    asyncio.run(http2.request(asking, "a.example", "/a?b"))
    server = H2Connection(H2Configuration(client_side=False))
    server.initiate_connection()
    server.receive_data(asking.written)
    answer(server)
    return server.data_to_send()


def _respond(server: H2Connection, status: str) -> None:
    fields = (("location", "https://b.example/"), ("strict-transport-security", "max-age=1"), ("alt-svc", "h3=':443'"))
    server.send_headers(1, [(":status", status), *fields], end_stream=True)


def header_fields(data: bytes) -> None:
    """HSTS, Location and the status, as h11 and aioquic would hand them on: read, or said to be malformed."""
    hsts = read_hsts_untrusted(data.split(b"\0"))
    assert hsts is not None
    assert hsts.malformed or hsts.max_age is not None
    assert hsts.malformed.isprintable()
    assert read_status_untrusted([(b":status", data)]) in range(1000)
    for host in ("a.example", "[::1]:80", "192.0.2.1"):
        facts = HTTPFacts(301, "1.1", location=printable(data.decode("latin-1"), 2048))
        assert redirect_verdict(facts, host, "/a")[1].isprintable()


def _field_seeds() -> list[bytes]:
    return [
        b'max-age="31536000" ; includeSubDomains;preload',
        b"max-age=0\0max-age=1",
        b"https://a.example/a?b#c",
        b"//[",
    ]


def shown(data: bytes) -> None:
    """A peer's words break neither the exposition nor JSON, and reach no terminal and no page unescaped."""
    made = _reading(data)
    series = exposition(made)
    series.decode("utf-8")
    assert len(list(text_string_to_metric_families(series.decode()))) > 3
    b"".join(pages("application/openmetrics-text", [made.lines], [])).decode()
    for text in (as_text([made]), debug_text(made, "")):
        assert not _CONTROL.search(text), _CONTROL.search(text)
    as_json([made], single=True)
    history = History()
    history.record(made)
    past = history.histories[TARGET]
    page = render(
        "target.html",
        Shell("", "metrics"),
        target=TARGET,
        row=row(TARGET, past, NOW),
        past=past,
        bars=recent_bars(past.recent),
        views=[view(assessment, NOW) for assessment in made.assessments],
        probe_now=False,
        parameters={"target": TARGET.name, "module": TARGET.module},
        version="0",
        now=NOW,
    )
    assert not _MARKUP.search(page), _MARKUP.search(page)


def _reading(data: bytes) -> TargetReport:
    """Return the reading of a peer that says this everywhere: as certificate, header field, protocol and error."""
    words = data[:300].decode("latin-1")
    chain = ChainAssessor().assess_chain((data, MIDDLE.der, leaf(TOP, subject="CN=x").der), STORE, NOW)
    result = make_result(
        NOW - 1,
        0.5,
        durations=((Phase.CONNECT, 0.1),),
        reachable=True,
        failure=Failure(Phase.HTTP, Reason.TIMEOUT, printable(words)) if len(data) % 2 else None,
        address="192.0.2.1",
        family="ip4",
        session=Session("TLSv1.3", 1.3, "TLS_AES_128_GCM_SHA256", "x25519", words[:255]),
        chain=(data, MIDDLE.der),
        http=HTTPFacts(301, "1.1", read_hsts_untrusted([data]), printable(words), printable(words)),
        events=(Event(0.1, Phase.CONNECT, printable(words)),),
    )
    observation = Observation(
        TARGET,
        MODULE,
        result,
        NOW,
        certificates=chain.certificates,
        verdicts=chain.verdicts,
        chain=chain,
        name_match=False,
        sct_count=0,
    )
    return make_report(TARGET, MODULE, (assess(observation),))


def _shown_seeds() -> list[bytes]:
    hostile = leaf(None, subject='CN=<script>alert(1)</script>,O=a"b\\c\n\x1b[2J\u202e', not_after=NOW - 1)
    later = leaf(MIDDLE, not_before=NOW + 1)
    return [hostile.der, later.der, leaf(MIDDLE).der, b'<img src=x onerror=alert(1)>"}\n# EOF\n\x1b[2J']


TARGETS = {
    "http_answer": FuzzTarget(http_answer, _http_seeds),
    "http2_answer": FuzzTarget(http2_answer, _http2_seeds),
    "header_fields": FuzzTarget(header_fields, _field_seeds),
    "shown": FuzzTarget(shown, _shown_seeds),
}
