"""Arguments that several commands share: finished runs, and files to write."""

import argparse
from pathlib import Path

from hookline.errors.exceptions import HooklineError
from hookline.runs.side_by_side.find_runs import is_run, runs_below
from hookline.runs.side_by_side.summary import RunSummary


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the runs."""
    parser.add_argument(
        "runs", nargs="+", metavar="RUN", help="a run directory, or a directory with runs, such as runs/iris"
    )


def runs_of(arguments: argparse.Namespace) -> list[RunSummary]:
    """The runs that the arguments name, each once. A directory stands for the runs in it.

    Raises:
        HooklineError: if a directory does not exist or contains no run.

    """
    paths: dict[Path, None] = {}
    for text in arguments.runs:
        path = Path(text)
        found = [path] if path.is_dir() and is_run(path) else runs_below(path)
        if not found:
            raise HooklineError(f"There is no run in {path}. Pass a run directory, such as runs/iris/1.")
        paths |= dict.fromkeys(found)
    return [RunSummary(path) for path in paths]


def refuse_existing(path: Path, *, force: bool) -> None:
    """Raise a `HooklineError` if a file exists and may not be overwritten, or cannot be created."""
    if path.is_dir():
        raise HooklineError(f"{path} is a directory: pass the name of a file.")
    if path.exists() and not force:
        raise HooklineError(f"{path} already exists: choose another name, or overwrite it with `--force`.")
    if not path.parent.is_dir():
        raise HooklineError(f"{path} cannot be written: the directory {path.parent} does not exist.")
