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

    Columns such as `probability[setosa]` stand below the common part of their names. Columns that do not fit are named
    below the table.
    """
    names = table.column_names
    count = next((count for count in range(len(names), 1, -1) if _fits(_groups(table, count), width)), 1)
    groups = list(_groups(table, count))
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


def _fits(groups: "Iterator[_Group]", width: int) -> bool:
    sizes = [group.width for group in groups]
    return sum(sizes) + GAP * (len(sizes) - 1) <= width


def _groups(table: "pyarrow.Table", count: int) -> Iterator[_Group]:
    """Yield the numbers of the rows, and the first columns of a table."""
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
        columns = [_column(head, table.column(place)) for place, head in enumerate(heads, index)]
        yield _Group(_cell(heading) if is_group else "", columns)
        index = end


def _split(name: str) -> tuple[str, str]:
    """Split `probability[setosa]` into both parts; the first one is empty for other names."""
    before, bracket, label = name.partition("[")
    return (before, label[:-1]) if bracket and label.endswith("]") and len(label) > 1 else ("", name)


def _column(head: str, values: Any) -> _Column:
    import pyarrow.types

    is_float, cells = pyarrow.types.is_floating(values.type), values.to_pylist()
    present = [value for value in cells if value is not None]
    # Numbers from 0 to 1, such as probabilities, have as many decimals in each row.
    are_fractions = is_float and all(0 <= value <= 1 for value in present)
    texts = [
        "" if value is None else _number(value, are_fractions=are_fractions) if is_float else _cell(str(value))
        for value in cells
    ]
    return _Column(_cell(head), texts, is_number=is_float or pyarrow.types.is_integer(values.type))


def _number(value: float, *, are_fractions: bool) -> str:
    if are_fractions:
        return f"{value:.4f}" if value == 0 or value >= 0.00005 else f"{value:.0e}"
    return number_text(value, 5)


def _cell(text: str) -> str:
    return printable(shortened(text, WIDEST_CELL))
