"""What stands in the columns of a CSV file, found out by reading it once, without NumPy or pyarrow."""

import csv
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Literal, TextIO

from attrs import define, field, frozen

from hookline.check.toml.not_specs import binary_kind
from hookline.data.csv_format import MOST_CELL_LINES, WRITTEN_FALSE, WRITTEN_NOT_FINITE, WRITTEN_NUMBER, WRITTEN_TRUE
from hookline.data.targets.encoding import MISSING_MARKS
from hookline.errors.exceptions import DataError
from hookline.errors.text import counted, enumerate_names

MOST_COUNTED = 1000
"""How many different cells of a column with fractions are counted: they are no classes."""

MOST_CLASSES_COUNTED = 50_000
"""How many different cells of any other column are counted."""

BOOLEANS = {**dict.fromkeys(WRITTEN_TRUE, 1), **dict.fromkeys(WRITTEN_FALSE, 0)}
"""What data sources read as 1 and 0, in a column that has nothing else."""

NUMBER = re.compile(rf"\s*{WRITTEN_NUMBER}\s*")
"""A number as data sources read it. "007" is a code."""

WRITTEN_AS_NUMBER = re.compile(rf"{NUMBER.pattern}|{WRITTEN_NOT_FINITE}")
"""What a reader takes for a number, though it may not be finite."""

CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
"""What no name of a column has, as data sources read them."""

GREATEST = 3.4028234663852886e38
"""The greatest float32."""

ROWS_AT_ONCE = 4096

LONGEST_ROW = 4 * 2**20
"""How many characters a row may have, so that a file without line breaks is not read to its end."""


@frozen
class Column:
    """A column of a table."""

    name: str
    index: int
    """Its number in the table, from 0."""
    kind: Literal["integer", "number", "text"]
    """Whether all cells are whole numbers; numbers; or anything else."""
    rows: int
    empty: int
    """How many cells are empty, or stand for a missing value, such as "NA"."""
    bad_row: int | None
    """The first row, from 1, with a cell that is no number."""
    bad_cell: str
    """What stands there."""
    counts: dict[str, int] | None
    """How often each different cell occurs; `None` if there are too many different ones."""
    low: float
    """The least number."""
    high: float
    """The greatest number."""
    mean: float
    """The mean of the numbers."""
    deviation: float
    """Their standard deviation."""
    is_running: bool
    """Whether the cells are consecutive integers, such as numbers of rows."""

    @property
    def is_numeric(self) -> bool:
        """Whether all cells are numbers."""
        return self.kind != "text"

    @property
    def is_boolean(self) -> bool:
        """Whether the cells are True and False."""
        return self.counts is not None and all(cell in BOOLEANS for cell in self.counts)

    @property
    def has_numbers_that_are_not_finite(self) -> bool:
        """Whether it is text only because of NaN, infinities, or numbers too great for float32.

        A reader takes it for numbers, and refuses those.
        """
        return self.kind == "text" and self.counts is not None and all(map(WRITTEN_AS_NUMBER.fullmatch, self.counts))

    @property
    def description(self) -> str:
        """What stands in it, in a few words."""
        if self.is_running:
            return f"consecutive integers from {self.low:.0f}"
        if self.is_numeric:
            return f"{'integers' if self.kind == 'integer' else 'numbers'} from {self.low:g} to {self.high:g}"
        several = "many" if self.counts is None else str(len(self.counts))
        parts = [f"text, {several} different"]
        if self.empty:
            parts.append(f"{counted(self.empty, 'cell')} missing")
        return ", ".join(parts)


@define
class _Gathered:
    """What has been seen of a column so far."""

    rows: int = 0
    empty: int = 0
    booleans: int = 0
    bad_row: int | None = None
    bad_cell: str = ""
    counts: Counter[str] | None = field(factory=Counter)
    is_integer: bool = True
    has_fractions: bool = False
    is_running: bool = True
    last: int | None = None
    numbers: int = 0
    low: float = math.inf
    high: float = -math.inf
    mean: float = 0.0
    squares: float = 0.0

    def add(self, cells: tuple[str, ...]) -> None:
        """Look at the next cells."""
        if self.counts is not None:
            self.counts.update(cell.strip() for cell in cells)
            if len(self.counts) > (MOST_COUNTED if self.has_fractions else MOST_CLASSES_COUNTED):
                self.counts = None
        numbers = [float(cell) for cell in cells if NUMBER.fullmatch(cell)]
        numbers = [number for number in numbers if abs(number) <= GREATEST]
        if len(numbers) < len(cells):
            self.is_integer = self.is_running = False
            self.empty += sum(cell.strip() in MISSING_MARKS for cell in cells)
            self.booleans += sum(cell.strip() in BOOLEANS for cell in cells)
            if self.bad_row is None:
                index = next(index for index, cell in enumerate(cells) if not _is_number(cell))
                self.bad_row, self.bad_cell = self.rows + index + 1, cells[index]
        self.rows += len(cells)
        if numbers:
            self._count(numbers)

    def _count(self, numbers: list[float]) -> None:
        self.low, self.high = min(self.low, min(numbers)), max(self.high, max(numbers))
        self.has_fractions = self.has_fractions or not all(map(float.is_integer, numbers))
        self.is_integer = self.is_integer and not self.has_fractions
        self.is_running = self.is_running and self.is_integer
        if self.is_running:
            whole = [int(number) for number in numbers]
            first = whole[0] if self.last is None else self.last + 1
            self.is_running = whole == list(range(first, first + len(whole)))
            self.last = whole[-1]
        # The moments of the union of what was seen and what is seen now, by Chan, Golub and LeVeque (1979).
        mean = math.fsum(numbers) / len(numbers)
        together = self.numbers + len(numbers)
        self.squares += math.fsum((number - mean) ** 2 for number in numbers)
        self.squares += (mean - self.mean) ** 2 * self.numbers * len(numbers) / together
        self.mean += (mean - self.mean) * len(numbers) / together
        self.numbers = together

    def column(self, name: str, index: int) -> Column:
        """What was seen in all."""
        if self.booleans == self.rows and self.counts is not None:
            return self._of_booleans(name, index, self.counts)
        return Column(
            name=name,
            index=index,
            kind="text" if self.bad_row is not None else "integer" if self.is_integer else "number",
            rows=self.rows,
            empty=self.empty,
            bad_row=self.bad_row,
            bad_cell=self.bad_cell.strip(),
            counts=None if self.counts is None else dict(sorted(self.counts.items())),
            low=self.low,
            high=self.high,
            mean=self.mean,
            deviation=math.sqrt(self.squares / self.numbers) if self.numbers else 0.0,
            is_running=self.is_running and self.rows > 1,
        )

    def _of_booleans(self, name: str, index: int, counts: Counter[str]) -> Column:
        """A column of True and False, which are 1 and 0 as inputs and the names of classes as a target."""
        true = sum(times for cell, times in counts.items() if BOOLEANS[cell])
        mean = true / self.rows
        return Column(
            name=name,
            index=index,
            kind="integer",
            rows=self.rows,
            empty=0,
            bad_row=None,
            bad_cell="",
            counts=dict(sorted(counts.items())),
            low=float(true == self.rows),
            high=float(true > 0),
            mean=mean,
            deviation=math.sqrt(mean * (1 - mean)),
            is_running=False,
        )


def _is_number(cell: str) -> bool:
    return NUMBER.fullmatch(cell) is not None and abs(float(cell)) <= GREATEST


def columns_of(path: Path) -> list[Column]:
    """The columns of a CSV file, in their order.

    Raises:
        DataError: if the file cannot be read, or is no table with a header and rows.

    """
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):  # A pipe or a device may have no end.
            raise DataError("This is not a regular file.", file=path)
        if path.is_file() and (kind := binary_kind(path)) is not None:
            raise DataError(f"This is a {kind} file, and a spec is drafted for a CSV file.", file=path)
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _columns(path, _rows(path, file))
    except OSError as error:
        raise DataError(f"The file cannot be read: {error.strerror}.", file=path) from None
    except UnicodeDecodeError:
        raise DataError("The file is not UTF-8 text.", file=path) from None


def _rows(path: Path, file: TextIO) -> Iterator[list[str]]:
    """The rows of the file, the header included, none of which is read if it is too long."""
    length = 0

    def lines() -> Iterator[str]:
        nonlocal length
        while line := file.readline(LONGEST_ROW + 1 - length):
            length += len(line)
            if length > LONGEST_ROW:
                raise DataError(
                    f"{what} more than {LONGEST_ROW // 2**20} MiB. There may be an unclosed quote.", file=path
                )
            yield line

    what, number = "The header has", 0
    rows = csv.reader(lines(), strict=True)
    while True:
        try:
            row = next(rows, None)
        except csv.Error as error:
            raise DataError(
                f"row {number}: A quote is not closed, or stands within text: {error}.", file=path
            ) from None
        if row is None:
            return
        if any(cell.count("\n") >= MOST_CELL_LINES for cell in row):
            raise DataError(
                f"row {number}: A cell has more than {MOST_CELL_LINES} lines. A quote may not be closed; if it "
                f"is right, write the spec yourself, with `multiline = true`.",
                file=path,
            )
        if row:  # Empty lines are no rows.
            yield row
            number += 1
            what = f"row {number}: It has"
        length = 0


def seems_to_lack_a_header(names: Sequence[str]) -> bool:
    """Whether names of columns look like a row: all but the one of a class are numbers, and they do not just count."""
    numbers = [float(name) for name in names if NUMBER.fullmatch(name)]
    counting = [numbers[0] + index for index in range(len(numbers))] if numbers else []
    return len(numbers) >= max(2, len(names) - 1) and numbers != counting


def _columns(path: Path, lines: Iterator[list[str]]) -> list[Column]:
    names = next(lines, None)
    if names is None:
        raise DataError("The file is empty.", file=path)
    if any(map(CONTROL.search, names)):
        raise DataError("This is not a table with column names in its first line.", file=path)
    if twice := sorted(name for name, times in Counter(names).items() if times > 1):
        hint = " It seems to have no header: its first line must be one, with names." * seems_to_lack_a_header(names)
        raise DataError(f"Two columns are named {enumerate_names(twice[:1])}.{hint}", file=path)
    if len(names) == 1:
        separator = next((sign for sign in ";\t|" if sign in names[0]), None)
        hint = f' The header has "{separator}" between names: it must be a comma.' if separator else ""
        raise DataError(f"There is one column, and a target and an input are two.{hint}", file=path)
    gathered = [_Gathered() for _ in names]
    while rows := list(islice(lines, ROWS_AT_ONCE)):
        for row, cells in enumerate(rows, gathered[0].rows + 1):
            if len(cells) != len(names):
                raise DataError(f"row {row}: It has {len(cells)} cells, but the header has {len(names)}.", file=path)
        for column, column_cells in zip(gathered, zip(*rows, strict=True), strict=True):
            column.add(column_cells)
    if not gathered[0].rows:
        raise DataError("The file has a header but no rows.", file=path)
    return [column.column(name, index) for index, (name, column) in enumerate(zip(names, gathered, strict=True))]
