"""Pictures of confusion matrices: the larger a number, the darker its cell."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hookline.plots.figures import new_figure, picture_text, write_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

WITH_NUMBERS = 40
"""The maximum number of classes for numbers in the cells; with more, there is a color bar instead."""
MOST_NAMES = 60
"""The maximum number of class names along a side."""
MOST_MATRICES = 36
"""The maximum number of matrices of labels to draw."""
LONGEST = 24
"""The maximum number of characters of a name to draw."""


def draw_matrices(
    path: Path, matrices: "NDArray[Any]", names: Sequence[str], labels: Sequence[str], title: str
) -> None:
    """Draw one matrix of classes, or one per label, `(matrices, true, predicted)`, to a PNG file."""
    shown = matrices[:MOST_MATRICES]
    if len(matrices) > len(shown):
        title += f", {len(shown)} of {len(matrices)} labels"
    texts = [_texts(matrix) for matrix in shown]
    longest = max(len(text) for matrix in texts for row in matrix for text in row)
    count, classes = len(shown), len(names)
    size = 9 if classes <= 12 else 7
    has_numbers = classes <= WITH_NUMBERS
    field = max(0.42 if classes <= 12 else 0.27, longest * size * 0.62 / 72 + 0.1) if has_numbers else 13 / classes
    columns = min(count, 4, round(math.sqrt(count)) + 1) if count > 1 else 1
    rows = -(-count // columns)
    side = max(field * classes, 0.9)
    named = min(max(map(len, names)), LONGEST) * 0.085
    wide = (side + named + 0.55) * columns + (0 if has_numbers else 0.9)
    is_alone = count == 1 and not labels[0]
    left = named + 0.5 if is_alone else 0.1  # The title is above the matrix, or above all matrices.
    wide = max(wide, 3.4, min(max(title.find(": ") + 1, min(len(title), 40)), 70) * 0.085 + left + 0.1)
    below = named if _is_turned(names, field) else 0.2
    figure = new_figure(wide, (side + below + (0.75 if count > 1 else 0.5)) * rows + 0.4)
    most = int((wide - left) / 0.085)
    heading = "\n".join(picture_text(line, most) for line in _wrapped(title, most))
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    if is_alone:
        grid[0].set_title(heading, loc="left", fontsize=10)
        grid[0].set_anchor("NW")
    else:
        figure.suptitle(heading, x=0.02, ha="left", fontsize=10)
    for axes in grid[count:]:
        axes.set_axis_off()
    for axes, matrix, text, label in zip(grid, shown, texts, labels, strict=False):
        _draw(axes, matrix, names, text if has_numbers else None, size, is_turned=_is_turned(names, field))
        if label:
            axes.set_title(picture_text(label, int((side + named + 0.4) / 0.095)), fontsize=9)
    if not has_numbers:
        figure.colorbar(grid[0].images[0], ax=grid[0], shrink=0.8)
    write_picture(figure, path)


def _wrapped(title: str, most: int) -> list[str]:
    """Divide the title into two lines at the colon if it is too long for one."""
    first, colon, rest = title.partition(": ")
    return [title] if len(title) <= most or not colon else [f"{first}:", rest]


def _is_turned(names: Sequence[str], field: float) -> bool:
    """Return whether the names below the cells must be rotated."""
    return max(min(len(name), LONGEST) for name in names) * 0.085 > field or len(names) > MOST_NAMES


def _texts(matrix: "NDArray[Any]") -> list[list[str]]:
    """Return the texts of the cells: counts, or fractions with two digits; large matrices omit zeros."""
    is_whole, zero = matrix.dtype.kind in "iu", "0" if len(matrix) <= 12 else ""
    return [
        [zero if number == 0 else str(number) if is_whole else f"{number:.2f}" for number in row]
        for row in matrix.tolist()
    ]


def _draw(
    axes: "Axes",
    matrix: "NDArray[Any]",
    names: Sequence[str],
    texts: Sequence[Sequence[str]] | None,
    size: int,
    *,
    is_turned: bool,
) -> None:
    greatest = float(matrix.max()) or 1.0
    axes.imshow(matrix, cmap="Blues", vmin=0, vmax=greatest)
    every = -(-len(names) // MOST_NAMES)
    places = range(0, len(names), every)
    shown = [picture_text(names[place], LONGEST) for place in places]
    axes.set_xticks(places, shown, fontsize=size, rotation=90 if is_turned else 0)
    axes.set_yticks(places, shown, fontsize=size)
    axes.tick_params(length=0)
    axes.set_xlabel("predicted", fontsize=9)
    axes.set_ylabel("true", fontsize=9)
    axes.spines[:].set_color("#c3ccd6")
    for row, line in enumerate(texts or ()):
        for column, text in enumerate(line):
            number = float(matrix[row, column])
            color = "white" if number > 0.6 * greatest else "#9aa5b1" if number == 0 else "#1c2733"
            axes.text(column, row, text, ha="center", va="center", fontsize=size, color=color)
