"""What some rules of the catalogue find of an observation."""

from collections.abc import Iterable

from exporter.findings.finding import Rule
from exporter.findings.observation import Observation


def details(rules: Iterable[Rule], observation: Observation) -> dict[str, str]:
    """Return by id what was seen of every finding that is present."""
    seen = {rule.finding.id: rule.detail(observation) for rule in rules}
    return {name: detail.text for name, detail in seen.items() if detail is not None}
