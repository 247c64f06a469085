"""What the texts of a failure are: the value that pages, `probe` and runbooks print."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Explanation:
    """The texts of one reason. `meaning` is for whoever is affected, `fix` for whoever can mend it."""

    title: str
    meaning: str
    fix: str
