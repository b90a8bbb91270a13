"""The picture of a study: the results by number of the trial, and by the values of each parameter."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hookline.plots.curves import label_plainly
from hookline.plots.figures import COLORS, WIDTH, new_figure, picture_text, write_picture
from hookline.runs.study import StudyPlan, is_comparable
from hookline.spec.space.domains import Choices
from hookline.spec.space.record import TrialRecord
from hookline.spec.space.space import Parameter, Space

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PICTURE = "tune.png"
"""The picture, in the directory of the study."""

ACROSS = 3
"""The number of panels beside one another."""

MOST_PANELS = 12
"""The maximum number of parameters that are drawn, those with the most trials first."""

STATES: Mapping[str, str] = {"pruned": COLORS[1], "failed": COLORS[4]}
"""The colors of trials that are not compared."""


def draw_study(records: Sequence[TrialRecord], plan: StudyPlan, space: Space, title: str, path: Path) -> None:
    """Draw the trials of a study, and write a PNG file.

    The first panel has the first monitored number of each trial, and the best one so far. Each other panel has the
    trials with a parameter, by its value. Trials without a finite result are marked at the bottom of the first panel.

    Raises:
        FileError: if the file cannot be written.

    """
    shown = sorted(space.parameters(), key=lambda one: -sum(one.name in record.values for record in records))
    shown = [one for one in shown if any(one.name in record.values for record in records)][:MOST_PANELS]
    rows = -(-len(shown) // ACROSS)
    figure = new_figure(WIDTH * 1.4, 3.4 + 2.4 * rows)
    grid = figure.add_gridspec(1 + rows, ACROSS, height_ratios=[1.4, *[1] * rows])
    figure.suptitle(picture_text(title, 70))
    history = figure.add_subplot(grid[0, :])
    _draw_history(history, records, plan)
    for index, parameter in enumerate(shown):
        axes = figure.add_subplot(grid[1 + index // ACROSS, index % ACROSS], sharey=history)
        _draw_parameter(axes, parameter, records, plan)
    write_picture(figure, path)


def _result(record: TrialRecord) -> float:
    return math.nan if record.results is None else record.results[0]


def _draw_history(axes: "Axes", records: Sequence[TrialRecord], plan: StudyPlan) -> None:
    compared = [record for record in records if is_comparable(record)]
    axes.plot(*_points(compared), "o", color=COLORS[0], markersize=4, label="trial")
    for state, color in STATES.items():
        those = [record for record in records if record.state == state and math.isfinite(_result(record))]
        if those:
            axes.plot(*_points(those), "x", color=color, markersize=4, label=state)
    best: list[tuple[int, float]] = []
    choose = max if plan.maximized[0] else min
    for record in compared:
        best.append((record.number, choose(_result(record), best[-1][1] if best else _result(record))))
    if best:
        axes.step(*zip(*best, strict=True), where="post", color=COLORS[2], linewidth=1, label="best so far")
    without = [record.number for record in records if not math.isfinite(_result(record))]
    if without:
        marks = axes.get_xaxis_transform()
        axes.plot(without, [0.02] * len(without), "|", color=COLORS[4], transform=marks, label="no result")
    if compared and min(map(_result, compared)) > 0 and max(map(_result, compared)) > 10 * min(map(_result, compared)):
        axes.set_yscale("log")
    axes.set_xlabel("trial")
    axes.set_ylabel(picture_text(plan.monitors[0]))
    axes.legend(loc="best", fontsize="small")


def _points(records: Sequence[TrialRecord]) -> tuple[list[int], list[float]]:
    return [record.number for record in records], [_result(record) for record in records]


def _draw_parameter(axes: "Axes", parameter: Parameter, records: Sequence[TrialRecord], plan: StudyPlan) -> None:
    with_it = [record for record in records if parameter.name in record.values and math.isfinite(_result(record))]
    domain = parameter.domain
    labels = (
        {label: index for index, label in enumerate(map(str, domain.labels))} if isinstance(domain, Choices) else {}
    )

    def place(record: TrialRecord) -> Any:
        value = record.values[parameter.name]
        return labels[str(value)] if labels else value

    for state, color, mark in (("", COLORS[0], "o"), ("pruned", COLORS[1], "x")):
        those = [record for record in with_it if (record.state == "pruned") == (state == "pruned")]
        axes.plot([place(record) for record in those], [_result(record) for record in those], mark, color=color, ms=3)
    best = plan.best(records)
    for record in best if len(best) == 1 else ():
        if parameter.name in record.values:
            axes.plot([place(record)], [_result(record)], "*", color=COLORS[2], markersize=11)
    if labels:
        axes.set_xticks(list(labels.values()), [picture_text(label, 12) for label in labels])
        axes.set_xlim(-0.5, len(labels) - 0.5)
    elif not isinstance(domain, Choices) and domain.log:
        axes.set_xscale("log")
        label_plainly(axes.xaxis)
    axes.set_xlabel(picture_text(parameter.name, 32), fontsize="small")
    axes.tick_params(which="both", labelsize="small")
