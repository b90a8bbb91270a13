"""Charts of a report as SVG in the page, whose texts and axes take the color of the page."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from hookline.plots import new_figure, picture_text, svg_of
from hookline.report.evidence import Evidence, NumberPredictions
from hookline.report.html import Html, h
from hookline.runs.side_by_side.curves import Curve, comparison_figure
from hookline.runs.side_by_side.directions import Directions
from hookline.runs.side_by_side.summary import RunSummary
from hookline.trained.evaluation.residual_plots import draw_histogram, draw_points

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH, HEIGHT = 4.6, 3.4
"""The size of a chart in inches, which makes its texts legible on a phone."""

MOST_CHARTS = 12
"""The maximum number of charts of curves."""

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
    charts, unit = [], RunSummary.common_unit(one.run for one in runs)
    for group in order[:MOST_CHARTS]:
        drawn = [_curve(one, name, label, directions, unit) for one, name, label in groups[group]]
        if any(curve is not None and any(value == value for value in curve.values) for curve in drawn):
            figure = comparison_figure({group: drawn}, "", width=WIDTH, unit=unit)
            labels = ", ".join(curve.label for curve in drawn if curve is not None)
            charts.append(chart(figure, f"curve {group}", f"{group} over {unit}s: {labels}"))
    return charts


def _curve(
    one: Evidence, name: str, label: str, directions: Directions, unit: Literal["epoch", "step"]
) -> Curve | None:
    epochs, values = one.run.curve(name, unit)
    best = directions.best_place(one.run, name, unit) if name.startswith("validation/") else None
    return Curve(label=label, epochs=epochs, values=values, best_epoch=best) if epochs else None


def residuals(one: NumberPredictions, index: int, name: str) -> Html:
    """The residuals of a number against the predictions, and their histogram, as two charts."""
    import numpy

    truth, predicted = one.truth[:, index], one.predicted[:, index]
    finite = numpy.isfinite(truth) & numpy.isfinite(predicted)
    truth, predicted = truth[finite], predicted[finite]
    points, histogram = new_figure(WIDTH, HEIGHT), new_figure(WIDTH, HEIGHT)
    left, right = points.subplots(), histogram.subplots()
    draw_points(left, truth, predicted)
    draw_histogram(right, truth, predicted)
    left.set_xlabel(f"predicted {picture_text(one.columns[index], 30)}")
    right.set_xlabel("residual (true − predicted)")
    drawn = (
        chart(points, name, f"Residuals against predictions of {one.columns[index]}"),
        chart(histogram, f"{name} histogram", f"Residuals, true minus predicted, of {len(truth)} rows"),
    )
    return h("div", *drawn, class_="charts")
