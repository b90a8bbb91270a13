"""New rows for a finished run: what `DataSpec.open_rows` yields."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import evolve, field, frozen

from hookline.data.batches import Batch
from hookline.errors.exceptions import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray


@frozen(kw_only=True, eq=False)
class RowBlock:
    """Consecutive rows of a source, prepared for the model as the training rows were."""

    first: int
    """The number of the first row, counted from 1."""
    rows: int
    """The number of rows, readable or not."""
    batch: Batch | None
    """The readable rows, on the CPU, with targets only if they were requested; `None` if no row is readable."""
    is_readable: "NDArray[Any] | None" = None
    """Which rows are readable, bool `(rows,)`; `None` if all are."""
    problems: Sequence[DataError] = ()
    """Why rows cannot be read, in the order of the rows, each with its row and columns; at least the first ones."""
    kept: Mapping[str, Any] = field(factory=dict)
    """The requested columns by name, as they are in the source: a `pyarrow.Array` of all rows each."""
    dropped: "Mapping[str, NDArray[Any]]" = field(factory=dict)
    """Which rows the training would drop because a cell is missing, by column, bool `(rows,)`. An evaluation leaves
    them out. If only a target is missing, the row is readable, and its targets in the batch are zeros; if all rows lack
    one, the batch has no targets."""

    @property
    def unreadable(self) -> int:
        """The number of rows that cannot be read."""
        return 0 if self.is_readable is None else self.rows - int(self.is_readable.sum())

    @property
    def is_dropped(self) -> "NDArray[Any] | None":
        """Which rows the training would drop, bool `(rows,)`; `None` if there are none."""
        import numpy

        return numpy.logical_or.reduce(list(self.dropped.values())) if self.dropped else None

    def first_rows(self, rows: int) -> "RowBlock":
        """Return the first rows of the block, at most as many as it has."""
        if self.rows <= rows:
            return self
        is_readable = None if self.is_readable is None else self.is_readable[:rows]
        readable = rows if is_readable is None else int(is_readable.sum())
        return evolve(
            self,
            rows=rows,
            batch=self.batch.slice(0, readable) if self.batch is not None and readable else None,
            is_readable=is_readable,
            kept={name: values[:rows] for name, values in self.kept.items()},
            dropped={name: is_missing[:rows] for name, is_missing in self.dropped.items()},
        )
