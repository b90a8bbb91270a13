"""Figures that need no display, written atomically as PNG or SVG files."""

import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from hookline.files.atomic import write_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH = 7.0
"""The default width of a figure in inches."""

COLORS = ("#2a6fbb", "#d1682d", "#3b8f4e", "#8a4fb0", "#b8323f", "#2b9aa6", "#a87b1d", "#5c6770")
"""The colors of several curves in one picture."""


def new_figure(width: float = WIDTH, height: float = 4.2) -> "Figure":
    """Return an empty figure of this size in inches.

    It is created without pyplot, which would register it globally and might look for a display.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def write_picture(figure: "Figure", path: Path, dpi: int = 130) -> None:
    """Write a figure to a PNG file, or to an SVG file if the path ends in `.svg`. Replace an existing file atomically.

    Raises:
        FileError: If the file cannot be written.

    """
    if path.suffix.lower() == ".svg":
        write_file(path, svg_of(figure))
        return
    drawn = io.BytesIO()
    with warnings.catch_warnings():
        # Characters that the font lacks are drawn as boxes.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure.savefig(drawn, dpi=dpi, format="png", metadata={"Software": "Hookline"})
    write_file(path, drawn.getvalue())


def svg_of(figure: "Figure", salt: str = "hookline") -> str:
    """Return a figure as the text of an SVG file, whose texts can be searched and selected.

    The same figure gives the same text. Give each figure of a page another `salt`, so that their ids differ.
    """
    from matplotlib import rc_context

    drawn = io.StringIO()
    with warnings.catch_warnings(), rc_context({"svg.fonttype": "none", "svg.hashsalt": salt}):
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure.savefig(drawn, format="svg", metadata={"Creator": "Hookline", "Date": None})
    return drawn.getvalue()


def picture_text(name: object, most: int = 24) -> str:
    r"""Return a name for a picture: in one line, with its middle elided if it is too long, and with `$` escaped.

    >>> picture_text("a class whose name is very long", 13)
    'a class…long'
    >>> print(picture_text("$5"))
    \$5
    """
    text = " ".join("".join(letter if letter.isprintable() else " " for letter in str(name)).split())
    if len(text) > most:
        end = (most - 1) // 3  # Names with the same beginning may differ there.
        text = f"{text[: most - 1 - end].rstrip()}…{text[len(text) - end :].lstrip()}"
    return text.replace("$", r"\$")  # Otherwise matplotlib would parse a formula between two of them.
