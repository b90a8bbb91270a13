"""Pictures of residuals: against the predictions, and their histogram."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy

from hookline.plots.figures import COLORS, new_figure, picture_text, write_picture
from hookline.trained.evaluation.evaluation import TargetDetails
from hookline.trained.numbers.residuals import residual_histogram

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

MOST_COLUMNS = 8
"""The maximum number of columns to draw."""
MOST_POINTS = 3000
"""The number of rows up to which each is a point; more are counted in hexagons."""
ZERO = "#5c6770"
"""The color of the line for residuals of 0, which can be seen on a light and on a dark page."""


def draw_residuals(path: Path, details: TargetDetails, title: str) -> None:
    """Draw the residuals of each column against the predictions, and their histogram, to a PNG file."""
    shown = details.columns[:MOST_COLUMNS]
    if len(shown) < len(details.columns):
        title += f", {len(shown)} of {len(details.columns)} columns"
    figure = new_figure(9.5, 0.9 + 3.5 * len(shown))
    grid = figure.subplots(len(shown), 2, squeeze=False, width_ratios=[1.7, 1])
    left_out = 0
    for index, name in enumerate(shown):
        true, predicted = (values[:, index].astype(numpy.float64) for values in (details.truth, details.predicted))
        finite = numpy.isfinite(true) & numpy.isfinite(predicted)
        left_out = max(left_out, int((~finite).sum()))
        draw_points(grid[index, 0], true[finite], predicted[finite])
        draw_histogram(grid[index, 1], true[finite], predicted[finite])
        if name:
            grid[index, 0].set_title(picture_text(name, 50), loc="left", fontsize=9)
    lines = [title, *([f"{left_out:,} rows that are not finite are left out"] if left_out else [])]
    figure.suptitle("\n".join(picture_text(line, 95) for line in lines), x=0.02, ha="left", fontsize=10)
    write_picture(figure, path)


def draw_points(axes: "Axes", true: "NDArray[Any]", predicted: "NDArray[Any]") -> None:
    """Draw the residuals against the predictions, both finite: a point for each row, or hexagons with their number."""
    residuals = true - predicted
    if len(predicted) <= MOST_POINTS:
        alpha = 0.85 if len(predicted) < 300 else 0.45
        axes.plot(predicted, residuals, "o", markersize=3.2, alpha=alpha, color=COLORS[0], markeredgewidth=0)
    else:
        cells = axes.hexbin(predicted, residuals, gridsize=60, mincnt=1, cmap="Blues", bins="log", linewidths=0.1)
        axes.figure.colorbar(cells, ax=axes, label="rows", shrink=0.85)
    axes.axhline(0, color=ZERO, linewidth=0.9)
    axes.set_axisbelow(True)
    axes.set_xlabel("predicted")
    axes.set_ylabel("residual (true − predicted)")
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)


def draw_histogram(axes: "Axes", true: "NDArray[Any]", predicted: "NDArray[Any]") -> None:
    """Draw the histogram of the residuals."""
    found = residual_histogram(true, predicted)
    axes.stairs(found.rows, found.edges, fill=True, color="#9db8d6")
    axes.axvline(0, color=ZERO, linewidth=0.9)
    axes.set_xlabel("residual")
    axes.set_ylabel("rows")
    axes.locator_params(axis="y", integer=True)
    axes.spines[["top", "right"]].set_visible(False)
