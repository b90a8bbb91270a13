"""Read the directory of a deployed model, and refuse to replace other directories."""

import json
from pathlib import Path
from typing import Any

from hookline.errors.exceptions import HooklineError
from hookline.runs.manifest import entry


def files_in(directory: Path) -> dict[str, Any]:
    """Return the size and the SHA-256 of each file in a directory, by its path."""
    return {name: entry(directory / name) for name in _names(directory)}


def refuse_existing(place: Path, *, force: bool) -> None:
    """Raise a `HooklineError` if something exists at a place and may not be replaced.

    Args:
        place: the place.
        force: replace the directory of a deployed model. A directory with other files, such as a run, is never
            replaced, since these files would be lost.

    """
    if not place.exists():
        return
    if not place.is_dir():
        raise HooklineError(f"{place} is a file: choose another directory.")
    if not force:
        raise HooklineError(f"{place} already exists: choose another directory, or replace it with `--force`.")
    known = _known(place)
    unknown = [name for name in _names(place) if name not in known]
    if unknown:
        raise HooklineError(
            f"{place} has files that no deployment has written, such as {unknown[0]}: choose another directory."
        )


def _names(directory: Path) -> list[str]:
    return sorted(path.relative_to(directory).as_posix() for path in directory.rglob("*") if not path.is_dir())


def _known(place: Path) -> set[str]:
    """Return the files of the deployed model in a directory: those that its description lists, and this itself."""
    known: set[str] = set()
    for path in place.glob("*.json"):
        try:
            description = json.loads(path.read_bytes())
        except (OSError, ValueError):
            continue
        if isinstance(description, dict) and "compared" in description and isinstance(description.get("files"), dict):
            known |= {path.name, *description["files"]}
    return known
