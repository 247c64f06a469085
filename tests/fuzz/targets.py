"""Every fuzz target by its name."""

from collections.abc import Mapping
from pathlib import Path

from tests.fuzz import (
    targets_at_rest,
    targets_certificates,
    targets_handshakes,
    targets_published,
    targets_shown,
    targets_text,
    targets_tls12,
    targets_wire,
)
from tests.fuzz.target import FuzzTarget

TARGETS: Mapping[str, FuzzTarget] = {
    **targets_wire.TARGETS,
    **targets_tls12.TARGETS,
    **targets_handshakes.TARGETS,
    **targets_certificates.TARGETS,
    **targets_at_rest.TARGETS,
    **targets_published.TARGETS,
    **targets_text.TARGETS,
    **targets_shown.TARGETS,
}
REGRESSIONS = Path(__file__).parent / "regressions"


def regressions(name: str) -> list[Path]:
    """Return the inputs that once were a fault of this target."""
    return sorted((REGRESSIONS / name).glob("*"))
