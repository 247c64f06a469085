"""`tls-exporter probe`: one target, once, with the same probe, judgement and lines as a scrape's."""

import argparse
import asyncio
from dataclasses import replace

from exporter.certificates.trust_store import TrustError, load_trust
from exporter.cli.report import as_json, as_text
from exporter.config.model import BUILT_IN_MODULES, Config, HTTPConfig, Module, PostureConfig
from exporter.config.parsers import host_name
from exporter.config.problems import did_you_mean
from exporter.config.reader import load
from exporter.config.targets import default_module
from exporter.errors import UsageError
from exporter.findings.assessment import Assessment
from exporter.metrics.vocabulary import VOCABULARY
from exporter.scrape.engine import Engine
from exporter.scrape.report import TargetReport
from exporter.target import Target, TargetError, parse_endpoint
from exporter.wire.starttls import PROTOCOLS

LONGEST_TIMEOUT = 3600.0
HEALTHY, UNREACHABLE, WORRYING = 0, 1, 3
WORRYING_SEVERITIES = ("critical", "high")


def probe_once(known: argparse.Namespace, *, colour: bool) -> tuple[str, int]:
    """Probe as the command line says; return the text to print and the exit status.

    Raises UsageError and ConfigError.
    """
    config = load(known.config_file, VOCABULARY) if known.config_file else Config()
    target, module = _what(known, config)
    report = asyncio.run(_read(config, target, module))
    if known.format == "prometheus":
        text = _exposition(report)
    elif known.format == "json":
        text = as_json(report)
    else:
        text = as_text(report, colour=colour)
    return text, exit_status(report.assessments)


def _exposition(report: TargetReport) -> str:
    from prometheus_client import CollectorRegistry  # noqa: PLC0415 - only this format needs it

    from exporter.metrics.exposition import pages  # noqa: PLC0415

    return b"".join(pages("", [report.lines], [CollectorRegistry()])).decode()


def _what(known: argparse.Namespace, config: Config) -> tuple[Target, Module]:
    try:
        endpoint = parse_endpoint(known.target)
    except TargetError as error:
        raise UsageError(f"{known.target!r}: {error}") from None
    if known.starttls is not None and known.starttls not in PROTOCOLS:
        raise UsageError(f"unknown STARTTLS protocol {known.starttls!r}{did_you_mean(known.starttls, PROTOCOLS)}")
    name = known.module or ("tls" if known.starttls else default_module(endpoint))
    if name not in config.modules:
        hint = did_you_mean(name, config.modules)
        if not hint and not known.config_file:
            hint = ": write --config.file=PATH for a module of your own"
        raise UsageError(f"unknown module {name!r}{hint}")
    module = config.modules[name]
    if name == "https" and module == BUILT_IN_MODULES["https"]:
        module = replace(module, http=HTTPConfig())  # a person wants to see what the page says
    return Target(known.target, endpoint, name), _overridden(known, module)


def _overridden(known: argparse.Namespace, module: Module) -> Module:
    tls_config = module.tls_config
    if known.server_name:
        tls_config = replace(tls_config, server_name=_server_name(known.server_name))
    if known.ca_file:
        tls_config = replace(tls_config, ca_file=known.ca_file)
    if known.timeout is not None:
        if not 0 < known.timeout <= LONGEST_TIMEOUT:  # false for NaN as well
            raise UsageError(f"bad timeout {known.timeout}: more than 0 and at most {LONGEST_TIMEOUT:.0f} seconds")
        module = replace(module, timeout=known.timeout)
    try:
        load_trust(tls_config.ca_file, module.trust.ca_directory, module.trust.system_roots)
    except TrustError as error:
        raise UsageError(f"the trusted roots cannot be loaded: {error}") from None
    module = replace(module, tls_config=tls_config)
    if known.starttls:
        module = replace(module, starttls=known.starttls)
    if known.posture or known.active_checks:
        module = replace(module, posture=PostureConfig(active_checks=known.active_checks))
    return module


def _server_name(written: str) -> str:
    try:
        return host_name(written)
    except ValueError as error:
        raise UsageError(f"bad server name: {error}") from None


async def _read(config: Config, target: Target, module: Module) -> TargetReport:
    engine = Engine(config)
    try:
        timeout = module.timeout or config.global_.timeout
        done = await engine.report(target, module, asyncio.get_running_loop().time() + timeout + 1)
        if module.posture is None and module.revocation is None:
            return done
        await engine.assessor.settled()
        return engine.assess_again(done)
    finally:
        engine.close()


def exit_status(assessments: tuple[Assessment, ...]) -> int:
    """Return the exit status for what was seen: 0 healthy, 1 no handshake, 3 findings of severity high or worse."""
    if not all(assessment.observation.result.success for assessment in assessments):
        return UNREACHABLE
    severities = {found.finding.severity for assessment in assessments for found in assessment.findings}
    return WORRYING if severities.intersection(WORRYING_SEVERITIES) else HEALTHY
