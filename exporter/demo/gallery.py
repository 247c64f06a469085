"""The gallery at work: every scenario served on the loopback by one thread, and the configuration that watches it.

It binds nothing but 127.0.0.1 and ::1, writes nothing but one temporary directory, and leaves neither behind.
"""

import asyncio
import datetime as dt
import json
import socket
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from OpenSSL import SSL

from exporter.demo.at_rest import FILES, RENEWED, write_files
from exporter.demo.pki import PKI
from exporter.demo.scenario import Closed, Scenario, Served
from exporter.demo.scenarios import SCENARIOS
from exporter.demo.scripts import Script, ScriptedPeer
from exporter.demo.servers import Endpoint, TLSServer, context

TIMEOUT_SECONDS = 3
_BACKLOG = 512
_STOP_SECONDS = 5.0

_NAME = "localhost"  # that the certificates are for
_BY_ADDRESS = "demo-address"
_MODULES: Mapping[str, Mapping[str, object]] = {
    "demo": {},
    "demo-https": {"alpn": ["http/1.1"], "http": {"path": "/", "hsts": True}},
    "demo-smtp": {"starttls": "smtp"},
    "demo-lifetime": {"trust": {"max_lifetime": "90d"}},
    "demo-ip6": {"ip_protocol": "ip6"},
    "demo-pins": {"trust": {"spki_sha256_pins": ["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="]}},
}


class Gallery:
    """The scenarios, from `start` to `stop`. Also a context manager that yields itself.

    With `named`, targets are written with the name of their scenario, as `expired.localhost:PORT`: for people.
    `ports`, `targets` and `connections` (how often each was connected to) are keyed by the scenario's name.
    """

    def __init__(self, scenarios: Sequence[Scenario] = SCENARIOS, *, named: bool = False) -> None:
        self._all = scenarios
        self._named = named
        self.scenarios: tuple[Scenario, ...] = ()  # those that this machine can serve
        self.ports: dict[str, int] = {}
        self.connections: Counter[str] = Counter()
        self.pki = PKI(dt.datetime.now(dt.UTC))
        self._serving: dict[str, Served] = {}
        self._contexts: dict[Endpoint, SSL.Context] = {}
        self._sockets: dict[str, socket.socket] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._transports: set[asyncio.Transport] = set()
        self._servers: list[asyncio.Server] = []
        self._directory: tempfile.TemporaryDirectory[str] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def targets(self) -> dict[str, str]:
        """Each scenario's target as the configuration has it."""
        return {scenario.name: f"{self._host(scenario)}:{self.ports[scenario.name]}" for scenario in self.scenarios}

    def _host(self, scenario: Scenario) -> str:
        return f"{scenario.name}.{_NAME}" if self._is_named(scenario) else scenario.host

    def _is_named(self, scenario: Scenario) -> bool:
        """Return whether a target has its scenario's name; what is about an address keeps that."""
        return self._named and scenario.host == _NAME

    @property
    def config_file(self) -> Path:
        """The configuration that watches the gallery."""
        assert self._directory is not None
        return Path(self._directory.name) / "config.yaml"

    def start(self) -> Path:
        """Bind, serve, and write the configuration; return its path."""
        for scenario in self._all:
            self._bind(scenario)
        self.scenarios = tuple(scenario for scenario in self._all if scenario.name in self.ports)
        self._directory = tempfile.TemporaryDirectory(prefix="tls-exporter-demo-")
        self._write_configuration()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, args=(self._loop,), name="gallery", daemon=True)
        self._thread.start()
        for scenario in self.scenarios:
            if not isinstance(scenario.served, Closed):
                self._call(partial(self._listen, scenario.name))
        return self.config_file

    def stop(self) -> None:
        """Close every socket, end the thread and remove the directory. Safe to call twice."""
        if self._loop is not None and self._thread is not None:
            self._call(self._close_all)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(_STOP_SECONDS)
            self._loop.close()
            self._loop = self._thread = None
        for bound in self._sockets.values():
            bound.close()
        self._sockets.clear()
        if self._directory is not None:
            self._directory.cleanup()
            self._directory = None

    def repair(self, name: str) -> None:
        """Let a scenario become good, on the same port, from its next connection on."""
        self.change(name, Endpoint())

    def change(self, name: str, served: Endpoint | Script) -> None:
        """Let a scenario be served otherwise, on the same port, from its next connection on."""
        if isinstance(self._serving[name], Closed):
            self._serving[name] = served
            self._call(partial(self._listen, name))
        self._serving[name] = served

    # binding and configuration

    def _bind(self, scenario: Scenario) -> None:
        """Take a free port; where the address family is missing, the scenario is left out.

        A closed port is bound as well, so that nobody else gets it, but never listened on.
        """
        family = socket.AF_INET6 if ":" in scenario.bind else socket.AF_INET
        try:
            bound = socket.socket(family, socket.SOCK_STREAM)
            bound.bind((scenario.bind, 0))
        except OSError:
            return
        bound.setblocking(False)
        self._sockets[scenario.name] = bound
        self.ports[scenario.name] = bound.getsockname()[1]
        self._serving[scenario.name] = scenario.served

    def _write_configuration(self) -> None:
        ca_file = self.config_file.with_name("root.pem")
        ca_file.write_bytes(self.pki.authority("root").pem)
        lines = ["# The gallery's endpoints, one for each scenario. Written for this run only.", "modules:"]
        modules = {**_MODULES, _BY_ADDRESS: {}} if self._named else _MODULES
        for name, settings in modules.items():
            server_name = {"server_name": _NAME} if self._named and name != _BY_ADDRESS else {}
            whole = {
                "timeout": f"{TIMEOUT_SECONDS}s",
                "tls_config": {"ca_file": str(ca_file), **server_name},
                "posture": {"refresh": "10m", "pace": "0s"},
                **settings,
            }
            lines += [f"  {name}:", *(f"    {key}: {json.dumps(value)}" for key, value in whole.items())]
        lines.append("targets:")
        for scenario in self.scenarios:
            lines += [
                f"  # {scenario.story}",
                f"  - targets: {json.dumps([self.targets[scenario.name]])}",
                f"    module: {self._module(scenario)}",
                f"    labels: {json.dumps({'scenario': scenario.name})}",
            ]
        if self._named and RENEWED in self.targets:
            folder = self.config_file.with_name("at-rest")
            write_files(folder, self.pki)
            serves = {"renewed.pem": [self.targets[RENEWED]]}
            lines += ["# Certificates on disk: renewed and not served, locked, half written.", "files:"]
            for name in FILES:
                labels = {"scenario": name}
                entry = {
                    "paths": [str(folder / name)],
                    "module": "demo",
                    "serves": serves.get(name, []),
                    "labels": labels,
                }
                lines.append(f"  - {json.dumps(entry)}")
        self.config_file.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def _module(self, scenario: Scenario) -> str:
        by_address = self._named and scenario.module == "demo" and not self._is_named(scenario)
        return _BY_ADDRESS if by_address else scenario.module

    # the thread's side

    @staticmethod
    def _run(loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        loop.run_forever()

    def _call(self, function: Callable[[], object]) -> None:
        """Run a function or coroutine function in the gallery's loop, and wait for it."""
        assert self._loop is not None
        done: Future[object] = asyncio.run_coroutine_threadsafe(_called(function), self._loop)
        done.result(_STOP_SECONDS)

    async def _listen(self, name: str) -> None:
        loop = asyncio.get_running_loop()
        factory = partial(self._protocol, name)
        self._servers.append(await loop.create_server(factory, sock=self._sockets[name], backlog=_BACKLOG))

    def _protocol(self, name: str) -> asyncio.Protocol:
        """Make the other end of a new connection."""
        self.connections[name] += 1
        served = self._serving[name]
        if isinstance(served, Endpoint):
            return TLSServer(served, self._context(served), self._transports)
        assert not isinstance(served, Closed)
        script = served(self.pki) if callable(served) else served
        return ScriptedPeer(script, self._transports, self._tasks)

    def _context(self, endpoint: Endpoint) -> SSL.Context:
        if endpoint not in self._contexts:
            self._contexts[endpoint] = context(endpoint, self.pki)
        return self._contexts[endpoint]

    async def _close_all(self) -> None:
        loop = asyncio.get_running_loop()
        for bound in self._sockets.values():
            loop.remove_reader(bound)
        accepting = asyncio.all_tasks() - self._tasks - {asyncio.current_task()}
        await asyncio.gather(*accepting)  # connections that were accepted already get their transports
        for server in self._servers:
            server.close()
        transports = list(self._transports)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for transport in transports:
            transport.abort()
        await asyncio.sleep(0)  # connection_lost


async def _called(function: Callable[[], object]) -> None:
    result = function()
    if asyncio.iscoroutine(result):
        await result
