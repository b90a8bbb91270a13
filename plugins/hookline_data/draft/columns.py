"""The columns of a CSV file: their types, counts and moments, without NumPy or pyarrow."""

import math
import re
from collections import Counter
from typing import Literal

from attrs import define, field, frozen

from hookline.errors import counted
from hookline_data.reading.csv_format import (
    MISSING_MARKS,
    WRITTEN_FALSE,
    WRITTEN_NOT_FINITE,
    WRITTEN_NUMBER,
    WRITTEN_TRUE,
)

MOST_COUNTED = 1000
"""The maximum number of different cells that are counted in a column with fractions, which are not classes."""

MOST_CLASSES_COUNTED = 50_000
"""The maximum number of different cells that are counted in any other column."""

BOOLEANS = {**dict.fromkeys(WRITTEN_TRUE, 1), **dict.fromkeys(WRITTEN_FALSE, 0)}
"""Cells that data sources read as 1 and 0, if a column has no others."""

NUMBER = re.compile(rf"\s*{WRITTEN_NUMBER}\s*")
"""A number, as data sources read it. "007" is text."""

WRITTEN_AS_NUMBER = re.compile(rf"{NUMBER.pattern}|{WRITTEN_NOT_FINITE}")
"""The same, NaN and infinities included."""

GREATEST = 3.4028234663852886e38
"""The largest float32."""


@frozen
class Column:
    """A column of a table."""

    name: str
    index: int
    """Its position in the table, from 0."""
    kind: Literal["integer", "number", "text"]
    """All cells are integers; all cells are numbers; anything else."""
    rows: int
    empty: int
    """The number of cells that are empty or mark a missing value, such as "NA"."""
    bad_row: int | None
    """The first row, from 1, whose cell is not a number."""
    bad_cell: str
    """That cell."""
    counts: dict[str, int] | None
    """The number of occurrences of each different cell; `None` if too many cells differ."""
    low: float
    """The smallest number."""
    high: float
    """The largest number."""
    mean: float
    """The mean of the numbers."""
    deviation: float
    """Their standard deviation."""
    is_running: bool
    """Whether the cells are consecutive integers, such as row numbers."""

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
        """Whether it is text only because of NaN, infinities, or numbers too large for float32.

        A data source reads such a column as numbers, and reports those.
        """
        return self.kind == "text" and self.counts is not None and all(map(WRITTEN_AS_NUMBER.fullmatch, self.counts))

    @property
    def description(self) -> str:
        """Its content, in a few words."""
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
class ColumnSummary:
    """A column, as far as it has been read."""

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
        """Add the next cells."""
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
        # The moments of the union of old and new numbers, by Chan, Golub and LeVeque (1979).
        mean = math.fsum(numbers) / len(numbers)
        together = self.numbers + len(numbers)
        self.squares += math.fsum((number - mean) ** 2 for number in numbers)
        self.squares += (mean - self.mean) ** 2 * self.numbers * len(numbers) / together
        self.mean += (mean - self.mean) * len(numbers) / together
        self.numbers = together

    def column(self, name: str, index: int) -> Column:
        """The complete column."""
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
        """A column of True and False: 1 and 0 as an input, names of classes as a target."""
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
