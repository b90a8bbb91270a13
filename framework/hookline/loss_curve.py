"""The picture of a run: training and validation loss over epochs."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def draw(history: Sequence[Mapping[str, Any]], title: str, path: Path) -> None:
    """Draw the losses of the records to a PNG."""
    # The figure is made without pyplot, which would keep it in a global and might look for a display.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(7, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    epochs = [record["epoch"] for record in history]
    marker = "o" if len(epochs) <= 30 else None  # One epoch alone would be an invisible line.
    for name, color in (("training", "#2a6fbb"), ("validation", "#d1682d")):
        losses = [record.get(f"{name}/loss", math.nan) for record in history]
        if not all(math.isnan(loss) for loss in losses):
            axes.plot(epochs, losses, label=name, color=color, marker=marker, markersize=3.5, linewidth=1.6)
    axes.set(xlabel="epoch", ylabel="loss")
    axes.set_title(title, loc="left")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    if axes.lines:
        axes.legend(frameon=False)
    figure.savefig(path, dpi=130, metadata={"Software": "Hookline"})
