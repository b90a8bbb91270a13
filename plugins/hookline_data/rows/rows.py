"""Rows of a split: groups of inputs before they are prepared, and other columns."""

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from hookline.data import Columns
from hookline_data.preparing.matrix import Matrix

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

BLOCK = 2**18
"""About how many numbers of an array to process at once."""


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
    """The indices of the rows in `values`, which ascend; `None` for all."""

    def __len__(self) -> int:
        return len(self.values) if self.rows is None else len(self.rows)

    def take(self, rows: "NDArray[Any]") -> "Group":
        """Some of the rows, whose indices ascend."""
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
        return self.values.shape[-1] if self.has_places else 1

    @property
    def cells_of_a_place(self) -> int:
        """The number of cells at each position of the last dimension, with padding."""
        return math.prod(self.values.shape) // max(1, self.places)

    def ranges(self, most: int) -> Iterator[tuple[int, int]]:
        """Yield ranges of at most this many places; the places of a kind of column are a range of their own."""
        if isinstance(self.values, Matrix):
            yield from self.values.ranges(most)
        else:
            yield from ((first, min(first + most, self.places)) for first in range(0, self.places, most))

    def cells(self, first: int, stop: int) -> "NDArray[Any]":
        """Return the cells of some places, `(cells, places)`, unpadded, in the source's type: a view or a copy."""
        if isinstance(self.values, Matrix):
            return self.values.cells(first, stop, self.rows)
        part = self.values[..., first:stop] if self.has_places else self.values[..., None]
        if self.rows is not None:
            part = part[self.rows]
        return (part if self.lengths is None else part[self.is_step()]).reshape(-1, stop - first)

    def different(self, first: int, stop: int) -> "Iterator[NDArray[Any]]":
        """Yield blocks of numbers, `(n, places)`, as different as those of some places; none if there are too many."""
        if isinstance(self.values, Matrix):
            yield from self.values.different(first, stop, self.rows)
        else:
            yield self.cells(first, stop)

    def is_step(self, first: int = 0, stop: int | None = None) -> "NDArray[Any]":
        """Return a mask of the steps that are not padding, `(rows, steps)`, of some of the rows."""
        import numpy

        assert self.lengths is not None
        return numpy.arange(self.values.shape[1]) < self.lengths[first:stop, None]

    @property
    def has_places(self) -> bool:
        """Whether a row, or a step of a sequence, has several numbers."""
        return self.values.ndim > (1 if self.lengths is None else 2)


def parts_of(values: "NDArray[Any] | Matrix") -> Iterator[tuple[int, Any]]:
    """Yield all rows in parts, with the index of the first, for `block_of`. The cells of a `Matrix` are freed."""
    if isinstance(values, Matrix):
        yield from values.parts()
        return
    rows = max(1, BLOCK // max(1, math.prod(values.shape[1:])))
    for start in range(0, len(values), rows):
        yield start, values[start : start + rows]


def block_of(values: "NDArray[Any] | Matrix", part: Any) -> "NDArray[Any]":
    """Return the numbers of a part of the rows, `(rows, …)`."""
    return values.block(part) if isinstance(values, Matrix) else part


@frozen
class Rows:
    """Some rows of a source."""

    inputs: Mapping[str, Group]
    """The groups of inputs, by name."""
    columns: Columns
    """The other columns, by name."""

    def __len__(self) -> int:
        return len(next(iter(self.inputs.values())))

    def take(self, rows: "NDArray[Any]") -> "Rows":
        """Some of the rows, whose indices ascend."""
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
