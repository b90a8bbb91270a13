"""Reliability diagrams: how often predictions are right, against their probabilities."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy
from numpy.typing import NDArray

from hookline.plots.figures import COLORS, new_figure, picture_text, write_picture
from hookline.trained.evaluation.evaluation import TargetDetails
from hookline.trained.numbers.calibration import Calibration, calibration

MOST_LABELS = 6
"""The number of labels up to which each has its own line."""


def calibrations(details: TargetDetails) -> Mapping[str, Calibration]:
    """Compare the probabilities of a target with frequencies; rows whose probability is NaN are left out.

    For classes, it is the probability of the predicted class, and for a label, that of the label. Several labels are
    compared together, and each by itself if there are few. The answer is empty if the loss predicts no probabilities.
    """
    if details.probability is None or not details.has_probabilities:
        return {}

    def compared(truth: NDArray[Any], probability: NDArray[Any]) -> Calibration:
        known = ~numpy.isnan(probability)
        return calibration(truth[known], probability[known])

    if details.kind == "classes":
        return {"predicted class": compared(details.truth == details.predicted, details.probability)}
    if details.is_binary:
        return {details.classes[1]: compared(details.truth[:, 0], details.probability[:, 0])}
    found = {"all labels": compared(details.truth.ravel(), details.probability.ravel())}
    if len(details.columns) <= MOST_LABELS:
        for index, name in enumerate(details.columns):
            found[name] = compared(details.truth[:, index], details.probability[:, index])
    return found


def draw_calibration(path: Path, found: Mapping[str, Calibration], title: str) -> None:
    """Draw a reliability diagram with the number of rows in each bin below, to a PNG file."""
    figure = new_figure(6, 7.4)
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[3.4, 1])
    top.plot([0, 1], [0, 1], color="#c3ccd6", linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    for index, (name, one) in enumerate(found.items()):
        filled = one.rows > 0
        top.plot(
            one.probability[filled],
            one.frequency[filled],
            marker="o",
            markersize=5 if index == 0 else 3.5,
            linewidth=1.8 if index == 0 else 1.1,
            color=COLORS[index % len(COLORS)],
            label=f"{picture_text(name, 30)}  {one.error:.4f}",
        )
    top.set_ylim(-0.02, 1.02)
    top.set_xlim(-0.02, 1.02)
    top.set_ylabel("fraction that is right" if "predicted class" in found else "fraction that is true")
    top.legend(
        frameon=False,
        fontsize=8,
        title="expected calibration error",
        title_fontsize=8,
        loc="upper left",
        alignment="left",
    )
    first = next(iter(found.values()))
    centers, width = (first.edges[1:] + first.edges[:-1]) / 2, first.edges[1] * 0.92
    bars = bottom.bar(centers, first.rows, width=width, color="#9db8d6")
    bottom.bar_label(bars, [f"{count:,}" if count else "" for count in first.rows], fontsize=7, padding=1)
    bottom.margins(y=0.18)
    bottom.set_ylabel("rows" if len(found) == 1 else "all labels")
    bottom.set_xlabel(f"predicted probability of {_of(found)}")
    for axes in (top, bottom):
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    top.set_title(picture_text(title, 75), loc="left", fontsize=10)
    write_picture(figure, path)


def _of(found: Mapping[str, Calibration]) -> str:
    first = next(iter(found))
    if len(found) > 1 or first == "all labels":
        return "a label"
    return "the predicted class" if first == "predicted class" else picture_text(first, 40)
