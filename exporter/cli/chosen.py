"""Which targets the words of `probe` mean, and how each is probed: as the daemon would, unless flags say otherwise."""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from exporter.certificates.trust_store import TrustError, load_trust
from exporter.config import parsers
from exporter.config.files import NamedFileError, check_key_pair, read_named
from exporter.config.model import IPProtocol, Module, PostureConfig, TLSConfig
from exporter.config.problems import did_you_mean
from exporter.config.targets import default_module, make_target
from exporter.errors import UsageError
from exporter.policy import PolicyLayer, layered
from exporter.target import FILE, HTTPS_PORT, Endpoint, Target, TargetError, parse_endpoint

LONGEST_TIMEOUT = 3600.0
MOST_DAYS = 36_500.0
_DAY = 86_400.0
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Chosen:
    """One target to probe, with its module after all flags."""

    target: Target
    module: Module


def chosen(known: argparse.Namespace, configured: Iterable[Target], modules: Mapping[str, Module]) -> list[Chosen]:
    """Return what is to be probed, in the order written, each once. Raises UsageError."""
    configured = tuple(configured)
    if known.module is not None and known.module not in modules:
        hint = did_you_mean(known.module, modules) or ": write --config.file=PATH for a module of your own"
        raise UsageError(f"unknown module {known.module!r}{hint}")
    targets = list(configured) if known.all else []
    for text in (*known.targets, *_from_file(known.file)):
        targets += _targets(text, known, configured, modules)
    if not targets:
        raise UsageError("no TARGET: name one, or -f FILE, or --all with a configuration that has targets")
    module = {name: _overridden(known, one) for name, one in modules.items() if name in {t.module for t in targets}}
    return [Chosen(target, module[target.module]) for target in dict.fromkeys(targets)]


def _from_file(path: str | None) -> Iterator[str]:
    """Yield the targets of a file, one a line; what follows # is a comment. `-` is the standard input."""
    if path is None:
        return
    try:
        text = sys.stdin.read() if path == "-" else read_named(path).decode()
    except (NamedFileError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: {error}" if isinstance(error, UnicodeDecodeError) else str(error)) from None
    for line in text.splitlines():
        written = line.partition("#")[0].strip() if not line.lstrip().startswith("#") else ""
        yield from written.split()


def _targets(
    text: str, known: argparse.Namespace, configured: tuple[Target, ...], modules: Mapping[str, Module]
) -> list[Target]:
    """Return what one word means: configured targets of this name or endpoint, else one that nobody configured."""
    if text.startswith(f"{FILE}:"):
        path = str(Path(text.removeprefix(f"{FILE}:")).absolute())
        return [target for target in configured if target.endpoint.is_at_rest and target.endpoint.path == path][:1]
    try:
        endpoint = parse_endpoint(text)
    except TargetError as error:
        raise UsageError(f"{text!r}: {error}") from None
    found = [target for target in configured if target.name == text]
    found = found or [target for target in configured if _same(endpoint, target.endpoint)]
    if found and known.module is None:
        return [target for target in found if target.module == found[0].module]
    if found:
        exact = [target for target in found if target.module == known.module]
        return exact or [replace(found[0], module=known.module)]
    name = known.module or ("tls" if known.starttls else default_module(endpoint))
    module = modules[name] if known.starttls is None else replace(modules[name], starttls=known.starttls)
    return [make_target(text, name, {name: module})]


def _same(written: Endpoint, configured: Endpoint) -> bool:
    """Return whether two spellings mean one endpoint; a path counts only where one is written."""
    if written.unix_path is not None or configured.unix_path is not None:
        return written.unix_path == configured.unix_path
    port = written.port or HTTPS_PORT
    same_path = written.path in ("", "/") or written.path == configured.path
    return same_path and written.host == configured.host and port == configured.port


def _overridden(known: argparse.Namespace, module: Module) -> Module:
    """Return a module with what the flags say in place of its own. Raises UsageError."""
    module = replace(module, tls_config=_tls_config(known, module.tls_config))
    if known.timeout is not None:
        if not 0 < known.timeout <= LONGEST_TIMEOUT:  # false for NaN as well
            raise UsageError(f"bad timeout {known.timeout}: more than 0 and at most {LONGEST_TIMEOUT:.0f} seconds")
        module = replace(module, timeout=known.timeout)
    if known.starttls is not None:
        module = replace(module, starttls=_read("--starttls", known.starttls, parsers.starttls), http=None)
    if known.proxy is not None:
        module = replace(module, proxy=_read("--proxy", known.proxy, parsers.proxy_url), no_proxy=())
    if known.family is not None:
        module = replace(module, ip_protocol=IPProtocol(known.family))
    module = _offered(known, module)
    if known.posture or known.active_checks:
        settings = module.posture or PostureConfig()
        module = replace(module, posture=replace(settings, active_checks=settings.active_checks or known.active_checks))
    if module.tls_config.ca_file or module.trust.ca_directory:  # the system's take 0.1 s, and only a chain needs them
        try:
            load_trust(module.tls_config.ca_file, module.trust.ca_directory, module.trust.system_roots)
        except TrustError as error:
            raise UsageError(f"the trusted roots cannot be loaded: {error}") from None
    return _with_min_days(known, module)


def _offered(known: argparse.Namespace, module: Module) -> Module:
    """Return a module that offers the application protocols and groups of the flags."""
    if known.alpn is not None:
        names = [name for name in known.alpn.split(",") if name]
        module = replace(module, alpn=tuple(_read("--alpn", name, parsers.alpn_protocol) for name in names))
    if known.groups is not None:
        names = [name for name in known.groups.split(",") if name]
        module = replace(module, groups=tuple(_read("--groups", name, parsers.group) for name in names))
    return module


def _tls_config(known: argparse.Namespace, tls_config: TLSConfig) -> TLSConfig:
    if known.server_name is not None:
        tls_config = replace(tls_config, server_name=_read("bad server name", known.server_name, parsers.host_name))
    if known.ca_file is not None:
        tls_config = replace(tls_config, ca_file=known.ca_file)
    if (known.cert is None) != (known.key is None):
        raise UsageError("--cert and --key go together: a certificate needs its key")
    if known.cert is not None:
        for path in (known.cert, known.key):
            if not Path(path).is_file():
                raise UsageError(f"there is no file {path}")
        try:
            check_key_pair(known.cert, known.key, None)
        except NamedFileError as error:
            raise UsageError(str(error)) from None
        tls_config = replace(tls_config, cert_file=known.cert, key_file=known.key, key_password=None)
    return tls_config


def _with_min_days(known: argparse.Namespace, module: Module) -> Module:
    """Return a module for which fewer days than asked for are an imminent end, whatever the lifetime."""
    if known.min_days is None:
        return module
    if not 0 < known.min_days <= MOST_DAYS:
        raise UsageError(f"bad --min-days {known.min_days}: more than 0 and at most {MOST_DAYS:.0f}")
    seconds = known.min_days * _DAY
    layer = PolicyLayer(expiry=(("critical", seconds), ("critical_fraction", 1.0)))
    return replace(module, policy=layered(module.policy, layer))


def _read(flag: str, written: str, read: Callable[[str], _Value]) -> _Value:
    try:
        return read(written)
    except ValueError as error:
        raise UsageError(f"{flag}: {error}") from None
