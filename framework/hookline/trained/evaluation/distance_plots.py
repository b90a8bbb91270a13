"""Write distances of pairs, triplets and embeddings, and draw how those of each group are distributed."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from hookline.files.tables import write_table
from hookline.plots.figures import COLORS, new_figure, picture_text, write_picture
from hookline.trained.evaluation.distances import DistanceDetails, names_of
from hookline.trained.numbers.distances import histograms

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def write_distances(details: DistanceDetails, place: Callable[[str], Path], title: str) -> None:
    """Write the tables and the picture. `place` returns the path of a file by its name."""
    if details.rows:
        rows = (
            (name, str(row), str(value))
            for name, values in details.groups.items()
            for row, value in zip(details.rows[name].tolist(), values, strict=True)
        )
        write_table(place("distances.csv"), ("group", "row", details.quantity), rows)
    edges, counts = histograms(list(details.groups.values()))
    bins = (
        (name, str(start), str(end), str(count))
        for name, several in zip(details.groups, counts, strict=True)
        for start, end, count in zip(edges[:-1], edges[1:], several.tolist(), strict=True)
    )
    write_table(place("distance_histogram.csv"), ("group", "from", "to", "rows"), bins)
    figure = new_figure(6.8, 4)
    axes = figure.subplots()
    draw_groups(axes, details)
    share = f": {details.share:.1%} of the triplets in the right order" if details.triplets else ""
    axes.set_title(picture_text(f"{title}{share}", 80), loc="left", fontsize=10)
    write_picture(figure, place("distances.png"))


def draw_groups(axes: "Axes", details: DistanceDetails) -> None:
    """Draw the histogram of each group, in common bins. Groups of different sizes have the same area."""
    edges, counts = histograms(list(details.groups.values()))
    for index, (name, several) in enumerate(zip(names_of(details), counts, strict=True)):
        total = int(several.sum())
        share = several / max(1, total)
        label = f"{picture_text(name, 30)} ({total:,})"
        axes.stairs(share, edges, fill=True, alpha=0.35, color=COLORS[index])
        axes.stairs(share, edges, color=COLORS[index], linewidth=1.3, label=label)
    axes.set_xlabel(picture_text(details.quantity, 40))
    axes.set_ylabel("share of the group")
    axes.margins(x=0.02)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8)
