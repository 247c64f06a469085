"""Lists one kind of objects, then follows its changes by a watch, as the Kubernetes API describes it.

A list comes in pages and has a version; a watch from that version yields each change after it. A connection that ends
is taken up again from the last version that was seen, bookmarks included. When the API server has forgotten that
version (410 Gone), everything is listed again. Between failures the pauses grow, with some randomness, so that many
clients do not come back at one moment.
https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
"""

import asyncio
import json
import random
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing
from fnmatch import fnmatchcase
from typing import Any, Protocol

from exporter.at_rest.kubernetes.objects import Kind, read_object_untrusted
from exporter.at_rest.stored import Stored
from exporter.net.reason import Reason
from exporter.probe.result import Failure, Phase
from exporter.text import printable

PAGE_OBJECTS = 100
MAX_OBJECTS = 20_000
MAX_PAGE_BYTES = 64 * 1024 * 1024
MAX_EVENT_BYTES = 8 * 1024 * 1024  # etcd takes objects of 1.5 MiB
REQUEST_SECONDS = 30.0
WATCH_SECONDS = 300  # how long one watch lasts at most, as the API server is asked
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 60.0
_OK, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _GONE = 200, 401, 403, 404, 410


class Response(Protocol):
    """An answer of the API."""

    status: int

    def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the body as it comes, and close the connection at the end."""
        ...


class API(Protocol):
    """How the API is asked. `get` may raise whatever the client library does."""

    async def get(self, path: str, query: Mapping[str, str], seconds: float | None) -> Response:
        """Send a request, authenticated. `seconds` is for all of it; None for a watch."""
        ...


class RefusedError(Exception):
    """An answer other than success."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the API server answered with HTTP status {status}")
        self.status = status


class ObjectWatch:
    """What one kind of objects holds, in one namespace or all."""

    def __init__(
        self,
        kind: Kind,
        namespace: str,
        query: Mapping[str, str],
        read: Callable[[Kind, Mapping[str, Any]], dict[str, Stored]],
    ) -> None:
        self.kind = kind
        self.namespace = namespace
        self.failure: Failure | None = None
        self.listed = asyncio.Event()  # or has failed to be
        self._query = dict(query)
        self._read = read
        self._objects: dict[tuple[str, str], dict[str, Stored]] = {}
        self._pause = FIRST_PAUSE

    def stored(self) -> dict[str, Stored]:
        """Return what there is now, by its paths."""
        return {path: stored for values in self._objects.values() for path, stored in values.items()}

    async def follow(self, connect: Callable[[], Awaitable[API]]) -> None:
        """List and watch until cancelled. `connect` returns the API, another one after a refused login."""
        version = ""
        while True:
            try:
                api = await connect()
                version = version or await self._list(api)
                self._succeeded()
                version = await self._watch(api, version)
                continue
            except RefusedError as error:
                if error.status == _GONE and version:
                    version = ""
                    continue
                self.failure = failure_of(error)
            except Exception as error:  # noqa: BLE001 - the client library's, the network's
                if not version or self._pause > FIRST_PAUSE:  # that a connection is cut once is usual
                    self.failure = failure_of(error)
            self.listed.set()
            await asyncio.sleep(self._pause * random.uniform(0.5, 1))  # noqa: S311 - spreads load
            self._pause = min(2 * self._pause, LONGEST_PAUSE)

    def _succeeded(self) -> None:
        self.failure = None
        self.listed.set()

    async def _list(self, api: API) -> str:
        """Read all pages, put them in place of what there was, and return their version."""
        objects: dict[tuple[str, str], dict[str, Stored]] = {}
        version, token = "", ""
        while True:
            query = {"limit": str(PAGE_OBJECTS), **self._query} | ({"continue": token} if token else {})
            response = await api.get(self.kind.path(self.namespace), query, REQUEST_SECONDS)
            body = bytearray()
            async with aclosing(response.chunks()) as chunks:
                async for chunk in chunks:
                    body += chunk
                    if len(body) > MAX_PAGE_BYTES:
                        raise RefusedError(response.status)
            if response.status != _OK:
                raise RefusedError(response.status)
            page, metadata = await asyncio.to_thread(self._page_untrusted, bytes(body))
            objects |= page
            version, token = metadata
            if not token or len(objects) > MAX_OBJECTS:
                self._objects = objects
                return version

    def _page_untrusted(self, body: bytes) -> tuple[dict[tuple[str, str], dict[str, Stored]], tuple[str, str]]:
        document = json.loads(body)
        metadata, items = document["metadata"], document.get("items") or []
        found = {_name(item): self._read(self.kind, item) for item in items}
        return found, (str(metadata["resourceVersion"]), str(metadata.get("continue") or ""))

    async def _watch(self, api: API, version: str) -> str:
        """Take changes in until the API server ends the watch; return the version to go on from."""
        query = self._query | {
            "watch": "true",
            "resourceVersion": version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(WATCH_SECONDS),
        }
        response = await api.get(self.kind.path(self.namespace), query, None)
        async with aclosing(response.chunks()) as chunks:
            if response.status != _OK:
                raise RefusedError(response.status)
            async for line in lines(chunks):
                version = await asyncio.to_thread(self._take_untrusted, line) or version
                del line  # it may hold a private key, and the next one may be long in coming
                self._pause = FIRST_PAUSE
        return version

    def _take_untrusted(self, line: bytes) -> str:
        """Take one change in; return its version."""
        event = json.loads(line)
        item = event["object"]
        if event["type"] == "ERROR":
            raise RefusedError(int(item.get("code") or 0))
        if event["type"] != "BOOKMARK":  # which has a version and nothing else
            name = _name(item)
            objects = {known: values for known, values in self._objects.items() if known != name}
            if event["type"] != "DELETED" and len(objects) < MAX_OBJECTS:
                objects[name] = self._read(self.kind, item)
            self._objects = objects
        return str(item["metadata"]["resourceVersion"])


def reader(
    keys: tuple[str, ...],
    password: str | None,
    namespaces: tuple[str, ...] = (),
    names: tuple[str, ...] = (),
) -> Callable[[Kind, Mapping[str, Any]], dict[str, Stored]]:
    """Return what reads one object for some keys; nothing of an object whose namespace or name is not wanted."""

    def read(kind: Kind, item: Mapping[str, Any]) -> dict[str, Stored]:
        namespace, name = _name(item)
        if not admits(names, name) or (kind.namespaced and not admits(namespaces, namespace)):
            return {}
        return read_object_untrusted(kind, item, keys, password)

    return read


def admits(patterns: tuple[str, ...], name: str) -> bool:
    """Return whether patterns admit a name: one of those without !, if there are any, and none of those with it."""
    excluded = [pattern[1:] for pattern in patterns if pattern.startswith("!")]
    included = [pattern for pattern in patterns if not pattern.startswith("!")]
    return not any(fnmatchcase(name, one) for one in excluded) and (
        not included or any(fnmatchcase(name, one) for one in included)
    )


async def lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the lines of a body, each an event. Raises ValueError for one that is too long.

    An event may hold a private key: nothing of it is kept while the next one is waited for.
    """
    pending = b""
    async for chunk in chunks:
        *whole, pending = (pending + chunk).split(b"\n")
        del chunk
        while whole:
            if whole[0].strip():
                yield whole.pop(0)
            else:
                del whole[0]
        if len(pending) > MAX_EVENT_BYTES:
            raise ValueError("an event of the watch is too long")


def failure_of(error: Exception) -> Failure:
    """Return why the API could not be read."""
    reason = Reason.READ_ERROR
    if isinstance(error, RefusedError):
        status = {
            _UNAUTHORIZED: Reason.PERMISSION_DENIED,
            _FORBIDDEN: Reason.PERMISSION_DENIED,
            _NOT_FOUND: Reason.NOT_FOUND,
        }
        reason = status.get(error.status, Reason.READ_ERROR)
    elif isinstance(error, TimeoutError):
        reason = Reason.TIMEOUT
    elif isinstance(error, ConnectionRefusedError):
        reason = Reason.REFUSED
    elif isinstance(error, OSError):
        reason = Reason.UNREACHABLE
    elif isinstance(error, KeyError | TypeError | AttributeError | ValueError):
        reason = Reason.MALFORMED
    return Failure(Phase.READ, reason, printable(f"{type(error).__name__}: {error}"))


def _name(item: Mapping[str, Any]) -> tuple[str, str]:
    metadata = item["metadata"]
    return str(metadata.get("namespace") or ""), str(metadata["name"])
