"""The table of epochs: one row each, under a header that fits the screen. Only headers are wrapped, never numbers."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from attrs import evolve, frozen

from hookline.errors import printable

LEAST_WIDTH = 7
"""The minimum width of a column in characters: that of most integers."""

FLOAT_WIDTH = 10
"""The minimum width of a column of floats, so that small numbers such as 0.00098143 do not shift other columns."""

LONGEST_WORD = 16
"""The longest word of a header that is not divided on a narrow screen, in characters."""

BETWEEN_WORDS = re.compile(r"(?=\[)|(?<=[_\W])(?![^\[]*\])|(?<=[a-z0-9])(?=[A-Z])(?![^\[]*\])")
"""The places at which a header may be wrapped: `loss|[petal_width]`, `gradient_|norm`, `Mean|Absolute|Error`."""

GAP = 2
"""The number of characters between two columns."""


class EpochTable:
    """Formats the records of a log, one after another.

    On a screen too narrow for a row, headers are wrapped, and if that does not suffice, rows are. Columns never become
    narrower, and the header is repeated when the layout changes.
    """

    def __init__(self) -> None:
        self._widths: dict[str, int] = {}
        self._chunks: list[list[_Column]] = []
        self._screen: int | None = None

    def lines(self, record: Mapping[str, Any], screen: int | None = None) -> Iterator[str]:
        """Yield the lines of a record, below a header if it is the first one or needs another layout.

        `screen` is the width of the screen in characters; `None` for a file or a pipe.
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
        """Return the indentation of the second and later lines of a row: the width of the first column."""
        return " " * (self._chunks[0][0].width + GAP) if index else ""

    def _needs_layout(self, cells: Mapping[str, str], screen: int | None) -> bool:
        if screen != self._screen or not cells.keys() <= self._widths.keys():
            return True
        # A wide cell shifts the following ones, which is harmless while there is room.
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
    """The name of the numbers in the log."""
    split: str
    """The split of the numbers; empty if they belong to none."""
    label: list[str]
    """The lines of the header, without the split."""
    width: int
    """The width in characters."""

    @classmethod
    def of(cls, name: str, cell: int, *, is_narrow: bool) -> "_Column":
        """Return a column for cells of this width; its header is wrapped if `is_narrow`."""
        split, slash, label = printable(name).partition("/")
        split, label = (split, label) if slash else ("", name)
        if not is_narrow:
            return cls(name, split, [label], max(cell, len(label)))
        words = [word for word in BETWEEN_WORDS.split(label) if word] or [""]
        width = max(cell, min(LONGEST_WORD, max(map(len, words))))
        return cls(name, split, _packed(words, width), width)


def _chunks(widths: Mapping[str, int], screen: int | None) -> list[list[_Column]]:
    """Divide the columns into lines of a row: one line if possible, with wrapped headers if necessary."""
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
    """Widen columns so that the names of splits fit, above one column, or above all columns of a split if narrow."""
    widened = list(columns)
    for first, last in _spans(columns):
        over = columns[first : last + 1 if is_narrow else first + 1]
        missing = len(columns[first].split) - _width(column.width for column in over)
        widened[first] = evolve(columns[first], width=columns[first].width + max(0, missing))
    return widened


def _spans(columns: Sequence[_Column]) -> list[tuple[int, int]]:
    """Return the first and last column of each split."""
    spans: list[tuple[int, int]] = []
    for index, column in enumerate(columns):
        if spans and columns[spans[-1][0]].split == column.split:
            spans[-1] = spans[-1][0], index
        else:
            spans.append((index, index))
    return spans


def _header(columns: Sequence[_Column]) -> Iterator[str]:
    """Yield a line with the splits, each above its first column, then the labels of the columns."""
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


def _packed(words: Sequence[str], width: int) -> list[str]:
    """Pack the words of a header into lines of at most this width."""
    lines = [""]
    for word in words:
        if lines[-1] and len(lines[-1]) + len(word) > width:
            lines.append("")
        lines[-1] += word
        while len(lines[-1]) > width:
            lines[-1:] = [lines[-1][:width], lines[-1][width:]]
    return lines


def _joined(cells: Sequence[str]) -> str:
    return (" " * GAP).join(cells)


def _width(columns: Iterator[int]) -> int:
    """Return the width of several columns including gaps."""
    widths = list(columns)
    return sum(widths) + GAP * (len(widths) - 1)


def _least_width(value: object) -> int:
    return FLOAT_WIDTH if isinstance(value, float) else LEAST_WIDTH


def _cell(value: object) -> str:
    """Format a number as the final table of `hookline train` does."""
    return f"{value:#.5g}".removesuffix(".") if isinstance(value, float) else str(value)
