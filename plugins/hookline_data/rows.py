"""Rows of a table as a split has them: groups of inputs, and columns that are none."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline import Columns, DataError
from hookline_data.cells import is_ragged, matrix, padded, values
from hookline_data.layout import InputColumns, Layout

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray
    from torch import Tensor


@frozen
class Group:
    """A group of inputs."""

    values: "NDArray[Any]"
    """Rows of numbers, `(N, columns)`; or sequences, filled up with 0, `(N, steps)` or `(N, steps, numbers)`."""
    lengths: "NDArray[Any] | None" = None
    """How many steps of each sequence are not padding."""

    def take(self, rows: "NDArray[Any]") -> "Group":
        """Some of the rows."""
        return Group(self.values[rows], None if self.lengths is None else self.lengths[rows])

    def kind(self, shape: tuple[int, ...] | None = None) -> str:
        """The type and shape of a row, or of a step of a sequence, in words; `shape` is what the row becomes."""
        if self.lengths is None:
            return f"{self.values.dtype} of shape {list(shape or self.values.shape[1:])}"
        return f"a sequence of {self.values.dtype} of shape {list(self.values.shape[2:])}"

    def is_padding(self) -> "NDArray[Any]":
        """Of each step of each sequence, whether it is padding."""
        import numpy

        assert self.lengths is not None
        return numpy.arange(self.values.shape[1]) >= self.lengths[:, None]

    def steps(self) -> "NDArray[Any]":
        """The rows, or the steps of all sequences: a matrix."""
        if self.lengths is None:
            return self.values
        return self.values[~self.is_padding()].reshape(self.lengths.sum(), -1)


@frozen
class Rows:
    """Some rows of a table."""

    inputs: Mapping[str, Group]
    """The groups of inputs, by name."""
    columns: Columns
    """The other columns, by name."""

    def __len__(self) -> int:
        return len(next(iter(self.inputs.values())).values)

    def take(self, rows: "NDArray[Any]") -> "Rows":
        """Some of the rows, in their order: a copy, unless it is all of them."""
        if len(rows) == len(self):
            return self
        return Rows(
            {name: group.take(rows) for name, group in self.inputs.items()},
            {name: cells[rows] for name, cells in self.columns.items()},
        )

    def lengths(self) -> "dict[str, Tensor]":
        """The lengths of those groups of inputs that are sequences."""
        import torch

        known = {name: group.lengths for name, group in self.inputs.items()}
        return {name: torch.from_numpy(lengths) for name, lengths in known.items() if lengths is not None}


def rows_of(table: "pyarrow.Table", layout: Layout, path: Path) -> Rows:
    """The rows of a table: groups of inputs, and the columns that are in none.

    Raises:
        DataError: if a number is not a finite float32, or if a group has sequences and something else.

    """
    groups = {name: _group(table, name, group, path) for name, group in layout.inputs.items()}
    known = {column for group in layout.inputs.values() for column in group.columns}
    others = [name for name in table.column_names if name not in known]
    return Rows(groups, {name: values(table, name, path) for name in others})


def _group(table: "pyarrow.Table", name: str, group: InputColumns, path: Path) -> Group:
    ragged = [column for column in group.columns if is_ragged(table.column(column).type)]
    if not ragged:
        return Group(matrix(table, group.columns, group.dtype, path))
    if len(group.columns) > 1:
        other = next(column for column in group.columns if column != ragged[0])
        raise DataError(
            f'{path}: The column "{ragged[0]}" has lists of different lengths: it must be a group of inputs by itself, '
            f'and "{name}" has "{other}" too.'
        )
    return Group(*padded(table.column(ragged[0]), group.dtype, 0, ragged[0], path))
