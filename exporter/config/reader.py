"""Reads a configuration: a file, or a directory of *.yaml and *.yml files that make one configuration together.

All or nothing: a Config, or a ConfigError with every problem there is. Reads files; opens no connection.
"""

from dataclasses import replace
from pathlib import Path

from exporter.config import schema
from exporter.config.build import Assembly
from exporter.config.files import NamedFileError, read_named
from exporter.config.model import Config
from exporter.config.problems import ConfigError, Problem
from exporter.config.source import Source, read_source
from exporter.config.vocabulary import ANY_NAMES, Vocabulary


def load(path: str, vocabulary: Vocabulary = ANY_NAMES) -> Config:
    """Read a configuration file or directory; raise ConfigError with all its problems.

    `vocabulary` has the names of findings and labels to check against.
    """
    sources = [_source(file, vocabulary) for file in config_files(path)]
    assembly = Assembly(vocabulary)
    config = assembly.build(sources)
    problems = [problem for source in sources for problem in source.problems] + assembly.problems
    if problems:
        raise ConfigError(problems, config.files)
    return replace(config, empty_files=tuple(source.name for source in sources if source.is_empty))


def config_files(path: str) -> list[str]:
    """Return the files that a path stands for, in the order in which they are read."""
    try:
        if not Path(path).is_dir():
            return [path]
        found = sorted(Path(path).iterdir(), key=lambda file: file.name)
    except OSError as error:
        raise ConfigError([Problem(path, 1, 1, "", f"cannot list the directory: {error.strerror}")]) from None
    files = [str(file) for file in found if file.suffix in (".yaml", ".yml") and not file.name.startswith(".")]
    if not files:
        raise ConfigError([Problem(path, 1, 1, "", "there is no *.yaml or *.yml file in this directory")])
    return files


def _source(file: str, vocabulary: Vocabulary) -> Source[schema.File]:
    try:
        return read_source(file, read_named(file), schema.File(), vocabulary)
    except NamedFileError as error:
        return Source(file, schema.File(), problems=[Problem(file, 1, 1, "", str(error))], whole=False)
