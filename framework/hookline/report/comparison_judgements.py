"""What several runs say together."""

import math
from collections.abc import Iterator, Mapping, Sequence

from hookline.errors.text import counted
from hookline.report.evidence import Evidence
from hookline.report.judgement import LOSS, Judgement, short
from hookline.runs.directions import Directions
from hookline.runs.summary import RunSummary


def comparison_judgements(
    runs: Sequence[Evidence], settings: Mapping[str, Sequence[object]], directions: Directions
) -> Iterator[Judgement]:
    """The judgements about several runs: differences that may be chance, and a best setting at the edge.

    `settings` has the values of each setting that differs, in the order of the runs.
    """
    if not are_comparable([one.run for one in runs]):
        return
    names = [name for name in runs[0].run.metrics if all(name in one.run.metrics for one in runs)]
    for name in names:
        if name.startswith("validation/"):
            yield from _close(runs, name, directions)
    main = next((name for name in (LOSS, *names) if name in names), None)
    higher = None if main is None else directions.higher_is_better(runs[0].run, main)
    if main is None or higher is None:
        return
    finite = [one for one in runs if math.isfinite(one.run.metrics[main])]
    if not finite:
        return
    best = (max if higher else min)(finite, key=lambda one: one.run.metrics[main])
    for path, values in settings.items():
        tried = sorted({float(v) for v in values if isinstance(v, (int, float)) and not isinstance(v, bool)})
        value = values[list(runs).index(best)]
        if len(tried) < 3 or not isinstance(value, (int, float)) or value not in (tried[0], tried[-1]):
            continue
        edge, more = ("smallest", "smaller") if value == tried[0] else ("largest", "larger")
        text = (
            f"The run with the best {main} ({short(best.run.metrics[main])}) has {path} = {value}, the {edge} of "
            f"{len(tried)} values tried. A {more} one may be better."
        )
        yield Judgement("best value at an edge", text, "note")


def are_comparable(runs: Sequence[RunSummary]) -> bool:
    """Whether the losses and metrics of runs can be compared: they have the same rows and the same losses."""
    data = {run.lock.get("data") for run in runs}
    losses = {repr((run.spec.get("loss"), run.spec.get("losses"))) for run in runs}
    return len(data) == len(losses) == 1 and None not in data


def _close(runs: Sequence[Evidence], name: str, directions: Directions) -> Iterator[Judgement]:
    """The difference between the two best runs in an accuracy, if it may be chance."""
    label = name.partition("/")[2]
    rows = [_rows(one.run) for one in runs]
    if not _is_accuracy(runs[0].run, label) or len(set(rows)) != 1 or not rows[0]:
        return
    ordered = sorted(runs, key=lambda one: -one.run.metrics[name])
    first, second = (one.run.metrics[name] for one in ordered[:2])
    if not (0 <= second <= first <= 1):
        return
    error = math.sqrt((first * (1 - first) + second * (1 - second)) / rows[0])
    if first - second < 1.96 * error or first == second:
        text = (
            f"{name} of the best two runs is {first:.4g} ({ordered[0].label}) and {second:.4g} ({ordered[1].label}). "
            f"With {counted(rows[0], 'row')}, this difference of {first - second:.3g} may be chance (standard error "
            f"{error:.3g})."
        )
        yield Judgement("small split", text)


def _rows(run: RunSummary) -> int:
    rows = run.lock.get("rows")
    number = rows.get("validation") if isinstance(rows, dict) else None
    return number if isinstance(number, int) else 0


def _is_accuracy(run: RunSummary, label: str) -> bool:
    metrics = run.spec.get("metrics")
    return any(
        isinstance(metric, Mapping)
        and metric.get("name", metric.get("type")) == label
        and "Accuracy" in str(metric.get("type"))
        for metric in (metrics if isinstance(metrics, list) else ())
    )
