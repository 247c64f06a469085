"""From checked shapes to the configuration in force: defaults, files that are named, modules and targets that fit.

Several files become one configuration here. Everything that is wrong is collected, nothing is raised.
"""

import glob
import time
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from exporter.config import schema
from exporter.config.build_published import make_ari, make_dns
from exporter.config.build_trust import make_ct, make_stores, twice
from exporter.config.doubts import Place, doubts, missing_files
from exporter.config.files import (
    DoubtfulFileError,
    NamedFileError,
    check_directory,
    check_key_pair,
    check_pem,
    read_secret,
)
from exporter.config.model import (
    BUILT_IN_MODULES,
    Config,
    FileGroup,
    GlobalConfig,
    HTTPConfig,
    KubernetesGroup,
    Module,
    PostureConfig,
    ProbeEndpoint,
    ProxyConfig,
    RevocationConfig,
    Secret,
    TargetFiles,
    TLSConfig,
    Transport,
    TrustConfig,
)
from exporter.config.parsers import distinct_labels
from exporter.config.problems import Problem, did_you_mean, dotted
from exporter.config.schema_types import Shape
from exporter.config.source import Source, Steps
from exporter.config.targets import make_target, served_key
from exporter.config.vocabulary import ANY_NAMES, Vocabulary
from exporter.policy import Acceptance, PolicyLayer, policy_of
from exporter.target import Target, parse_endpoint

Made = TypeVar("Made")
FileSource = Source[schema.File]


@dataclass(slots=True)
class Assembly:
    """Takes sources in their order; `problems` says what does not fit, `files` what was read besides them."""

    vocabulary: Vocabulary = ANY_NAMES
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    places: dict[Target, Place] = field(default_factory=dict)  # where each target is written
    whole: bool = True  # every module that may be referred to is there
    _first: dict[Hashable, tuple[FileSource, Steps]] = field(default_factory=dict)  # what may be written once

    def build(self, sources: list[FileSource]) -> Config:
        """Make one configuration of all sources."""
        self.whole = all(source.whole for source in sources)
        global_ = self.globals(sources)
        modules = {
            name: replace(module, policy=policy_of((global_.layer, module.layer)))
            for name, module in self.modules(sources).items()
        }
        targets = tuple(target for source in sources for target in self.targets(source, modules))
        self.check_served(sources, targets)
        config = Config(
            global_=global_,
            modules=modules,
            targets=targets,
            target_files=tuple(entry for source in sources for entry in self.target_files(source, modules)),
            file_groups=tuple(group for source in sources for group in self.file_groups(source, modules)),
            kubernetes=tuple(group for source in sources for group in self.kubernetes_groups(source, modules)),
            probe_endpoint=ProbeEndpoint(
                tuple(
                    pattern
                    for source in sources
                    if source.shape.probe_endpoint is not None
                    for pattern in source.shape.probe_endpoint.allow or ()
                ),
            ),
            files=(*(source.name for source in sources), *dict.fromkeys(self.files)),
            vocabulary=self.vocabulary,
        )
        warnings = sorted({*self.warnings, *doubts(sources, config, self.places, time.time())})
        return replace(config, warnings=tuple(warnings))

    def once(self, what: Hashable, source: FileSource, path: Steps, message: str, *, at_key: bool) -> bool:
        """Note that something is written here; False, with a problem, if it was written before."""
        here = (source, path)
        first_source, first_path = there = self._first.setdefault(what, here)
        if there is here:
            return True
        first = first_source.problem(first_path, "", at_key=at_key)
        where = f"first at {first.file}:{first.line}:{first.column}"
        self.problems.append(source.problem(path, f"{message}, {where}", at_key=at_key))
        return False

    def globals(self, sources: list[FileSource]) -> GlobalConfig:
        """Merge `global`: each key may be written in one file only."""
        merged: dict[str, Any] = {}
        for source in sources:
            if source.shape.global_ is not None:
                self.policy(source, ("global",), source.shape.global_)
            for key, value in _written(source.shape.global_).items():
                self.once(("global", key), source, ("global", key), "the key is written twice", at_key=True)
                merged[key] = value
        return GlobalConfig(layer=take_layer(merged), **merged)

    def modules(self, sources: list[FileSource]) -> dict[str, Module]:
        """Merge `modules`: each name may be written in one file only; built-in ones may be written over."""
        modules = dict(BUILT_IN_MODULES)
        for source in sources:
            for name, shape in (source.shape.modules or {}).items():
                if self.once(("module", name), source, ("modules", name), "the module is written twice", at_key=True):
                    foundation = BUILT_IN_MODULES.get(name, Module(name))
                    modules[name] = self.module(source, name, shape, foundation)
        return modules

    def module(self, source: FileSource, name: str, shape: schema.Module, foundation: Module) -> Module:
        """Make a module; what is not written stays as in its foundation."""
        path: Steps = ("modules", name)
        self.conflicts(source, path, shape.conflicts())
        self.policy(source, path, shape)
        fields = _written(shape)
        fields["layer"] = take_layer(fields)
        for key, part in (("http", HTTPConfig), ("revocation", RevocationConfig), ("posture", PostureConfig)):
            if key in fields:
                written = _written(fields[key])
                if "proxy_url" in written:
                    written["proxy"] = written.pop("proxy_url")
                fields[key] = part(**written)
        if shape.tls_config is not None:
            fields["tls_config"] = self.tls_config(source, (*path, "tls_config"), shape.tls_config)
        fields |= self.roots(source, path, shape)
        if shape.dns is not None:
            self.conflicts(source, (*path, "dns"), shape.dns.conflicts())
            fields["dns"] = make_dns(shape.dns, partial(self.key_file, source, (*path, "dns")))
        if shape.ari is not None:
            fields["ari"] = make_ari(shape.ari, partial(self.key_file, source, (*path, "ari")))
        if "proxy_url" in fields:
            fields["proxy"] = self.proxy(source, path, shape)
        for key in ("proxy_url", "proxy_password_file"):
            fields.pop(key, None)
        return replace(foundation, **fields)

    def policy(self, source: FileSource, path: Steps, shape: schema.Policied) -> None:
        """Check what a place writes on findings."""
        if shape.expiry is not None:
            self.conflicts(source, (*path, "expiry"), shape.expiry.conflicts())
        seen: dict[str, int] = {}
        for number, entry in (shape.accept or {}).items():
            first = seen.setdefault(entry.finding, number)
            if first != number:
                message = f"the finding is accepted twice here, first in accept[{first}]"
                self.problems.append(source.problem((*path, "accept", number, "finding"), message))

    def conflicts(self, source: FileSource, path: Steps, conflicts: Iterable[schema.Conflict]) -> None:
        """Note what does not go together in one mapping."""
        self.problems.extend(source.problem((*path, key), message) for key, message in conflicts)

    def tls_config(self, source: FileSource, path: Steps, shape: schema.TLSConfig) -> TLSConfig:
        """Make `tls_config`, with the files that it names checked."""
        self.conflicts(source, path, shape.conflicts())
        fields = _written(shape)
        readable, password_file = True, fields.pop("key_password_file", None)
        if password_file is not None:
            fields["key_password"] = self.secret(source, (*path, "key_password_file"), password_file)
            readable = fields["key_password"] is not None
        elif "key_password" in fields:
            fields["key_password"] = Secret(fields["key_password"])
        for key, wanted in (
            ("ca_file", "CERTIFICATE"),
            ("cert_file", "CERTIFICATE"),
            ("key_file", "PRIVATE KEY"),
        ):
            if key in fields:
                before = len(self.problems)
                fields[key] = self.pem(source, (*path, key), fields[key], wanted)
                readable = readable and len(self.problems) == before
        made = TLSConfig(**fields)
        cert_file, key_file = made.cert_file, made.key_file
        if readable and cert_file is not None and key_file is not None:
            check = partial(check_key_pair, cert_file, key_file, made.key_password)
            self.attempt(source, (*path, "key_file"), check)
        return made

    def roots(self, source: FileSource, path: Steps, shape: schema.Module) -> dict[str, Any]:
        """Return what chains are verified by: `trust`, `stores`, `ct`."""
        fields: dict[str, Any] = {}
        if shape.trust is not None:
            fields["trust"] = self.trust(source, (*path, "trust"), shape.trust)
        if shape.stores is not None:
            self.conflicts(source, (*path, "stores"), twice(shape.stores))
            fields["stores"] = make_stores(shape.stores, partial(self.key_file, source, (*path, "stores")))
        if shape.ct is not None:
            fields["ct"] = make_ct(shape.ct, partial(self.key_file, source, (*path, "ct")))
        return fields

    def trust(self, source: FileSource, path: Steps, shape: schema.Trust) -> TrustConfig:
        """Make `trust`, with its directory checked."""
        fields = _written(shape)
        if "ca_directory" in fields:
            fields["ca_directory"] = relative_to(source, fields["ca_directory"])
            self.attempt(source, (*path, "ca_directory"), lambda: check_directory(fields["ca_directory"]))
        return TrustConfig(**fields)

    def proxy(self, source: FileSource, path: Steps, shape: schema.Module) -> ProxyConfig:
        """Make the proxy, with its password from a file where that is so."""
        assert shape.proxy_url is not None
        if shape.proxy_password_file is None:
            return shape.proxy_url
        secret = self.secret(source, (*path, "proxy_password_file"), shape.proxy_password_file)
        return replace(shape.proxy_url, password=secret)

    def pem(self, source: FileSource, path: Steps, name: str, wanted: str) -> str:
        """Check a PEM file and return its whole name."""
        return self.key_file(source, path[:-1], path[-1], name, lambda file: check_pem(file, wanted))

    def key_file(self, source: FileSource, path: Steps, key: str | int, name: str, check: Callable[[str], None]) -> str:
        """Check a file that a key names and return its whole name."""
        file = relative_to(source, name)
        self.files.append(file)
        self.attempt(source, (*path, key), lambda: check(file))
        return file

    def secret(self, source: FileSource, path: Steps, name: str) -> Secret | None:
        """Read a file that holds a password."""
        file = relative_to(source, name)
        self.files.append(file)
        return self.attempt(source, path, lambda: read_secret(file))

    def attempt(self, source: FileSource, path: Steps, action: Callable[[], Made]) -> Made | None:
        """Do what a named file is for; a problem and None when that cannot be done."""
        try:
            return action()
        except DoubtfulFileError as error:
            self.warnings.append(replace(source.problem(path, str(error)), is_warning=True))
        except NamedFileError as error:
            self.problems.append(source.problem(path, str(error)))
        return None

    def targets(self, source: FileSource, modules: dict[str, Module]) -> list[Target]:
        """Make the targets of one source."""
        targets = []
        for number, group in (source.shape.targets or {}).items():
            path: Steps = ("targets", number)
            if not self.knows_module(source, path, group.module, modules):
                continue
            labels = sorted_labels(group.labels)
            # Without a label that was refused, targets would look alike that are not.
            are_whole = not any(one.path.startswith(f"{dotted(path)}.labels") for one in source.problems)
            self.policy(source, path, group)
            self.labels(source, path, labels)
            layer = take_layer(_written(group))
            for position, text in group.targets.items():
                target, target_path = (
                    make_target(text, group.module, modules, labels, layer),
                    (*path, "targets", position),
                )
                message = "the same target, module and labels are written twice"
                if group.mail_domain is not None:
                    target = replace(target, mail_domain=group.mail_domain)
                if are_whole and self.once(target, source, target_path, message, at_key=False):
                    targets.append(target)
                    self.places[target] = (source, target_path)
                    if target.endpoint.unix_path is not None:
                        self.unix_socket(source, target_path, modules[target.module])
        return targets

    def labels(self, source: FileSource, path: Steps, labels: tuple[tuple[str, str], ...]) -> None:
        """Check that no two labels of one place become one for older scrapers."""
        try:
            distinct_labels(name for name, _ in labels)
        except ValueError as error:
            self.problems.append(source.problem((*path, "labels"), str(error)))

    def knows_module(self, source: FileSource, path: Steps, name: str | None, modules: dict[str, Module]) -> bool:
        """Return whether a module that is referred to is there; note it if it is not and would have been seen."""
        if name is None or name in modules:
            return True
        if self.whole:
            hint = did_you_mean(name, modules) or f" (known: {', '.join(modules)})"
            self.problems.append(source.problem((*path, "module"), f"unknown module {name[:80]!r}{hint}"))
        return False

    def target_files(self, source: FileSource, modules: dict[str, Module]) -> Iterator[TargetFiles]:
        """Yield the files of targets that one source names."""
        for number, entry in (source.shape.target_files or {}).items():
            path: Steps = ("target_files", number)
            if isinstance(entry, schema.TargetFiles):
                self.labels(source, path, sorted_labels(entry.labels))
            names = [entry] if isinstance(entry, str) else entry.files if isinstance(entry, schema.TargetFiles) else ()
            for name in names:
                self.warnings += missing_files(source, path, name, pattern_relative_to(source, name))
            if isinstance(entry, str):
                yield TargetFiles(pattern_relative_to(source, entry))
            elif isinstance(entry, schema.TargetFiles) and self.knows_module(source, path, entry.module, modules):
                labels = sorted_labels(entry.labels)
                yield from (
                    TargetFiles(pattern_relative_to(source, name), entry.module, labels) for name in entry.files
                )

    def file_groups(self, source: FileSource, modules: dict[str, Module]) -> Iterator[FileGroup]:
        """Yield the entries of `files` of one source."""
        for number, shape in (source.shape.files or {}).items():
            path: Steps = ("files", number)
            self.conflicts(source, path, shape.conflicts())
            if self.knows_module(source, path, shape.module, modules):
                fields = self.stored_fields(source, path, shape)
                if shape.refresh is not None:
                    fields["refresh"] = shape.refresh
                yield FileGroup(
                    paths=tuple(pattern_relative_to(source, pattern) for pattern in shape.paths or ()),
                    urls=shape.urls or (),
                    exclude=tuple(pattern_relative_to(source, pattern) for pattern in shape.exclude or ()),
                    **fields,
                )

    def kubernetes_groups(self, source: FileSource, modules: dict[str, Module]) -> Iterator[KubernetesGroup]:
        """Yield the entries of `kubernetes` of one source."""
        for number, shape in (source.shape.kubernetes or {}).items():
            path: Steps = ("kubernetes", number)
            self.conflicts(source, path, shape.conflicts())
            if self.knows_module(source, path, shape.module, modules):
                fields = _written(shape) | self.stored_fields(source, path, shape)
                fields.pop("password_file", None)
                if "kubeconfig" in fields:
                    fields["kubeconfig"] = relative_to(source, fields["kubeconfig"])
                yield KubernetesGroup(**fields)

    def stored_fields(
        self, source: FileSource, path: Steps, shape: schema.FileGroup | schema.KubernetesGroup
    ) -> dict[str, Any]:
        """Return what entries of `files` and `kubernetes` have in common."""
        password = Secret(shape.password) if shape.password is not None else None
        if shape.password_file is not None:
            password = self.secret(source, (*path, "password_file"), shape.password_file)
        return {
            "module": shape.module or "tls",
            "password": password,
            "serves": tuple((shape.serves or {}).values()),
            "labels": sorted_labels(shape.labels),
        }

    def check_served(self, sources: list[FileSource], targets: tuple[Target, ...]) -> None:
        """Check that `serves` names configured targets; those of target_files are not known yet."""
        if not self.whole or any(source.shape.target_files for source in sources):
            return
        known = {target.name: served_key(target.endpoint) for target in targets}
        endpoints = set(known.values())
        for source in sources:
            shapes = {("files", number): shape.serves for number, shape in (source.shape.files or {}).items()} | {
                ("kubernetes", number): shape.serves for number, shape in (source.shape.kubernetes or {}).items()
            }
            for path, serves in shapes.items():
                for position, name in (serves or {}).items():
                    if name not in known and served_key(parse_endpoint(name)) not in endpoints:
                        message = f"no target {name[:80]!r} is configured{did_you_mean(name, known)}"
                        self.problems.append(source.problem((*path, "serves", position), message))

    def unix_socket(self, source: FileSource, path: Steps, module: Module) -> None:
        """Check that the module of a Unix socket can reach one."""
        if module.proxy is not None or module.transport is not Transport.TCP:
            message = f"a Unix socket goes without proxy, quic and dtls: choose another module than {module.name!r}"
            self.problems.append(source.problem(path, message))


def take_layer(written: dict[str, Any]) -> PolicyLayer:
    """Take what is written on findings out of a mapping's keys."""
    expiry, accept, severity = (written.pop(key, None) for key in ("expiry", "accept", "severity"))
    return PolicyLayer(
        expiry=tuple(_written(expiry).items()),
        accept=tuple(Acceptance(one.finding, one.reason, one.until) for one in (accept or {}).values()),
        severity=tuple((severity or {}).items()),
    )


def sorted_labels(written: dict[str, str] | None) -> tuple[tuple[str, str], ...]:
    """Return labels in the order of their names; one without a value is none."""
    return tuple(sorted((name, value) for name, value in (written or {}).items() if value))


def relative_to(source: FileSource, name: str) -> str:
    """Return the whole name of a file that is written relative to the configuration file."""
    return str((Path(source.name).parent / name).absolute())


def pattern_relative_to(source: FileSource, name: str) -> str:
    """Return the whole pattern of files that are written relative to the configuration file, whose folder is none."""
    return str(Path(glob.escape(str(Path(source.name).parent.absolute()))) / name)


def _written(shape: Shape | None) -> dict[str, Any]:
    """Return the keys of a shape that have a value."""
    return dict(shape.written) if shape is not None else {}
