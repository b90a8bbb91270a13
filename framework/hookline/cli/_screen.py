"""How the commands lay text out on a terminal: lines and tables that break between words, and never inside one."""

import re
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from hookline.errors.printing import printable


def screen_width() -> int | None:
    """How many characters a line of the terminal has; `None` if the output is not a terminal."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def paragraph(text: str, width: int | None, indent: str = "", then: str | None = None) -> list[str]:
    """A text in lines of at most this width, if no word is longer; in one line if there is no width.

    `indent` stands before the first line, and `then` before the others, if it is not the same.
    """
    if width is None:
        return [f"{indent}{text}"]
    return textwrap.wrap(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=indent if then is None else then,
        break_long_words=False,
        break_on_hyphens=False,
    )


def table(
    rows: Iterable[Sequence[str]], width: int | None, *, right: Sequence[int] = (), indent: str = "  "
) -> Iterator[str]:
    """Rows in columns. Where they do not fit, the widest columns are narrowed, and their cells take several lines.

    Columns whose places are in `right` are numbers: they are aligned at their last digits and are never broken.
    """
    known = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*known, strict=True)]
    if width is not None:
        room = width - len(indent) - 2 * (len(widths) - 1)
        for pieces in (_words, _parts, _humps):  # Names are broken only if it is not enough to break between words.
            least = [
                widths[index]
                if index in right
                else max(len(piece.rstrip()) for cell in column for piece in pieces(cell))
                for index, column in enumerate(zip(*known, strict=True))
            ]
            _narrow(widths, least, room)
    for row in known:
        cells = [_packed(cell, size) for cell, size in zip(row, widths, strict=True)]
        for number in range(max(map(len, cells))):
            texts = (cell[number] if number < len(cell) else "" for cell in cells)
            aligned = (
                text.rjust(size) if index in right else text.ljust(size)
                for index, (text, size) in enumerate(zip(texts, widths, strict=True))
            )
            yield f"{indent}{'  '.join(aligned)}".rstrip()


def _narrow(widths: list[int], least: Sequence[int], room: int) -> None:
    """Make the widest columns narrower, as far as they may be, until all of them have room."""
    while sum(widths) > room:
        index = max(range(len(widths)), key=lambda index: (widths[index] > least[index], widths[index]))
        if widths[index] <= least[index]:
            return
        widths[index] -= 1


def _words(text: str) -> list[str]:
    return re.split(r"(?<= )", text)


def _parts(text: str) -> list[str]:
    """The words of a text, and the parts of dotted names."""
    return re.split(r"(?<= )|(?<=[./_])(?=[A-Za-z])", text)


def _humps(text: str) -> list[str]:
    """The parts of a text, and the words that names of classes are made of."""
    return [hump for part in _parts(text) for hump in re.split(r"(?<=[a-z0-9])(?=[A-Z])", part)]


def _packed(text: str, width: int) -> list[str]:
    """A text in lines of at most this width, if no part of it is longer."""
    if len(text) <= width:
        return [text]
    lines = [""]
    for word in _words(text):
        fits = all(len(part.rstrip()) <= width for part in _parts(word))
        for piece in [word] if len(word.rstrip()) <= width else _parts(word) if fits else _humps(word):
            if lines[-1] and len(lines[-1]) + len(piece.rstrip()) > width:
                lines.append("")
            lines[-1] += piece
    return [line.rstrip() for line in lines]
