"""The table of epochs: a row for each, under a header that fits the screen. Headers are broken, numbers never."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from attrs import evolve, frozen

from hookline.errors import printable

LEAST_WIDTH = 7
"""The least width of a column, in characters: that of most integers."""

FLOAT_WIDTH = 10
"""The least width of a column of floats, so that a small one such as 0.00098143 does not move those after it."""

LONGEST_PIECE = 10
"""The most characters of a word in a header that are kept together on a narrow screen."""

GAP = 2
"""How many characters are between two columns."""


class EpochTable:
    """Lays out the records of a log, one after another.

    On a screen that is too narrow for a row, headers take several lines, and if that does not suffice, rows do. Columns
    only ever become wider, and the header is repeated when the layout changes.
    """

    def __init__(self) -> None:
        self._widths: dict[str, int] = {}
        self._chunks: list[list[_Column]] = []
        self._screen: int | None = None

    def lines(self, record: Mapping[str, Any], screen: int | None = None) -> Iterator[str]:
        """The row of a record, below a header if it is the first one or needs another layout.

        `screen` is how many characters a line of the screen has; `None` if it is no screen, but a file or a pipe.
        """
        cells = {name: _cell(value) for name, value in record.items()}
        if self._needs_layout(cells, screen):
            for name, cell in cells.items():
                self._widths[name] = max(_least_width(record[name]), len(cell), self._widths.get(name, 0))
            self._chunks, self._screen = _chunks(self._widths, screen), screen
            for index, chunk in enumerate(self._chunks):
                yield from (f"{self._indent(index)}{line}" for line in _header(chunk))
        for index, chunk in enumerate(self._chunks):
            row = _joined([cells.get(column.name, "").rjust(column.width) for column in chunk])
            yield f"{self._indent(index)}{row}".rstrip()

    def _indent(self, index: int) -> str:
        """What stands before the columns of the second and further lines of a row: room for the first column."""
        return " " * (self._chunks[0][0].width + GAP) if index else ""

    def _needs_layout(self, cells: Mapping[str, str], screen: int | None) -> bool:
        if screen != self._screen or not cells.keys() <= self._widths.keys():
            return True
        # A cell that is wider than its column moves those after it, which does no harm as long as there is room.
        is_wider = any(len(cell) > self._widths[name] for name, cell in cells.items())
        return (
            is_wider
            and screen is not None
            and any(
                len(self._indent(index)) + _width(max(one.width, len(cells.get(one.name, ""))) for one in chunk)
                > screen
                for index, chunk in enumerate(self._chunks)
            )
        )


@frozen
class _Column:
    """A column of the table."""

    name: str
    """The name of its numbers in the log."""
    split: str
    """The split that they are of; empty for what is of none."""
    label: list[str]
    """The lines of its header, without the split."""
    width: int
    """How many characters it takes."""

    @classmethod
    def of(cls, name: str, cell: int, *, is_narrow: bool) -> "_Column":
        """A column for cells of this width, whose header is in one line unless it is to be narrow."""
        split, slash, label = printable(name).partition("/")
        split, label = (split, label) if slash else ("", name)
        if not is_narrow:
            return cls(name, split, [label], max(cell, len(label)))
        pieces = [piece for piece in re.split(r"(?<=[_\W])|(?<=[a-z0-9])(?=[A-Z])", label) if piece] or [""]
        width = max(cell, min(LONGEST_PIECE, max(map(len, pieces))))
        return cls(name, split, _packed(pieces, width), width)


def _chunks(widths: Mapping[str, int], screen: int | None) -> list[list[_Column]]:
    """The columns of each line of a row: in one if they fit, if need be with narrow headers, otherwise in several."""
    columns: list[_Column] = []
    for is_narrow in (False, True):
        columns = [_Column.of(name, width, is_narrow=is_narrow) for name, width in widths.items()]
        line = _with_room_for_splits(columns, is_narrow=is_narrow)
        if screen is None or _width(column.width for column in line) <= screen:
            return [line]
    room, chunks = screen or 0, [list[_Column]()]
    for column in columns:
        indent = 0 if len(chunks) == 1 else chunks[0][0].width + GAP
        longer = _with_room_for_splits([*chunks[-1], column], is_narrow=True)
        if chunks[-1] and indent + _width(one.width for one in longer) > room:
            chunks.append([])
        chunks[-1].append(column)
    return [_with_room_for_splits(chunk, is_narrow=True) for chunk in chunks]


def _with_room_for_splits(columns: Sequence[_Column], *, is_narrow: bool) -> list[_Column]:
    """The columns, of which the first of each split has room for its name; if narrow, all of a split together have."""
    widened = list(columns)
    for first, last in _spans(columns):
        over = columns[first : last + 1 if is_narrow else first + 1]
        missing = len(columns[first].split) - _width(column.width for column in over)
        widened[first] = evolve(columns[first], width=columns[first].width + max(0, missing))
    return widened


def _spans(columns: Sequence[_Column]) -> list[tuple[int, int]]:
    """The first and the last column of each split."""
    spans: list[tuple[int, int]] = []
    for index, column in enumerate(columns):
        if spans and columns[spans[-1][0]].split == column.split:
            spans[-1] = spans[-1][0], index
        else:
            spans.append((index, index))
    return spans


def _header(columns: Sequence[_Column]) -> Iterator[str]:
    """A line with the splits, each above the first of its columns, and below it what is in each column."""
    splits = ""
    for first, _ in _spans(columns):
        start = _width(column.width for column in columns[:first]) + (GAP if first else 0)
        splits = splits.ljust(start) + columns[first].split.rjust(columns[first].width)
    if splits.strip():
        yield splits.rstrip()
    height = max(len(column.label) for column in columns)
    labels = [[""] * (height - len(column.label)) + column.label for column in columns]
    for line in zip(*labels, strict=True):
        yield _joined([text.rjust(column.width) for text, column in zip(line, columns, strict=True)]).rstrip()


def _packed(pieces: Sequence[str], width: int) -> list[str]:
    """The pieces of a header in lines of at most this width."""
    lines = [""]
    for piece in pieces:
        if lines[-1] and len(lines[-1]) + len(piece) > width:
            lines.append("")
        lines[-1] += piece
        while len(lines[-1]) > width:
            lines[-1:] = [lines[-1][:width], lines[-1][width:]]
    return lines


def _joined(cells: Sequence[str]) -> str:
    return (" " * GAP).join(cells)


def _width(columns: Iterator[int]) -> int:
    """The width of several columns with the gaps between them."""
    widths = list(columns)
    return sum(widths) + GAP * (len(widths) - 1)


def _least_width(value: object) -> int:
    return FLOAT_WIDTH if isinstance(value, float) else LEAST_WIDTH


def _cell(value: object) -> str:
    return f"{value:#.5g}" if isinstance(value, float) else str(value)
