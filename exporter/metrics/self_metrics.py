"""The exporter's metrics on itself: probes by outcome, scrapes, reloads, caches, and the process.

They live in a registry of their own, made once for a process; nothing of a target's identity is in them.
"""

from collections.abc import Callable, Iterator
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, disable_created_metrics
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from exporter import __version__, log
from exporter.metrics.loop_lag import LoopLag

disable_created_metrics()  # type: ignore[no-untyped-call]


class CacheSizes:
    """Reads the sizes of caches when they are asked for."""

    def __init__(self) -> None:
        self._sizes: dict[str, Callable[[], int]] = {}

    def add(self, name: str, size: Callable[[], int]) -> None:
        """Expose a cache under a name."""
        self._sizes[name] = size

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the one family of cache sizes."""
        family = GaugeMetricFamily("tls_exporter_cache_entries", "Entries in each cache.", labels=["cache"])
        for name, size in sorted(self._sizes.items()):
            family.add_metric([name], size())
        yield family


class LogErrors:
    """Reads how often the log could not be written, which the log itself cannot report."""

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Yield the one family of it."""
        yield CounterMetricFamily(
            "tls_exporter_log_write_errors", "Lines of the log that could not be written.", value=log.Lines.errors
        )


class Troubles:
    """Counts of exhausted resources and internal errors. Each is counted; the log lines on them are rate limited."""

    def __init__(self, registry: CollectorRegistry) -> None:
        counter = partial(Counter, registry=registry)
        self.probe_faults = counter(
            "tls_exporter_probe_faults", "Probes that failed because of an internal error of the exporter."
        )
        self.memory_shortages = counter(
            "tls_exporter_memory_shortages",
            "Times probing was throttled because memory was close to its limit.",
        )
        self.resolver_busy = counter(
            "tls_exporter_resolver_busy",
            "Names that were not looked up in time while every thread for lookups was busy.",
        )
        self.accept_failures = counter(
            "tls_exporter_accept_failures",
            "Times that no connection could be accepted, mostly because there were no file descriptors left.",
        )
        self.clock_jumps = counter(
            "tls_exporter_clock_jumps",
            "Times that the machine's clock jumped by a minute or more: it was set, or the machine had slept.",
        )
        registry.register(LogErrors())


class SelfMetrics:
    """Every metric of the exporter on itself, and the registry that holds them."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        gauge = partial(Gauge, registry=self.registry)
        gauge("tls_exporter_build_info", "Build information about the exporter.", ["version"]).labels(__version__).set(
            1
        )
        self.troubles = Troubles(self.registry)
        self.caches = CacheSizes()
        self.registry.register(self.caches)
        counter = partial(Counter, registry=self.registry)
        self._of_configuration(gauge)
        self._of_probes(counter, gauge)
        self._of_scrapes(counter, gauge)

    def _of_configuration(self, gauge: Callable[..., Gauge]) -> None:
        self.reload_successful = gauge("tls_exporter_config_last_reload_successful", "1 if the last reload succeeded.")
        self.reload_success_time = gauge(
            "tls_exporter_config_last_reload_success_timestamp_seconds",
            "When the configuration in force was loaded, in Unix seconds.",
        )
        self.targets = gauge("tls_exporter_targets", "Configured targets.", ["module"])
        self.target_file_errors = gauge(
            "tls_exporter_target_file_errors", "Target files that cannot be read; their last good targets are kept."
        )

    def _of_probes(self, counter: Callable[..., Counter], gauge: Callable[..., Gauge]) -> None:
        self.probes = counter(
            "tls_exporter_probes", "Probes that ended, by outcome: success or the phase that failed.", ["outcome"]
        )
        for outcome in ("success", "resolve", "connect", "proxy", "starttls", "handshake"):
            self.probes.labels(outcome)
        self.probes_succeeded = self.probes.labels("success")
        self.probes_shared = counter(
            "tls_exporter_probes_shared", "Probes that a scrape shared with another one in flight."
        )
        self.series_limited = gauge(
            "tls_exporter_series_limited_targets",
            "Targets whose certificates change so often that the series that describe them are left out.",
        )
        self.in_flight = gauge("tls_exporter_probes_in_flight", "Probes in flight.")

    def _of_scrapes(self, counter: Callable[..., Counter], gauge: Callable[..., Gauge]) -> None:
        self.scrapes = counter("tls_exporter_scrapes", "Scrapes answered, by path.", ["path"])
        self.scrape_duration = gauge("tls_exporter_last_scrape_duration_seconds", "Duration of the last whole scrape.")
        self.scrape_targets_cut = counter(
            "tls_exporter_scrape_targets_cut",
            "Targets reported as failed by timeout because the scrape's deadline came first.",
        )
        self.loop_lag = LoopLag()
        gauge(
            "tls_exporter_event_loop_blocked_max_seconds",
            "Longest time that the event loop was late in the last minute or two.",
        ).set_function(lambda: self.loop_lag.longest)
