"""The base classes of columns of numbers: missing cells, and numbers written for people."""

import re
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from hookline.data import RowField, Summary
from hookline.errors import DataError, OptionError, quoted_cell
from hookline.spec import SAMPLED_ROWS, ColumnSpec, NothingToFit, PartialFit, UnfitCells, option, spec
from hookline_columns.arrays.cells import as_floats, filled, unparsed
from hookline_columns.fitting.partial_fits import SummaryFit

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray

Missing = Literal["refuse", "drop", "mean", "median", "most_frequent"]

DIGITS = "[0-9]+"
GROUPED = "[0-9]{{1,3}}({0}[0-9]{{2,3}})*{0}[0-9]{{3}}"
"""Integers with separators, in groups of three digits, or of two as in 12,34,567."""
SPACES = r"[ \x{a0}\x{2009}\x{202f}]"
"""The spaces that separate thousands: ordinary, unbreakable and thin ones."""


@spec
class FilledColumn(ColumnSpec):
    """The base class of columns that become numbers in float64, in which missing cells can be filled in.

    Missing cells are filled in before anything else is computed.
    """

    learns_from: ClassVar[Literal["nothing", "summary", "numbers"]] = "nothing"
    """What the kind learns from: nothing, so that only missing cells need statistics; the `Summary` of the training
    rows, which `learn_summary` gets; or all their numbers, which `learn` gets."""

    missing: Missing | float = option(default="refuse", unbounded=True)
    """What becomes of a missing cell: an error ("refuse"), the whole row is dropped ("drop"), or the cell is filled in
    with a number, or with the mean, the median or the most frequent number of the training rows."""
    indicator: bool = False
    """Add an input that is 1 where the cell is missing, and 0 elsewhere."""

    def conflicts(self) -> Iterator[OptionError]:
        """Report an indicator of cells that are never missing."""
        yield from super().conflicts()
        if self.indicator and not self.takes_missing:
            message = f'Without missing cells, this has no effect: `missing` is "{self.missing}".'
            yield OptionError("indicator", message, against=[("missing",)], id="unused-option")

    @property
    def takes_missing(self) -> bool:
        """Whether missing cells are filled in."""
        return self.missing not in ("refuse", "drop")

    @property
    def drops_missing(self) -> bool:
        """Whether a row is dropped if its cell is missing."""
        return self.missing == "drop"

    def fit(self, cells: "pyarrow.Array") -> dict[str, Any]:
        """Return the number for missing cells, and what `learn` returns."""
        import numpy

        fitted = {"fill": self._fill(cells)} if self.takes_missing else {}
        if self.learns_from == "nothing":
            return fitted
        with numpy.errstate(all="ignore"):  # The caller reports infinite numbers, with their cells.
            numbers = filled(cells, fitted)
            learned = self.learn(numbers) if self.learns_from == "numbers" else self.learn_summary(Summary.of(numbers))
            return {**fitted, **learned}

    def partial_fit(self, most: int = SAMPLED_ROWS) -> PartialFit:
        """Return a fit by merged statistics if they suffice, and otherwise one to a sample."""
        if self.learns_from == "numbers" or self.missing in ("median", "most_frequent"):
            return ColumnSpec.partial_fit(self, most)
        fill = self.missing if self.takes_missing else None
        if self.learns_from == "nothing" and fill != "mean":
            return NothingToFit({} if fill is None else {"fill": fill})
        return SummaryFit(fill, lambda summaries: self.learn_summary(summaries[0]))

    def unfit(self, cells: "pyarrow.Array", fitted: Mapping[str, Any]) -> UnfitCells | None:
        """Return the cells whose number is not finite, or not in the range of the kind."""
        numbers = filled(cells, fitted)
        is_unfit = ~self.is_fit(numbers)
        if not is_unfit.any():
            return None
        return UnfitCells(is_unfit, lambda row: self.complaint(numbers[row]))

    def transform(self, cells: "pyarrow.Array", fitted: Mapping[str, Any]) -> "pyarrow.Array":
        """Return the transformed numbers; with `indicator`, each row is followed by its indicator."""
        import numpy
        import pyarrow

        with numpy.errstate(all="ignore"):
            numbers = self.compute(filled(cells, fitted), fitted)
        if self.indicator:
            numbers = numpy.column_stack([numbers, cells.is_null().to_numpy(zero_copy_only=False)])
        if numbers.ndim == 1:
            return pyarrow.array(numbers)
        return pyarrow.FixedSizeListArray.from_arrays(numpy.ascontiguousarray(numbers).reshape(-1), numbers.shape[1])

    def cells(self, column: str, numbers: Sequence[float], fitted: Mapping[str, Any]) -> Mapping[str, str | float]:
        """Return the numbers in the unit of the column if they can be undone; "missing" if the indicator says so."""
        if not self.indicator:
            return super().cells(column, numbers, fitted)
        if numbers[-1]:
            return {column: "missing"}
        found = super().cells(column, numbers, fitted)
        return {name: found[name] for name in self.names_of_numbers(column)}

    def names(self, column: str, fitted: Mapping[str, Any]) -> Sequence[str]:
        """Return the names of the numbers, and that of the indicator."""
        return (*self.names_of_numbers(column), *([f"{column} is missing"] if self.indicator else []))

    def row_field(self, column: str, fitted: Mapping[str, Any]) -> RowField:
        """Return a number, with the first of several examples that can be transformed: if possible, a typical one."""
        return RowField(
            name=column, cell="number", may_be_missing=self.takes_missing, example=self._typical(column, fitted)
        )

    def _typical(self, column: str, fitted: Mapping[str, Any]) -> float:
        import pyarrow

        candidates = [fitted["fill"]] if "fill" in fitted else []
        if self.is_invertible:
            import torch

            middle = torch.zeros(1, dtype=torch.float64)
            candidates.append(self.inverse_transform(middle, fitted).item())
        for number in (*(float(f"{one:.3g}") for one in candidates), *candidates, 0.0, 1.0):
            if self.unfit(pyarrow.array([number], pyarrow.float64()), fitted) is None:
                return number
        return 0.5  # Inside of the usual ranges, if neither end is.

    def names_of_numbers(self, column: str) -> Sequence[str]:
        """Return the names of the numbers that `compute` returns for a cell."""
        return (column,)

    def learn(self, numbers: "NDArray[Any]") -> dict[str, Any]:
        """Return what `compute` needs to know about the training rows, `(rows,)` in float64."""
        return {}

    def learn_summary(self, summary: Summary) -> dict[str, Any]:
        """Return what `compute` needs to know about the training rows, given their statistics."""
        return {}

    @abstractmethod
    def compute(self, numbers: "NDArray[Any]", fitted: Mapping[str, Any]) -> "NDArray[Any]":
        """Return the transformed numbers, `(rows,)`, or `(rows, n)` for several."""

    def is_fit(self, numbers: "NDArray[Any]") -> "NDArray[Any]":
        """Return which numbers can be transformed."""
        import numpy

        return numpy.isfinite(numbers)

    def complaint(self, number: float) -> str:
        """Return why a number cannot be transformed."""
        return f"{number} is not a finite number."

    def summary(self, fitted: Mapping[str, Any]) -> str:
        """Return the statistics."""
        words = {"fill": "missing cells become"}
        known = {name: value for name, value in fitted.items() if isinstance(value, (int, float))}
        return ", ".join(f"{words.get(name, name)} {value:.4g}" for name, value in known.items())

    def _fill(self, cells: "pyarrow.Array") -> float:
        """Return the number for missing cells."""
        import numpy

        if isinstance(self.missing, float):
            return self.missing
        numbers = cells.drop_null().to_numpy(zero_copy_only=False).astype(numpy.float64, copy=False)
        if not (is_finite := numpy.isfinite(numbers)).all():
            numbers = numbers[is_finite]
        if not len(numbers):
            what = self.missing.replace("most_frequent", "most frequent number")
            raise DataError(f"All cells of the training rows are missing, so they have no {what}.")
        if self.missing == "most_frequent":
            values, counts = numpy.unique(numbers, return_counts=True)
            return float(values[counts.argmax()])
        return float(numpy.mean(numbers) if self.missing == "mean" else numpy.median(numbers))


@spec
class NumberColumn(FilledColumn):
    """The base class of columns of numbers. Statistics are computed in float64 from the training rows."""

    thousands: str = ""
    """The separator of thousands, as "," in "1,234.5". A space also stands for unbreakable and thin spaces."""
    decimal: Literal[".", ","] = "."
    """The decimal separator."""
    affixes: tuple[str, ...] = ()
    """What to remove before or after a number, such as `["$", "EUR", "%"]`. Removing "%" does not divide by 100."""

    def conflicts(self) -> Iterator[OptionError]:
        """Report separators that cannot be told apart, and affixes without text."""
        yield from super().conflicts()
        if self.thousands == self.decimal:
            message = "The separator of thousands must differ from the decimal separator."
            yield OptionError("thousands", message, against=[("decimal",)])
        elif self.thousands and (len(self.thousands) > 1 or self.thousands in "+-0123456789"):
            yield OptionError("thousands", 'This must be a single character, such as ",", "." or " ".')
        for index, affix in enumerate(self.affixes):
            if not affix.strip() or re.search(r"[0-9+\-]", affix):
                yield OptionError("affixes", "An affix must have text, without digits and signs.", index)

    @property
    def has_format(self) -> bool:
        """Whether text is converted in a way of its own."""
        return bool(self.thousands or self.affixes or self.decimal != ".")

    @property
    def reads(self) -> Literal["number", "text", "any"]:
        """Text is read only if it has a format of its own."""
        return "any" if self.has_format else "number"

    def parse(self, cells: "pyarrow.Array") -> "tuple[pyarrow.Array, UnfitCells | None]":
        """Convert text to numbers."""
        import pyarrow
        from pyarrow import compute

        if not self.has_format or not pyarrow.types.is_string(cells.type):
            return as_floats(cells, "numbers"), None
        text = cells
        if self.affixes:
            some = "|".join(map(re.escape, sorted(map(str.strip, self.affixes), key=len, reverse=True)))
            text = compute.replace_substring_regex(text, rf"^([+-]?)\s*(?:{some})\s*([+-]?)", r"\1\2")
            text = compute.replace_substring_regex(text, rf"\s*(?:{some})$", "")
        separator = SPACES if self.thousands == " " else re.escape(self.thousands)
        whole = f"(?:{DIGITS}|{GROUPED.format(separator)})" if self.thousands else DIGITS
        point = re.escape(self.decimal)
        pattern = rf"^[+-]?(?:{whole}(?:{point}[0-9]*)?|{point}[0-9]+)(?:[eE][+-]?[0-9]+)?$"
        is_number = compute.match_substring_regex(text, pattern)
        if self.thousands:
            text = compute.replace_substring_regex(text, separator, "")
        text = compute.replace_substring(text, self.decimal, ".") if self.decimal != "." else text
        text = compute.replace_substring_regex(text, r"^\+", "")
        numbers = compute.if_else(is_number, text, pyarrow.scalar(None, text.type)).cast(pyarrow.float64())
        return numbers, unparsed(cells, numbers, lambda cell: f"{quoted_cell(cell)} is not a number{self._expected}.")

    @property
    def _expected(self) -> str:
        """How numbers are written, for messages, with a leading space."""
        parts = [f'"{self.thousands}" between thousands'] if self.thousands else []
        parts += [f'the decimal separator "{self.decimal}"'] if self.decimal != "." else []
        return f" with {' and '.join(parts)}" if parts else ""
