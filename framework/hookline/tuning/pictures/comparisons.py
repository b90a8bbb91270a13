"""Pictures of the importance of parameters, and of the trials that no other trial beats in several numbers."""

from typing import TYPE_CHECKING, Literal

from hookline.plots.figures import COLORS, picture_text
from hookline.spec.space.record import TrialRecord
from hookline.tuning.pictures.marks import BEST, draw_best, draw_points, plain_axes
from hookline.tuning.pictures.trials import Trials

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_BARS = 15
"""The maximum number of parameters whose importance is drawn."""


def draw_importances(axes: "Axes", trials: Trials) -> None:
    """Draw how important parameters are, the most important at the top."""
    shown = sorted(trials.importances.items(), key=lambda pair: -pair[1])[:MOST_BARS][::-1]
    names = [picture_text(trials.names.get(name, name), 24) for name, _ in shown]
    bars = axes.barh(range(len(shown)), [part for _, part in shown], color=COLORS[5], height=0.65)
    axes.bar_label(bars, [f" {part:.0%}" for _, part in shown], fontsize="small")
    axes.set_yticks(range(len(shown)), names, fontsize="small")
    axes.set_xlim(0, max(part for _, part in shown) * 1.18)
    axes.set_xlabel("importance", fontsize="small")
    plain_axes(axes)
    axes.grid(visible=False, axis="y")
    axes.xaxis.set_major_formatter(lambda part, _: f"{part:.0%}")


def draw_front(axes: "Axes", trials: Trials, across: int, up: int) -> None:
    """Draw two monitored numbers of each trial. With only two, a line connects those that no other trial beats."""
    horizontal, vertical = trials.scale(across), trials.scale(up)
    horizontal.use(axes, "x")
    vertical.use(axes)
    groups = {"compared": trials.with_result("compared")}

    def place(record: TrialRecord) -> float:
        return horizontal.within(trials.result(record, across))

    def height(record: TrialRecord) -> float:
        return trials.result(record, up)

    draw_points(axes, groups, place, height, vertical)
    front = sorted(trials.best, key=lambda one: trials.result(one, across))
    if len(trials.plan.monitors) == 2:
        points = [trials.result(one, across) for one in front], [trials.result(one, up) for one in front]
        # The corners of the line are as good as a trial in one number, and as bad as its neighbor in the other.
        where: Literal["post", "pre"] = "pre" if trials.plan.maximized[across] else "post"
        axes.step(*points, where=where, color=BEST, linewidth=1.2, zorder=3)
    draw_best(axes, front, place, height)
    axes.set_xlabel(_named(trials, across))
    axes.set_ylabel(_named(trials, up))
    plain_axes(axes)


def _named(trials: Trials, monitor: int) -> str:
    better = "higher" if trials.plan.maximized[monitor] else "lower"
    return f"{picture_text(trials.plan.monitors[monitor], 30)} ({better} is better)"
