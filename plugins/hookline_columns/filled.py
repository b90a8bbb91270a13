"""The base class of columns that become numbers, in which missing cells can be filled in."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from hookline.data import RowField, Summary
from hookline.errors import DataError, OptionError
from hookline.spec import (
    SAMPLED_ROWS,
    ColumnSpec,
    Graph,
    NothingToFit,
    PartialFit,
    UnfitCells,
    Value,
    option,
    spec,
)
from hookline_columns.arrays.cells import filled
from hookline_columns.fitting.partial_fits import SummaryFit

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray

Missing = Literal["refuse", "drop", "mean", "median", "most_frequent"]


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

    @property
    def cells_of_graph(self) -> Literal["number", "text", "time"] | None:
        """Numbers, if the kind has a graph."""
        has_graph = type(self).graph_of_numbers is not FilledColumn.graph_of_numbers
        return "number" if has_graph else None

    def to_onnx(self, graph: Graph, cells: Value, fitted: Mapping[str, Any], missing: Sequence[str]) -> Value:
        """Fill in missing cells, compute the numbers, and add the indicator."""
        return self.filled_in_graph(graph, cells, graph.op("IsNaN", cells), fitted)

    def filled_in_graph(self, graph: Graph, numbers: Value, is_missing: Value, fitted: Mapping[str, Any]) -> Value:
        """Add to a graph what becomes of numbers `(N, 1)`, float64, some of which are missing, bool `(N, 1)`.

        Rows that cannot be transformed become NaN, or -1 if the kind gives indices.
        """
        import numpy

        if self.takes_missing:
            numbers = graph.op("Where", is_missing, numpy.float64(fitted["fill"]), numbers)
        elif self.cells_of_graph != "number":
            numbers = graph.op("Where", is_missing, numpy.float64("nan"), numbers)
        made, is_fit = self.graph_of_numbers(graph, numbers, fitted), self.is_fit_in_graph(graph, numbers)
        if self.gives_indices:
            return graph.op("Where", is_fit, made, numpy.int64(-1))
        made = graph.op("Where", is_fit, made, numpy.float64("nan"))
        return graph.op("Concat", made, graph.cast(is_missing, "float64"), axis=1) if self.indicator else made

    def graph_of_numbers(self, graph: Graph, numbers: Value, fitted: Mapping[str, Any]) -> Value:
        """Add what `compute` does to a graph: `(N, 1)` in float64 becomes `(N, n)` in float64, or an index, int64."""
        raise NotImplementedError(f"{type(self).__name__} has no graph.")

    def is_fit_in_graph(self, graph: Graph, numbers: Value) -> Value:
        """Add what `is_fit` does to a graph: bool `(N, 1)`."""
        return graph.op("Not", graph.op("Or", graph.op("IsNaN", numbers), graph.op("IsInf", numbers)))
