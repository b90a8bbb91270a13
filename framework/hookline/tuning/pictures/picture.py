"""The picture of a study, `tune.png`: all pictures below one another."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from hookline.plots.figures import new_figure, picture_text, write_picture
from hookline.tuning.pictures.comparisons import draw_front, draw_importances
from hookline.tuning.pictures.history import draw_history
from hookline.tuning.pictures.learning_curves import draw_learning_curves, has_curves
from hookline.tuning.pictures.parallel import draw_parallel
from hookline.tuning.pictures.slices import draw_slice
from hookline.tuning.pictures.trials import Trials

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PICTURE = "tune.png"
"""The picture, in the directory of the study."""

WIDTH = 9.8
"""The width of the picture in inches."""

ACROSS = 3
"""The number of slices beside one another."""

MOST_SLICES = 12
"""The maximum number of parameters that are drawn, the most important first, then those with the most trials."""

MOST_AXES = 14
"""The maximum number of parameters with an axis in the parallel coordinates."""

MOST_PAIRS = 3
"""The maximum number of pairs of monitored numbers that are drawn."""

Row = tuple[float, list[tuple[int, Callable[["Axes"], None]]]]
"""The height of a row in inches; and of each panel its part of the width, and what draws it."""


def draw_study(trials: Trials, title: str, path: Path) -> None:
    """Draw the trials of a study, and write a PNG file.

    Raises:
        FileError: if the file cannot be written.

    """
    rows = list(_rows(trials))
    figure = new_figure(WIDTH, 0.4 + sum(height for height, _ in rows))
    figure.suptitle(picture_text(title, 70), x=0.02, ha="left")
    grid = figure.add_gridspec(len(rows), 1, height_ratios=[height for height, _ in rows])
    for row, (_, panels) in enumerate(rows):
        parts = grid[row].subgridspec(1, len(panels), width_ratios=[part for part, _ in panels])
        for index, (_, draw) in enumerate(panels):
            axes = figure.add_subplot(parts[index])
            draw(axes)
    write_picture(figure, path)


def _rows(trials: Trials) -> Iterator[Row]:
    monitors = len(trials.plan.monitors)
    for monitor in range(min(monitors, MOST_PAIRS)):
        yield 2.9 if monitors == 1 else 2.3, [(1, partial(draw_history, trials=trials, monitor=monitor))]
    if monitors > 1 and trials.compared:
        pairs = list(combinations(range(monitors), 2))[:MOST_PAIRS]
        height = 3.4 if len(pairs) == 1 else 2.6
        yield height, [(1, partial(draw_front, trials=trials, across=across, up=up)) for across, up in pairs]
    if len(trials.parameters) > 1:
        chosen = trials.telling(MOST_AXES)
        yield 3.0 if len(chosen) < 8 else 3.5, [(1, partial(draw_parallel, trials=trials, parameters=chosen))]
    panels: list[tuple[int, Callable[[Axes], None]]] = []
    if has_curves(trials):
        panels.append((3, partial(draw_learning_curves, trials=trials)))
    if trials.importances:
        panels.append((2, partial(draw_importances, trials=trials)))
    if len(panels) == 1 and trials.importances:
        panels.append((3, _draw_nothing))
    if panels:
        yield 2.8, panels
    shown = trials.telling(MOST_SLICES)
    for start in range(0, len(shown), ACROSS):
        row = shown[start : start + ACROSS]
        blank = [(1, _draw_nothing)] * (ACROSS - len(row))
        yield 2.3, [*((1, partial(draw_slice, parameter=one, trials=trials)) for one in row), *blank]


def _draw_nothing(axes: "Axes") -> None:
    axes.set_axis_off()
