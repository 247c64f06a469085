"""The Kubernetes API by its client library (the extra `kubernetes`): credentials, TLS, proxies. Nothing else knows it.

Answers are read as bytes. The library's own models would keep a Secret with its private key as an object for longer
than it takes to read its certificate, and its debug log would write it.
"""

import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from importlib import import_module
from typing import Any

_CONNECT_SECONDS = 10.0
_SILENCE_SECONDS = 330.0  # a watch is ended by the API server before that


class KubernetesAPI:
    """One cluster. Raises what the library does."""

    def __init__(self, client: Any) -> None:
        self._client = client

    async def get(self, path: str, query: Mapping[str, str], seconds: float | None) -> "KubernetesResponse":
        """Send a request, authenticated."""
        timeout = seconds if seconds is not None else (_CONNECT_SECONDS, _SILENCE_SECONDS)
        response = await self._client.call_api(
            path,
            "GET",
            query_params=list(query.items()),
            header_params={"Accept": "application/json"},
            auth_settings=["BearerToken"],
            _preload_content=False,
            _request_timeout=timeout,
        )
        return KubernetesResponse(response)

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()


class KubernetesResponse:
    """An answer of which the body is read as it comes."""

    def __init__(self, response: Any) -> None:
        self.status: int = response.status
        self._response = response

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the body, and close the connection at the end."""
        try:
            async for chunk in self._response.content.iter_any():
                yield chunk
        finally:
            self._response.close()


async def connect(kubeconfig: str | None, context: str | None) -> KubernetesAPI:
    """Return the API of a kubeconfig; without one, that of the cluster that the exporter runs in."""
    from kubernetes_asyncio import client  # noqa: PLC0415 - takes a second and 70 MiB
    from kubernetes_asyncio import config as library_config  # noqa: PLC0415

    config: Any = library_config  # which is not typed throughout
    configuration = client.Configuration()
    if kubeconfig is None and "KUBERNETES_SERVICE_HOST" in os.environ:
        config.load_incluster_config(client_configuration=configuration)
    else:
        await config.load_kube_config(
            config_file=kubeconfig, context=context, client_configuration=configuration, persist_config=False
        )
    return KubernetesAPI(client.ApiClient(configuration))


def load_library() -> None:
    """Import the library, on a thread: it takes a second."""
    with suppress(ImportError):  # the configuration was checked; an error is reported when it is connected to
        import_module("kubernetes_asyncio.config")
        import_module("kubernetes_asyncio.client")
