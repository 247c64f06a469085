"""Which files the patterns of a configuration match now. It lists directories and opens no file.

`*`, `?` and `[...]` match within one folder and `**` any number of them; a name that begins with a dot must be
written with it, which leaves out the dated folders of a Kubernetes volume but not the links into them.
"""

import glob
import os
import stat


def files_of(pattern: str) -> list[str]:
    """Return the paths that a pattern matches, folders too; a plain path even where nothing is there."""
    if not glob.has_magic(pattern):
        return [pattern]
    return sorted(glob.iglob(pattern, recursive=True))  # noqa: PTH207 - whole patterns


def is_folder(path: str) -> bool:
    """Return whether a path leads to a folder."""
    try:
        return stat.S_ISDIR(os.stat(path).st_mode)  # noqa: PTH116 - a Path for each of thousands costs as much again
    except (OSError, ValueError):
        return False
