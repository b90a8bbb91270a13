"""The results by the number of the trial, and the best one so far."""

from typing import TYPE_CHECKING, Any

from hookline.plots.figures import picture_text
from hookline.tuning.pictures.marks import BEST, FAILED, draw_best, draw_points, id_of, plain_axes, whole_numbers
from hookline.tuning.pictures.trials import Trials

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_history(axes: "Axes", trials: Trials, monitor: int = 0) -> None:
    """Draw a monitored number of each trial. Trials without a result are marked at the bottom."""
    scale = trials.scale(monitor)
    scale.use(axes)
    groups = {state: trials.with_result(state) for state in ("compared", "pruned")}
    draw_points(axes, groups, lambda one: one.number, lambda one: trials.result(one, monitor), scale)
    best: list[tuple[int, float]] = []
    choose = max if trials.plan.maximized[monitor] else min
    for record in groups["compared"]:
        number = trials.result(record, monitor)
        best.append((record.number, choose(number, best[-1][1] if best else number)))
    if len(best) > 1:
        best.append((trials.records[-1].number, best[-1][1]))
        axes.step(*zip(*best, strict=True), where="post", color=BEST, linewidth=1.2, label="best so far", zorder=3)
    draw_best(axes, trials.best, lambda one: one.number, lambda one: trials.result(one, monitor))
    without = [record for record in trials.records if trials.result(record) != trials.result(record)]
    if without:
        numbers, marks = [record.number for record in without], axes.get_xaxis_transform()
        look: dict[str, Any] = {"marker": "|", "markersize": 8, "linestyle": "", "clip_on": False}
        label = "failed" if all(record.state == "failed" for record in without) else "no result"
        axes.plot(numbers, [0.0] * len(numbers), color=FAILED, gid=id_of(without), transform=marks, label=label, **look)
    last = trials.records[-1].number
    axes.set_xlim(1 - max(1, last) * 0.02, last + max(1, last) * 0.02)
    axes.xaxis.set_major_locator(whole_numbers())
    axes.set_xlabel("trial")
    rounded = "\n(up to rounding)" if any(record.is_rounded for record in trials.records) else ""
    axes.set_ylabel(picture_text(trials.plan.monitors[monitor], 30) + rounded)
    plain_axes(axes)
    if monitor == 0:
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=5, fontsize="small", frameon=False, borderaxespad=0)
