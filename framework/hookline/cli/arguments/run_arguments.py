"""Arguments that several commands share: finished runs, and files to write."""

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from hookline.cli.arguments.spec_arguments import add_plugin_argument
from hookline.errors.exceptions import HooklineError
from hookline.errors.printing import echo
from hookline.errors.unwritable import obstacle
from hookline.runs.side_by_side.find_runs import is_listed, runs_below
from hookline.runs.side_by_side.summary import RunSummary
from hookline.runs.trials import ChosenTrial, chosen_trial, trials_of

if TYPE_CHECKING:
    from hookline.trained.finished_run import FinishedRun

ALL: Literal["all"] = "all"
"""The value of `--trial` that stands for all trials of a tuned run."""


def add_run_argument(parser: argparse.ArgumentParser, *, also: str = "") -> None:
    """Declare one finished run; `also` says what else the command takes."""
    parser.add_argument("directory", metavar="RUN", help=f"the directory of a finished run, such as runs/iris/1{also}")
    parser.add_argument(
        "--trial", type=int, metavar="N", help="the number of a trial of a tuned run (default: the best one)"
    )


def add_runs_argument(parser: argparse.ArgumentParser) -> None:
    """Declare several runs, which may be unfinished."""
    parser.add_argument(
        "runs", nargs="+", metavar="RUN", help="a run directory, or a directory with runs, such as runs/iris"
    )
    parser.add_argument(
        "--trial",
        type=_number_or_all,
        metavar="N",
        help=f"the number of a trial of a tuned run, or `{ALL}` (default: the best one)",
    )


def add_opening_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare how the model of a finished run is built: its device and its plugins."""
    parser.add_argument("--device", metavar="NAME", help="the device, such as cpu or cuda (default: that of the spec)")
    add_plugin_argument(parser)
    parser.add_argument(
        "--accept-changed-plugins",
        action="store_true",
        help="use plugins in another version than in training, with a warning",
    )


def opened_run(
    arguments: argparse.Namespace,
    directory: str | Path,
    trial: int | None,
    plugins: Iterable[object],
    *,
    overrides: Sequence[str] = (),
) -> "FinishedRun":
    """Open a finished run with the options that `add_opening_arguments` declares.

    If it is the best trial of several, say so on standard error.
    """
    from hookline.trained.open_run import open_run

    finished = open_run(
        directory,
        trial=trial,
        overrides=overrides,
        plugins=plugins,
        device=arguments.device,
        accept_changed_plugins=arguments.accept_changed_plugins,
    )
    _say_which(directory, finished.trial, is_quiet=getattr(arguments, "quiet", False))
    return finished


def runs_of(arguments: argparse.Namespace) -> list[RunSummary]:
    """The runs that the arguments name, each once. A directory stands for the runs in it, and a tuned run for a trial.

    If this is the best trial of several, say so on standard error.

    Raises:
        HooklineError: if a directory does not exist or contains no run, or if there is no such trial.

    """
    paths: dict[Path, None] = {}
    for text in arguments.runs:
        path = Path(text)
        if not (path.is_dir() and is_listed(path)):
            found: Iterable[Path] = runs_below(path)
        elif arguments.trial == ALL:
            found = trials_of(path).values()
        else:
            chosen = chosen_trial(path, arguments.trial)
            _say_which(path, chosen)
            found = [chosen.directory]
        if not found:
            raise HooklineError(f"There is no run in {path}. Pass a run directory, such as runs/iris/1.")
        paths |= dict.fromkeys(found)
    return [RunSummary(path) for path in paths]


def _say_which(run: str | Path, chosen: ChosenTrial, *, is_quiet: bool = False) -> None:
    """Print which trial was chosen as the best one."""
    if chosen.is_best and not is_quiet:
        which = "highest" if chosen.is_highest else "smallest"
        by = "" if chosen.metric is None else f", which has the {which} {chosen.metric} ({chosen.value:.5g})"
        echo(f"{run}: {chosen}{by}. To use another one, pass `--trial N`.", file=sys.stderr)


def _number_or_all(text: str) -> int | Literal["all"]:
    if text == ALL:
        return ALL
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"`{text}` is not the number of a trial, nor `{ALL}`.") from None


def refuse_existing(path: Path, *, force: bool) -> None:
    """Raise a `HooklineError` if a file exists and may not be overwritten, or cannot be created."""
    if path.is_dir():
        raise HooklineError(f"{path} is a directory: pass the name of a file.")
    if path.exists() and not force:
        raise HooklineError(f"{path} already exists: choose another name, or overwrite it with `--force`.")
    if not path.parent.is_dir():
        why = obstacle(path, FileNotFoundError(f"the directory {path.parent} does not exist"))
        raise HooklineError(f"{path} cannot be written: {why}.")
