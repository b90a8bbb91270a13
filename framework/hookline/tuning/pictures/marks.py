"""Points and lines of trials: the same colors and shapes for the same states in every picture."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hookline.plots.figures import COLORS
from hookline.spec.space.record import TrialRecord
from hookline.tuning.pictures.scale import Scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.ticker import MaxNLocator

COMPARED, PRUNED, BEST, FAILED = COLORS[0], COLORS[1], COLORS[2], COLORS[4]
"""The colors of trials that may be the best, of pruned ones, of the best one, and of those without a result."""

GRAY = COLORS[7]
"""The color of axes and medians."""

SHAPES = {"compared": ("o", COMPARED), "pruned": ("x", PRUNED)}
"""The shape and the color of each state with a result."""

OF_TRIALS = "trials:"
"""The beginning of the ids of what stands for trials; their numbers follow."""

MANY = 300
"""The number of trials from which points and lines become fainter and smaller."""


def id_of(records: Sequence[TrialRecord]) -> str:
    """The id of a group of points or lines, one for each of the trials in this order."""
    return OF_TRIALS + ",".join(str(record.number) for record in records)


def size_of(count: int) -> float:
    """The diameter of the points of so many trials."""
    return 4.5 if count < MANY / 5 else 3.5 if count < MANY else 2.5


def faintness_of(count: int) -> float:
    """The opacity of the points of so many trials."""
    return 0.9 if count < MANY else 0.55


def draw_points(
    axes: "Axes",
    groups: Mapping[str, Sequence[TrialRecord]],
    x: Callable[[TrialRecord], float],
    y: Callable[[TrialRecord], float],
    scale: Scale,
) -> None:
    """Draw trials as points, by state; a result beyond the axis is a triangle at its end."""
    count = sum(map(len, groups.values()))
    look: dict[str, Any] = {
        "linestyle": "",
        "markersize": size_of(count),
        "alpha": faintness_of(count),
        "clip_on": False,
    }
    for state, records in groups.items():
        mark, color = SHAPES[state]
        inside = [record for record in records if not scale.is_beyond(y(record))]
        if inside:
            points = [x(record) for record in inside], [y(record) for record in inside]
            label = {"compared": "trial"}.get(state, state)
            axes.plot(*points, marker=mark, color=color, gid=id_of(inside), label=label, **look)
        for is_above, shape in ((True, "^"), (False, "v")):
            beyond = [one for one in records if scale.is_beyond(y(one)) and (y(one) > scale.high) == is_above]
            if beyond:
                points = [x(record) for record in beyond], [scale.within(y(record)) for record in beyond]
                axes.plot(*points, marker=shape, color=color, gid=id_of(beyond), fillstyle="none", **look)


def draw_best(
    axes: "Axes", records: Sequence[TrialRecord], x: Callable[[TrialRecord], float], y: Callable[[TrialRecord], float]
) -> None:
    """Draw the best trials as stars."""
    if records:
        points = [x(record) for record in records], [y(record) for record in records]
        label = "best" if len(records) == 1 else "not beaten"
        look: dict[str, Any] = {
            "markersize": 11 if len(records) == 1 else 9,
            "markeredgecolor": "white",
            "markeredgewidth": 0.6,
        }
        axes.plot(*points, "*", color=BEST, gid=id_of(records), label=label, zorder=4, clip_on=False, **look)


def plain_axes(axes: "Axes") -> None:
    """Give axes a grid, and no frame at the top and on the right."""
    axes.grid(alpha=0.25)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(which="both", labelsize="small")


def whole_numbers() -> "MaxNLocator":
    """Places the ticks of an axis of trials or epochs."""
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=9, steps=[1, 2, 5, 10], integer=True)
