"""`tls-exporter clients`: which real clients can connect to a target, with what, and who would be locked out."""

import argparse
import asyncio
import json
from collections.abc import Callable, Iterator, Mapping

from exporter.cli.chosen import Chosen, chosen
from exporter.cli.probe import configuration
from exporter.config.model import Config, PostureConfig
from exporter.errors import OK, UNREACHABLE, UsageError
from exporter.posture.checks import CHECKS
from exporter.posture.clients import CLIENTS, RealClient, captured_clients
from exporter.posture.facts import ClientResult, Posture
from exporter.posture.route import determine_route, scanned_route, shown_by
from exporter.probe.result import Result
from exporter.probe.runner import plain_route
from exporter.scrape.engine import Engine
from exporter.wire.iana import cipher_classes

DAY = 86_400.0
_ONLY = frozenset(check.name for check in CHECKS) - {"tls12", CLIENTS}  # what is left out
_CLASSES = {
    "cbc": "suites with CBC",
    "rsa_key_exchange": "suites with RSA key exchange",
    "dhe": "suites with DHE",
    "3des": "suites with 3DES",
    "rc4": "suites with RC4",
}


def ask_clients(known: argparse.Namespace) -> tuple[str, int]:
    """Ask as the command line says; return the text to print and the exit status. Raises UsageError, ConfigError."""
    config = configuration(known.config_file)
    wanted = chosen(known, config.targets, config.modules)
    if len(wanted) != 1:
        raise UsageError("one target is wanted")
    result, posture = asyncio.run(_ask(config, wanted[0]))
    if not posture.clients:
        failure = result.failure
        why = failure.detail or failure.reason if failure is not None else posture.undetermined.get(CLIENTS, "")
        return f"{wanted[0].target.name}: nothing is known of any client: {why}\n", UNREACHABLE
    if known.format == "json":
        return _as_json(wanted[0].target.name, posture), OK
    return "\n".join(_as_text(wanted[0].target.name, posture)) + "\n", OK


async def _ask(config: Config, one: Chosen) -> tuple[Result, Posture]:
    engine, module = Engine(config), one.module
    try:
        timeout = engine.timeout(module)
        report = await engine.report(one.target, module, asyncio.get_running_loop().time() + timeout + 1)
        result = report.assessments[0].observation.result
        if not result.reachable:
            return result, Posture()
        settings = PostureConfig(clients=DAY, pace=module.posture.pace if module.posture is not None else None)
        posture = await determine_route(
            engine.prober,
            scanned_route(result, plain_route(one.target, module)),
            engine.assessor.postures.pace,
            seconds=timeout,
            settings=settings,
            skip=_ONLY,
            shown=shown_by(result),
        )
        return result, posture
    finally:
        await engine.prober.departures.all_left()
        engine.close()


def _as_text(target: str, posture: Posture) -> Iterator[str]:
    seen = posture.clients
    connects = sum(one.connects for one in seen.values())
    yield f"{target}: {connects} of {len(seen)} clients can connect"
    yield ""
    width = max(map(len, captured_clients()))
    for name, client in captured_clients().items():
        if name in seen:
            yield f"  {name:<{width}}  {_session(seen[name]):<70}  {_program(client)}".rstrip()
        else:
            yield f"  {name:<{width}}  not known: {posture.undetermined.get(CLIENTS, 'no answer')}"
    yield ""
    yield "If it were switched off, these would have to do without, as they use it now:"
    for what, users in _users(seen).items():
        yield f"  {what}: {', '.join(users)}"


def _session(one: ClientResult) -> str:
    return " ".join(part for part in (one.protocol, one.cipher, one.group) if part) if one.connects else "refused"


def _program(client: RealClient) -> str:
    return f"{client.program} (imitated)" if client.imitation else client.program


def _users(seen: Mapping[str, ClientResult]) -> dict[str, list[str]]:
    """Return, for each version and class of suites in use, the clients that use it."""
    uses: dict[str, Callable[[ClientResult], bool]] = {
        version: lambda one, version=version: one.protocol == version  # type: ignore[misc]
        for version in sorted({one.protocol for one in seen.values() if one.connects})
    }
    for label, what in _CLASSES.items():
        uses[what] = lambda one, label=label: label in cipher_classes(one.cipher)  # type: ignore[misc]
    users = {what: [name for name, one in seen.items() if one.connects and use(one)] for what, use in uses.items()}
    return {what: names for what, names in users.items() if names}


def _as_json(target: str, posture: Posture) -> str:
    clients = captured_clients()
    rows = [
        {
            "client": name,
            "program": clients[name].program,
            "package": clients[name].package,
            "captured": clients[name].captured,
            "imitation": clients[name].imitation,
            "connects": one.connects,
            "protocol": one.protocol or None,
            "cipher": one.cipher or None,
            "group": one.group or None,
        }
        for name, one in posture.clients.items()
    ]
    unknown = [name for name in clients if name not in posture.clients]
    return (
        json.dumps({"target": target, "clients": rows, "unknown": unknown, "uses": _users(posture.clients)}, indent=2)
        + "\n"
    )
