"""Kinds of columns: how the cells of a table become inputs of a model."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from hookline.data.json_rows.row_field import RowField
from hookline.errors.unfit import UnfitCells as UnfitCells
from hookline.script.written import cannot_be_written, without_lines
from hookline.spec.families.graph import Graph, Value
from hookline.spec.families.partial_fit import NothingToFit, PartialFit, SampledFit
from hookline.spec.options import Spec, spec

if TYPE_CHECKING:
    import pyarrow
    from torch import Tensor

    from hookline.script.script import Script

MISSING_TIME = -(2**63)
"""A missing time in a graph, as NumPy has it: `numpy.datetime64("NaT").astype("int64")`."""
SAMPLED_ROWS = 1_000_000
"""The largest number of training rows to which a kind is fitted that cannot be fitted to one part after the other."""


@spec
class ColumnSpec(Spec):
    """A kind of column: maps the cells of a column to numbers, indices or sequences.

    The cells of all rows are first converted by `parse`. What the kind needs to know about the column, such as its mean
    or its categories, is computed by `fit` from the training rows alone, stored with the run, and used to `transform`
    the rows of all splits and new rows.

    `parse`, `unfit` and `transform` get the rows in parts, or each distinct cell once. What they return for a cell must
    not depend on other cells.
    """

    family = "column kind"
    behavior = ("parse", "fit", "transform")

    @property
    def gives_indices(self) -> bool:
        """Whether `transform` returns indices, int64, such as for an `Embedding`. Otherwise it returns numbers."""
        return False

    @property
    def gives_sequences(self) -> bool:
        """Whether `transform` returns a list of any length for each cell, such as the indices of tokens."""
        return False

    @property
    def reads(self) -> Literal["number", "text", "any"]:
        """The type of the cells that `parse` gets.

        "number": integers or floats. "text": text without whitespace around it; numbers, booleans and dates are
        converted to text. "any": the type that the file has for the column, such as text in a CSV file, and numbers,
        text, booleans, dates or times in a Parquet file.
        """
        return "number"

    @property
    def is_invertible(self) -> bool:
        """Whether it has `inverse_transform`, so that a target can be of this kind."""
        return type(self).inverse_transform is not ColumnSpec.inverse_transform

    @property
    def takes_missing(self) -> bool:
        """Whether cells may be missing (null) in `fit` and `transform`. Otherwise a missing cell is an error."""
        return False

    @property
    def drops_missing(self) -> bool:
        """Whether a row is dropped if its cell is missing."""
        return False

    def parse(self, cells: "pyarrow.Array") -> "tuple[pyarrow.Array, UnfitCells | None]":
        """Convert the cells of any rows to the type that `fit` and `transform` take, such as text to times.

        A missing cell (null) stays missing. A cell that cannot be converted becomes null, and is among the unfit cells.
        """
        return cells, None

    def fit(self, cells: "pyarrow.Array") -> dict[str, Any]:
        """Return what `transform` needs to know about the training rows, as JSON-compatible values.

        Raises:
            DataError: If the cells cannot be fitted. The caller adds the file and the column.

        """
        return {}

    def partial_fit(self, most: int = SAMPLED_ROWS) -> PartialFit:
        """Return an object that fits the kind to training rows that come in parts, in the order of the file.

        It is used for data that does not fit in memory. The default fits the kind to a uniform sample of at most `most`
        training rows. A kind whose statistics can be merged, such as a mean or the categories, should override it.
        """
        if type(self).fit is ColumnSpec.fit:
            return NothingToFit()
        return SampledFit(self.fit, most)

    def unfit(self, cells: "pyarrow.Array", fitted: Mapping[str, Any]) -> UnfitCells | None:
        """Return the cells that cannot be transformed; `None` if there are none."""
        return None

    def transform(self, cells: "pyarrow.Array", fitted: Mapping[str, Any]) -> "pyarrow.Array":
        """Return one cell for each cell; for an unfit cell, any value.

        The type is float64 or uint8 for a number, a fixed-size list of numbers for several, int64 for an index, and a
        list of int64 for a sequence of indices. No cell is null.
        """
        raise NotImplementedError(f"{type(self).__name__} has no `transform`.")

    @without_lines
    def eject(self, script: "Script", cells: str, training: str, fitted: Mapping[str, Any]) -> str:
        """Return an expression of the transformed cells of all rows, for `hookline eject`: `(rows,)` or `(rows, n)`.

        Args:
            script: takes the lines that fit the kind, in the section "prepare", and functions.
            cells: the cells of the column, a `pyarrow.ChunkedArray`, as code.
            training: the indices of the training rows, as code.
            fitted: what the kind knows about the training rows.

        """
        raise NotImplementedError(f"{type(self).__name__} has no `eject`.")

    def eject_target(self, script: "Script", cells: str, training: str, fitted: Mapping[str, Any]) -> tuple[str, str]:
        """Return the transformed cells of a target, an array as code, and the name of a function that undoes it."""
        raise cannot_be_written(f"{type(self).__name__} of a target has no lines.", ("type",))

    @property
    def cells_of_graph(self) -> Literal["number", "text", "time"] | None:
        """The type of the cells that `to_onnx` takes, each `(N, 1)`; `None` if the kind has no graph.

        "number": float64, NaN for missing cells. "text": strings without whitespace around them. "time": microseconds
        since 1970, int64, and `MISSING_TIME` for missing cells. A run with a kind that has no graph cannot be deployed
        as ONNX.
        """
        return None

    def to_onnx(self, graph: Graph, cells: Value, fitted: Mapping[str, Any], missing: Sequence[str]) -> Value:
        """Add what `parse` and `transform` do to a graph, and return the result `(N, n)`, float64, or an index, int64.

        Numbers are NaN where a cell cannot be transformed, and an index is -1. Sequences are `(N, steps)`, int64, with
        0 behind the last index of each row.

        Args:
            graph: the graph.
            cells: the cells of the column: see `cells_of_graph`.
            fitted: what the kind knows about the training rows.
            missing: the texts that count as missing cells.

        """
        raise NotImplementedError(f"{type(self).__name__} has no graph.")

    def inverse_transform(self, numbers: "Tensor", fitted: Mapping[str, Any]) -> "Tensor":
        """Return the numbers in the unit of the column, `(N,)` in float64, for a column that is a target.

        Raises:
            NotImplementedError: If the kind cannot be undone.

        """
        raise NotImplementedError(f"{type(self).__name__} cannot be undone.")

    def cells(self, column: str, numbers: Sequence[float], fitted: Mapping[str, Any]) -> Mapping[str, str | float]:
        """Return what the transformed numbers of one row mean to people, by name: if possible, the cell of the column.

        The default undoes the first number if it can be undone, and returns the numbers by their `names`.
        """
        import torch

        found: dict[str, str | float] = dict(zip(self.names(column, fitted), numbers, strict=True))
        if self.is_invertible and column in found:
            first = torch.tensor(numbers[:1], dtype=torch.float64)
            found[column] = self.inverse_transform(first, fitted).item()
        return found

    def row_field(self, column: str, fitted: Mapping[str, Any]) -> RowField:
        """Return how a cell of the column is written in JSON, with an example, such as for a form.

        The default follows from `reads`: a number or a text.
        """
        is_number = self.reads == "number"
        return RowField(
            name=column,
            cell="number" if is_number else "text",
            may_be_missing=self.takes_missing,
            example=fitted.get("fill", 0) if is_number else "",
        )

    def names(self, column: str, fitted: Mapping[str, Any]) -> Sequence[str]:
        """Return the name of each number that a cell becomes, such as "color=red"."""
        return (column,)

    def cardinality(self, fitted: Mapping[str, Any]) -> int | None:
        """Return the number of indices; `None` unless the kind gives indices."""
        return None

    def summary(self, fitted: Mapping[str, Any]) -> str:
        """Return what the kind knows about the training rows, in a few words for `hookline plan`."""
        return ""
