"""A Kubernetes API server, as far as listing and watching goes, on loopback. It is not the real one.

No package has a real API server. This one keeps to what the API's documentation promises of lists and watches:
versions that grow, pages with a token, selectors, bookmarks, and 410 Gone for a version that it has forgotten.
https://kubernetes.io/docs/reference/using-api/api-concepts/
"""

import asyncio
import base64
import contextlib
import json
from collections import Counter
from dataclasses import dataclass, field

from aiohttp import web

TOKEN = "a-token-of-a-service-account"


@dataclass
class KubernetesAPI:
    """Objects by the path of their list; `requests` counts lists and watches of each kind."""

    objects: dict[str, dict[tuple[str, str], dict]] = field(default_factory=dict)
    events: list[tuple[int, str, str, dict]] = field(default_factory=list)  # version, path, type, object
    version: int = 100
    forgotten: int = 0  # versions below are gone
    forbidden: set[str] = field(default_factory=set)
    requests: Counter = field(default_factory=Counter)
    watchers: list = field(default_factory=list)
    port: int = 0
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def put(self, path: str, item: dict) -> None:
        """Create or replace an object."""
        metadata = item["metadata"]
        name = (metadata.get("namespace", ""), metadata["name"])
        known = self.objects.setdefault(path, {})
        await self._event(path, "MODIFIED" if name in known else "ADDED", item)
        known[name] = item

    async def delete(self, path: str, namespace: str, name: str) -> None:
        await self._event(path, "DELETED", self.objects[path].pop((namespace, name)))

    async def _event(self, path: str, kind: str, item: dict) -> None:
        self.version += 1
        item["metadata"]["resourceVersion"] = str(self.version)
        async with self.changed:
            self.events.append((self.version, path, kind, json.loads(json.dumps(item))))
            self.changed.notify_all()

    def forget(self) -> None:
        """Compact: no watch can go on from a version of before."""
        self.forgotten = self.version + 1
        self.version += 2
        self.events.clear()

    def drop_watches(self) -> None:
        """Cut every connection that watches."""
        for watcher in self.watchers:
            watcher.transport.abort()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        path, namespace = _without_namespace(request.path)
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return _status(401)
        kind = path.rpartition("/")[2]
        if kind in self.forbidden:
            return _status(403)
        watching = "watch" in request.query
        self.requests[f"{'watch' if watching else 'list'} {kind}"] += 1
        if watching:
            return await self._watch(request, path, namespace)
        items = [item for item in self.objects.get(path, {}).values() if _selected(item, namespace, request.query)]
        start = int(request.query.get("continue") or 0)
        end = start + int(request.query.get("limit") or 500)
        more = {"continue": str(end)} if end < len(items) else {}
        metadata = {"resourceVersion": str(self.version), **more}
        return web.json_response({"kind": "List", "metadata": metadata, "items": items[start:end]})

    async def _watch(self, request: web.Request, path: str, namespace: str) -> web.StreamResponse:
        version = int(request.query["resourceVersion"])
        response = web.StreamResponse()
        await response.prepare(request)
        if version < self.forgotten:
            await _send(response, "ERROR", {"kind": "Status", "code": 410, "reason": "Expired", "metadata": {}})
            return response
        self.watchers.append(request)
        try:
            await _send(response, "BOOKMARK", {"metadata": {"resourceVersion": str(version)}})
            while True:
                for number, at, kind, item in list(self.events):
                    if number > version and at == path and _selected(item, namespace, request.query):
                        await _send(response, kind, item)
                version = max(version, self.version)
                async with self.changed:
                    await self.changed.wait()
        finally:
            self.watchers.remove(request)


def _without_namespace(path: str) -> tuple[str, str]:
    before, found, after = path.partition("/namespaces/")
    namespace, _, plural = after.partition("/")
    return (f"{before}/{plural}", namespace) if found else (path, "")


def _selected(item: dict, namespace: str, query) -> bool:
    labels = item["metadata"].get("labels", {})
    wanted = [part.partition("=") for part in query.get("labelSelector", "").split(",") if part]
    kind = query.get("fieldSelector", "").removeprefix("type=")
    return (
        namespace in ("", item["metadata"].get("namespace"))
        and all(labels.get(key) == value for key, _, value in wanted)
        and kind in ("", item.get("type"))
    )


def _status(code: int) -> web.Response:
    return web.json_response({"kind": "Status", "code": code}, status=code)


async def _send(response: web.StreamResponse, kind: str, item: dict) -> None:
    await response.write(json.dumps({"type": kind, "object": item}).encode() + b"\n")


@contextlib.asynccontextmanager
async def kubernetes_api():
    """Serve an API; yield it."""
    api = KubernetesAPI()
    app = web.Application()
    app.router.add_get("/{path:.*}", api.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    api.port = site._server.sockets[0].getsockname()[1]
    try:
        yield api
    finally:
        await runner.cleanup()


def kubeconfig(api: KubernetesAPI, token: str = TOKEN) -> str:
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{api.port}"}}],
            "users": [{"name": "u", "user": {"token": token}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        }
    )


def secret(
    name: str, data: dict[str, bytes], namespace: str = "web", kind: str = "kubernetes.io/tls", **labels
) -> dict:
    return {
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": labels,
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "managedFields": [{"time": "2026-02-01T00:00:00Z", "fieldsV1": {"f:data": {}}}],
        },
        "type": kind,
        "data": {key: base64.b64encode(value).decode() for key, value in data.items()},
    }
