"""Parallel coordinates: each trial is a line through its result and its values."""

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from attrs import frozen

from hookline.plots.figures import picture_text
from hookline.spec.space.domains import Choices
from hookline.spec.space.record import TrialRecord
from hookline.spec.space.space import Parameter
from hookline.tuning.pictures.marks import BEST, COMPARED, FAILED, GRAY, PRUNED, id_of
from hookline.tuning.pictures.trials import Trials, place_of, spread

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ABSENT = -0.16
"""The height of trials without a parameter, below its axis."""

LABEL_BACKGROUND = "#fefefe"
"""The color behind labels, which the page replaces by its own."""

LONGEST = 26
"""The maximum number of characters of a name."""

MOST_LETTERS = 110
"""The number of characters of the names beside one another from which they are rotated."""

MOST_LABELS = 8
"""The largest number of choices that are all labelled."""


@frozen
class _Axis:
    """A vertical axis."""

    name: str
    height: Callable[[TrialRecord], float]
    """Where a trial is, from 0 to 1."""
    labels: Sequence[tuple[float, str]]
    """The texts beside the axis with their heights."""


def draw_parallel(axes: "Axes", trials: Trials, parameters: Sequence[Parameter]) -> None:
    """Draw each trial as a line. The better the result, the stronger the line; the best ones are on top.

    A trial with the spec's own values, which are not in the space, has no line.
    """
    columns = [
        *(_of_result(trials, index) for index in range(len(trials.plan.monitors))),
        *(_of(one, trials.names[one.name]) for one in parameters),
    ]
    _draw_lines(axes, trials, columns)
    longest = max(len(picture_text(column.name, LONGEST)) for column in columns)
    many = longest * len(columns) > MOST_LETTERS
    for place, column in enumerate(columns):
        _draw_axis(axes, place, column, is_rotated=many)
    has_absent = any(one.name not in record.values for one in parameters for record in trials.records if record.values)
    if has_absent:
        ends = [0.0, len(columns) - 1]
        axes.annotate("not used", (0, ABSENT), fontsize=7, va="center", ha="right", color=GRAY)
        axes.plot(ends, [ABSENT] * 2, color=GRAY, linewidth=0.5, linestyle=(0, (1, 3)), zorder=1)
    axes.set_xlim(-0.25, len(columns) - (0.3 if many else 0.5))
    axes.set_ylim(ABSENT - 0.08 if has_absent else -0.08, 1.04)
    axes.set_axis_off()


def _draw_lines(axes: "Axes", trials: Trials, columns: "Sequence[_Axis]") -> None:
    """Draw the trials, those that failed at the bottom and the best ones on top."""
    from matplotlib.collections import LineCollection

    with_values = [record for record in trials.records if record.values]
    failed = [record for record in with_values if trials.result(record) != trials.result(record)]
    pruned = [record for record in trials.with_result("pruned") if record.values]
    best = {record.number for record in trials.best}
    compared = [record for record in _by_result(trials) if record.number not in best and record.values]
    ranks = [(index + 1) / len(compared) for index in range(len(compared))]
    # Of many trials, only the best few are strong.
    faintest, power = min(0.12, 6 / max(1, len(compared))), max(3.0, len(compared) / 40)
    groups: list[tuple[Sequence[TrialRecord], str, Sequence[float] | float, float]] = [
        (failed, FAILED, [min(0.35, 10 / max(1, len(failed)))] * len(failed), 0.7),
        (pruned, PRUNED, [min(0.25, 10 / max(1, len(pruned)))] * len(pruned), 0.7),
        (compared, COMPARED, [faintest + 0.7 * rank**power for rank in ranks], 0.9),
        ([one for one in trials.best if one.values], BEST, 1.0, 2.2 if len(best) == 1 else 1.2),
    ]
    for order, (records, color, opacity, width) in enumerate(groups):
        if records:
            lines = [_line(record, columns, trials) for record in records]
            drawn = LineCollection(lines, colors=color, alpha=opacity, linewidths=width, zorder=2 + order)
            drawn.set_gid(id_of(records))
            axes.add_collection(drawn)


def _draw_axis(axes: "Axes", place: int, column: "_Axis", *, is_rotated: bool) -> None:
    """Draw a vertical axis with its labels, and its name above it."""
    axes.plot([place, place], [0, 1], color=GRAY, linewidth=1, zorder=7)
    for height, text in column.labels:
        axes.annotate(
            text, (place, height), (3, 0), textcoords="offset points", fontsize=6.5, va="center", zorder=8,
            bbox={"boxstyle": "round,pad=0.1", "facecolor": LABEL_BACKGROUND, "edgecolor": "none", "alpha": 0.6},
        )  # fmt: skip
    axes.annotate(
        picture_text(column.name, LONGEST), (place, 1.04), rotation=25 if is_rotated else 0,
        fontsize=7 if is_rotated else 8, ha="left" if is_rotated else "center", va="bottom",
    )  # fmt: skip


def _by_result(trials: Trials) -> list[TrialRecord]:
    """The trials that may be the best, the worst first."""
    sign = 1 if trials.plan.maximized[0] else -1
    return sorted(trials.with_result("compared"), key=lambda record: sign * trials.result(record))


def _line(record: TrialRecord, columns: Sequence[_Axis], trials: Trials) -> list[tuple[float, float]]:
    """The points of a trial; one without a result begins at the first parameter."""
    points = [(float(place), column.height(record)) for place, column in enumerate(columns)]
    return points if trials.result(record) == trials.result(record) else points[len(trials.plan.monitors) :]


def _of_result(trials: Trials, monitor: int) -> _Axis:
    scale = trials.scale(monitor)
    labels = [(0.0, f"{scale.edges[0]:.3g}"), (1.0, f"{scale.edges[1]:.3g}")]
    return _Axis(trials.plan.monitors[monitor], lambda one: scale.part(trials.result(one, monitor)), labels)


def _of(parameter: Parameter, name: str) -> _Axis:
    domain, place = parameter.domain, place_of(parameter)
    if isinstance(domain, Choices):
        last = len(domain.labels) - 1
        shown = range(last + 1) if last < MOST_LABELS else (0, last)
        heights = [index / last if last else 0.5 for index in range(last + 1)]
        labels = [(heights[index], picture_text(domain.text(domain.labels[index]), 14)) for index in shown]
        wide = 0.35 / max(last, 4)

        def height(record: TrialRecord) -> float:
            return heights[place(record)] + wide * spread(record)
    else:
        low, high = _number(domain.low, is_log=domain.log), _number(domain.high, is_log=domain.log)
        middle = math.exp((low + high) / 2) if domain.log else (low + high) / 2
        is_countable = domain.is_integer and not float(middle).is_integer()
        labels = [(0.0, f"{domain.low:g}"), (1.0, f"{domain.high:g}")]
        labels += [] if is_countable else [(0.5, f"{middle:.2g}")]

        def height(record: TrialRecord) -> float:
            return (_number(place(record), is_log=domain.log) - low) / (high - low)

    return _Axis(name, lambda one: height(one) if parameter.name in one.values else ABSENT, labels)


def _number(value: float, *, is_log: bool) -> float:
    return math.log(value) if is_log else float(value)
