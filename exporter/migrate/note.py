"""A sentence about what was not migrated as it was. One that reports a loss counts for the exit status."""

from typing import Self


class Note(str):
    """A sentence. `is_loss`: something that was checked before is not checked now, or is to be written by hand."""

    __slots__ = ("is_loss",)
    is_loss: bool

    def __new__(cls, text: str, *, is_loss: bool = True) -> Self:
        """Make a note; one that only explains is no loss."""
        note = super().__new__(cls, text)
        note.is_loss = is_loss
        return note


def remark(text: str) -> Note:
    """Return a note that only explains."""
    return Note(text, is_loss=False)
