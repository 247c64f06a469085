"""An internal error, wherever in the code of a probe, costs one target of the scrape and is counted and logged."""

import asyncio

import pytest

from exporter.config.model import Config, Module
from exporter.metrics.self_metrics import SelfMetrics
from exporter.net.reason import Reason
from exporter.probe import attempt, connection, runner
from exporter.probe.result import Phase
from exporter.scrape import assess, engine, report, reports_of
from exporter.target import Target, parse_endpoint

BROKEN, SOUND = "127.0.0.1:1", "127.0.0.2:1"
TARGETS = tuple(Target(name, parse_endpoint(name), "tls") for name in (BROKEN, SOUND))
CONFIG = Config(modules={"tls": Module("tls", timeout=2)}, targets=TARGETS)


class FaultError(Exception):
    """What nobody expects."""


def concerns(argument):
    """Return whether an argument is about the broken target: itself, what has it, or its addresses."""
    about = getattr(argument, "observation", argument)
    target = getattr(about, "target", about)
    addresses = argument if isinstance(argument, tuple) else ()
    return getattr(target, "name", "") == BROKEN or any(getattr(one, "ip", "") == "127.0.0.1" for one in addresses)


def breaking(function):
    """Return a function that fails for the broken target, and does its work for all others."""

    def broken(*arguments, **keywords):
        if any(concerns(argument) for argument in arguments):
            raise FaultError("a bug\n\x1b[31m")
        return function(*arguments, **keywords)

    return broken


@pytest.mark.parametrize(
    ("module", "name", "phase"),
    [
        (runner, "_routes", Phase.RESOLVE),
        (attempt, "connect_to", Phase.CONNECT),
        (runner, "_attempts", Phase.CONNECT),
        (connection, "connect", Phase.CONNECT),
        (engine, "probe", Phase.RESOLVE),
        (assess, "assess", Phase.CONNECT),
        (report, "collect", Phase.CONNECT),
    ],
)
async def test_a_fault_costs_its_target_only(monkeypatch, module, name, phase):
    real = getattr(module, name)
    attempts = []

    def once(*arguments, **keywords):
        """Fail as `breaking` does, but let the report of the fault be made."""
        if attempts:
            return real(*arguments, **keywords)
        try:
            return breaking(real)(*arguments, **keywords)
        except FaultError:
            attempts.append(name)
            raise

    monkeypatch.setattr(module, name, once)
    metrics = SelfMetrics()
    watched = engine.Engine(CONFIG, metrics)
    try:
        reports = await reports_of(watched, CONFIG, TARGETS, asyncio.get_running_loop().time() + 10)
        assert attempts
        assert [one.target.name for one in reports] == [BROKEN, SOUND]
        assert [one.failure.reason for one in reports] == [Reason.INTERNAL_ERROR, Reason.REFUSED]
        assert reports[0].failure.phase is phase
        assert "FaultError: a bug" in reports[0].failure.detail
        assert reports[0].failure.detail.isprintable()
        assert metrics.registry.get_sample_value("tls_exporter_probe_faults_total") == 1
        assert metrics.registry.get_sample_value("tls_exporter_probes_in_flight") == 0
        again = await reports_of(watched, CONFIG, TARGETS, asyncio.get_running_loop().time() + 10)
        assert [one.failure.reason for one in again] == [Reason.REFUSED, Reason.REFUSED]
    finally:
        watched.close()
