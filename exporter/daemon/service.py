"""The life of the process: start, serve, reload, drain, stop. It answers signals; what is served stands in `web`."""

import asyncio
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from ssl import SSLContext
from typing import TypeVar

from aiohttp import web

from exporter import __version__
from exporter.config.model import Config
from exporter.config.problems import ConfigError
from exporter.daemon import systemd
from exporter.daemon.clock_jump import ClockJumpDetector
from exporter.daemon.config_loader import ConfigLoader
from exporter.daemon.gc_tuning import GCTuning
from exporter.daemon.listeners import AcceptFailureHandler, listen, listen_on_passed, passed_sockets
from exporter.log import get_logger
from exporter.metrics.self_metrics import SelfMetrics
from exporter.scrape.engine import Engine
from exporter.web.access import WebConfig
from exporter.web.app import make_app
from exporter.web.context import Options, WebContext

_Value = TypeVar("_Value")
log = get_logger("daemon")
DRAIN_SECONDS = 30.0  # the unit and the Helm chart let systemd and Kubernetes wait 40
POLL_SECONDS = 5.0  # how often the configuration's files are looked at for a change


@dataclass(frozen=True, slots=True)
class Settings:
    """What the command line says of serving."""

    config_file: str
    listen_addresses: tuple[str, ...]
    web_config_file: str = ""
    systemd_socket: bool = False
    drain_seconds: float = DRAIN_SECONDS
    options: Options = field(default_factory=Options)


class Daemon:
    """One running exporter. `started` is called with the addresses it listens on."""

    def __init__(self, settings: Settings, started: Callable[[Sequence[str]], None] | None = None) -> None:
        self._settings = settings
        self._started = started
        self._own = SelfMetrics()
        self._reloading = asyncio.Lock()
        self._stop = asyncio.Event()
        self._loader = ConfigLoader(settings.config_file)
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="config")
        self._tasks: set[asyncio.Future[str]] = set()

    async def run(self) -> None:
        """Serve until a signal ends it. Raises ConfigError or StartError when it cannot start."""
        config = await self._read(self._loader.load)
        access = await asyncio.to_thread(WebConfig.load, self._settings.web_config_file)
        self._loaded()
        gc_tuning = GCTuning()
        self._engine = Engine(config, self._own, after_report=gc_tuning.after_report)
        self._tell_broken_files()
        site = self._site = WebContext(
            self._engine,
            self._own,
            self._settings.options,
            self.reload,
            authenticates=lambda: access.authenticates,
            after_scrape=lambda: gc_tuning.set_aside(len(self._engine.config.targets)),
        )
        app = make_app(site)
        access.install(app)
        half = self._settings.drain_seconds / 2  # it is waited for twice, with handlers cancelled after that only
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=half)
        await runner.setup()
        server = runner.server
        assert server is not None
        scarcity = AcceptFailureHandler(lambda: server.connections, self._own.troubles.accept_failures.inc)
        asyncio.get_running_loop().set_exception_handler(scarcity.hear)
        alive = asyncio.ensure_future(self._tell_that_it_lives())
        try:
            addresses = await self._listen(runner, access.ssl_context)
            self._answer_signals()
            gc_tuning.begin()
            self._own.loop_lag.start()
            site.ready = True
            log.info("serving", version=__version__, addresses=" ".join(addresses), targets=len(config.targets))
            if self._started:
                self._started(addresses)
            systemd.notify(systemd.READY)
            await self._until_stopped()
            site.ready = False
            systemd.notify(systemd.STOPPING)
            log.info("draining", probes=len(self._engine.single_flight))
        finally:
            await runner.cleanup()
            alive.cancel()
            self._engine.close()
            self._reader.shutdown(wait=False)
        log.info("stopped")

    async def _listen(self, runner: web.AppRunner, ssl_context: SSLContext | None) -> list[str]:
        if self._settings.systemd_socket:
            return await listen_on_passed(runner, passed_sockets(), ssl_context)
        return await listen(runner, self._settings.listen_addresses, ssl_context)

    def _answer_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._reload_soon)

    def _reload_soon(self) -> asyncio.Future[str]:
        task = asyncio.ensure_future(self._reload_alone())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _until_stopped(self) -> None:
        """Wait for the end, looking at the configuration's files and the clock from time to time."""
        clock = ClockJumpDetector()
        while not self._stop.is_set():
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await self._stop.wait()
            except TimeoutError:
                self._tell_jump(clock.jumped())
                await self._look_for_changes()

    async def _look_for_changes(self) -> None:
        """Put changed files in force. What goes wrong, as memory that ends meanwhile, does not end the exporter."""
        try:
            await self._reload_if_changed()
        except Exception as error:  # noqa: BLE001 - see above
            log.warning("cannot check the configuration's files for changes", error=f"{type(error).__name__}: {error}")

    def _tell_jump(self, seconds: float) -> None:
        if seconds:
            self._own.troubles.clock_jumps.inc()
            log.warning("the system clock has jumped; verdicts use the new time", seconds=round(seconds))

    async def _tell_that_it_lives(self) -> None:
        """Let systemd's watchdog know that the event loop turns, if it wants to."""
        while seconds := systemd.watchdog_seconds():
            systemd.notify(systemd.ALIVE)
            await asyncio.sleep(seconds)

    async def _read(self, read: Callable[[], _Value]) -> _Value:
        """Read files on a thread that is there from the start: later there may be none, or all may be busy."""
        return await asyncio.get_running_loop().run_in_executor(self._reader, read)

    async def _reload_if_changed(self) -> None:
        if await self._read(self._loader.changed):
            log.info("the configuration's files have changed")
            await self.reload()
            return
        async with self._reloading:
            config = await self._read(self._loader.rediscovered)
            if config is not None:
                self._adopt(config, "the files of targets have changed")

    async def reload(self) -> str:
        """Apply the whole configuration of the files, or none of it; return the problems, "" if there are none.

        A client that disconnects does not cancel it.
        """
        return await asyncio.shield(self._reload_soon())

    async def _reload_alone(self) -> str:
        async with self._reloading:
            systemd.notify(systemd.reloading())
            try:
                return await self._reload()
            finally:
                systemd.notify(systemd.READY)

    async def _reload(self) -> str:
        try:
            config = await self._read(self._loader.load)
            self._adopt(config, "configuration reloaded")
        except ConfigError as error:
            self._own.reload_successful.set(0)
            self._site.refused = tuple(str(problem) for problem in error.problems)
            for problem in error.problems:
                log.warning("invalid configuration, keeping the previous one", problem=str(problem))
            return str(error)
        except Exception as error:  # noqa: BLE001 - as MemoryError
            self._own.reload_successful.set(0)
            self._site.refused = (f"it cannot be read: {type(error).__name__}",)
            log.warning("cannot read the configuration, keeping the previous one", error=type(error).__name__)
            return f"the configuration cannot be read: {type(error).__name__}"
        self._loaded()
        self._site.refused = ()
        return ""

    def _adopt(self, config: Config, why: str) -> None:
        self._engine.apply(config)
        self._tell_broken_files()
        log.info(why, targets=len(config.targets))

    def _loaded(self) -> None:
        for warning in self._loader.warnings:
            log.warning("the configuration is valid but probably not what was intended", problem=str(warning))
        self._own.reload_successful.set(1)
        self._own.reload_success_time.set_to_current_time()

    def _tell_broken_files(self) -> None:
        broken = self._loader.broken_target_files()
        self._own.target_file_errors.set(len(broken))
        for file in broken:
            log.warning("a file of targets is broken, its last good targets are kept", file=file.path, error=file.error)


def serve(settings: Settings, started: Callable[[Sequence[str]], None] | None = None) -> None:
    """Run a daemon. Raises ConfigError or StartError when it cannot start.

    It uses asyncio's own loop. uvloop does not wake the watcher of a socket that was reset (libuv ends the watch with
    EBADF), so that a reset would be reported as a timeout; and with sockets watched directly it is no faster.
    """
    asyncio.run(Daemon(settings, started).run())
