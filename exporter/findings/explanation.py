"""What the texts of a failure are: the value that pages, `probe` and runbooks print."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Explanation:
    """The texts of one reason. `meaning` says who is affected and how, `fix` what the server's operator can do."""

    title: str
    meaning: str
    fix: str
