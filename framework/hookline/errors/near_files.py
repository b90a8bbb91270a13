"""Suggestions for missing files: the existing file that was probably meant."""

from itertools import islice
from pathlib import Path

from hookline.errors.suggestions import nearest

MOST_FILES = 1000
"""The maximum number of files in a directory that are compared with the name of a missing file."""


def near_file(path: Path) -> Path | None:
    """The file that was probably meant instead of a missing one: its own name is misspelled, or that of its directory.

    >>> near_file(Path("specs/data/irs.csv"))
    PosixPath('specs/data/iris.csv')
    >>> near_file(Path("specs/dta/iris.csv"))
    PosixPath('specs/data/iris.csv')
    """
    for place, *rest in ((path,), (path.parent, path.name)):
        try:
            siblings = [file.name for file in islice(place.parent.iterdir(), MOST_FILES)]
        except (OSError, ValueError):  # ValueError: a name with a NUL.
            continue
        name = nearest(place.name, siblings)
        near = None if name is None else place.with_name(name).joinpath(*rest)
        return near if near is not None and near.is_file() else None
    return None


def not_expanded(path: str | Path) -> str:
    """Say that a path is a URL, or has a part that only a shell expands; empty for all other paths.

    >>> not_expanded("https://example.org/iris.csv")
    'Files are read from this machine only: download it, and write the path of the file.'
    """
    parts = Path(path).parts
    if any(part.endswith(":") and len(part) > 2 for part in parts[:-1]):
        return "Files are read from this machine only: download it, and write the path of the file."
    if "~" in parts:
        return "`~` is not expanded in a spec: write the whole path."
    if any(part.startswith("$") for part in parts):
        return "Variables of the environment are not expanded in a spec: write the whole path."
    return ""


def no_such_file(path: str | Path) -> str:
    """The message for a missing file, with a suggestion.

    >>> no_such_file("specs/data/irs.csv")
    'There is no such file. Did you mean "specs/data/iris.csv"?'
    """
    if hint := not_expanded(path):
        return f"There is no such file. {hint}"
    near = near_file(Path(path))
    return "There is no such file." if near is None else f'There is no such file. Did you mean "{near}"?'
