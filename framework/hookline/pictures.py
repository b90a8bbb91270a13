"""Pictures: figures that need no display, and are written so that a viewer never sees half of one."""

import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from hookline.files import write_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH = 7.0
"""How wide a picture usually is, in inches."""


def new_figure(width: float = WIDTH, height: float = 4.2) -> "Figure":
    """An empty figure of this size, in inches.

    It is made without pyplot, which would keep it in a global and might look for a display.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def write_picture(figure: "Figure", path: Path, dpi: int = 130) -> None:
    """Write a figure as a PNG; one that is there already is replaced at once.

    Raises:
        FileError: if the operating system refuses it.

    """
    drawn = io.BytesIO()
    with warnings.catch_warnings():
        # A name in letters that the font does not have is drawn as boxes.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure.savefig(drawn, dpi=dpi, format="png", metadata={"Software": "Hookline"})
    write_file(path, drawn.getvalue())


def picture_text(name: object, most: int = 24) -> str:
    r"""A name as it can stand in a picture: in one line, without its middle if it is too long, and no formula.

    >>> picture_text("a class whose name is very long", 13)
    'a class…long'
    >>> print(picture_text("$5"))
    \$5
    """
    text = " ".join("".join(letter if letter.isprintable() else " " for letter in str(name)).split())
    if len(text) > most:
        end = (most - 1) // 3  # Names that begin alike may differ there.
        text = f"{text[: most - 1 - end].rstrip()}…{text[len(text) - end :].lstrip()}"
    return text.replace("$", r"\$")  # Between two of them matplotlib would read a formula.
