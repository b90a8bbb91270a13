"""Which files messages may quote: those that are specs by name and location.

A spec can extend any file, and `hookline check` often runs on specs that somebody else wrote and prints to a public
log. So messages never quote `/proc/self/environ`, `~/.netrc`, or a link to one of these.
"""

import os
from collections.abc import Iterable
from pathlib import Path


def homes(path: str | Path) -> tuple[str, ...]:
    """The directories whose specs may be quoted if a user names this file on the command line.

    These are the current directory and, for a file elsewhere, the directory of the file.
    """
    here = os.path.realpath(Path.cwd())
    named = os.path.abspath(path)  # noqa: PTH100 - Links are not followed: a link in the directory may lead elsewhere.
    directory = os.path.realpath(os.path.dirname(named))  # noqa: PTH120
    return (here,) if _is_below(named, here) else (here, directory)


def is_quotable(path: str | Path, homes: Iterable[str]) -> bool:
    """Whether the file is a spec by name and location: a .toml file below one of the directories that is not hidden.

    Links are followed first.
    """
    real = os.path.realpath(path)
    return real.endswith(".toml") and any(_is_below(real, home) and not _is_hidden(real, home) for home in homes)


def _is_below(path: str, directory: str) -> bool:
    return os.path.commonpath([path, directory]) == directory


def _is_hidden(path: str, directory: str) -> bool:
    return any(part.startswith(".") for part in Path(path).relative_to(directory).parts)
