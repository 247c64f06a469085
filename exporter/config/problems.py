"""What is wrong with a configuration, and where: every problem at once, each as a good compiler writes it."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

_MOST_SHOWN = 100


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake. Line and column count from 1; `path` is like `modules.https.timeout`, "" for a whole file."""

    file: str
    line: int
    column: int
    path: str
    message: str
    is_warning: bool = False  # valid, and probably not meant

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}: "
        warning = "warning: " if self.is_warning else ""
        return where + warning + (f"{self.path}: " if self.path else "") + self.message


class ConfigError(ValueError):
    """A configuration that cannot be used: all its problems, in the order of the files.

    `files` are those that it names, whether they are there or not: a change of one may make it good.
    """

    def __init__(self, problems: Iterable[Problem], files: Iterable[str] = ()) -> None:
        self.problems = tuple(sorted(set(problems)))
        self.files = tuple(files)
        super().__init__(str(self))

    def __str__(self) -> str:
        lines = [str(problem) for problem in self.problems[:_MOST_SHOWN]]
        if len(self.problems) > _MOST_SHOWN:
            lines.append(f"... and {len(self.problems) - _MOST_SHOWN} more")
        return "\n".join(lines)


def dotted(path: tuple[str | int, ...]) -> str:
    """Write a path as `targets[0].labels.team`."""
    text = ""
    for step in path:
        dot = "." if text else ""
        text += f"[{step}]" if isinstance(step, int) else f"{dot}{step[:80]}"
    return text if text.isprintable() else ascii(text)[1:-1]


def did_you_mean(written: str, known: Iterable[str]) -> str:
    """Return `, did you mean 'x'?` with the nearest known word, or "" when none is near."""
    spelled = {word.lower(): word for word in known}
    nearest = difflib.get_close_matches(written[:64].lower(), sorted(spelled), n=1, cutoff=0.6)
    return f", did you mean {spelled[nearest[0]]!r}?" if nearest else ""


def one_of(written: str, known: Iterable[str]) -> str:
    """Return the known words for a message, preceded by the nearest one where there is one."""
    known = tuple(known)
    return did_you_mean(written, known) or f" (known: {', '.join(known)})"
