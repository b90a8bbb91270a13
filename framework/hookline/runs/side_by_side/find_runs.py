"""Find the directories of runs."""

import os
import re
from pathlib import Path

from hookline.errors.exceptions import HooklineError
from hookline.runs import lock
from hookline.runs.directory import LOG, RESULT, SPEC
from hookline.runs.trials import is_later_trial


def is_listed(directory: Path) -> bool:
    """Whether a directory is listed as that of a run, even if files are missing."""
    has = {name for name in (lock.NAME, RESULT, SPEC, LOG) if (directory / name).is_file()}
    return lock.NAME in has or len(has) > 1


def runs_below(directory: Path) -> list[Path]:
    """The directories of all runs in a directory, itself included, with the trials of each; numbers in their order.

    Raises:
        HooklineError: if the directory does not exist.

    """
    if not directory.is_dir():
        what = "is not a directory" if directory.exists() else "does not exist"
        raise HooklineError(
            f"{directory} {what}. Pass a run directory, such as runs/iris/1, or one that contains runs."
        )
    found = []
    for home, names, _ in os.walk(directory):
        if is_listed(Path(home)):
            found.append(Path(home))
            names[:] = filter(is_later_trial, names)
        else:
            names[:] = [name for name in names if not name.startswith(".")]
    return sorted(found, key=_natural)


def _natural(path: Path) -> list[tuple[bool, int, str]]:
    """A key that sorts 10 after 9.

    >>> [str(path) for path in sorted(map(Path, ("a/10", "a/9", "a")), key=_natural)]
    ['a', 'a/9', 'a/10']
    """
    parts = [piece for part in path.parts for piece in [*re.split(r"(\d+)", part), ""]]
    return [(not part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts]
