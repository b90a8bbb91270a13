"""`hookline report runs/iris/1 -o report.html`."""

import argparse
import gc
from collections.abc import Callable, Sequence
from pathlib import Path

from hookline.check.load import Loader
from hookline.cli.arguments.run_arguments import (
    add_opening_arguments,
    add_runs_argument,
    opened_run,
    refuse_existing,
    runs_of,
)
from hookline.cli.arguments.spec_arguments import add_set_argument
from hookline.cli.commands import GOOD
from hookline.cli.output.rows_progress import rows_progress
from hookline.cli.output.warnings import printed_warnings
from hookline.errors.argument_error import ArgumentError
from hookline.errors.exceptions import HooklineError
from hookline.errors.printing import echo
from hookline.errors.text import counted
from hookline.files.atomic import write_file
from hookline.plugins.sources.local import from_file
from hookline.report.evidence import Evidence
from hookline.runs.side_by_side.comparison import Comparison
from hookline.runs.side_by_side.labels import labels
from hookline.runs.side_by_side.summary import RunSummary

MOST_RUNS = 50
"""The maximum number of runs in a report."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_runs_argument(parser)
    parser.add_argument(
        "-o", "--out", default="report.html", metavar="FILE", help="the page to write (default: report.html)"
    )
    parser.add_argument("--force", action="store_true", help="overwrite the file if it exists")
    parser.add_argument(
        "--no-predictions",
        action="store_true",
        help="leave out what needs the data and the model: confusion, residuals, worst rows",
    )
    add_set_argument(
        parser, "change the data source of all runs, such as data.path=new/iris.csv for data that has been moved"
    )
    add_opening_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write the page."""
    path = Path(arguments.out)
    runs = [one.read_all() for one in runs_of(arguments)]
    refuse_existing(path, force=arguments.force)
    if len(runs) > MOST_RUNS:
        raise HooklineError(
            f"A report shows at most {MOST_RUNS} runs, not {len(runs)}: `hookline runs` lists and filters them."
        )
    plugins = [from_file(file) for file in arguments.plugin]
    loader = Loader(plugins)
    gc.enable()
    evidence: list[Evidence] = []
    before = now = 0
    doing = ""

    def count(rows: int) -> None:
        nonlocal now
        now = before + rows

    total = 0 if arguments.no_predictions else sum(map(_rows, runs))
    with rows_progress(lambda: now, total or None, is_shown=True, doing=lambda: doing):
        for summary, label in zip(runs, labels(Comparison(runs)), strict=True):
            doing = f"run {len(evidence) + 1} of {len(runs)}"
            evidence.append(_evidence(summary, label, plugins, arguments, count))
            before = now
        doing = "drawing"
        # Imported here, so that mistakes are reported without waiting for matplotlib.
        from hookline.report.page import page

        text = page(evidence, loader)
    write_file(path, text)
    for one in evidence:
        if one.no_predictions and not arguments.no_predictions:
            echo(f"{one.run.directory}: no predictions. {one.no_predictions}")
    echo(f"Report of {counted(len(runs), 'run')}: {path}")
    return GOOD


def _rows(run: RunSummary) -> int:
    """How many rows of a run will be predicted."""
    from hookline.report.predicted.predictions import MOST_ROWS

    rows = run.lock.get("rows")
    known = rows if isinstance(rows, dict) else {}
    found = next((known[split] for split in ("validation", "test") if isinstance(known.get(split), int)), 0)
    return min(int(found), MOST_ROWS)


def _evidence(
    run: RunSummary,
    label: str,
    plugins: Sequence[object],
    arguments: argparse.Namespace,
    count: Callable[[int], None],
) -> Evidence:
    """The evidence about a run, with its predictions if its data and model are there."""
    if arguments.no_predictions:
        return Evidence(run=run, label=label, no_predictions="They were not asked for.")
    from hookline.report.predicted.predictions import gathered

    try:
        with printed_warnings(str(run.directory)):
            # The directory of a tuned run is also that of its first trial.
            finished = opened_run(arguments, run.directory, 1, plugins, overrides=arguments.overrides)
            found, note = gathered(finished, count)
        return Evidence(run=run, label=label, predictions=found, note=note)
    except ArgumentError:
        raise
    except HooklineError as error:
        return Evidence(run=run, label=label, no_predictions=str(error).removeprefix(f"{run.directory}: "))
