"""Certificates in Kubernetes, by the real client library against the tests' API server (see its docstring)."""

import asyncio
import base64

import pytest
from support.exposition import Exposition
from support.kubernetes_api import kubeconfig, kubernetes_api, secret

from exporter.at_rest.formats.entry import EntryKind
from exporter.at_rest.kubernetes import watch
from exporter.at_rest.kubernetes.objects import CA_BUNDLES, CONFIG_MAPS, SECRETS, read_object_untrusted
from exporter.config.model import Config, KubernetesGroup, Module, TLSConfig
from exporter.metrics.exposition import pages
from exporter.metrics.self_metrics import SelfMetrics
from exporter.net.reason import Reason
from exporter.scrape import scrape
from exporter.scrape.engine import Engine
from exporter.scrape.selection import Selection
from exporter.target import Target, parse_endpoint
from tests.support.pki import intermediate, key_pem, leaf, root

pytest.importorskip("kubernetes_asyncio")
TOP = root()
MIDDLE = intermediate(TOP)
LEAF, OTHER = leaf(MIDDLE), leaf(MIDDLE)
KEY = key_pem(LEAF.key)
PAIR = {"tls.crt": LEAF.pem + MIDDLE.pem, "tls.key": KEY}
SECRETS_PATH, CONFIG_MAPS_PATH = "/api/v1/secrets", "/api/v1/configmaps"


@pytest.fixture
async def api():
    async with kubernetes_api() as api:
        yield api


@pytest.fixture
async def make_engine(api, tmp_path):
    engines = []

    def make(*, token=None, **settings):
        (tmp_path / "root.pem").write_bytes(TOP.pem)
        (tmp_path / "kubeconfig").write_text(kubeconfig(api, token) if token else kubeconfig(api))
        module = Module("tls", tls_config=TLSConfig(ca_file=str(tmp_path / "root.pem")))
        group = KubernetesGroup(kubeconfig=str(tmp_path / "kubeconfig"), **settings)
        engines.append(Engine(Config(modules={"tls": module}, kubernetes=(group,)), SelfMetrics()))
        return engines[-1]

    yield make
    for engine in engines:
        engine.close()
    await asyncio.sleep(0)


async def seen(engine):
    lines = await scrape(engine, Selection(), asyncio.get_running_loop().time() + 30)
    return Exposition(b"".join(pages("", lines, [])).decode())


async def until(engine, what):
    async with asyncio.timeout(20):
        while not what(exposition := await seen(engine)):
            await asyncio.sleep(0.01)
    return exposition


def names(exposition):
    return {one.labels["target"] for one in exposition.samples("tls_probe_success")}


async def test_a_secret_has_the_series_of_a_file_and_never_its_key(api, make_engine, caplog):
    caplog.set_level("DEBUG")
    await api.put(SECRETS_PATH, secret("site", PAIR))
    engine = make_engine()
    exposition = await seen(engine)
    target = "kubernetes:secrets/web/site/tls.crt"
    assert exposition.value("tls_probe_success", target=target) == 1
    assert exposition.value("tls_certificate_trusted", target=target, verifier="openssl") == 1
    assert exposition.findings() == set()
    (place,) = exposition.samples("tls_kubernetes_object_info", target=target)
    assert (place.labels["object_namespace"], place.labels["object_key"]) == ("web", "tls.crt")
    assert exposition.value("tls_file_modified_timestamp_seconds", target=target) == 1769904000
    kept = repr([engine.last, engine.stored._lists[0]._cluster.stored(), exposition.text, caplog.text])
    for part in (KEY.splitlines()[1].decode(), base64.b64encode(KEY)[40:120].decode()):
        assert part not in kept


async def test_changes_come_by_the_watch(api, make_engine):
    await api.put(SECRETS_PATH, secret("site", PAIR))
    engine = make_engine()
    first = await seen(engine)
    await api.put(SECRETS_PATH, secret("site", {"tls.crt": OTHER.pem + MIDDLE.pem}))
    await api.put(SECRETS_PATH, secret("more", PAIR))
    changed = await until(engine, lambda now: len(names(now)) == 2)
    fingerprint = {"name": "tls_certificate_info", "target": "kubernetes:secrets/web/site/tls.crt", "position": "0"}
    assert first.samples(**fingerprint)[0].labels != changed.samples(**fingerprint)[0].labels
    await api.delete(SECRETS_PATH, "web", "site")
    await until(engine, lambda now: names(now) == {"kubernetes:secrets/web/more/tls.crt"})
    assert api.requests["list secrets"] == 1


async def test_a_dropped_watch_goes_on_where_it_was(api, make_engine):
    engine = make_engine()
    assert names(await seen(engine)) == set()
    await until(engine, lambda _: api.watchers)
    api.drop_watches()
    await api.put(SECRETS_PATH, secret("site", PAIR))
    await until(engine, lambda now: "kubernetes:secrets/web/site/tls.crt" in names(now))
    assert api.requests["list secrets"] == 1
    assert api.requests["watch secrets"] >= 2


async def test_a_version_that_is_gone_is_listed_again(api, make_engine):
    await api.put(SECRETS_PATH, secret("site", PAIR))
    engine = make_engine()
    await seen(engine)
    await until(engine, lambda _: api.watchers)
    await api.put(SECRETS_PATH, secret("more", PAIR))
    await api.delete(SECRETS_PATH, "web", "site")
    api.forget()
    api.drop_watches()
    await until(engine, lambda now: names(now) == {"kubernetes:secrets/web/more/tls.crt"})
    assert api.requests["list secrets"] == 2


async def test_lists_come_in_pages(api, make_engine, monkeypatch):
    monkeypatch.setattr(watch, "PAGE_OBJECTS", 2)
    for number in range(5):
        await api.put(SECRETS_PATH, secret(f"site{number}", PAIR))
    assert len(names(await seen(make_engine()))) == 5
    assert api.requests["list secrets"] == 3


async def test_types_namespaces_selectors_and_keys_narrow_what_is_watched(api, make_engine):
    await api.put(SECRETS_PATH, secret("a", PAIR, app="web"))
    await api.put(SECRETS_PATH, secret("b", PAIR, namespace="other", app="web"))
    await api.put(SECRETS_PATH, secret("c", {"ca.pem": TOP.pem, "x": b""}, kind="Opaque", app="web"))
    await api.put(SECRETS_PATH, secret("d", PAIR))
    everything = names(await seen(make_engine()))
    assert everything == {f"kubernetes:secrets/{one}/tls.crt" for one in ("web/a", "other/b", "web/d")}
    assert names(await seen(make_engine(namespaces=("other",)))) == {"kubernetes:secrets/other/b/tls.crt"}
    assert names(await seen(make_engine(namespaces=("w*", "!web")))) == set()
    assert names(await seen(make_engine(namespaces=("!other",), names=("a",)))) == {"kubernetes:secrets/web/a/tls.crt"}
    by_key = names(await seen(make_engine(selector="app=web", keys=("*.pem",))))
    assert by_key == {"kubernetes:secrets/web/c/ca.pem"}


async def test_config_maps_and_ca_bundles(api, make_engine):
    bundle = base64.b64encode(TOP.pem).decode()
    await api.put(
        CONFIG_MAPS_PATH,
        {"metadata": {"name": "ca", "namespace": "web"}, "data": {"ca.crt": TOP.pem.decode(), "x": "y"}},
    )
    hooks = [{"name": "a.example", "clientConfig": {"caBundle": bundle}}, {"name": "b.example", "clientConfig": {}}]
    await api.put(CA_BUNDLES[0].path(""), {"metadata": {"name": "policy"}, "webhooks": hooks})
    await api.put(CA_BUNDLES[2].path(""), {"metadata": {"name": "v1.metrics"}, "spec": {"caBundle": bundle}})
    exposition = await seen(make_engine(secrets=False, config_maps=True, ca_bundles=True))
    assert names(exposition) == {
        "kubernetes:configmaps/web/ca/ca.crt",
        "kubernetes:validatingwebhookconfigurations/policy/a.example",
        "kubernetes:apiservices/v1.metrics",
    }
    assert exposition.findings() == set()


async def test_what_may_not_be_read_is_one_failed_target(api, make_engine):
    api.forbidden.add("secrets")
    await api.put(
        CONFIG_MAPS_PATH, {"metadata": {"name": "ca", "namespace": "web"}, "data": {"a.crt": TOP.pem.decode()}}
    )
    engine = make_engine(config_maps=True)
    exposition = await seen(engine)
    assert exposition.failure(target="kubernetes:secrets") == ("read", "permission_denied")
    assert exposition.value("tls_probe_success", target="kubernetes:configmaps/web/ca/a.crt") == 1
    api.forbidden.clear()
    await api.put(SECRETS_PATH, secret("site", PAIR))
    await until(engine, lambda now: "kubernetes:secrets" not in names(now))


async def test_a_wrong_token_and_no_server_are_failed_targets(api, make_engine):
    exposition = await seen(make_engine(token="wrong"))
    assert exposition.failure(target="kubernetes:secrets") == ("read", "permission_denied")
    api.port = 1
    exposition = await seen(make_engine())
    assert exposition.failure(target="kubernetes:secrets")[0] == "read"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({"tls.crt": b""}, Reason.EMPTY),
        ({"tls.crt": b"-----BEGIN CERTIFICATE-----\nMII"}, Reason.TRUNCATED),
        ({"tls.crt": KEY}, Reason.NO_CERTIFICATE),
    ],
)
def test_bad_values_have_their_reason(data, reason):
    (stored,) = read_object_untrusted(SECRETS, secret("a", data), (), None).values()
    assert stored.failure.reason is reason


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"metadata": None, "data": None},
        {"metadata": {"name": 7, "managedFields": [{"time": 8}]}, "type": "kubernetes.io/tls", "data": {"tls.crt": 9}},
        {"metadata": {"name": "a"}, "type": "kubernetes.io/tls", "data": {"tls.crt": "%"}},
        {"metadata": {"name": "a"}, "webhooks": [None, {"name": 1, "clientConfig": {"caBundle": [1]}}]},
        {"metadata": {"name": "a"}, "spec": {"caBundle": 1, "conversion": 2}},
    ],
)
def test_an_object_of_any_shape_is_read(item):
    for kind in (SECRETS, CONFIG_MAPS, *CA_BUNDLES):
        for stored in read_object_untrusted(kind, item, ("*",), None).values():
            assert stored.failure is not None


def test_ca_bundles_are_anchors_and_leaves_are_not():
    bundle = base64.b64encode(TOP.pem).decode()
    (stored,) = read_object_untrusted(
        CA_BUNDLES[2], {"metadata": {"name": "a"}, "spec": {"caBundle": bundle}}, (), None
    ).values()
    assert [one.kind for one in stored.certificates] == [EntryKind.TRUSTED]


async def test_an_event_longer_than_any_object_ends_the_watch():
    async def chunks():
        for _ in range(watch.MAX_EVENT_BYTES // 65_536 + 2):
            yield b"x" * 65_536

    with pytest.raises(ValueError, match="too long"):
        async for _ in watch.lines(chunks()):
            pass


async def test_no_event_is_kept_while_the_next_is_waited_for():
    """A Secret's event holds its private key; the next one may come in hours."""

    async def chunks():
        yield b'{"key": "hunter2"}\n{"key": "hunter'
        yield b'3"}\n'
        await asyncio.Event().wait()

    events = watch.lines(chunks())
    assert [await anext(events), await anext(events)] == [b'{"key": "hunter2"}', b'{"key": "hunter3"}']
    waiting = asyncio.ensure_future(anext(events))
    await asyncio.sleep(0)
    assert b"hunter" not in repr(events.ag_frame.f_locals).encode()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)


async def test_a_secret_says_what_an_endpoint_must_present(api, make_engine):
    await api.put(SECRETS_PATH, secret("site", PAIR))
    engine = make_engine(serves=("example.com:443",))
    await seen(engine)
    target = Target("https://example.com/", parse_endpoint("https://example.com/"), "tls")
    (expected,) = engine.stored.expected(target)
    assert expected.place == "kubernetes:secrets/web/site/tls.crt"
    assert expected.since == 1769904000
