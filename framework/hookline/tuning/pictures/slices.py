"""The results by the values of one parameter."""

from statistics import median
from typing import TYPE_CHECKING

from hookline.plots.curves import label_plainly
from hookline.plots.figures import picture_text
from hookline.spec.space.domains import Choices, Domain
from hookline.spec.space.record import TrialRecord
from hookline.spec.space.space import Parameter
from hookline.tuning.pictures.marks import GRAY, draw_best, draw_points, plain_axes
from hookline.tuning.pictures.trials import Trials, place_of, spread

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FEWEST_SPREAD = 8
"""The number of trials from which those with the same choice are drawn beside one another."""

MOST_STEPS = 12
"""The number of steps of a range up to which trials with the same value are drawn beside one another."""

WIDEST = 30
"""The number of characters that the labels of choices may have together before they are rotated."""


def draw_slice(axes: "Axes", parameter: Parameter, trials: Trials, monitor: int = 0) -> None:
    """Draw the trials with a parameter by its value. A line shows the median result of each choice."""
    scale, place, domain = trials.scale(monitor), place_of(parameter), parameter.domain
    scale.use(axes)
    groups = {
        state: [record for record in trials.with_result(state) if parameter.name in record.values]
        for state in ("compared", "pruned")
    }
    wide = _spread_of(domain) if sum(map(len, groups.values())) >= FEWEST_SPREAD else 0.0

    def x(record: TrialRecord) -> float:
        return place(record) + wide * spread(record)

    def y(record: TrialRecord) -> float:
        return trials.result(record, monitor)

    draw_points(axes, groups, x, y, scale)
    draw_best(axes, [record for record in trials.best if parameter.name in record.values], x, y)
    if isinstance(domain, Choices):
        for index in range(len(domain.labels)):
            numbers = [y(one) for one in groups["compared"] if place(one) == index]
            if len(numbers) > 2:
                height = scale.within(median(numbers))
                axes.plot([index - 0.35, index + 0.35], [height] * 2, color=GRAY, linewidth=1.2, zorder=2)
        texts = list(map(domain.text, domain.labels))
        is_long = len(texts) > 4 and sum(map(len, texts)) > WIDEST
        most = 14 if is_long else max(6, WIDEST // len(texts))
        labels = [picture_text(text, most) for text in texts]
        axes.set_xticks(range(len(labels)), labels, rotation=90 if is_long else 0)
        axes.set_xlim(-0.5, len(labels) - 0.5)
    else:
        _use_range(axes, domain.low - wide / 2, domain.high + wide / 2, is_log=domain.log)
    axes.set_xlabel(picture_text(parameter.name, 32), fontsize="small")
    plain_axes(axes)


def _spread_of(domain: Domain) -> float:
    """The distance in which trials with the same value are drawn beside one another; 0 if values hardly repeat."""
    if isinstance(domain, Choices):
        return 0.5
    steps = domain.steps
    return (
        0.5 * (domain.high - domain.low) / steps
        if steps is not None and steps <= MOST_STEPS and not domain.log
        else 0.0
    )


def _use_range(axes: "Axes", low: float, high: float, *, is_log: bool) -> None:
    """Show a whole range, so that one sees which part of it was tried."""
    if is_log:
        axes.set_xscale("log")
        margin = (high / low) ** 0.04
        axes.set_xlim(low / margin, high * margin)
        if low >= 1e-3 and high < 1e5:
            label_plainly(axes.xaxis)
    else:
        margin = (high - low) * 0.04
        axes.set_xlim(low - margin, high + margin)
        axes.locator_params(axis="x", nbins=5)
