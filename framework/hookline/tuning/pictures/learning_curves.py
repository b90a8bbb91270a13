"""The monitored number of each trial by epoch, and where trials were pruned."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hookline.plots.curves import drawable
from hookline.plots.figures import picture_text
from hookline.spec.space.record import TrialRecord
from hookline.tuning.pictures.marks import BEST, COMPARED, PRUNED, id_of, plain_axes, whole_numbers
from hookline.tuning.pictures.scale import scale_of
from hookline.tuning.pictures.trials import Trials

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_CURVES = 200
"""The maximum number of curves of trials that were not pruned, and of those that were."""

MOST_POINTS = 200
"""The maximum number of points of a curve."""


def has_curves(trials: Trials) -> bool:
    """Whether any trial has several epochs."""
    return any(len(_points(record)) > 1 for record in trials.records)


def draw_learning_curves(axes: "Axes", trials: Trials) -> None:
    """Draw the curves of the trials that end best, and of some that were pruned, with a cross where each ended."""
    from matplotlib.collections import LineCollection

    curves = {record.number: _points(record) for record in trials.records}
    results = [height for curve in curves.values() for _, height in curve]
    scale = scale_of(results, is_maximized=trials.plan.maximized[0])
    scale.use(axes)
    pruned = _some([record for record in trials.records if record.state == "pruned"])
    best = [record for record in trials.best if curves[record.number]]
    sign = -1 if trials.plan.maximized[0] else 1
    others = sorted(trials.with_result("compared"), key=lambda record: sign * trials.result(record))
    others = [record for record in others[:MOST_CURVES] if record not in best]
    faintness = 0.7 if len(others) + len(pruned) < 60 else 0.35
    groups = (
        (others, COMPARED, "trial", 0.8),
        (pruned, PRUNED, "pruned", 0.8),
        (best, BEST, "best", 2.0 if len(best) == 1 else 1.2),
    )
    for order, (records, color, label, width) in enumerate(groups):
        shown = [record for record in records if curves[record.number]]
        if shown:
            lines = [[(epoch, scale.around(height)) for epoch, height in curves[one.number]] for one in shown]
            is_best = records is best
            look = {"alpha": 1.0 if is_best else faintness, "linewidths": width, "zorder": 2 + order}
            drawn = LineCollection(lines, colors=color, label=label, **look)
            drawn.set_gid(id_of(shown))
            axes.add_collection(drawn)
    ended = [record for record in pruned if curves[record.number]]
    if ended:
        ends = [curves[record.number][-1] for record in ended]
        points = [epoch for epoch, _ in ends], [scale.within(height) for _, height in ends]
        axes.plot(*points, "x", color=PRUNED, markersize=4, zorder=4, gid=id_of(ended))
    epochs = [epoch for curve in curves.values() for epoch, _ in curve]
    axes.set_xlim(min(epochs) - 0.5, max(epochs) + 0.5)
    axes.xaxis.set_major_locator(whole_numbers())
    axes.set_xlabel("epoch")
    axes.set_ylabel(picture_text(trials.plan.monitors[0], 30))
    plain_axes(axes)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, fontsize="small", frameon=False, borderaxespad=0)


def _points(record: TrialRecord) -> list[tuple[int, float]]:
    """The points of a curve that can be drawn; of a long one, some of them with the first and the last."""
    known = [(epoch, drawable(number)) for epoch, number in sorted(record.curve.items())]
    known = [(epoch, number) for epoch, number in known if number == number]
    every = -(-len(known) // MOST_POINTS)
    return known if every < 2 else [*known[:-1:every], known[-1]]


def _some(records: Sequence[TrialRecord]) -> list[TrialRecord]:
    """At most `MOST_CURVES` of the trials, evenly chosen."""
    every = -(-len(records) // MOST_CURVES)
    return list(records[:: max(1, every)])
