"""Kinds of columns: how the cells of a table become inputs of a model."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from attrs import frozen

from hookline.spec.options import Spec, spec

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray


@frozen(eq=False)
class UnfitCells:
    """Cells of a column that cannot be transformed, such as a category that does not occur in the training split."""

    is_unfit: "NDArray[Any]"
    """Whether the cell of each row is unfit: `(rows,)`."""
    explain: Callable[[int], str]
    """Returns what is wrong with the cell of a row, in a sentence."""


@spec
class ColumnSpec(Spec):
    """A kind of column: maps the cells of a column to numbers, indices or sequences.

    What it needs to know about the column, such as its mean or its categories, is computed by `fit` from the training
    rows alone, stored with the run, and used to transform the rows of all splits and new rows.
    """

    family = "column"

    gives_indices: ClassVar[bool] = False
    """Whether `transform` returns indices, int64, such as for an `Embedding`. Otherwise it returns numbers."""

    @property
    def reads(self) -> Literal["number", "text"]:
        """The type of the cells that `fit` and `transform` get: numbers, or text without whitespace around it."""
        return "number"

    @property
    def takes_missing(self) -> bool:
        """Whether cells may be missing (null) in `fit` and `transform`. Otherwise a missing cell is an error."""
        return False

    @property
    def drops_missing(self) -> bool:
        """Whether a row is dropped if its cell is missing."""
        return False

    def fit(self, cells: "pyarrow.Array") -> dict[str, Any]:
        """Return what `transform` needs to know about the training rows, as JSON-compatible values.

        Raises:
            DataError: If the cells cannot be fitted. The caller adds the file and the column.

        """
        return {}

    def unfit(self, cells: "pyarrow.Array", fitted: Mapping[str, Any]) -> UnfitCells | None:
        """Return the cells that cannot be transformed; `None` if there are none."""
        return None

    def transform(self, cells: "pyarrow.Array", fitted: Mapping[str, Any]) -> "pyarrow.Array":
        """Return one cell for each cell; for an unfit cell, any value.

        The type is float64 or uint8 for a number, a fixed-size list of numbers for several, int64 for an index, and a
        list of int64 for a sequence of indices. No cell is null.
        """
        raise NotImplementedError(f"{type(self).__name__} has no `transform`.")

    def inverse_transform(self, numbers: "NDArray[Any]", fitted: Mapping[str, Any]) -> "NDArray[Any]":
        """Return the numbers in the unit of the column, for a column that is a target.

        Raises:
            NotImplementedError: If the kind cannot be undone.

        """
        raise NotImplementedError(f"{type(self).__name__} cannot be undone.")

    def names(self, column: str, fitted: Mapping[str, Any]) -> Sequence[str]:
        """Return the name of each number that a cell becomes, such as "color=red"."""
        return (column,)

    def cardinality(self, fitted: Mapping[str, Any]) -> int | None:
        """Return the number of indices; `None` unless the kind gives indices."""
        return None
