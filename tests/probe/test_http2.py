"""The request over HTTP/2: what a server hears, what is read of its answer, and that no library speaks in a text."""

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import RequestReceived
from hypothesis import given, settings
from hypothesis import strategies as st
from support.probing import make_prober, probe_one
from support.scripted import TIMEOUT, ScriptedStream
from support.servers.credential import make_credential
from support.servers.nghttpd import nghttpd

from exporter import __version__
from exporter.config.model import HTTPConfig
from exporter.probe.http import CLOSED, MAX_ANSWER_BYTES, NO_REQUEST
from exporter.probe.http2 import NOT_HTTP_2, request
from exporter.probe.result import HSTS, HTTPFacts


class Server(ScriptedStream):
    """A server on the library's other half, which answers a request by a function, in pieces of so many bytes."""

    def __init__(self, answer, piece=65536):
        super().__init__([])
        self.connection = H2Connection(H2Configuration(client_side=False, header_encoding="ascii"))
        self.connection.initiate_connection()
        self.answer, self.piece, self.pending, self.headers = answer, piece, b"", None

    def write(self, data):
        super().write(data)
        for event in self.connection.receive_data(data):
            if isinstance(event, RequestReceived):
                self.headers = dict(event.headers)
                self.answer(self.connection)
        self.pending += self.connection.data_to_send()

    async def read(self):
        piece, self.pending = self.pending[: self.piece], self.pending[self.piece :]
        return piece


def answering(*headers, status="200", then=None):
    def answer(connection):
        connection.send_headers(1, [(":status", status), *headers], end_stream=False)
        if then is not None:
            then(connection)

    return answer


@pytest.mark.parametrize("piece", [1, 7, 65536])
async def test_facts(piece):
    """As over HTTP/1.1, however the answer arrives."""
    server = Server(
        answering(("strict-transport-security", "max-age=300"), ("alt-svc", 'h3=":443"'), ("location", "/x")), piece
    )
    facts = await request(server, "www.example.com:8443", "/health?ü=1")
    assert facts == HTTPFacts(200, "2", HSTS(300), alt_svc='h3=":443"')
    assert server.headers == {
        ":method": "GET",
        ":scheme": "https",
        ":authority": "www.example.com:8443",
        ":path": "/health?%C3%BC=1",
        "user-agent": f"tls-exporter/{__version__}",
        "accept": "*/*",
    }


async def test_interim_answers_are_passed_over():
    def answer(connection):
        connection.send_headers(1, [(":status", "103"), ("strict-transport-security", "max-age=1")])
        connection.send_headers(1, [(":status", "301"), ("location", "/y")])

    assert await request(Server(answer), "a", "/") == HTTPFacts(301, "2", location="/y")


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (lambda c: c.reset_stream(1, ErrorCodes.REFUSED_STREAM), "the server ended the request with REFUSED_STREAM"),
        (lambda c: c.reset_stream(1, 0x77), "the server ended the request with error 119"),
        (lambda c: c.close_connection(ErrorCodes.INADEQUATE_SECURITY), "the server ended the request with INADEQUATE"),
        (lambda _: None, CLOSED),
    ],
)
async def test_no_answer(answer, failure):
    facts = await request(Server(answer), "a", "/")
    assert facts == HTTPFacts(failure=facts.failure)
    assert facts.failure.startswith(failure)


PING = bytes.fromhex("000008060000000000") + bytes(8)


@pytest.mark.parametrize(
    ("chunks", "failure"),
    [
        ([], CLOSED),
        ([b"HTTP/1.1 400 Bad Request\r\n\r\n"], NOT_HTTP_2),
        ([bytes.fromhex("00000004000000000000000101050000000141")], NOT_HTTP_2),
        ([bytes.fromhex("00000004000000000000000401040000000108023939")], NOT_HTTP_2),
        (
            [bytes.fromhex("000000040000000000"), *[bytes.fromhex("000008060000000000") + bytes(8)] * 40_000],
            "more than",
        ),
        ([TIMEOUT], "timeout: the deadline passed"),
    ],
)
async def test_what_is_no_answer(chunks, failure):
    """A protocol error is reported in the exporter's words: no class, state or event of a library."""
    facts = await request(ScriptedStream(chunks), "a", "/")
    assert facts.status_code is None
    assert facts.failure.startswith(failure), MAX_ANSWER_BYTES


async def test_a_host_that_cannot_be_sent():
    assert (await request(ScriptedStream([]), "ü.example", "/")).failure == NO_REQUEST


@settings(deadline=None, max_examples=300)
@given(st.lists(st.binary(max_size=80), max_size=6))
async def test_any_bytes_end_in_a_result(chunks):
    facts = await request(ScriptedStream([bytes.fromhex("000000040000000000"), *chunks]), "a", "/")
    assert facts.failure.isprintable()
    assert "h2" not in facts.failure


async def test_a_service_that_speaks_nothing_else(tmp_path):
    """nghttpd: HTTP/1.1 is tried once; then it is known, and one connection does."""
    credential, prober = make_credential(tmp_path), make_prober()
    with nghttpd(tmp_path, credential) as port:
        for _ in range(3):
            result = await probe_one(f"127.0.0.1:{port}", prober, http=HTTPConfig(), alpn=("h2", "http/1.1"))
            assert (result.session.alpn, result.http.status_code, result.http.version) == ("h2", 200, "2")
    assert not any("once more" in event.text for event in result.events)
    assert len(prober.http2_endpoints) == 1
    prober.resolver.close()
