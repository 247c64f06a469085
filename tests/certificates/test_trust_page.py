"""The page on trust says what the code does: every rule is in its table, with where it applies and its source."""

from pathlib import Path

from exporter.certificates.webpki.rules import RULES

PAGE = Path(__file__).parents[2] / "docs" / "trust.md"


def test_every_rule_is_on_the_page_with_its_source():
    section = PAGE.read_text(encoding="utf-8").partition("## The profile")[2]
    rows = [line.split(" | ") for line in section.splitlines() if line.startswith("| `")]
    written = {row[0].removeprefix("| ").strip("`"): row[2].removesuffix(" |") for row in rows}
    assert written == {**{rule.name: rule.source for rule in RULES}, "lifetime_too_long": "BR 6.3.2"}
