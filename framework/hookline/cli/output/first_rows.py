"""The first rows of a table on a terminal: aligned, with as many columns as fit."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline.cli.output.screen import filled, paragraph, text_width
from hookline.errors.printing import printable
from hookline.errors.text import counted, shortened
from hookline.runs.side_by_side.cells import number_text

if TYPE_CHECKING:
    import pyarrow

WIDEST_CELL = 40
"""The largest number of characters of a cell."""

NARROWER = ((24, WIDEST_CELL), (16, 32), (12, 24))
"""The numbers of characters to which names of numbers, and texts, are shortened until all columns fit."""

GAP = 2
"""The number of spaces between columns."""

MOST_NAMED = 3
"""The largest number of columns that are named below the table because they do not fit."""


@frozen
class _Column:
    head: str
    cells: Sequence[str]
    is_number: bool

    @property
    def width(self) -> int:
        return max(map(text_width, (self.head, *self.cells)))

    def lines(self, width: int) -> Iterator[str]:
        """The head and the cells, filled with spaces to this width."""
        for text in (self.head, *self.cells):
            yield filled(text, width, is_right=self.is_number)


@frozen
class _Group:
    """Columns side by side with a common heading, such as "probability"; or a single one without a heading."""

    heading: str
    columns: Sequence[_Column]

    @property
    def widths(self) -> list[int]:
        """The widths of its columns; the first one is wider if the heading needs it."""
        widths = [column.width for column in self.columns]
        widths[0] += max(0, text_width(self.heading) - sum(widths) - GAP * (len(widths) - 1))
        return widths

    @property
    def width(self) -> int:
        return sum(self.widths) + GAP * (len(self.columns) - 1)


def first_rows(table: "pyarrow.Table", width: int) -> Iterator[str]:
    """Lay out the rows of a table in lines of at most `width` characters, each with its number.

    Columns such as `probability[setosa]` stand below the common part of their names. Their names are shortened if all
    columns fit then; otherwise, columns that do not fit are named below the table.
    """
    names = table.column_names
    count, longest = _fitting(table, width)
    groups = list(_groups(table, count, longest))
    if any(group.heading for group in groups):
        headings = [filled(group.heading, group.width) for group in groups]
        yield (" " * GAP).join(headings).rstrip()
    columns = [column.lines(size) for group in groups for column, size in zip(group.columns, group.widths, strict=True)]
    for line in zip(*columns, strict=True):
        yield (" " * GAP).join(line).rstrip()
    if missing := names[count:]:
        named = ", ".join(_cell(name) for name in missing[:MOST_NAMED])
        more = f" and {len(missing) - MOST_NAMED:,} more" if len(missing) > MOST_NAMED else ""
        yield from paragraph(f"{counted(len(missing), 'column')} did not fit: {named}{more}.", width)


def _fitting(table: "pyarrow.Table", width: int) -> tuple[int, tuple[int, int]]:
    """Return how many columns fit, and the numbers of characters of the names of numbers, and of texts."""
    names, widest = table.column_names, (WIDEST_CELL, WIDEST_CELL)
    for longest in (widest, *NARROWER):
        are_different = len({(of, shortened(name, longest[0])) for of, name in map(_split, names)}) == len(names)
        if are_different and _fits(_groups(table, len(names), longest), width):
            return len(names), longest
    counts = range(len(names), 1, -1)
    return next((count for count in counts if _fits(_groups(table, count, widest), width)), 1), widest


def _fits(groups: "Iterator[_Group]", width: int) -> bool:
    sizes = [group.width for group in groups]
    return sum(sizes) + GAP * (len(sizes) - 1) <= width


def _groups(table: "pyarrow.Table", count: int, longest: tuple[int, int]) -> Iterator[_Group]:
    """Yield the numbers of the rows, and the first columns of a table. `longest` is as in `_fitting`."""
    numbers = [str(index + 1) for index in range(table.num_rows)]
    yield _Group("", [_Column("row", numbers, is_number=True)])
    names = table.column_names[:count]
    split = [_split(name) for name in names]
    index = 0
    while index < count:
        heading, end = split[index][0], index + 1
        while heading and end < count and split[end][0] == heading:
            end += 1
        is_group = end > index + 1
        heads = [
            label if is_group else name for name, (_, label) in zip(names[index:end], split[index:end], strict=True)
        ]
        columns = [_column(head, table.column(place), longest) for place, head in enumerate(heads, index)]
        yield _Group(_cell(heading) if is_group else "", columns)
        index = end


def _split(name: str) -> tuple[str, str]:
    """Split `probability[setosa]` into both parts; the first one is empty for other names."""
    before, bracket, label = name.partition("[")
    return (before, label[:-1]) if bracket and label.endswith("]") and len(label) > 1 else ("", name)


def _column(head: str, values: Any, longest: tuple[int, int]) -> _Column:
    import pyarrow.types

    is_float, cells = pyarrow.types.is_floating(values.type), values.to_pylist()
    present = [value for value in cells if value is not None]
    # Numbers from 0 to 1, such as probabilities, have as many decimals in each row.
    are_fractions = is_float and all(0 <= value <= 1 for value in present)
    texts = [
        ""
        if value is None
        else _number(value, are_fractions=are_fractions)
        if is_float
        else _cell(str(value), longest[1])
        for value in cells
    ]
    is_number = is_float or pyarrow.types.is_integer(values.type)
    return _Column(_cell(head, longest[0 if is_number else 1]), texts, is_number=is_number)


def _number(value: float, *, are_fractions: bool) -> str:
    if are_fractions:
        return f"{value:.4f}" if value == 0 or value >= 0.00005 else f"{value:.0e}"
    return number_text(value, 5)


def _cell(text: str, longest: int = WIDEST_CELL) -> str:
    return printable(shortened(text, longest))
