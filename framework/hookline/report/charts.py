"""Charts of a report as SVG in the page, whose texts and axes take the color of the page."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from hookline.plots import COLORS, new_figure, picture_text, svg_of
from hookline.report.evidence import Evidence, NumberPredictions
from hookline.report.html import Html, h
from hookline.runs.side_by_side.curves import Curve, comparison_figure
from hookline.runs.side_by_side.directions import Directions

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH, HEIGHT = 4.6, 3.4
"""The size of a chart in inches, which makes its texts legible on a phone."""

MOST_CHARTS = 12
"""The maximum number of charts of curves."""

MOST_POINTS = 3000
"""The maximum number of points in a chart; with more rows, it shows a sample of them."""

FIRST_SPLITS = ("training", "validation", "test")


def inline(figure: "Figure", name: str) -> Html:
    """A figure as an SVG element, in the colors of the page. `name` distinguishes it from the others of the page."""
    text = svg_of(figure, name)
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = (
        text.replace("#ffffff", "none").replace("#000000", "currentColor").replace("stroke: #b0b0b0", "stroke: #888888")
    )
    return Html(text)


def chart(figure: "Figure", name: str, description: str) -> Html:
    """A figure with a description for those who cannot see it."""
    return h("figure", inline(figure, name), role="img", aria_label=description)


def curves(runs: Sequence[Evidence], directions: Directions) -> list[Html]:
    """The charts of what the runs have logged: of one run, each number in all splits; of several, each number."""
    names = dict.fromkeys(name for one in runs for record in one.run.history for name in record)
    known = [name for name in names if name not in ("epoch", "step")]
    groups: dict[str, list[tuple[Evidence, str, str]]] = {}
    for name in known:
        split, slash, label = name.partition("/")
        if len(runs) == 1 and slash and split in FIRST_SPLITS:
            groups.setdefault(label, []).append((runs[0], name, split))
        else:
            groups[name] = [(one, name, one.label) for one in runs]
    # A number of a single split has its full name.
    groups = {listed[0][1] if len(runs) == 1 == len(listed) else group: listed for group, listed in groups.items()}
    order = sorted(groups, key=lambda group: (not group.endswith("loss"), "/" not in group and len(runs) > 1))
    charts = []
    for group in order[:MOST_CHARTS]:
        drawn = [_curve(one, name, label, directions) for one, name, label in groups[group]]
        if any(curve is not None and any(value == value for value in curve.values) for curve in drawn):
            figure = comparison_figure({group: drawn}, "", width=WIDTH)
            labels = ", ".join(curve.label for curve in drawn if curve is not None)
            charts.append(chart(figure, f"curve {group}", f"{group} over epochs: {labels}"))
    return charts


def _curve(one: Evidence, name: str, label: str, directions: Directions) -> Curve | None:
    epochs, values = one.run.curve(name)
    best = directions.best_epoch(one.run, name) if name.startswith("validation/") else None
    return Curve(label=label, epochs=epochs, values=values, best_epoch=best) if epochs else None


def residuals(one: NumberPredictions, index: int, name: str) -> Html:
    """Predicted numbers against true ones, and the distribution of their differences, as two charts."""
    import numpy

    truth, predicted = one.truth[:, index], one.predicted[:, index]
    finite = numpy.isfinite(truth) & numpy.isfinite(predicted)
    truth, predicted = truth[finite], predicted[finite]
    every = max(1, -(-len(truth) // MOST_POINTS))
    column = picture_text(one.columns[index], 30)
    scatter, histogram = new_figure(WIDTH, HEIGHT), new_figure(WIDTH, HEIGHT)
    left, right = scatter.subplots(), histogram.subplots()
    left.plot(truth[::every], predicted[::every], "o", color=COLORS[0], markersize=3.5, alpha=0.8, markeredgewidth=0)
    if len(truth):
        low, high = float(min(truth.min(), predicted.min())), float(max(truth.max(), predicted.max()))
        left.plot([low, high], [low, high], color="#888888", linewidth=1, linestyle="--")
        right.hist(truth - predicted, bins=min(40, max(5, int(len(truth) ** 0.5))), color=COLORS[0])
    left.set_xlabel(f"true {column}")
    left.set_ylabel(f"predicted {column}")
    right.axvline(0, color="#888888", linewidth=1, linestyle="--")
    right.set_xlabel("true - predicted")
    right.set_ylabel("rows")
    for axes in (left, right):
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    drawn = (
        chart(scatter, name, f"Predicted against true {one.columns[index]}"),
        chart(histogram, f"{name} histogram", f"Residuals, true minus predicted, of {len(truth)} rows"),
    )
    return h("div", *drawn, class_="charts")
