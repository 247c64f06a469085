"""Reads the transcripts of STARTTLS dialogues (tests/transcripts/README.md has the format)."""

from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "transcripts"


@dataclass(slots=True)
class Scene:
    """One dialogue: who says what in turn, (speaker, bytes), and how it ends."""

    protocol: str
    title: str
    turns: list[tuple[str, bytes]] = field(default_factory=list)
    outcome: str = ""

    @property
    def says(self) -> bytes:
        """All that the client says."""
        return b"".join(data for speaker, data in self.turns if speaker == "C")

    @property
    def hears(self) -> bytes:
        """All that the server says."""
        return b"".join(data for speaker, data in self.turns if speaker == "S")

    @property
    def closes(self) -> bool:
        """True if the server closes the connection in the end."""
        return ("S", b"") in self.turns


def unescape(text: str) -> bytes:
    return text.encode("latin-1").decode("unicode_escape").encode("latin-1")


def read_scenes(path: Path) -> list[Scene]:
    scenes: list[Scene] = []
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        kind, _, text = line.partition(" ")
        if kind == "---":
            scenes.append(Scene(path.stem, text))
        elif kind in ("C:", "S:"):
            scenes[-1].turns.append((kind[0], unescape(text) + b"\r\n"))
        elif kind in ("C=", "S="):
            scenes[-1].turns.append((kind[0], unescape(text)))
        elif line == "S! closes":
            scenes[-1].turns.append(("S", b""))
        elif kind == "=>":
            scenes[-1].outcome = text
        elif line and not line.startswith("#"):
            raise ValueError(f"{path}:{number}: {line!r}")
    return scenes


def all_scenes() -> list[Scene]:
    return [scene for path in sorted(FOLDER.glob("*.txt")) for scene in read_scenes(path)]
