"""The columns of a table, or the arrays of a file: their types, counts and moments."""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from attrs import field, frozen

from hookline.errors import counted
from hookline_data.reading.csv.format import WRITTEN_FALSE, WRITTEN_TRUE

if TYPE_CHECKING:
    from numpy.typing import NDArray

BOOLEANS = {*WRITTEN_TRUE, *WRITTEN_FALSE}
"""Cells that data sources read as 1 and 0, if a column has no others."""


@frozen(kw_only=True)
class Column:
    """A column of a table."""

    name: str
    index: int
    """Its position in the table, from 0."""
    kind: Literal["integer", "number", "boolean", "time", "text", "list", "image", "other"]
    """What all cells are, missing ones aside; "image" for paths of images, "other" for what no source reads."""
    rows: int
    missing: int = 0
    """The number of missing cells."""
    distinct: int = 0
    """How many different cells there are, missing ones aside."""
    low: float = 0.0
    """The smallest number."""
    high: float = 0.0
    """The largest number."""
    mean: float = 0.0
    """The mean of the numbers."""
    deviation: float = 0.0
    """The standard deviation of the numbers."""
    is_running: bool = False
    """Whether nearly all cells are consecutive integers, such as the numbers of rows, or of the rows of a group."""
    shape: tuple[int, ...] = ()
    """The shape of a list, nested or not, or of a row of an array; of ragged lists that of the longest."""
    is_ragged: bool = False
    """Whether lists have different lengths."""
    is_padded: bool = False
    """Whether the rows of an array of integers end, or begin, with different numbers of zeros, and have no others."""
    is_whole: bool = False
    """Whether the elements of all lists are integers."""
    values: tuple[int, ...] = ()
    """The different elements of lists of integers, or of 0 and 1, sorted, if there are few."""
    not_finite: int = 0
    """How many numbers are infinite, or too large for float32."""
    words: float = 0.0
    """The mean number of words in a text."""
    numbers: int = 0
    """The number of cells of a text that are numbers, if most are."""
    odd: str = ""
    """A cell that is not a number, in a text whose cells are mostly numbers."""
    has_clock: bool = False
    """Whether times have a time of day."""
    other_order: str = ""
    """Another format of dates that fits all cells, with the day before the month."""
    form: Mapping[str, Any] = field(factory=dict)
    """The options with which a kind reads the text as numbers or dates."""
    why: str = ""
    """Why no source reads it."""
    codes: Any = field(default=None, eq=False, repr=False)
    """The cells as an Arrow dictionary array, with null for missing ones; `None` for lists."""

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """The number of occurrences of each different cell, as text, sorted; empty for lists."""
        if self.codes is None:
            return {}
        cells = self.codes.dictionary.cast("string").to_pylist()
        return dict(sorted(zip(cells, self._occurrences.tolist(), strict=True)))

    @cached_property
    def least(self) -> int:
        """How often the rarest cell occurs; 0 if all are missing."""
        return int(self._occurrences.min()) if self.distinct else 0

    @cached_property
    def most(self) -> int:
        """How often the most frequent cell occurs; 0 if all are missing."""
        return int(self._occurrences.max()) if self.distinct else 0

    @cached_property
    def first(self) -> str:
        """The first cell in the order of text."""
        from pyarrow import compute

        return str(compute.min(self.codes.dictionary.cast("string")).as_py())

    @cached_property
    def _occurrences(self) -> "NDArray[Any]":
        import numpy

        indices = self.codes.indices.drop_null().to_numpy(zero_copy_only=False)
        return numpy.bincount(indices, minlength=self.distinct)

    @property
    def is_numeric(self) -> bool:
        """Whether all cells are numbers."""
        return self.kind in ("integer", "number")

    @property
    def is_plain(self) -> bool:
        """Whether a source reads it as a number without a kind."""
        return (self.is_numeric or self.is_written_boolean) and not self.missing and not self.form

    @property
    def is_written_boolean(self) -> bool:
        """Whether the cells are True and False."""
        return self.kind == "boolean" and all(cell in BOOLEANS for cell in self.counts)

    @property
    def is_scalar(self) -> bool:
        """Whether each cell is a single value."""
        return self.kind not in ("list", "image", "other")

    @property
    def known(self) -> int:
        """How many cells are not missing."""
        return self.rows - self.missing

    @property
    def description(self) -> str:
        """Its content, in a few words."""
        parts = [self._content]
        if self.missing:
            parts.append(f"{counted(self.missing, 'cell')} missing")
        return ", ".join(parts)

    @property
    def _content(self) -> str:
        if self.is_running:
            return f"consecutive integers from {self.low:.0f}"
        if self.is_numeric and self.distinct:
            return f"{'integers' if self.kind == 'integer' else 'numbers'} from {self.low:g} to {self.high:g}"
        if self.kind == "list":
            numbers = "integers" if self.is_whole else "numbers"
            shape = " × ".join(map(str, self.shape))
            if self.is_ragged:
                return f"sequences of {numbers}, at most {shape}"
            return f"{numbers}, {shape} per row, from {self.low:g} to {self.high:g}"
        if self.kind in ("image", "other"):
            return "paths of images" if self.kind == "image" else "not readable"
        if self.kind == "time":
            return f"dates, {self.distinct} different"
        if self.kind == "boolean":
            return " or ".join(self.counts)
        return f"text, {self.distinct} different" if self.distinct else "empty"
