"""Results of the learning rate trial: the suggestion, a table and a plot."""

import csv
import io
import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from hookline.files import write_file
from hookline.plots import new_figure, write_picture


def steepest(tried: Sequence[tuple[float, float, float]]) -> float | None:
    """Return the learning rate at which the smoothed loss falls fastest on a log scale; `None` if it never falls.

    >>> steepest([(0.001, 1.0, 1.0), (0.01, 0.9, 0.9), (0.1, 0.2, 0.4), (1.0, 0.9, 0.5)])
    0.1
    """
    falls = [
        ((after - before) / math.log(rate / last), rate) for (last, _, before), (rate, _, after) in pairwise(tried)
    ]
    slope, rate = min(falls, default=(0.0, 0.0))
    return rate if slope < 0 else None


def write(path: Path, tried: Sequence[tuple[float, float, float]], found: float | None) -> None:
    """Write a table with a row per learning rate, and mark the suggested one."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("lr", "loss", "smoothed", "is_steepest"))
    writer.writerows((*row, str(row[0] == found).lower()) for row in tried)
    write_file(path, text.getvalue())


def draw(path: Path, tried: Sequence[tuple[float, float, float]], found: float | None) -> None:
    """Plot the losses against the learning rates, with a line at the suggested one."""
    figure = new_figure()
    axes = figure.add_subplot()
    rates, losses, smoothed = zip(*tried, strict=True) if tried else ((), (), ())
    axes.plot(rates, losses, color="#b8c7d9", linewidth=1, label="loss of a step")
    axes.plot(rates, smoothed, color="#2a6fbb", linewidth=1.8, label="smoothed")
    if found is not None:
        axes.axvline(found, color="#d1682d", linestyle="--", linewidth=1.2, label=f"falls fastest at {found:.2g}")
    axes.set(xlabel="learning rate", ylabel="loss", xscale="log")
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    write_picture(figure, path)
