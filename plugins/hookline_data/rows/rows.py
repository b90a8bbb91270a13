"""Rows of a split of a table: groups of inputs, and other columns."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from hookline.data import Columns
from hookline.errors import DataError
from hookline_data.layout.layout import InputColumns, Layout
from hookline_data.reading.cells import Matrix, is_ragged, padded, refuse_infinite

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray
    from torch import Tensor


@frozen
class Group:
    """A group of inputs before it is prepared."""

    values: "NDArray[Any] | Matrix"
    """All rows of the source, `(N, …)`, or sequences `(N, steps, …)`, padded with 0. Integers or floats."""
    dtype: str
    """The type to cast to: that of the run, or "int64"."""
    lengths: "NDArray[Any] | None" = None
    """The length of each row, in steps, for sequences."""
    rows: "NDArray[Any] | None" = None
    """The indices of the rows in `values`; `None` for all. Rows are copied when they are cast."""

    def __len__(self) -> int:
        return len(self.values) if self.rows is None else len(self.rows)

    def take(self, rows: "NDArray[Any]") -> "Group":
        """Some of the rows."""
        lengths = None if self.lengths is None else self.lengths[rows]
        return evolve(self, lengths=lengths, rows=rows if self.rows is None else self.rows[rows])

    def kind(self, shape: tuple[int, ...] | None = None) -> str:
        """Describe the type and shape of a row, or of a step of a sequence; `shape` is the final shape of the row."""
        if self.lengths is None:
            return f"{self.dtype} of shape {list(shape or self.values.shape[1:])}"
        return f"a sequence of {self.dtype} of shape {list(self.values.shape[2:])}"

    @property
    def sizes(self) -> list[int]:
        """How many numbers of a row, or of a step, each column is."""
        return self.values.sizes if isinstance(self.values, Matrix) else [self.places]

    @property
    def places(self) -> int:
        """The size of the last dimension of a row or step; 1 if it has no dimensions."""
        return self.values.shape[-1] if self._has_places else 1

    @property
    def cells_of_a_place(self) -> int:
        """The number of cells at each position of the last dimension, with padding."""
        return math.prod(self.values.shape) // max(1, self.places)

    def cells(self, first: int, stop: int) -> "NDArray[Any]":
        """Return the cells of some positions, `(cells, places)`, without padding: a view or a copy, in the source's
        type.
        """
        part = self._of_places(self.values, first, stop)
        if self.rows is not None:
            part = part[self.rows]
        return (part if self.lengths is None else part[self._is_step()]).reshape(-1, stop - first)

    def put(self, array: "NDArray[Any]", first: int, stop: int, cells: "NDArray[Any]") -> None:
        """Write cells of some positions into an array of these rows."""
        part = self._of_places(array, first, stop)
        if self.lengths is None:
            part[...] = cells.reshape(part.shape)
        else:
            is_step = self._is_step()
            part[is_step] = cells.reshape(-1, *part.shape[2:])

    @property
    def _has_places(self) -> bool:
        return self.values.ndim > (1 if self.lengths is None else 2)

    def _of_places(self, array: "NDArray[Any] | Matrix", first: int, stop: int) -> "NDArray[Any]":
        if self._has_places:
            return array[..., first:stop]
        assert not isinstance(array, Matrix)
        return array[..., None]

    def _is_step(self) -> "NDArray[Any]":
        """Return a mask of the steps that are not padding."""
        import numpy

        assert self.lengths is not None
        return numpy.arange(self.values.shape[1]) < self.lengths[:, None]


@frozen
class Rows:
    """Some rows of a table."""

    inputs: Mapping[str, Group]
    """The groups of inputs, by name."""
    columns: Columns
    """The other columns, by name."""

    def __len__(self) -> int:
        return len(next(iter(self.inputs.values())))

    def take(self, rows: "NDArray[Any]") -> "Rows":
        """Some of the rows, in their order."""
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


def groups_of(table: "pyarrow.Table", layout: Layout, path: Path) -> dict[str, Group]:
    """Return the groups of inputs of a table.

    Raises:
        DataError: If a number is not finite in its type, or if a group mixes sequences with other columns.

    """
    for group in layout.inputs.values():
        refuse_infinite(table, group.columns, group.dtype_when_read, path)
    return {name: group_of(table, name, group, path) for name, group in layout.inputs.items()}


def group_of(table: "pyarrow.Table", name: str, group: InputColumns, path: Path) -> Group:
    """Return a group of inputs of a table. Raise a `DataError` if it mixes sequences with other columns."""
    ragged = [column for column in group.columns if is_ragged(table.column(column).type)]
    if not ragged:
        return Group(Matrix([table.column(column) for column in group.columns]), group.dtype)
    if len(group.columns) > 1:
        other = next(column for column in group.columns if column != ragged[0])
        raise DataError(
            f'The column "{ragged[0]}" has lists of different lengths, so it must be the only column of its '
            "group "
            f'of inputs, but "{name}" also has "{other}".',
            file=path,
            columns=[name],
        )
    filled, lengths = padded(table.column(ragged[0]), 0, group.dtype_when_read, ragged[0], path)
    return Group(filled, group.dtype, lengths)
