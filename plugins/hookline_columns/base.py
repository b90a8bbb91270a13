"""The base class of columns of numbers: what becomes of missing cells."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from hookline.errors import DataError, OptionError
from hookline.spec import ColumnSpec, UnfitCells, option, spec

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray

Missing = Literal["refuse", "drop", "mean", "median", "most_frequent"]


@spec
class NumberColumn(ColumnSpec):
    """The base class of columns of numbers.

    Statistics are computed in float64 from the training rows. Missing cells are filled in before anything else is
    computed.
    """

    missing: Missing | float = option(default="refuse", unbounded=True)
    """What becomes of a missing cell: an error ("refuse"), the whole row is dropped ("drop"), or the cell is filled in
    with a number, or with the mean, the median or the most frequent number of the training rows."""
    indicator: bool = False
    """Add an input that is 1 where the cell is missing, and 0 elsewhere."""

    def conflicts(self) -> Iterator[OptionError]:
        """Report an indicator of cells that are never missing."""
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
        fitted = {"fill": self._fill(cells)} if self.takes_missing else {}
        return {**fitted, **self.learn(_filled(cells, fitted))}

    def unfit(self, cells: "pyarrow.Array", fitted: Mapping[str, Any]) -> UnfitCells | None:
        """Return the cells whose number is not finite, or not in the range of the kind."""
        numbers = _filled(cells, fitted)
        is_unfit = ~self.is_fit(numbers)
        if not is_unfit.any():
            return None
        return UnfitCells(is_unfit, lambda row: self.complaint(numbers[row]))

    def transform(self, cells: "pyarrow.Array", fitted: Mapping[str, Any]) -> "pyarrow.Array":
        """Return the transformed numbers; with `indicator`, each followed by its indicator."""
        import numpy
        import pyarrow

        numbers = self.compute(_filled(cells, fitted), fitted)
        if not self.indicator:
            return pyarrow.array(numbers)
        pairs = numpy.empty((len(numbers), 2))
        pairs[:, 0] = numbers
        pairs[:, 1] = cells.is_null().to_numpy(zero_copy_only=False)
        return pyarrow.FixedSizeListArray.from_arrays(pairs.reshape(-1), 2)

    def names(self, column: str, fitted: Mapping[str, Any]) -> Sequence[str]:
        """Return the name of the column, and that of its indicator."""
        return (column, f"{column} is missing") if self.indicator else (column,)

    def learn(self, numbers: "NDArray[Any]") -> dict[str, Any]:
        """Return what `compute` needs to know about the training rows, `(rows,)` in float64."""
        return {}

    @abstractmethod
    def compute(self, numbers: "NDArray[Any]", fitted: Mapping[str, Any]) -> "NDArray[Any]":
        """Return the transformed numbers, `(rows,)` in float64."""

    def is_fit(self, numbers: "NDArray[Any]") -> "NDArray[Any]":
        """Return which numbers can be transformed."""
        import numpy

        return numpy.isfinite(numbers)

    def complaint(self, number: float) -> str:
        """Return why a number cannot be transformed."""
        return f"{number} is not a finite number."

    def _fill(self, cells: "pyarrow.Array") -> float:
        """Return the number for missing cells."""
        import numpy

        if isinstance(self.missing, float):
            return self.missing
        numbers = cells.drop_null().to_numpy(zero_copy_only=False).astype(numpy.float64)
        numbers = numbers[numpy.isfinite(numbers)]
        if not len(numbers):
            message = f"All cells of the training rows are missing, so they have no {self.missing.replace('_', ' ')}."
            raise DataError(message)
        if self.missing == "most_frequent":
            values, counts = numpy.unique(numbers, return_counts=True)
            return float(values[counts.argmax()])
        return float(numpy.mean(numbers) if self.missing == "mean" else numpy.median(numbers))


def _filled(cells: "pyarrow.Array", fitted: Mapping[str, Any]) -> "NDArray[Any]":
    """Return the numbers, with missing ones filled in, in float64."""
    import numpy

    if cells.null_count and "fill" in fitted:
        is_missing = cells.is_null().to_numpy(zero_copy_only=False)
        return numpy.where(is_missing, fitted["fill"], cells.to_numpy(zero_copy_only=False).astype(numpy.float64))
    return cells.to_numpy(zero_copy_only=False).astype(numpy.float64, copy=False)


def quantiles(numbers: "NDArray[Any]", at: Sequence[float]) -> list[float]:
    """Return quantiles with linear interpolation; `at` is from 0 to 1."""
    import numpy

    return [float(number) for number in numpy.quantile(numbers, at)]
