"""Why a file or directory cannot be written, in words."""

import os
from pathlib import Path


def obstacle(path: object, error: OSError) -> str:
    """Return the reason as the operating system states it, unless a part of the path is a file.

    The system then says "File exists" or "Not a directory", but not of which part.
    """
    for parent in Path(os.path.abspath(str(path))).parents:  # noqa: PTH100 - `Path.resolve` follows links.
        if os.path.lexists(parent):
            if not parent.is_dir():
                return f"{_as_given(parent, str(path))} is not a directory"
            break
    return error.strerror or str(error)


def _as_given(parent: Path, path: str) -> Path:
    """A parent of a path, relative if the path is."""
    return parent if Path(path).is_absolute() else Path(os.path.relpath(parent))
