"""What people write: configurations, target files, web configurations, targets, patterns, durations, and old files."""

import contextlib
import tempfile
from collections.abc import Sequence
from pathlib import Path

from exporter.config import web_config
from exporter.config.dump import mask
from exporter.config.file_sd import TargetFileError, read_targets
from exporter.config.model import Config, Module
from exporter.config.patterns import parse_pattern
from exporter.config.problems import ConfigError, Problem
from exporter.config.reader import load
from exporter.config.units import format_duration, parse_duration
from exporter.migrate.migration import migrate
from exporter.migrate.reading import MigrationError
from exporter.scrape.selection import SelectionError, parse_shard
from exporter.target import TargetError, parse_endpoint
from exporter.web.access import read_basic_untrusted
from exporter.web.allowlist import Allowlist
from exporter.web.metrics_page import accepts_gzip
from exporter.web.scrape_timeout import seconds_for_scrape
from tests.fuzz.target import FuzzTarget

ROOT = Path(__file__).parents[2]
MODULES = {"tls": Module("tls"), "https": Module("https")}
CONFIG = Config(modules=MODULES)
_DIRECTORY = tempfile.mkdtemp(prefix="fuzz-")  # of one process, with one file in it


def _written(data: bytes) -> str:
    file = Path(_DIRECTORY) / "config.yaml"
    file.write_bytes(data)
    return str(file)


def configuration(data: bytes) -> None:
    """Any bytes are a configuration, which can be shown and read again, or a list of problems with their places."""
    config, problems = _loaded(data)
    assert (config is None) == bool(problems)
    assert all(problem.line >= 1 and problem.column >= 1 and problem.message for problem in problems)
    if config is not None:
        assert mask(config)


def _loaded(data: bytes) -> tuple[Config | None, Sequence[Problem]]:
    try:
        return load(_written(data)), ()
    except ConfigError as error:
        return None, error.problems


def _configuration_seeds() -> list[bytes]:
    """Return the configurations of the tests; what is too much on purpose takes too long here."""
    files = [ROOT / "config.example.yaml", *sorted((ROOT / "tests/configs").rglob("*.yaml"))]
    return [file.read_bytes() for file in files if file.stat().st_size < 4000 and "bomb" not in file.name]


def web_configuration(data: bytes) -> None:
    """Any bytes are a web configuration or a list of problems."""
    with contextlib.suppress(ConfigError):
        web_config.read_web_config(_written(data))


def _web_seeds() -> list[bytes]:
    tls = b"tls_server_config:\n  cert_file: a.pem\n  key_file: a.key\n  min_version: TLS13\n  client_auth_type: x\n"
    users = b"basic_auth_users:\n  alice: $2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi\n"
    headers = b"http_server_config:\n  http2: true\n  headers:\n    X-Frame-Options: deny\n"
    return [tls, users, headers, headers + b"rate_limit: {interval: 1s, burst: 20}\n"]


def target_file(data: bytes) -> None:
    """Any bytes are targets or one error, as JSON and as YAML."""
    for name in ("targets.json", "targets.yml"):
        with contextlib.suppress(TargetFileError):
            assert all(target.module in MODULES for target in read_targets(name, data, CONFIG))


def _target_file_seeds() -> list[bytes]:
    return [
        b'[{"targets": ["a.example:443", "[::1]:1"], "labels": {"team": "web", "__param_module": "https"}}]',
        b"- targets: [a.example:443]\n  labels: {team: web}\n- targets: []\n",
    ]


def words(data: bytes) -> None:
    """Single words: a target, a pattern, a duration, a shard, header fields. Each is a value or its one error."""
    text = data.decode("utf-8", "surrogateescape")
    with contextlib.suppress(TargetError):
        endpoint = parse_endpoint(text)
        assert endpoint.host or endpoint.unix_path
        Allowlist.of(("*.example:443", "10.0.0.0/8:*")).permits_name(endpoint)
    with contextlib.suppress(SelectionError):
        parse_shard(text)
    with contextlib.suppress(ValueError):
        seconds = parse_duration(text)
        assert parse_duration(format_duration(seconds)) == seconds
    with contextlib.suppress(ValueError):
        parse_pattern(text)
    Allowlist().permits_address(text, 443)
    read_basic_untrusted(text)
    assert 0 < seconds_for_scrape(text, 0.5) <= 3600
    accepts_gzip(text)


def _word_seeds() -> list[bytes]:
    texts = ["a.example:443", "https://[2001:db8::1]:8443/a?b", "unix:/run/a.sock", "*.example:*", "10.0.0.0/8:443"]
    texts += [
        "1h30m",
        "500ms",
        "0/3",
        "Basic YWxpY2U6c2VjcmV0",
        "gzip;q=0.5, *;q=0",
        "9.5",
        "ß.example",
        "::ffff:1.2.3.4",
    ]
    return [text.encode() for text in texts]


def migration(data: bytes) -> None:
    """Files of blackbox_exporter and Prometheus are migrated to what loads, or are refused with a sentence."""
    blackbox, _, prometheus = data.decode("utf-8", "replace").partition("\0")
    with contextlib.suppress(MigrationError):
        carried = migrate(blackbox, prometheus)
        with contextlib.suppress(ConfigError):  # files that are named and not here
            load(_written(carried.config_text.encode()))


def _migration_seeds() -> list[bytes]:
    folder = ROOT / "tests/migrate/configs"
    pairs = [(file, folder / file.name.replace("blackbox", "prometheus")) for file in folder.glob("*.blackbox.yml")]
    return [b"\0".join(file.read_bytes() for file in pair) for pair in pairs]


TARGETS = {
    "configuration": FuzzTarget(configuration, _configuration_seeds),
    "web_configuration": FuzzTarget(web_configuration, _web_seeds),
    "target_file": FuzzTarget(target_file, _target_file_seeds),
    "words": FuzzTarget(words, _word_seeds),
    "migration": FuzzTarget(migration, _migration_seeds),
}
