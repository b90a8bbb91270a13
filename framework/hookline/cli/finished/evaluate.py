"""`hookline evaluate runs/iris/1`."""

import argparse
import gc
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hookline.cli.arguments.run_arguments import add_opening_arguments, add_run_argument, opened_run
from hookline.cli.arguments.spec_arguments import add_set_argument
from hookline.cli.commands import GOOD
from hookline.cli.output.comparison_lines import distance_lines, sequence_lines
from hookline.cli.output.evaluation_lines import details_lines, metric_lines
from hookline.cli.output.rows_progress import estimated_rows, rows_progress
from hookline.cli.output.screen import paragraph, screen_width
from hookline.cli.output.warnings import printed_warnings
from hookline.errors.argument_error import ArgumentError
from hookline.errors.exceptions import HooklineError
from hookline.errors.printing import echo, echo_json
from hookline.errors.text import counted
from hookline.plugins.sources.local import from_file
from hookline.spec.dump import to_json

if TYPE_CHECKING:
    from hookline.check.toml.tree import Node
    from hookline.trained.evaluation.evaluation import Evaluation
    from hookline.trained.finished_run import FinishedRun

IN_THE_RUN = ""
"""The value of `--plots` without a directory."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_run_argument(parser)
    parser.add_argument(
        "--split",
        choices=["training", "validation", "test"],
        help="the split of the original data (default: test, or validation if there is no test split)",
    )
    parser.add_argument(
        "--data",
        metavar="FILE",
        help="new rows with their targets instead of a split: a CSV, Parquet, NPZ or JSON Lines file, or - for CSV "
        "from standard input",
    )
    parser.add_argument(
        "--metric",
        action="append",
        default=[],
        dest="metrics",
        metavar="METRIC",
        help='another metric, such as AUROC, or with options "F1Score average=macro"; repeatable',
    )
    parser.add_argument(
        "--plots",
        nargs="?",
        const=IN_THE_RUN,
        metavar="DIR",
        help="write plots, and the numbers in them as CSV, to a directory (default: evaluation-SPLIT in that of the "
        "run)",
    )
    parser.add_argument("--force", action="store_true", help="overwrite plots that exist")
    parser.add_argument(
        "--format", choices=["table", "json"], default="table", help="the output format (default: table)"
    )
    parser.add_argument("--batch-size", type=int, metavar="ROWS", help="the number of rows in a batch")
    add_set_argument(parser, "change the data source, such as data.path=new/iris.csv for data that has been moved")
    add_opening_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Evaluate the run and print loss, metrics and details."""
    if arguments.data is not None and arguments.split is not None:
        raise HooklineError("Pass either `--split` or `--data`: new rows are not divided into splits.")
    if arguments.force and arguments.plots is None:
        raise ArgumentError("force", "This overwrites plots: pass `--plots`, too.")
    from hookline.trained.evaluation.added_metrics import metric_of_text

    gc.enable()
    added = [metric_of_text(text, "--metric") for text in arguments.metrics]
    plugins = [from_file(file) for file in arguments.plugin]
    with printed_warnings(str(Path(arguments.directory) / "spec.toml")):
        finished = opened_run(arguments, arguments.directory, arguments.trial, plugins, overrides=arguments.overrides)
        split = arguments.split or _default_split(finished)
        plots = None if arguments.plots is None else _directory(arguments, finished.directory, split)
        evaluation = _evaluation(arguments, finished, split, added, with_scores=plots is not None)
    written: Sequence[Path] = ()
    if plots is not None:
        from hookline.trained.evaluation.plots import write_plots

        title = f"{finished.spec.run.name}, {_rows_of(arguments, split)}"
        written = write_plots(evaluation, plots, title)
    if arguments.format == "json":
        # JSON has no NaN.
        echo_json(json.loads(to_json(_as_json(evaluation, finished.directory, arguments))), indent=2)
        return GOOD
    _print(evaluation, _headline(finished, evaluation, arguments))
    if plots is not None:
        result = f"{counted(len(written), 'file')} written to {plots}"
        echo("", result if written else "There is nothing to plot: the loss predicts nothing that is known.")
    return GOOD


def _evaluation(
    arguments: argparse.Namespace,
    finished: "FinishedRun",
    split: str,
    metrics: "Sequence[Node]",
    *,
    with_scores: bool,
) -> "Evaluation":
    """Evaluate the rows, and show the progress."""
    total = estimated_rows(arguments.data) if arguments.data is not None else finished.data.rows.get(split)
    done = 0

    def count(rows: int) -> None:
        nonlocal done
        done = rows

    with rows_progress(lambda: done, total, is_shown=True):
        return finished.evaluation(
            split,
            data=arguments.data,
            metrics=metrics,
            batch_size=arguments.batch_size,
            with_scores=with_scores,
            progress=count,
        )


def _print(evaluation: "Evaluation", headline: str) -> None:
    width = screen_width()
    echo(*paragraph(headline, width, then="  "))
    echo(*metric_lines(evaluation.metrics))
    echo(*details_lines(evaluation.targets, width))
    for lines in (
        *(sequence_lines(one, width) for one in evaluation.sequences.values()),
        *(distance_lines(one, width) for one in evaluation.distances.values()),
    ):
        echo("", *lines)


def _default_split(finished: "FinishedRun") -> str:
    return "validation" if "test" not in finished.data.rows and "validation" in finished.data.rows else "test"


def _rows_of(arguments: argparse.Namespace, split: str) -> str:
    """What is evaluated: a split, or a file."""
    if arguments.data is None:
        return split
    return "standard input" if arguments.data == "-" else Path(arguments.data).name


def _directory(arguments: argparse.Namespace, run: Path, split: str) -> Path:
    """The directory for the plots, which must not exist unless `--force` is passed."""
    if arguments.plots != IN_THE_RUN:
        path = Path(arguments.plots)
    else:
        what = split if arguments.data is None else "input" if arguments.data == "-" else Path(arguments.data).stem
        path = run / f"evaluation-{what}"
    if path.exists() and not path.is_dir():
        raise HooklineError(f"{path} is not a directory: choose another one for `--plots`.")
    if path.is_dir() and any(path.iterdir()) and not arguments.force:
        raise HooklineError(f"{path} is not empty: choose another directory, or pass `--force` to overwrite its files.")
    return path


def _headline(finished: "FinishedRun", evaluation: "Evaluation", arguments: argparse.Namespace) -> str:
    weights = finished.weights
    rows = f"{_rows_of(arguments, evaluation.split)} ({counted(evaluation.rows, 'row')})"
    trial = f", {finished.trial}" if finished.trial.trials > 1 else ""
    return f"{finished.spec.run.name}{trial}, {rows}, weights of epoch {weights.epoch}"


def _as_json(evaluation: "Evaluation", run: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """The evaluation as JSON values."""
    from hookline.trained.evaluation.distances import distances_as_json
    from hookline.trained.evaluation.evaluation import details_as_json
    from hookline.trained.evaluation.sequences import sequences_as_json

    return {
        "run": str(run),
        "split": None if arguments.data is not None else evaluation.split,
        "data": arguments.data,
        "rows": evaluation.rows,
        "metrics": dict(evaluation.metrics),
        "targets": {name: details_as_json(one) for name, one in evaluation.targets.items()},
        "sequences": {name: sequences_as_json(one) for name, one in evaluation.sequences.items()},
        "distances": {name: distances_as_json(one) for name, one in evaluation.distances.items()},
    }
