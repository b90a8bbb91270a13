"""Pictures of ROC and precision-recall curves."""

from pathlib import Path
from typing import TYPE_CHECKING

from hookline.plots.figures import COLORS, new_figure, picture_text, write_picture
from hookline.trained.evaluation.class_curves import MOST_CURVES, ClassCurves

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MORE_COLORS = (*COLORS, "#e0a100", "#1c2733")
GRAY = "#5c6770"
LONGEST = 28
"""The maximum number of characters of a name in the legend."""


def draw_rates(path: Path, found: ClassCurves, title: str) -> None:
    """Draw the ROC curves on the left and the precision-recall curves on the right, to a PNG file."""
    lines = len(found.curves) + (found.pooled is not None) + (found.mean is not None)
    # The legends have their own axes below the curves.
    below = 0.2 * max(1, lines)
    figure = new_figure(9.6, 5.1 + below)
    (left, right), legends = figure.subplots(2, 2, height_ratios=[4.5, below])
    few = len(found.areas) <= MOST_CURVES
    areas = {one.name: one for one in found.areas}
    left.plot([0, 1], [0, 1], color="#c3ccd6", linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    for (name, curve), color in zip(found.curves, MORE_COLORS, strict=False):
        one = areas[name]
        label = picture_text(name, LONGEST)
        width = 1.7 if few else 1.1
        roc, precision = f"{label}  {one.area:.4f}", f"{label}  {one.average_precision:.4f}"
        left.plot(curve.false_positive_rate, curve.recall, color=color, linewidth=width, label=roc)
        right.step(curve.recall, curve.precision, where="pre", color=color, linewidth=width, label=precision)
    if found.pooled is not None and found.pooled_curve is not None:
        style = {"color": GRAY, "linewidth": 1.4, "linestyle": (0, (1, 1.2))}
        curve = found.pooled_curve
        left.plot(curve.false_positive_rate, curve.recall, label=f"micro average  {found.pooled.area:.4f}", **style)
        right.step(
            curve.recall,
            curve.precision,
            where="pre",
            label=f"micro average  {found.pooled.average_precision:.4f}",
            **style,
        )
    if found.mean is not None:
        style = {"color": "#1c2733", "linewidth": 1.4 if few else 2.2, "linestyle": (0, (5, 1.5)) if few else "-"}
        mean = found.mean
        left.plot(mean.false_positive_rate, mean.true_positive_rate, label=f"macro average  {mean.area:.4f}", **style)
        right.plot(mean.recall, mean.precision, label=f"macro average  {mean.average_precision:.4f}", **style)
    _finish(left, legends[0], "false positive rate", "true positive rate (recall)", "ROC, area under the curve")
    _finish(right, legends[1], "recall", "precision", "Precision and recall, average precision")
    figure.suptitle("\n".join(picture_text(line, 100) for line in _title(found, title)), x=0.02, ha="left", fontsize=10)
    write_picture(figure, path)


def _title(found: ClassCurves, title: str) -> list[str]:
    """The lines of the title: what is drawn, if not every class is, and what is left out."""
    lines = [title]
    if len(found.areas) > MOST_CURVES:
        count = 0 if found.mean is None else found.mean.curves
        drawn = f"the {len(found.curves)} with the smallest areas" if found.curves else "none with rows"
        lines.append(f"{count:,} of {len(found.areas):,} classes have rows; {drawn} and averages are drawn")
    if found.left_out:
        lines.append(f"{found.rows:,} rows; {found.left_out:,} others are left out")
    return lines


def _finish(axes: "Axes", below: "Axes", x: str, y: str, title: str) -> None:
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.set_title(title, loc="left", fontsize=10)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    below.set_axis_off()
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        below.legend(handles, labels, frameon=False, fontsize=8, loc="upper left", borderaxespad=0)
    else:
        axes.text(0.5, 0.5, "Each class has no rows, or all of them.", ha="center")
