"""Refuse paths that are not the directory of a run, and name a run that may be meant."""

from collections.abc import Sequence
from pathlib import Path

from hookline.errors.exceptions import RunError
from hookline.runs import directory as directories, lock, manifest


def refuse_other_paths(home: Path) -> None:
    """Raise a `RunError` for anything but a directory that a training has written."""
    if home.is_file():
        inside = f" Pass its directory, {home.parent}." if _has_begun(home.parent) else ""
        if not inside and home.suffix == ".toml":
            inside = f" Train it with `hookline train {home}`, and pass the directory with its results."
        raise RunError(f"{home}: This is a file, not the directory of a run.{inside}")
    if not home.is_dir():
        last = _last_run(home.parent, ("[0-9]*",))
        raise RunError(f"{home}: There is no such directory.{_hint(last, 'The last run there is')}")
    if _has_begun(home):
        return
    if (home / manifest.NAME).is_file():
        manifest.read(home).check_sizes()
    last = _last_run(home)
    if last is not None:
        raise RunError(f"{home}: This is a directory of runs.{_hint(last, 'The last one is')}")
    missing = directories.SPEC if not (home / directories.SPEC).is_file() else lock.NAME
    raise RunError(f"{home}: This is not the directory of a run: it has no {missing}.")


def _hint(run: Path | None, what: str) -> str:
    return "" if run is None else f" {what} {run}."


def _has_begun(directory: Path) -> bool:
    """Whether a training has begun in a directory: it writes these files first."""
    return (directory / directories.SPEC).is_file() and (directory / lock.NAME).is_file()


def _last_run(directory: Path, patterns: Sequence[str] = ("*", "*/[0-9]*")) -> Path | None:
    """The last run in a directory, such as `runs/iris`, or in a directory in it, such as `runs`."""
    for pattern in patterns:
        runs = [path for path in directory.glob(pattern) if _has_begun(path)]
        if runs:
            return max(runs, key=_age)
    return None


def _age(run: Path) -> tuple[float, int]:
    number = int(run.name) if run.name.isdecimal() else 0
    return ((run / lock.NAME).stat().st_mtime, number)


def shortest(path: Path) -> Path:
    """The path for messages: relative to the current directory if it is in it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
