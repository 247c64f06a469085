"""The command `tls-exporter`: from words to work, and from outcomes to exit statuses.

Each command imports what it needs when it is run: `--help` need not wait for what serves.
"""

import argparse
import gc
import os
import sys
import time
from collections.abc import Sequence, Sized
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from exporter import log
from exporter.cli.flags import DEFAULT_LISTEN_ADDRESS, parse, parsers
from exporter.config.problems import ConfigError, Problem, did_you_mean
from exporter.errors import FAILED, NAGIOS_UNKNOWN, OK, PARTLY, USAGE, StartError, UsageError

if TYPE_CHECKING:
    from exporter.daemon.service import Settings


def main(arguments: Sequence[str]) -> int:
    """Run the command with its words; return the exit status."""
    known = parse(arguments)
    try:
        return _COMMANDS[known.command](known)
    except ConfigError as error:
        print(error, file=sys.stderr)  # every line begins as editors want it: file:line:column
        if known.command == "serve" and not Path(known.config_file).exists():
            print("tls-exporter: name it by --config.file; config.example.yaml shows every setting", file=sys.stderr)
        return _usage(known, "the configuration is not valid") if known.command == "probe" else FAILED
    except (StartError, UsageError) as error:
        if getattr(known, "format", "") == "nagios":
            return _usage(known, str(error))
        print(f"tls-exporter: {error}", file=sys.stderr)
        return USAGE if isinstance(error, UsageError) else FAILED
    except BrokenPipeError:  # the reader of our output has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except KeyboardInterrupt:
        return 130


def _usage(known: argparse.Namespace, why: str) -> int:
    """Return the exit status for wrong usage of `probe`: 1 would say that its target is unreachable."""
    if known.format != "nagios":
        return USAGE
    print(f"TLS UNKNOWN - {why}")
    return NAGIOS_UNKNOWN


def _serve(known: argparse.Namespace) -> int:
    log.configure(known.log_level, known.log_format)
    if known.config_check:
        print(_checked(known.config_file, known.web_config_file))
        return OK
    gc.disable()  # what a start makes stays, and to look for garbage among it takes a tenth of the time
    try:
        import exporter.daemon.lean_aiohttp  # noqa: F401, PLC0415 - first
        from exporter.daemon.service import serve  # noqa: PLC0415

        serve(settings(known, known.config_file))
    finally:
        gc.enable()
    return OK


def _checked(config_file: str, web_config_file: str) -> str:
    """Return what is there of valid files. Raises ConfigError with the problems of both."""
    from exporter.config.file_sd import FileTargets, check_target_files  # noqa: PLC0415
    from exporter.config.reader import load  # noqa: PLC0415
    from exporter.metrics.vocabulary import VOCABULARY  # noqa: PLC0415
    from exporter.web.access import WebConfig  # noqa: PLC0415

    lines: list[str] = []
    problems: list[Problem] = []
    warnings: list[Problem] = []
    try:
        config = load(config_file, VOCABULARY)
        problems.extend(check_target_files(config))
        found = FileTargets(config, time.time)
        targets = _count((*config.targets, *found.targets), "target")
        files = f" ({_count(found.targets, 'target')} from {_count(found.files, 'file')})" if found.files else ""
        warnings += config.warnings
        lines.append(f"{config_file}: valid, {targets}{files}, {_count(config.modules, 'module')}")
    except ConfigError as error:
        problems.extend(error.problems)
    try:
        if web_config_file:
            WebConfig.load(web_config_file)
            lines.append(f"{web_config_file}: valid")
    except ConfigError as error:
        problems.extend(error.problems)
    if problems:
        raise ConfigError(problems)
    for warning in warnings:
        print(warning, file=sys.stderr)
    return "\n".join(lines)


def _count(things: Sized, name: str) -> str:
    return f"{len(things)} {name}{'' if len(things) == 1 else 's'}"


def settings(known: argparse.Namespace, config_file: str) -> "Settings":
    """Return what the flags say of serving a configuration. Raises UsageError."""
    from exporter.daemon.service import Settings  # noqa: PLC0415
    from exporter.web.app import OWN_PATHS  # noqa: PLC0415
    from exporter.web.context import Options  # noqa: PLC0415
    from exporter.web.scrape_timeout import LONGEST_SCRAPE_TIMEOUT  # noqa: PLC0415

    prefix = known.route_prefix if known.route_prefix is not None else urlsplit(known.external_url).path
    prefix = "/" + prefix.strip("/") if prefix.strip("/") else ""
    if not known.telemetry_path.startswith("/") or known.telemetry_path == "/":
        raise UsageError("--web.telemetry-path must begin with a slash and be more than one")
    if known.telemetry_path in OWN_PATHS:
        raise UsageError(f"--web.telemetry-path must not be {known.telemetry_path}, where something else is")
    if not known.timeout_offset >= 0 or known.max_requests < 0:  # NaN is not, either
        raise UsageError("--timeout-offset and --web.max-requests must not be negative")
    if known.scrape_timeout_default is not None and not 0 < known.scrape_timeout_default <= LONGEST_SCRAPE_TIMEOUT:
        raise UsageError(
            f"--scrape-timeout-default must be more than 0 and at most {LONGEST_SCRAPE_TIMEOUT:.0f} seconds"
        )
    return Settings(
        config_file=config_file,
        listen_addresses=tuple(known.listen_addresses or [DEFAULT_LISTEN_ADDRESS]),
        web_config_file=known.web_config_file,
        systemd_socket=known.systemd_socket,
        options=Options(
            telemetry_path=known.telemetry_path,
            route_prefix=prefix,
            external_url=known.external_url,
            timeout_offset=known.timeout_offset,
            scrape_timeout_default=known.scrape_timeout_default,
            max_requests=known.max_requests,
        ),
    )


def _probe(known: argparse.Namespace) -> int:
    from exporter.cli.probe import probe_once  # noqa: PLC0415

    log.configure_at_first_line(known.log_level, known.log_format)
    text, status = probe_once(known, colour=sys.stdout.isatty() and "NO_COLOR" not in os.environ)
    print(text, end="")
    return status


def _clients(known: argparse.Namespace) -> int:
    from exporter.cli.clients import ask_clients  # noqa: PLC0415

    log.configure_at_first_line(known.log_level, known.log_format)
    text, status = ask_clients(known)
    print(text, end="")
    return status


def _demo(known: argparse.Namespace) -> int:
    from exporter.demo.command import run_demo  # noqa: PLC0415

    log.configure(known.log_level, known.log_format)
    run_demo(lambda config_file: settings(known, config_file))
    return OK


def _findings(known: argparse.Namespace) -> int:
    from exporter.cli.findings import as_json, as_text  # noqa: PLC0415
    from exporter.findings.catalogue import CATALOGUE  # noqa: PLC0415

    for name in known.ids:
        if name not in CATALOGUE:
            raise UsageError(f"unknown finding {name!r}{did_you_mean(name, CATALOGUE)}")
    chosen = {name: finding for name, finding in CATALOGUE.items() if name in known.ids or not known.ids}
    print(as_json(chosen) if known.format == "json" else as_text(chosen, long=bool(known.ids)), end="")
    return OK


def _migrate(known: argparse.Namespace) -> int:
    from exporter.cli.migrate import migrate_paths  # noqa: PLC0415
    from exporter.migrate.reading import MigrationError  # noqa: PLC0415

    try:
        migration = migrate_paths(known.files)
    except MigrationError as error:
        raise UsageError(str(error)) from None
    print(migration.config_text, end="")
    for note in (*migration.notes, migration.summary):
        print(note, file=sys.stderr)
    return OK if migration.is_whole else PARTLY


def _completion(known: argparse.Namespace) -> int:
    from exporter.cli.completion import render  # noqa: PLC0415

    print(render(known.kind, parsers()), end="")
    return OK


_COMMANDS = {
    "serve": _serve,
    "probe": _probe,
    "clients": _clients,
    "demo": _demo,
    "findings": _findings,
    "migrate": _migrate,
    "completion": _completion,
}
