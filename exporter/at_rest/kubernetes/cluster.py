"""All watches of one entry of `kubernetes`, and what they have found so far. They begin with the first scrape."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress

from exporter.at_rest.kubernetes.api import KubernetesAPI, connect, load_library
from exporter.at_rest.kubernetes.objects import CA_BUNDLES, CONFIG_MAPS, SECRETS, TLS_SECRET, Kind
from exporter.at_rest.kubernetes.watch import API, ObjectWatch, reader
from exporter.at_rest.stored import Stored
from exporter.config.model import KubernetesGroup
from exporter.net.reason import Reason

_PATTERN = re.compile(r"[!*?\[]")
Connect = Callable[[str | None, str | None], Awaitable[KubernetesAPI]]


class Cluster:
    """What an entry of the configuration finds in its cluster."""

    def __init__(self, group: KubernetesGroup, connect_to: Connect = connect) -> None:
        self.group = group
        self._connect_to = connect_to
        self._api: KubernetesAPI | None = None
        self._connecting = asyncio.Lock()
        self._watches = tuple(self._make_watches())
        self._tasks: list[asyncio.Task[None]] = []

    def _make_watches(self) -> "list[ObjectWatch]":
        group = self.group
        password = group.password.reveal() if group.password is not None else None
        read = reader(group.keys, password, group.namespaces, group.names)
        # Where only some namespaces may be read, each is asked for; where there are patterns, all are.
        plain = group.namespaces if not any(map(_PATTERN.search, group.namespaces)) else ()
        selected = {"labelSelector": group.selector} if group.selector else {}
        kinds: list[tuple[Kind, dict[str, str]]] = []
        if group.secrets:  # without patterns only those for TLS leave the API server
            kinds.append((SECRETS, selected if group.keys else selected | {"fieldSelector": f"type={TLS_SECRET}"}))
        if group.config_maps:
            kinds.append((CONFIG_MAPS, selected))
        if group.ca_bundles:
            kinds += [(kind, selected) for kind in CA_BUNDLES]
        return [
            ObjectWatch(kind, namespace, query, read)
            for kind, query in kinds
            for namespace in (plain if kind.namespaced and plain else ("",))
        ]

    def start(self) -> None:
        """Begin to watch, if that has not begun."""
        if not self._tasks:
            self._tasks = [asyncio.create_task(watch.follow(self._connect)) for watch in self._watches]

    async def listed(self) -> None:
        """Wait until every kind has been listed, or has failed to be."""
        for watch in self._watches:
            await watch.listed.wait()

    def stored(self) -> dict[str, Stored]:
        """Return what there is now by its paths, and for each kind that cannot be read its failure."""
        found: dict[str, Stored] = {}
        for watch in self._watches:
            found |= watch.stored()
            if watch.failure is not None:
                place = "/".join(part for part in (watch.kind.plural, watch.namespace) if part)
                found[place] = Stored(failure=watch.failure)
        return found

    async def _connect(self) -> API:
        """Return the connection that all watches share, a new one where the last login was refused."""
        async with self._connecting:
            refused = any(
                watch.failure is not None and watch.failure.reason is Reason.PERMISSION_DENIED
                for watch in self._watches
            )
            if self._api is not None and refused:
                await self._api.close()
                self._api = None
            if self._api is None:
                await asyncio.to_thread(load_library)
                self._api = await self._connect_to(self.group.kubeconfig, self.group.context)
            return self._api

    def close(self) -> None:
        """Stop watching."""
        for task in self._tasks:
            task.cancel()
        if self._api is not None:
            with suppress(RuntimeError):  # no loop runs any more
                self._closing = asyncio.ensure_future(self._api.close())
