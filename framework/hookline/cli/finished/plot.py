"""`hookline plot runs/iris/1 runs/iris/2 --metric validation/loss`."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hookline.cli.arguments.run_arguments import add_runs_argument, refuse_existing, runs_of
from hookline.cli.commands import GOOD
from hookline.cli.output.screen import screen_width, table
from hookline.errors.exceptions import HooklineError
from hookline.errors.printing import echo
from hookline.errors.suggestions import did_you_mean
from hookline.errors.text import quoted
from hookline.runs.side_by_side.cells import metric_texts
from hookline.runs.side_by_side.comparison import MISSING, Comparison
from hookline.runs.side_by_side.directions import Directions
from hookline.runs.side_by_side.labels import labels
from hookline.runs.side_by_side.summary import RunSummary

if TYPE_CHECKING:
    from hookline.runs.side_by_side.curves import Curve

DEFAULTS = ("validation/loss", "training/loss")
"""The numbers to draw without `--metric`: the first one that a run has logged."""

SUFFIXES = (".png", ".svg")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_runs_argument(parser)
    parser.add_argument(
        "--metric",
        action="append",
        dest="metrics",
        metavar="NAME",
        help=f"the number of metrics.jsonl to draw; repeatable (default: {DEFAULTS[0]})",
    )
    parser.add_argument("--yscale", choices=["linear", "log"], default="linear", help="default: linear")
    parser.add_argument(
        "-o", "--out", default="curves.png", metavar="FILE", help="a .png or .svg file (default: curves.png)"
    )
    parser.add_argument("--force", action="store_true", help="overwrite the file if it exists")


def run(arguments: argparse.Namespace) -> int:
    """Draw the curves."""
    path = Path(arguments.out)
    if path.suffix.lower() not in SUFFIXES:
        raise HooklineError(f"{path}: The name of the picture must end in .png or .svg.")
    runs = runs_of(arguments)
    refuse_existing(path, force=arguments.force)
    names = drawn_metrics(runs, arguments.metrics)
    # Imported here, so that mistakes are reported without waiting for matplotlib.
    from hookline.plots import write_picture
    from hookline.runs.side_by_side.curves import Curve, comparison_figure

    directions = Directions()
    panels: dict[str, list[Curve | None]] = {}
    unit = RunSummary.common_unit(runs)
    for name in names:
        panels[name] = []
        for one, label in zip(runs, labels(Comparison(runs)), strict=True):
            epochs, values = one.curve(name, unit)
            best = directions.best_place(one, name, unit)
            panels[name].append(Curve(label=label, epochs=epochs, values=values, best_epoch=best) if epochs else None)
    title = str(runs[0].directory) if len(runs) == 1 else f"{len(runs)} runs"
    write_picture(comparison_figure(panels, title, yscale=arguments.yscale, unit=unit), path)
    _report(runs, panels, path, unit)
    return GOOD


def drawn_metrics(runs: Sequence[RunSummary], wanted: Sequence[str] | None) -> list[str]:
    """The numbers to draw, which at least one run has logged.

    Raises:
        HooklineError: if no run has logged one of them.

    """
    known = dict.fromkeys(name for run in runs for record in run.history for name in record)
    known = {name: None for name in known if name not in ("epoch", "step")}
    if not known:
        places = " and ".join(str(run.directory) for run in runs[:3])
        raise HooklineError(f"There is nothing to draw: no epoch is logged in {places}.")
    if not wanted:
        return [next((name for name in DEFAULTS if name in known), next(iter(known)))]
    return list(dict.fromkeys(_known(name, known) for name in wanted))


def _known(name: str, known: Mapping[str, None]) -> str:
    """The full name of a number: "Accuracy" means "validation/Accuracy"."""
    for full in (name, f"validation/{name}", f"training/{name}"):
        if full in known:
            return full
    raise HooklineError(f"No run has logged {quoted(name)}.{did_you_mean(name, known)}")


def _report(runs: Sequence[RunSummary], panels: "Mapping[str, Sequence[Curve | None]]", path: Path, unit: str) -> None:
    """Print the best value of each curve, the damaged files, and the path of the picture."""
    rows = [["run", "metric", "best", unit]]
    for name, curves in panels.items():
        values = [
            curve.values[list(curve.epochs).index(curve.best_epoch)]
            if curve and curve.best_epoch is not None
            else MISSING
            for curve in curves
        ]
        for one, curve, text in zip(runs, curves, metric_texts(values), strict=True):
            best = "not logged" if curve is None else text
            epoch = str(curve.best_epoch) if curve and curve.best_epoch is not None else ""
            rows.append([str(one.directory), name, best, epoch])
    echo(*table(rows, screen_width(), right=(2, 3), indent=""))
    for one in runs:
        echo(*(f"{one.directory}: {problem}" for problem in one.problems))
    echo("", f"Drawn to {path}")
