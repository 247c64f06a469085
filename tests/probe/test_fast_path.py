"""The fast path sees what OpenSSL sees, is taken only where that is so, and leaves everything else to OpenSSL."""

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from OpenSSL import SSL

from exporter.config.model import HTTPConfig, TLSConfig
from exporter.net.reason import Reason
from exporter.probe import attempt
from exporter.probe.fast_path import EXCLUDED_SECONDS, KEYS_SECONDS, FastPathEndpoints, Offers
from exporter.probe.openssl_contexts import make_context
from exporter.probe.result import Result, Session
from tests.support import pki
from tests.support.probing import make_prober, probe_all, probe_one
from tests.support.results import changed, make_result

ROOT = pki.root()
MIDDLE = pki.intermediate(ROOT)
STAPLE = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER).public_bytes(Encoding.DER)
TIMES = {"started_at": 0.0, "total_seconds": 0.0, "durations": (), "events": ()}


def certificate(key=None):
    return pki.leaf(MIDDLE, key=key) if key is not None else pki.leaf(MIDDLE)


class Server:
    """An OpenSSL server on the loopback whose settings may change between connections; it answers HTTP."""

    def __init__(self, issued):
        self.issued = issued
        self.connections = 0
        self.settings = []
        self.dies = False
        self.handlers = []

    def context(self):
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.use_certificate(self.issued.parsed)
        context.add_extra_chain_cert(MIDDLE.parsed)
        context.use_privatekey(self.issued.key)
        context.set_ocsp_server_callback(lambda _connection, _data: STAPLE)
        context.set_alpn_select_callback(lambda _connection, offered: offered[-1])
        for change in self.settings:
            change(context)
        return context

    async def serve(self, reader, writer):
        self.connections += 1
        self.handlers.append(asyncio.current_task())
        with suppress(OSError):
            if not self.dies:
                await self._serve(reader, writer)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    async def _serve(self, reader, writer):
        connection = SSL.Connection(self.context(), None)
        connection.set_accept_state()
        request = b""
        while not request.endswith(b"\r\n\r\n"):
            try:
                request += connection.recv(65536)
            except SSL.WantReadError:
                send(connection, writer)
                data = await reader.read(65536)
                if not data:
                    return
                connection.bio_write(data)
            except SSL.Error:
                send(connection, writer)
                return
        connection.send(b"HTTP/1.1 204 No Content\r\nStrict-Transport-Security: max-age=31536000\r\n\r\n")
        send(connection, writer)


def send(connection, writer):
    try:
        while True:
            writer.write(connection.bio_read(65536))
    except SSL.WantReadError:
        pass


@asynccontextmanager
async def serving(issued=None):
    server = Server(issued or certificate())
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    async with listener:
        yield server, f"127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        await asyncio.gather(*server.handlers)


@pytest.fixture
def prober():
    made = make_prober()
    yield made
    made.resolver.close()


def without_times(result: Result) -> Result:
    return replace(result, **TIMES)


def only_preshared_keys(context):
    """Leave no suite in common: every certificate, group and suite of the library is offered."""
    context.set_max_proto_version(SSL.TLS1_2_VERSION)
    context.set_cipher_list(b"PSK-AES128-GCM-SHA256")


def groups(context, names):
    assert SSL._lib.SSL_CTX_set1_curves_list(context._context, names) == 1


def said(result: Result) -> str:
    return " ".join(event.text for event in result.events)


OLD = "TLSv1.2"
VERSIONS = {
    "TLSv1.3": ("X25519MLKEM768", []),
    OLD: ("x25519", [lambda one: one.set_max_proto_version(SSL.TLS1_2_VERSION)]),
}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("key", [None, pki.rsa_key()], ids=["ecdsa", "rsa"])
async def test_the_second_probe_sees_the_same_as_the_first(prober, key, version):
    async with serving(certificate(key)) as (server, target):
        group, server.settings = VERSIONS[version]
        module = {"alpn": ("h2", "http/1.1"), "tls_config": TLSConfig(server_name="a.example")}
        results = [await probe_one(target, prober, **module) for _ in range(3)]
        assert results[0].success
        assert results[0].staple == STAPLE
        assert len(results[0].chain) == 2
        assert (results[0].session.protocol, results[0].session.group) == (version, group)
        assert without_times(results[1]) == without_times(results[0])
        assert without_times(results[2]) == without_times(results[0])
        assert server.connections == 3, "nothing was asked twice"
        assert prober.fast_path_endpoints.client(("127.0.0.1", int(target[10:]), "a.example", None, None), 0.0)


async def test_without_the_fast_path_every_handshake_is_openssls(prober, monkeypatch):
    """`global.fast_path: false`: the exporter's own client is not asked, however well the endpoint is known."""
    prober.fast_path = False
    monkeypatch.setattr(attempt, "fast_path_handshake", None)
    async with serving() as (_, target):
        for _ in range(3):
            assert (await probe_one(target, prober)).success
    prober.fast_path = True
    async with serving() as (_, target):
        await probe_one(target, prober)
        assert (await probe_one(target, prober)).failure.reason is Reason.INTERNAL_ERROR, "which asks for it"


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_request_goes_through_the_fast_path_too(prober, version):
    async with serving() as (server, target):
        server.settings = VERSIONS[version][1]
        results = [await probe_one(target, prober, http=HTTPConfig(), alpn=("http/1.1",)) for _ in range(2)]
        assert [result.http.status_code for result in results] == [204, 204]
        assert results[1].http == results[0].http
        assert results[1].http.hsts.max_age == 31536000


@pytest.mark.parametrize(
    ("change", "failure"),
    [
        (lambda context: context.set_max_proto_version(SSL.TLS1_2_VERSION), None),
        (lambda context: context.set_verify(SSL.VERIFY_PEER, lambda *_: True), None),
        (lambda context: groups(context, b"P-384"), None),
        (only_preshared_keys, Reason.ALERT_HANDSHAKE_FAILURE),
    ],
    ids=["TLS 1.2", "a client certificate is wanted", "HelloRetryRequest", "no suite in common"],
)
async def test_a_server_that_changes_is_reported_by_openssl(prober, change, failure):
    """The probe in which the change shows has OpenSSL's result, from a second connection."""
    async with serving() as (server, target):
        before = await probe_one(target, prober)
        assert before.success
        server.settings.append(change)
        after = await probe_one(target, prober)
        fresh = await probe_one(target)
        assert without_times(after) == without_times(fresh)
        assert (after.failure.reason if after.failure else None) is failure
        assert "once more with OpenSSL" in said(after)
        older_hellos = 2 * 2 if failure else 0  # of both probers, for whatever the server may show in plaintext
        assert server.connections == 4 + older_hellos
        again = await probe_one(target, prober)
        assert without_times(again) == without_times(fresh)
        assert server.connections == 5 + older_hellos, "it is left to OpenSSL from then on"


async def test_a_connection_that_is_closed_at_once_is_tried_again_with_openssl(prober):
    async with serving() as (server, target):
        await probe_one(target, prober)
        server.dies = True
        result = await probe_one(target, prober)
        assert not result.success
        assert result.reachable
        assert result.failure.reason in (Reason.CLOSED, Reason.RESET)
        assert server.connections == 3 + 4, "and by smaller and older hellos, once"


async def test_silence_is_a_timeout_of_the_handshake_and_not_asked_again(prober):
    async def silent(reader, writer):
        while await reader.read(65536):
            pass
        writer.close()
        ended.set()

    ended = asyncio.Event()
    async with serving() as (server, target):
        await probe_one(target, prober)
    listener = await asyncio.start_server(silent, "127.0.0.1", int(target[10:]))
    async with listener:
        (result,) = await probe_all(prober, target, seconds=0.3)
        await ended.wait()
    assert (result.failure.phase, result.failure.reason) == ("handshake", Reason.TIMEOUT)
    assert server.connections == 1
    assert "OpenSSL" not in said(result)


async def test_the_first_probe_of_an_endpoint_is_openssls(prober):
    async with serving() as (_, target):
        assert not len(prober.fast_path_endpoints)
        await probe_one(target, prober)
        assert len(prober.fast_path_endpoints) == 1


def result_with(**changes):
    session = Session("TLSv1.3", 1.3, "TLS_AES_128_GCM_SHA256", "X25519", "")
    return changed(make_result(0.0, 0.0, session=session), **changes)


def test_what_is_barred_stays_barred_for_a_while_whatever_openssl_sees():
    fast_path_endpoints = FastPathEndpoints()
    fast_path_endpoints.note("a", result_with())
    assert fast_path_endpoints.client("a", 0.0)
    fast_path_endpoints.exclude("a", 100.0)
    fast_path_endpoints.note("a", result_with())
    assert not fast_path_endpoints.client("a", 100.0 + EXCLUDED_SECONDS - 1)
    assert fast_path_endpoints.client("a", 100.0 + EXCLUDED_SECONDS)


def test_a_suite_that_the_fast_path_does_not_know_is_left_to_openssl():
    fast_path_endpoints = FastPathEndpoints()
    session = Session(OLD, 1.2, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "x25519", "")
    fast_path_endpoints.note("a", changed(make_result(0.0, 0.0, session=session)))
    assert not fast_path_endpoints.client("a", 0.0)


def test_an_endpoint_that_is_ordinary_no_more_is_forgotten():
    fast_path_endpoints = FastPathEndpoints()
    fast_path_endpoints.note("a", result_with())
    fast_path_endpoints.note("a", result_with(client_certificate_requested=True))
    assert not fast_path_endpoints.client("a", 0.0)
    assert len(fast_path_endpoints) == 0


def test_keys_serve_for_a_minute():
    offers, context = Offers(), make_context(TLSConfig(), (), None)
    first = offers.get(context, 0.0)
    assert offers.get(context, KEYS_SECONDS) is first
    assert offers.get(context, KEYS_SECONDS + 1).shares is not first.shares


@pytest.mark.parametrize("settings", [{"max_version": "TLS12"}, {"min_version": "TLS13", "max_version": "TLS13"}])
def test_only_what_holds_key_shares_can_be_offered(settings):
    offer = Offers().get(make_context(TLSConfig(**settings), (), None), 0.0)
    assert (offer is None) == (settings["max_version"] == "TLS12")
