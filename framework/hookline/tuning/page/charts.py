"""The pictures of a study as SVG in the page, in which each point and line knows its trial."""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING

from hookline.plots.figures import new_figure
from hookline.report.charts import HEIGHT, WIDTH, inline
from hookline.report.html import Html, h
from hookline.tuning.pictures.comparisons import draw_front, draw_importances
from hookline.tuning.pictures.history import draw_history
from hookline.tuning.pictures.learning_curves import draw_learning_curves, has_curves
from hookline.tuning.pictures.marks import OF_TRIALS
from hookline.tuning.pictures.parallel import LABEL_BACKGROUND, draw_parallel
from hookline.tuning.pictures.slices import draw_slice
from hookline.tuning.pictures.trials import Trials

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDE = 9.2
"""The width of a chart in inches that scrolls on a narrow screen."""

GROUP = re.compile(rf'<g id="{OF_TRIALS}([\d,]*)">')
"""The beginning of a group of points or lines of trials."""

MARK = re.compile(r"<defs>.*?</defs>|<(?:use|path) ", re.DOTALL)
"""A point or a line, or definitions, which are neither."""


def chart(draw: Callable[["Axes"], None], name: str, description: str, width: float, height: float) -> Html:
    """A picture as an SVG element; a wide one scrolls on a narrow screen."""
    figure = new_figure(width, height)
    draw(figure.subplots())
    svg = with_trials(inline(figure, name))
    is_wide = width > WIDTH
    return h(
        "figure",
        Html(svg.replace(LABEL_BACKGROUND, "var(--page)")),
        role="img",
        aria_label=description,
        class_="wide scroll" if is_wide else None,
        tabindex="0" if is_wide else None,
    )


def with_trials(svg: str) -> str:
    """Give each point and line of a trial its number as an attribute.

    >>> with_trials('<g id="trials:3,5"><defs><path d=""/></defs><use x="1"/><use x="2"/></g><g id="axes_1"><use/>')
    '<g><defs><path d=""/></defs><use data-trial="3" x="1"/><use data-trial="5" x="2"/></g><g id="axes_1"><use/>'
    """
    first, *others = GROUP.split(svg)
    parts = [first]
    for numbers, content in zip(others[::2], others[1::2], strict=True):
        left = iter(numbers.split(","))

        def marked(found: re.Match[str], left: Iterator[str] = left) -> str:
            number = None if found[0].startswith("<defs") else next(left, None)
            return found[0] if number is None else f'{found[0]}data-trial="{number}" '

        own, begin, rest = content.partition('<g id="')  # What follows belongs to other groups.
        parts.append(f"<g>{MARK.sub(marked, own)}{begin}{rest}")
    return "".join(parts)


def history_charts(trials: Trials) -> Iterator[Html]:
    """The results by trial, for each monitored number."""
    for index, name in enumerate(trials.plan.monitors):
        yield chart(
            partial(draw_history, trials=trials, monitor=index),
            f"history {index}",
            f"{name} by trial, and the best so far",
            WIDE,
            3.0,
        )


def front_charts(trials: Trials) -> Iterator[Html]:
    """Each pair of monitored numbers."""
    if trials.compared:
        for across, up in combinations(range(len(trials.plan.monitors)), 2):
            names = f"{trials.plan.monitors[up]} against {trials.plan.monitors[across]}"
            yield chart(
                partial(draw_front, trials=trials, across=across, up=up),
                f"front {across} {up}",
                names,
                WIDTH,
                HEIGHT,
            )


def parallel_chart(trials: Trials) -> Iterator[Html]:
    """Each trial as a line through its result and its values."""
    if len(trials.parameters) > 1:
        columns = len(trials.parameters) + len(trials.plan.monitors)
        yield chart(
            partial(draw_parallel, trials=trials, parameters=trials.parameters),
            "parallel",
            "Each trial as a line through its result and its values",
            max(WIDE, 1.0 * columns),
            3.6,
        )


def course_charts(trials: Trials) -> Iterator[Html]:
    """The learning curves, and how important the parameters are."""
    if has_curves(trials):
        name = trials.plan.monitors[0]
        yield chart(
            partial(draw_learning_curves, trials=trials), "curves", f"{name} of each trial by epoch", WIDTH, HEIGHT
        )
    if trials.importances:
        listed = ", ".join(f"{name} {part:.0%}" for name, part in trials.importances.items())
        yield chart(partial(draw_importances, trials=trials), "importances", f"Importance: {listed}", WIDTH, HEIGHT)


def slice_charts(trials: Trials, monitor: int) -> Sequence[Html]:
    """The results by the values of each parameter."""
    return [
        chart(
            partial(draw_slice, parameter=one, trials=trials, monitor=monitor),
            f"slice {monitor} {index}",
            f"{trials.plan.monitors[monitor]} by {one.name}",
            WIDTH * 0.85,
            HEIGHT * 0.8,
        )
        for index, one in enumerate(trials.parameters)
    ]
