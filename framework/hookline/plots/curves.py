"""Learning curves: numbers of the history against the epochs."""

import math
from collections.abc import Collection, Mapping, Sequence
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from attrs import define, field

from hookline.plots.figures import COLORS, WIDTH, new_figure, picture_text, write_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

LOSSES = ("training/loss", "validation/loss")
"""The numbers to draw at the end of every run."""

SPLITS = {"training": "#2a6fbb", "validation": "#d1682d", "test": "#3b8f4e"}
"""The color of each split, if a panel shows one number."""

LIKE = 5
"""The largest ratio between numbers that share a panel."""

GREATEST = 1e38
"""The limit from which a number counts as infinite: matplotlib's own computations overflow close to it."""

MANY = 2000
"""The number of epochs from which the legend has a fixed place, since finding the best one would be slow."""


def draw_curves(
    history: Sequence[Mapping[str, Any]],
    names: Sequence[str],
    title: str,
    path: Path,
    *,
    yscale: Literal["linear", "log"] = "linear",
    kept_epoch: int | None = None,
    kept_step: int | None = None,
) -> None:
    """Draw numbers of the history against the epochs, and write them to a PNG file.

    If the history has records of validations inside epochs, they are drawn against the steps.

    Losses have their own panel, and numbers of different sizes have different panels. A missing or non-finite value is
    a gap. With `yscale = "log"`, a panel stays linear if one of its numbers is not positive. `kept_epoch` is the epoch
    whose weights the model has at the end, and `kept_step` their step; it is marked unless it is the last one.
    """
    curves = {name: [drawable(record.get(name)) for record in history] for name in names}
    unit = unit_of(history)
    epochs, kept = [record[unit] for record in history], kept_epoch if unit == "epoch" else kept_step
    undue = {
        index for index, record in enumerate(history) if not any(name.startswith("validation/") for name in record)
    }
    panels = _panels({name: curve for name, curve in curves.items() if not all(map(math.isnan, curve))})
    figure = new_figure(WIDTH, 4.2 if len(panels) < 2 else 1.0 + 2.6 * len(panels))
    axes = figure.subplots(max(1, len(panels)), 1, sharex=True, squeeze=False)[:, 0]
    for panel, place in zip(panels, axes, strict=False):
        _draw_panel(panel, place, epochs, curves, undue, yscale)
    if not panels:
        axes[0].set_ylabel("loss")
    finish_curves(list(axes), epochs, title, unit)
    figure.align_ylabels(list(axes))
    if panels and kept is not None and kept in epochs[:-1]:
        for place in axes:
            _mark(kept, place)
        axes[-1].set_xlabel(f"{unit} (the weights of {unit} {kept} are kept)")
    write_picture(figure, path)


def unit_of(history: Sequence[Mapping[str, Any]]) -> Literal["epoch", "step"]:
    """Return what tells the records of a history apart: the step if an epoch has several records, else the epoch."""
    return "epoch" if len({record["epoch"] for record in history}) == len(history) else "step"


def use_log_scale(axes: "Axes", numbers: Sequence[float]) -> None:
    """Use a logarithmic axis if all numbers are positive."""
    finite = [number for number in numbers if not math.isnan(number)]
    if not finite or min(finite) <= 0:
        return
    axes.set_yscale("log")
    if min(finite) >= 1e-4 and max(finite) < min(1e5, 100 * min(finite)):
        label_plainly(axes.yaxis)


def drawable(value: object) -> float:
    """Return the value as a float; NaN if it is not a number, or too large for matplotlib."""
    try:
        number = float(value) if isinstance(value, Real) else math.nan
    except OverflowError:  # The value is an integer.
        return math.nan
    return number if abs(number) < GREATEST else math.nan


def _divided(name: str) -> tuple[str, str]:
    """Return the split of a number, and its name within the split.

    >>> _divided("validation/loss"), _divided("gradient_norm"), _divided("lr")
    (('validation', 'loss'), ('', 'gradient_norm'), ('', 'lr'))
    """
    split, _, label = name.partition("/")
    return (split, label) if split in SPLITS else ("", name)


@define
class _Panel:
    """A panel: numbers that share axes."""

    is_of_losses: bool
    sizes: list[float] = field(factory=list)
    curves: dict[str, list[str]] = field(factory=dict)
    """The names of the numbers, by their name within a split."""

    def takes(self, size: float) -> bool:
        """Whether numbers of this size would be legible beside the others."""
        return max(*self.sizes, size) <= LIKE * min(*self.sizes, size)


def _panels(curves: Mapping[str, Sequence[float]]) -> list[_Panel]:
    """Group numbers into panels: those with the same name in all splits, and others of similar size."""
    labels: dict[str, list[str]] = {}
    for name in curves:
        labels.setdefault(_divided(name)[1], []).append(name)
    panels: list[_Panel] = []
    for label, names in labels.items():
        size = max(abs(number) for name in names for number in curves[name] if not math.isnan(number))
        is_a_loss = label == "loss" or label.startswith("loss[")
        fitting = (panel for panel in panels if panel.is_of_losses == is_a_loss and panel.takes(size))
        panel = next(fitting, None)
        if panel is None:
            panels.append(panel := _Panel(is_a_loss))
        panel.sizes.append(size)
        panel.curves[label] = names
    return panels


def _draw_panel(
    panel: _Panel,
    axes: "Axes",
    epochs: Sequence[int],
    curves: Mapping[str, Sequence[float]],
    undue: Collection[int],
    yscale: str,
) -> None:
    marker = "o" if len(epochs) <= 30 else None  # A line through a single epoch would be invisible.
    is_alone = len(panel.curves) == 1
    splits = {_divided(name)[0] for names in panel.curves.values() for name in names}
    lines, texts = [], []
    for index, (label, names) in enumerate(panel.curves.items()):
        for name in names:
            split, _ = _divided(name)
            color = SPLITS.get(split, COLORS[0]) if is_alone else COLORS[index % len(COLORS)]
            style = "--" if split == "training" and not is_alone and len(splits) > 1 else "-"
            # The line of a validation goes on where none was due; a number that is not finite is a gap.
            kept = [index for index in range(len(epochs)) if split != "validation" or index not in undue]
            points = [epochs[index] for index in kept], [curves[name][index] for index in kept]
            lines += axes.plot(*points, style, color=color, marker=marker, markersize=3.5, linewidth=1.6)
            texts.append(picture_text(split if is_alone else label if len(splits) == 1 else name, 40))
    if yscale == "log":
        use_log_scale(axes, [number for names in panel.curves.values() for name in names for number in curves[name]])
    [first, *others] = panel.curves
    of_all = "loss" if panel.is_of_losses else next(iter(splits)) if len(splits) == 1 else ""
    axes.set_ylabel(picture_text(of_all if others else first, 30))
    if any(texts):
        location: Literal["best", "upper right"] = "best" if len(epochs) < MANY else "upper right"
        is_long = len(texts) > 5
        axes.legend(lines, texts, frameon=False, loc=location, ncols=1 + is_long, fontsize=7 if is_long else None)


def label_plainly(axis: "Axis") -> None:
    """Label the ticks of a log axis `50` and `60`, not `5 × 10¹` and `6 × 10¹`."""
    from matplotlib.ticker import LogFormatter

    class Plain(LogFormatter):
        """Labels the same ticks as the usual formatter."""

        def __call__(self, x: float, pos: int | None = None) -> str:
            return f"{x:g}" if super().__call__(x, pos) else ""

    axis.set_major_formatter(Plain())
    axis.set_minor_formatter(Plain())


def _mark(epoch: int, axes: Any) -> None:
    """Mark the epoch whose weights are kept with a line, and with a ring around the point of each curve."""
    axes.axvline(epoch, color="#5c6770", linewidth=1, linestyle=(0, (1, 2)), zorder=1)
    for line in axes.get_lines()[:-1]:
        heights = [y for x, y in zip(*line.get_data(), strict=True) if x == epoch]
        for height in heights:
            axes.plot(epoch, height, "o", color=line.get_color(), markersize=9, fillstyle="none", zorder=3)


def finish_curves(axes: "Sequence[Axes]", epochs: Sequence[int], title: str, unit: str = "epoch") -> None:
    """Give panels of curves above each other their title, the axis of epochs, or of another unit, and a grid."""
    from matplotlib.ticker import MaxNLocator

    axes[0].set_title(picture_text(title, 70), loc="left")
    axes[-1].set_xlabel(unit)
    for place in axes:
        place.margins(x=0.02)
        place.grid(alpha=0.25)
        place.spines[["top", "right"]].set_visible(False)
    if epochs:
        first, last = epochs[0], epochs[-1]
        ticks = [int(tick) for tick in MaxNLocator(integer=True).tick_values(first, last)]
        axes[-1].set_xticks([first, *(tick for tick in ticks if first < tick <= last)])
