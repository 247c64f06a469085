"""The names that a configuration may refer to or must not use, which other rooms define: findings, label names.

They are handed to the reader, so that each stands in one place: findings in their catalogue, labels with the metrics.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """`findings` are all ids of findings, None where any name counts as one. `reserved_labels` belong to the series."""

    findings: Sequence[str] | None = None
    reserved_labels: frozenset[str] = frozenset()


ANY_NAMES = Vocabulary()
