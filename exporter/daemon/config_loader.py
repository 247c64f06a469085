"""The configuration in force from all its files: its own, and the files of targets that it names.

It blocks while it reads: call it from a thread, one call at a time. It puts nothing in force itself.
"""

import contextlib
import time
from collections.abc import Callable
from dataclasses import replace

from exporter.certificates.trust_store import TrustError, load_trust, mozilla_store
from exporter.config.file_sd import FileTargets, TargetFile
from exporter.config.file_watcher import FileWatcher
from exporter.config.model import Config, RootStore
from exporter.config.problems import ConfigError, Problem
from exporter.config.reader import load
from exporter.metrics.vocabulary import VOCABULARY

EMPTIED = "the file is empty, and what it held is in force: write 'targets: []' where there are to be none"


class ConfigLoader:
    """Reads a configuration's files, again and again. `clock` gives Unix seconds."""

    def __init__(self, path: str, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        self._files = FileWatcher(path)
        self._written = Config()
        self._discovered: FileTargets | None = None

    def load(self) -> Config:
        """Read everything. Raises ConfigError; the last good configuration and its targets are then kept."""
        self._files.changed()  # what changes from here on is seen at the next poll
        try:
            config = load(self._path, VOCABULARY)
        except ConfigError as error:
            self._files.follow(error.files)
            raise
        self._files.follow(config.files)
        self._refuse_emptied(config)
        self._discovered = FileTargets(config, self._clock, self._discovered)
        self._written = config
        whole = self._whole()
        _read_roots(whole)
        return whole

    def _refuse_emptied(self, config: Config) -> None:
        """Raise ConfigError where a file has lost all that it held, as on a full disk or in the middle of a write."""
        held = set(self._written.files) - set(self._written.empty_files)
        wrong = [Problem(file, 1, 1, "", EMPTIED) for file in config.empty_files if file in held]
        if wrong:
            raise ConfigError(wrong, config.files)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What is valid in the configuration that was last read, and probably not meant."""
        return self._written.warnings

    def changed(self) -> bool:
        """Return whether the configuration's own files have changed since they were last read."""
        return self._files.changed()

    def rediscovered(self) -> Config | None:
        """Look at the files of targets; return the configuration with their new targets, None if nothing changed."""
        if self._discovered is None or not self._discovered.refresh():
            return None
        return self._whole()

    def broken_target_files(self) -> tuple[TargetFile, ...]:
        """Return the files of targets that cannot be used as they are; their last good targets are in force."""
        return tuple(file for file in self._discovered.files if file.error) if self._discovered else ()

    def _whole(self) -> Config:
        assert self._discovered is not None
        return replace(self._written, targets=(*self._written.targets, *self._discovered.targets))


def _read_roots(config: Config) -> None:
    """Read the trusted roots that the targets need now: a directory of them takes a second, which no scrape has."""
    for name in dict.fromkeys(target.module for target in config.targets):
        module = config.modules[name]
        with contextlib.suppress(TrustError):  # reported when a target is assessed
            load_trust(module.tls_config.ca_file, module.trust.ca_directory, module.trust.system_roots)
        for store in module.stores or ():
            if store == RootStore("mozilla"):
                mozilla_store()
