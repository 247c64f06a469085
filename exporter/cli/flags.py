"""The command line in Prometheus' dialect: flags with dots, commands, and help that teaches. It runs nothing."""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn

from exporter import __version__
from exporter.config.problems import did_you_mean
from exporter.errors import NAGIOS_UNKNOWN
from exporter.log import FORMATS, LEVELS

DEFAULT_LISTEN_ADDRESS = ":10054"
COMMANDS = ("serve", "probe", "clients", "demo", "findings", "migrate", "completion")
FORMATS_OF_PROBE = ("text", "json", "prometheus", "nagios")

_SERVE_EPILOG = """\
commands (each with its own --help):
  tls-exporter                 serve; the default
  tls-exporter probe TARGET    one probe, printed for a person, as JSON, Prometheus text or for Nagios
  tls-exporter clients TARGET  which real clients can connect, and who would be locked out by a change
  tls-exporter demo            a gallery of local endpoints, good and broken, and the exporter watching them
  tls-exporter findings        the catalogue of findings
  tls-exporter migrate         from the configuration of other exporters to one for this one
  tls-exporter completion      shell completion and the manual page

signals: SIGHUP reloads the configuration, SIGTERM and SIGINT finish the scrapes in flight and stop.
"""

_PROBE_EPILOG = """\
examples:
  tls-exporter probe example.com
  tls-exporter probe https://example.com/health --format json
  tls-exporter probe mail.example.com:25 --starttls smtp
  tls-exporter probe 192.0.2.1:8443 --server-name www.example.com --ca-file ca.pem
  tls-exporter probe --all --quiet                  every target of config.yaml, a line for each
  tls-exporter probe example.com --format nagios --min-days 14

A target of the configuration is probed as the daemon probes it; flags go before its module.

exit status: 0 healthy, 1 unreachable or no handshake, 2 wrong usage, 3 findings of severity high or worse.
With --format nagios: 0 OK, 1 WARNING (severity medium), 2 CRITICAL, 3 UNKNOWN (wrong usage).
"""


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line; `command` says which command. Exits with status 2 on wrong usage, as argparse does."""
    words = list(arguments)
    command = words.pop(0) if words and words[0] in COMMANDS else "serve"
    parser = _PARSERS[command]()
    if command == "serve" and words and not words[0].startswith("-"):
        parser.error(f"unknown command {words[0]!r}{did_you_mean(words[0], COMMANDS)}")
    if command == "probe" and "nagios" in " ".join(words).replace("=", " ").split():
        parser.error = _nagios_error  # type: ignore[method-assign]
    known = parser.parse_args(words)
    known.command = command
    return known


def _nagios_error(message: str) -> NoReturn:
    """End as monitoring plugins do on wrong usage: a line on the standard output, status 3."""
    sys.stdout.write(f"TLS UNKNOWN - {message}\n")
    sys.exit(NAGIOS_UNKNOWN)


def _parser(prog: str, description: str, epilog: str = "") -> argparse.ArgumentParser:
    return argparse.ArgumentParser(
        prog=prog,
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def _serve() -> argparse.ArgumentParser:
    parser = _parser(
        "tls-exporter",
        "A Prometheus exporter that probes TLS endpoints on each scrape: certificates, trust, protocol and posture.",
        _SERVE_EPILOG,
    )
    parser.add_argument("--version", action="version", version=f"tls-exporter {__version__}")
    parser.add_argument(
        "--config.file",
        dest="config_file",
        metavar="PATH",
        default="config.yaml",
        help="configuration: a file, or a directory of *.yaml and *.yml files merged (default: %(default)s)",
    )
    parser.add_argument(
        "--config.check",
        dest="config_check",
        action="store_true",
        help="load the configuration with its files of targets, and the web configuration if one is named, "
        "report every problem as file:line:column, and exit with 0 or 1",
    )
    _add_web_flags(parser)
    _add_log_flags(parser)
    return parser


def _add_web_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--web.listen-address",
        dest="listen_addresses",
        metavar="HOST:PORT",
        action="append",
        help=f"address to listen on; may be repeated (default: {DEFAULT_LISTEN_ADDRESS})",
    )
    parser.add_argument(
        "--web.systemd-socket", dest="systemd_socket", action="store_true", help="listen on the sockets systemd passes"
    )
    parser.add_argument(
        "--web.config.file",
        dest="web_config_file",
        metavar="PATH",
        default="",
        help="TLS and basic auth, in exporter-toolkit's web configuration format",
    )
    parser.add_argument(
        "--web.telemetry-path",
        dest="telemetry_path",
        metavar="PATH",
        default="/metrics",
        help="path of the metrics (default: %(default)s)",
    )
    parser.add_argument(
        "--web.external-url",
        dest="external_url",
        metavar="URL",
        default="",
        help="URL under which the exporter is reached from outside, for links",
    )
    parser.add_argument(
        "--web.route-prefix",
        dest="route_prefix",
        metavar="PATH",
        default=None,
        help="prefix of every path (default: the path of --web.external-url)",
    )
    parser.add_argument(
        "--web.max-requests",
        dest="max_requests",
        metavar="N",
        type=int,
        default=512,
        help="scrapes and probes answered at once; more get 503; 0 for no limit (default: %(default)s)",
    )
    parser.add_argument(
        "--timeout-offset",
        dest="timeout_offset",
        metavar="SECONDS",
        type=float,
        default=0.5,
        help="seconds kept back from the scrape timeout that Prometheus announces (default: %(default)s)",
    )
    parser.add_argument(
        "--scrape-timeout-default",
        dest="scrape_timeout_default",
        metavar="SECONDS",
        type=float,
        help="scrape timeout of a scraper that announces none (default: 10, and 5 for Telegraf)",
    )


def _add_log_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--log.level", dest="log_level", choices=LEVELS, default="info", help="least severe line that is logged"
    )
    parser.add_argument("--log.format", dest="log_format", choices=FORMATS, default="logfmt", help="form of log lines")


def _probe() -> argparse.ArgumentParser:
    parser = _parser("tls-exporter probe", "Probe targets once and say everything there is to say.", _PROBE_EPILOG)
    which = parser.add_argument_group("what to probe")
    which.add_argument(
        "targets",
        metavar="TARGET",
        nargs="*",
        help="host, host:port, [v6]:port, https://host/path, unix:/path, or file:PATH for certificates at rest",
    )
    which.add_argument("-f", "--file", metavar="FILE", help="a file of targets, one a line; - is standard input")
    which.add_argument("--all", action="store_true", help="every target of the configuration")
    which.add_argument("--module", metavar="NAME", help="how to probe (default: as configured, else https or tls)")
    which.add_argument(
        "--config.file",
        dest="config_file",
        metavar="PATH",
        help="configuration (default: config.yaml, if there is one)",
    )
    _add_probe_flags(parser.add_argument_group("how to probe, in place of what the module says"))
    output = parser.add_argument_group("what to print")
    output.add_argument("--format", choices=FORMATS_OF_PROBE, default="text", help="output (default: %(default)s)")
    output.add_argument("--pem", action="store_true", help="the certificates as presented, as PEM and nothing else")
    output.add_argument("--quiet", action="store_true", help="one line for each target")
    _add_log_flags(parser)
    parser.set_defaults(log_level="warning", family=None)
    return parser


def _clients() -> argparse.ArgumentParser:
    parser = _parser(
        "tls-exporter clients",
        "Say which real clients can connect to a target, with which version and cipher suite, and who would be locked\n"
        "out if a version or a class of suites were switched off. Their captured ClientHellos are sent one at a time,\n"
        "at most eight in five seconds.",
    )
    parser.add_argument("targets", metavar="TARGET", nargs=1, help="as of `tls-exporter probe`")
    parser.add_argument("--module", metavar="NAME", help="how to connect (default: as configured, else https or tls)")
    parser.add_argument(
        "--config.file",
        dest="config_file",
        metavar="PATH",
        help="configuration (default: config.yaml, if there is one)",
    )
    parser.add_argument("--timeout", metavar="SECONDS", type=float, help="seconds for one connection")
    parser.add_argument("--server-name", metavar="NAME", help="name to ask for, instead of the host")
    parser.add_argument("--starttls", metavar="PROTOCOL", help="speak this protocol up to STARTTLS first, as smtp")
    parser.add_argument("--proxy", metavar="URL", help="http://user:password@host:3128 or socks5://host:1080")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="output (default: %(default)s)")
    _add_log_flags(parser)
    parser.set_defaults(log_level="warning", family=None, all=False, file=None, posture=False, active_checks=False)
    parser.set_defaults(ca_file=None, cert=None, key=None, alpn=None, groups=None, min_days=None)
    return parser


def _add_probe_flags(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--timeout", metavar="SECONDS", type=float, help="seconds for the whole probe")
    group.add_argument("--server-name", metavar="NAME", help="name to ask for and to match, instead of the host")
    group.add_argument("--ca-file", metavar="PATH", help="trust these roots instead of the system's")
    group.add_argument("--cert", metavar="PATH", help="PEM file of a client certificate, with --key")
    group.add_argument("--key", metavar="PATH", help="PEM file of its key")
    group.add_argument("--starttls", metavar="PROTOCOL", help="speak this protocol up to STARTTLS first, as smtp")
    group.add_argument("--proxy", metavar="URL", help="http://user:password@host:3128 or socks5://host:1080")
    group.add_argument("--alpn", metavar="NAMES", help="application protocols to offer, as h2,http/1.1")
    group.add_argument("--groups", metavar="NAMES", help="key exchange groups to offer, as x25519,secp256r1")
    for flag, family in (("-4", "ip4"), ("-6", "ip6")):
        group.add_argument(flag, dest="family", action="store_const", const=family, help=f"IPv{flag[1]} addresses only")
    group.add_argument(
        "--min-days", metavar="N", type=float, help="fewer days than this left are a finding of severity high"
    )
    group.add_argument(
        "--posture", action="store_true", help="also what the endpoint accepts: versions, ciphers, groups"
    )
    group.add_argument(
        "--active-checks", action="store_true", help="with posture: Heartbleed, early CCS, ROBOT, harmless variants"
    )


def _demo() -> argparse.ArgumentParser:
    parser = _parser(
        "tls-exporter demo",
        "A gallery of local endpoints, good and broken in known ways, and the exporter watching them, without network.",
    )
    _add_web_flags(parser)
    _add_log_flags(parser)
    return parser


def _findings() -> argparse.ArgumentParser:
    parser = _parser(
        "tls-exporter findings",
        "Print the catalogue of findings: severity, id and title; for those that are named, and in JSON,\n"
        "also what it means and how to fix it.",
    )
    parser.add_argument("ids", metavar="ID", nargs="*", help="a finding, as certificate_expired (default: all)")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="output (default: %(default)s)")
    return parser


def _migrate() -> argparse.ArgumentParser:
    parser = _parser(
        "tls-exporter migrate",
        "Write the configuration for what blackbox_exporter or ssl_exporter and Prometheus probe today. The\n"
        "configuration goes to standard output, notes and a summary to standard error.",
        "exit status: 0 all migrated, 4 not all, 2 no such input or one that belongs to none of these programs.\n",
    )
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="+",
        help="configurations of blackbox_exporter, ssl_exporter and Prometheus, Probe and ScrapeConfig resources; "
        "in any order; - is standard input",
    )
    return parser


def _completion() -> argparse.ArgumentParser:
    parser = _parser(
        "tls-exporter completion",
        "Print a script that completes this command in a shell, or its manual page.",
        "example:\n  tls-exporter completion bash > /etc/bash_completion.d/tls-exporter\n",
    )
    parser.add_argument("kind", choices=("bash", "zsh", "fish", "man"), help="a shell, or man for the manual page")
    return parser


_PARSERS: Mapping[str, Callable[[], argparse.ArgumentParser]] = {
    "serve": _serve,
    "probe": _probe,
    "clients": _clients,
    "demo": _demo,
    "findings": _findings,
    "migrate": _migrate,
    "completion": _completion,
}


def parsers() -> dict[str, argparse.ArgumentParser]:
    """Return the parser of every command: the one source of help, completion and manual page."""
    return {name: make() for name, make in _PARSERS.items()}
