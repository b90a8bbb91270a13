"""Text layout on a terminal: paragraphs and tables whose lines break between words."""

import re
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from hookline.errors.printing import printable


def screen_width() -> int | None:
    """The width of the terminal in characters; `None` if the output is not a terminal."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def text_width(text: str) -> int:
    """The width of a text in columns of a terminal."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(letter) else 1 + (east_asian_width(letter) in "WF") for letter in text)


def filled(text: str, width: int, *, is_right: bool = False) -> str:
    """Fill a text with spaces to a width in columns of a terminal.

    >>> filled("0.5", 5, is_right=True), filled("東京", 5)
    ('  0.5', '東京 ')
    """
    blank = " " * (width - text_width(text))
    return f"{blank}{text}" if is_right else f"{text}{blank}"


def paragraph(text: str, width: int | None, indent: str = "", then: str | None = None) -> list[str]:
    """Wrap a text to a width, without breaking longer words; without a width, return one line.

    `indent` precedes the first line, and `then` the others (default: `indent`).
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
    """Lay rows out in columns. If they are too wide, narrow the widest columns and wrap their cells.

    The columns whose indices are in `right` contain numbers: they are aligned to the right and never wrapped.
    """
    known = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(text_width, column)) for column in zip(*known, strict=True)]
    if width is not None:
        room = width - len(indent) - 2 * (len(widths) - 1)
        for pieces in (_words, _parts, _humps):  # Break names only if breaking between words is not enough.
            least = [
                widths[index]
                if index in right
                else max(text_width(piece.rstrip()) for cell in column for piece in pieces(cell))
                for index, column in enumerate(zip(*known, strict=True))
            ]
            _narrow(widths, least, room)
    for row in known:
        cells = [_packed(cell, size) for cell, size in zip(row, widths, strict=True)]
        for number in range(max(map(len, cells))):
            texts = (cell[number] if number < len(cell) else "" for cell in cells)
            aligned = (
                filled(text, size, is_right=index in right)
                for index, (text, size) in enumerate(zip(texts, widths, strict=True))
            )
            yield f"{indent}{'  '.join(aligned)}".rstrip()


def _narrow(widths: list[int], least: Sequence[int], room: int) -> None:
    """Narrow the widest columns, down to their minimum, until all columns fit."""
    while sum(widths) > room:
        index = max(range(len(widths)), key=lambda index: (widths[index] > least[index], widths[index]))
        if widths[index] <= least[index]:
            return
        widths[index] -= 1


def _words(text: str) -> list[str]:
    return re.split(r"(?<= )", text)


def _parts(text: str) -> list[str]:
    """Split a text into words, and dotted names into their parts."""
    return re.split(r"(?<= )|(?<=[./_])(?=[A-Za-z])", text)


def _humps(text: str) -> list[str]:
    """Split a text into parts, and class names into their words."""
    return [hump for part in _parts(text) for hump in re.split(r"(?<=[a-z0-9])(?=[A-Z])", part)]


def _packed(text: str, width: int) -> list[str]:
    """Wrap a text to a width, without breaking longer parts."""
    if text_width(text) <= width:
        return [text]
    lines = [""]
    for word in _words(text):
        fits = all(text_width(part.rstrip()) <= width for part in _parts(word))
        for piece in [word] if text_width(word.rstrip()) <= width else _parts(word) if fits else _humps(word):
            if lines[-1] and text_width(lines[-1]) + text_width(piece.rstrip()) > width:
                lines.append("")
            lines[-1] += piece
    return [line.rstrip() for line in lines]
