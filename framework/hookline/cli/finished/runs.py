"""`hookline runs`, `hookline runs runs/iris --sort validation/loss`."""

import argparse
import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hookline.cli.commands import GOOD
from hookline.cli.output.run_table import columns_of, lines
from hookline.cli.output.screen import screen_width
from hookline.errors.exceptions import HooklineError
from hookline.errors.printing import echo, echo_json
from hookline.errors.text import counted
from hookline.files.tables import no_formula
from hookline.runs.side_by_side.comparison import MISSING, Comparison, Condition
from hookline.runs.side_by_side.find_runs import runs_below
from hookline.runs.side_by_side.summary import RunSummary

EPILOG = """\
examples:
  hookline runs --sort validation/loss
  hookline runs runs/iris --filter state=finished --filter 'optimizer.lr>0.01'
  hookline runs --format csv > runs.csv
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument(
        "directories", nargs="*", default=["runs"], metavar="DIR", help="a directory that contains runs (default: runs)"
    )
    parser.add_argument(
        "--sort", metavar="KEY", help="sort by a metric, a setting or a column; -KEY sorts in descending order"
    )
    parser.add_argument(
        "--filter",
        action="append",
        default=[],
        dest="conditions",
        metavar="CONDITION",
        help="show only runs that fulfill a condition, such as optimizer.lr>0.01 or state=finished; repeatable",
    )
    parser.add_argument(
        "--columns",
        metavar="NAMES",
        help="the settings and metrics to show, separated by commas (default: the settings that differ, all metrics)",
    )
    parser.add_argument("--format", choices=["table", "json", "csv"], default="table", help="default: table")


def run(arguments: argparse.Namespace) -> int:
    """Print the runs as a table, as JSON or as CSV."""
    conditions = [Condition.parsed(text) for text in arguments.conditions]
    compared = Comparison(found_runs(arguments.directories))
    if not compared.runs:
        places = " and ".join(arguments.directories)
        if arguments.format == "table":
            echo(f"There are no runs in {places}.")
            return GOOD
    number = len(compared.runs)
    compared = compared.filtered(conditions) if number else compared
    compared = compared.sorted_by(arguments.sort) if arguments.sort and number else compared
    names = None
    if arguments.columns is not None:
        chosen = [compared.resolved(name.strip()) for name in arguments.columns.split(",") if name.strip()]
        names = list(dict.fromkeys(["run", "state", *chosen]))
    if arguments.format == "json":
        echo_json([_as_json(run, compared, names) for run in compared.runs], indent=2)
    elif arguments.format == "csv":
        echo(_as_csv(compared, names), end="")
    else:
        _print_table(compared, names, number)
    return GOOD


def found_runs(directories: Sequence[str]) -> list[RunSummary]:
    """The runs in these directories, each once, in natural order.

    Raises:
        HooklineError: if a directory does not exist.

    """
    if list(directories) == ["runs"] and not Path("runs").exists():
        raise HooklineError(
            "There is no directory `runs` here, in which `hookline train` writes its results: pass another one."
        )
    paths = dict.fromkeys(path for directory in directories for path in runs_below(Path(directory)))
    return [RunSummary(path).read() for path in paths]


def _print_table(compared: Comparison, names: Sequence[str] | None, number: int) -> None:
    if not compared.runs:
        echo(f"None of the {counted(number, 'run')} fulfills the condition.")
        return
    width = screen_width()
    echo(*lines(columns_of(compared, names), width, compared))
    if len(compared.runs) < number:
        echo("", f"{len(compared.runs)} of {counted(number, 'run')}.")
    problems = [f"{run.directory}: {problem}" for run in compared.runs for problem in run.problems]
    if problems:
        echo("", *problems)


def _as_json(run: RunSummary, compared: Comparison, names: Sequence[str] | None) -> dict[str, Any]:
    shown = names if names is not None else [*compared.settings, *compared.metrics]
    return {
        "run": str(run.directory),
        "state": run.state,
        "epochs": run.epochs,
        "planned_epochs": run.planned_epochs,
        "checkpoint": run.checkpoint,
        "seconds": run.seconds,
        "settings": {path: run.settings[path] for path in shown if path in run.settings},
        "metrics": {
            name: run.metrics[name] if math.isfinite(run.metrics[name]) else None
            for name in shown
            if name in run.metrics
        },
        "problems": run.problems,
    }


def _as_csv(compared: Comparison, names: Sequence[str] | None) -> str:
    if names is None:
        names = [*compared.attributes, *compared.settings, *compared.metrics]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(no_formula, names))
    for run in compared.runs:
        values = (compared.value(run, name) for name in names)
        # A run directory may come from somebody else.
        writer.writerow(
            "" if value is MISSING else no_formula(value) if isinstance(value, str) else value for value in values
        )
    return text.getvalue()
