"""One vocabulary: the field's terms, in names, comments, texts and docs (docs/contributing.md, "Conventions")."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# What is not written, and what is written instead.
BANNED = {
    r"short way": "fast path",
    r"whoever": "the client, the operator, the caller",
    r"told|tells? of|tell whether": "report, log, return; Return whether",
    r"anew": "again",
    r"thrice": "three times",
    r"whence": "from where",
    r"in haste|hasty": "in a hurry",
    r"for want of": "because there is no",
    r"but for": "except",
    r"in clear": "in plaintext",
    r"of our own|of ours": "name it",
    r"strangers?": "unrelated certificate, untrusted client",
    r"under way": "in flight",
    r"carried over": "reused",
    r"memory is short": "memory pressure",
    r"judged apart|judgements?": "checked separately, assessment",
    r"set aside": "frozen",
    r"keeps the profile": "complies with the profile",
    r"courtesy|manners|gist": "name it",
    r"the old one stays in force": "keeping the previous one",
}
FOLDERS = ("exporter", "docs", "mixin", "deploy", "bench", "tools", "tests")
SKIPPED = {"node_modules", "bad"}  # tests/configs/bad is broken on purpose, some of it in its encoding
SUFFIXES = {".py", ".md", ".html", ".js", ".yaml", ".yml", ".toml", ".sh", ".tpl", ".j2"}
PATTERN = re.compile(r"\b(" + "|".join(BANNED) + r")\b", re.IGNORECASE)


def texts():
    yield from (path for path in ROOT.glob("*") if path.suffix in SUFFIXES)
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in SUFFIXES and path != Path(__file__) and not SKIPPED & set(path.relative_to(ROOT).parts):
                yield path


@pytest.mark.parametrize("folder", [".", *FOLDERS])
def test_no_banned_word(folder):
    """Each hit names its line; BANNED says what to write instead."""
    hits = [
        f"{path.relative_to(ROOT)}:{number}: {match[0]}"
        for path in texts()
        if path.relative_to(ROOT).parts[0] == folder or (folder == "." and path.parent == ROOT)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for match in PATTERN.finditer(line)
    ]
    assert hits == []
