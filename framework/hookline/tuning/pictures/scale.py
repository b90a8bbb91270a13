"""The axis of results: logarithmic if that is clearer, and without the space for a few very bad results."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from attrs import frozen

from hookline.plots.curves import label_plainly

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARGIN = 0.06
"""The part of an axis that remains free at either end."""

FEWEST_CUT = 20
"""The number of results from which the axis may be too short for the worst of them."""

LEAST_RATIO = {False: 4.0, True: 100.0}
"""The ratio between results from which their axis is logarithmic: for a loss, and for a number such as an accuracy."""

FAR = 2.5
"""How often the distance from the best result to the worst of the best nine tenths fits in the axis."""


CUT = 1.3
"""The same ratio for an axis that is too short."""


@frozen
class Scale:
    """Which results an axis shows."""

    is_log: bool
    low: float
    """The lower end of the axis."""
    high: float
    """The upper end of the axis."""
    edges: tuple[float, float]
    """Where results are drawn that are beyond either end."""

    def use(self, axes: "Axes", which: Literal["x", "y"] = "y") -> None:
        """Set the limits and the type of an axis."""
        axis = axes.yaxis if which == "y" else axes.xaxis
        if self.is_log:
            axes.set(**{f"{which}scale": "log"})
            if self.low >= 1e-4 and self.high < 1e5:
                label_plainly(axis)
        axes.set(**{f"{which}lim": (self.low, self.high)})

    def within(self, value: float) -> float:
        """The value, or where it is drawn if it is beyond the axis."""
        return min(max(value, self.edges[0]), self.edges[1])

    def around(self, value: float) -> float:
        """The value, or one far enough beyond the axis that a line to it leaves the frame.

        >>> scale = scale_of([0.5] * 10 + [0.75] * 20 + [1e30], is_maximized=False)
        >>> scale.around(0.75), scale.high < scale.around(1e30) < 2
        (0.75, True)
        """
        low, high = self._number(self.low), self._number(self.high)
        size = high - low
        number = min(max(self._number(value), low - size), high + size)
        return value if low <= number <= high else 10**number if self.is_log else number

    def is_beyond(self, value: float) -> bool:
        """Whether a value is beyond the axis."""
        return not self.edges[0] <= value <= self.edges[1]

    def part(self, value: float) -> float:
        """Where a value is on the axis, from 0 to 1."""
        low, high, value = (self._number(one) for one in (*self.edges, self.within(value)))
        return (value - low) / (high - low)

    def _number(self, value: float) -> float:
        return math.log10(value) if self.is_log else value


def scale_of(values: Sequence[float], *, is_maximized: bool) -> Scale:
    """The axis for some results, which shows the best of them and at least nine tenths of all.

    >>> scale = scale_of([0.5] * 10 + [0.75] * 20 + [1e30], is_maximized=False)
    >>> scale.is_beyond(0.75), scale.is_beyond(1e30), scale.within(1e30) < 2
    (False, True, True)
    """
    if not values:
        return Scale(is_log=False, low=0.0, high=1.0, edges=(0.0, 1.0))
    sign = -1.0 if is_maximized else 1.0
    ordered = sorted(values, key=lambda value: sign * value)
    nine_tenths = ordered[: math.ceil(0.9 * len(ordered))] if len(ordered) >= FEWEST_CUT else ordered
    is_log = min(values) > 0 and max(nine_tenths) > LEAST_RATIO[is_maximized] * min(nine_tenths)
    numbers = [math.log10(value) if is_log else value for value in ordered]
    best, worst, end = numbers[0], numbers[-1], numbers[len(nine_tenths) - 1]
    distance = abs(end - best)
    if distance > 0 and abs(worst - best) > FAR * distance:
        worst = best + sign * CUT * distance
    distance = abs(worst - best) or abs(best) * 0.1 or 1.0
    if worst == best:
        best, worst = best - sign * distance / 2, worst + sign * distance / 2
    margin = MARGIN * distance
    low, high = min(best, worst), max(best, worst)
    ends = [low - margin, low, high, high + margin]
    if is_log:
        ends = [10**end for end in ends]
    first, low, high, last = ends
    if is_log:  # Rounding must not put a value beyond the end.
        low, high = low * (1 - 1e-12), high * (1 + 1e-12)
    return Scale(is_log=is_log, low=first, high=last, edges=(low, high))
