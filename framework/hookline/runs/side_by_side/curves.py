"""Draw the curves of several runs in one picture."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from attrs import frozen

from hookline.plots import COLORS, WIDTH, drawable, finish_curves, new_figure, picture_text, use_log_scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_LABELS = 20
"""The maximum number of runs that a legend names."""

LETTER, LINE = 5.6, 50
"""The width of a letter in a legend, and that of the line before a label with the gaps, in points."""


@frozen(kw_only=True)
class Curve:
    """A number of one run over its epochs."""

    label: str
    """What distinguishes the run from the others."""
    epochs: Sequence[int]
    values: Sequence[float]
    best_epoch: int | None = None
    """The epoch with the best value, to be marked."""


def comparison_figure(
    panels: Mapping[str, Sequence[Curve | None]],
    title: str,
    *,
    yscale: Literal["linear", "log"] = "linear",
    width: float = WIDTH,
    unit: str = "epoch",
) -> "Figure":
    """Draw numbers of several runs against the epochs: a panel for each number, and the same color for a run in each.

    Args:
        panels: the curves of each number, one for each run in the same order; `None` for a run without the number.
        title: the title above the first panel.
        yscale: the scale of the vertical axes. A panel with a number that is not positive stays linear.
        width: the width in inches.
        unit: what the curves are drawn against: "epoch" or "step".

    """
    runs = max(map(len, panels.values()), default=0)
    colors = _colors_of(runs)
    labels = [next((curves[index] for curves in panels.values() if curves[index]), None) for index in range(runs)]
    shown = [picture_text(curve.label, 60) for curve in labels if curve is not None][:MOST_LABELS]
    columns = max(1, min(len(shown), int(width * 72 / (LINE + LETTER * max(map(len, shown), default=1)))))
    rows = -(-len(shown) // columns)
    figure = new_figure(width, (3.2 if len(panels) < 2 else 0.4 + 2.5 * len(panels)) + 0.2 * rows + 0.3)
    axes = figure.subplots(max(1, len(panels)), 1, sharex=True, squeeze=False)[:, 0]
    handles: dict[int, Any] = {}
    for place, (name, curves) in zip(axes, panels.items(), strict=False):
        values = [drawable(value) for curve in curves if curve is not None for value in curve.values]
        for index, curve in enumerate(curves):
            if curve is not None:
                handles.setdefault(index, _draw_curve(curve, place, colors[index]))
        if yscale == "log":
            use_log_scale(place, values)
        place.set_ylabel(picture_text(name, 30))
    longest = max((curve for curves in panels.values() for curve in curves if curve), key=_last_epoch, default=None)
    finish_curves(list(axes), longest.epochs if longest else [], title, unit)
    figure.align_ylabels(list(axes))
    if len(shown) > 1:
        more = len(handles) - len(shown)
        texts = [*shown[:-1], f"{shown[-1]}, and {more} more"] if more else shown
        lines = [handles[index] for index in sorted(handles)][: len(texts)]
        figure.legend(lines, texts, loc="outside lower left", ncols=columns, frameon=False, fontsize=8)
    return figure


def _last_epoch(curve: Curve) -> int:
    return max(curve.epochs, default=0)


def _colors_of(number: int) -> list[Any]:
    """A color for each of several runs; if there are many, from one end of a color map to the other."""
    if number <= len(COLORS):
        return list(COLORS[:number])
    from matplotlib import colormaps

    return [colormaps["viridis"](0.92 * index / (number - 1)) for index in range(number)]


def _draw_curve(curve: Curve, axes: "Axes", color: Any) -> Any:
    """Draw a curve with a dot at its best epoch, and return its line."""
    values = [drawable(value) for value in curve.values]
    marker = "o" if len(values) == 1 else None  # A line through a single epoch would be invisible.
    [line] = axes.plot(curve.epochs, values, color=color, linewidth=1.6, marker=marker, markersize=3.5)
    if curve.best_epoch is not None and curve.best_epoch in curve.epochs:
        best = values[list(curve.epochs).index(curve.best_epoch)]
        axes.plot(curve.best_epoch, best, "o", color=color, markersize=7, markeredgecolor="white", zorder=3)
    return line
