"""Rows on their way from a source to the model: columns of Arrow, and the cells that cannot be read."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from attrs import evolve, frozen

from hookline.errors import DataError
from hookline_data.reading.columns import Place, cell_error

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray


Explain = Callable[[int], tuple[str, int | None]]
Dropped = Literal["input", "target"]
EMPTY = "The cell is empty.", None


@frozen(eq=False)
class BadCells:
    """Cells of a column that cannot be read, or whole rows. Messages are made only for those that are reported."""

    column: str | None
    """The column; `None` for whole rows."""
    rows: "NDArray[Any]"
    """The indices of the rows, ascending."""
    keys: "NDArray[Any]"
    """For each row, the argument of `explain`."""
    explain: Explain
    """Returns the message, and the index of the wrong element if the cell is a list."""
    dropped: Dropped | None = None
    """If the training drops rows with such cells, because they are missing: whether they are inputs or targets."""

    @classmethod
    def where(
        cls, column: str | None, is_bad: Any, explain: Explain, dropped: Dropped | None = None
    ) -> "list[BadCells]":
        """Return the bad cells of a mask, in a list that is empty if there are none; `explain` takes the row."""
        import numpy

        rows = numpy.flatnonzero(is_bad)
        return [cls(column, rows, rows, explain, dropped)] if len(rows) else []

    def outside(self, is_other: "NDArray[Any]") -> "list[BadCells]":
        """Return those that are not among other rows, bool `(rows,)`, in a list that is empty if there are none."""
        rest = ~is_other[self.rows]
        return [evolve(self, rows=self.rows[rest], keys=self.keys[rest])] if rest.any() else []

    def moved(self, by: int) -> "BadCells":
        """The same cells if `by` more rows come before them."""
        return evolve(self, rows=self.rows + by)

    def between(self, start: int, stop: int) -> "BadCells":
        """The bad cells of the rows from `start` up to `stop`, whose indices then begin with 0."""
        first, last = self.rows.searchsorted([start, stop])
        return evolve(self, rows=self.rows[first:last] - start, keys=self.keys[first:last])

    def of_lists(self, ends: "NDArray[Any]") -> "BadCells":
        """Given the end of each row's list among all elements, the rows of bad elements: the first one of each."""
        import numpy

        rows, first = numpy.unique(ends.searchsorted(self.rows, side="right"), return_index=True)
        begins = numpy.concatenate([[0], ends])

        def explain(key: int) -> tuple[str, int]:
            message, _ = self.explain(key)
            if message.startswith(EMPTY[0].rstrip(".")):
                message = "It is missing."
            return message, int(key - begins[ends.searchsorted(key, side="right")])

        return BadCells(self.column, rows, self.keys[first], explain)

    def error(self, index: int, first: int, place: Place) -> DataError:
        """Return the error of a cell, given its index among the bad ones and the number of the first row."""
        row, (message, element) = int(self.rows[index]), self.explain(int(self.keys[index]))
        if self.column is None:
            return DataError(f"row {first + row}: {message}", file=place, row=first + row)
        return cell_error(place, first + row - 1, self.column, element, message=message)


@frozen(eq=False)
class Chunk:
    """Consecutive rows of a source."""

    rows: int
    """The number of rows, readable or not."""
    columns: "Mapping[str, pyarrow.ChunkedArray]"
    """The columns that the model and the targets need. Before they are checked, their cells may be anything."""
    kept: "Mapping[str, pyarrow.ChunkedArray]"
    """The columns that the caller requested."""
    bad: Sequence[BadCells] = ()
    """What cannot be read, in the order of the columns."""

    def between(self, start: int, stop: int) -> "Chunk":
        """The rows from `start` up to `stop`."""
        if (start, stop) == (0, self.rows):
            return self
        return Chunk(
            stop - start,
            {name: cells.slice(start, stop - start) for name, cells in self.columns.items()},
            {name: cells.slice(start, stop - start) for name, cells in self.kept.items()},
            [part for bad in self.bad if len((part := bad.between(start, stop)).rows)],
        )

    def take(self, rows: "NDArray[Any]") -> "Chunk":
        """Some of the rows by their indices, all of which can be read."""
        import pyarrow

        places = pyarrow.array(rows)
        return Chunk(
            len(rows),
            {name: cells.take(places) for name, cells in self.columns.items()},
            {name: cells.take(places) for name, cells in self.kept.items()},
        )

    def then(self, other: "Chunk") -> "Chunk":
        """These rows, followed by others."""
        return Chunk(
            self.rows + other.rows,
            {name: _joined(cells, other.columns[name]) for name, cells in self.columns.items()},
            {name: _joined(cells, other.kept[name]) for name, cells in self.kept.items()},
            [*self.bad, *(bad.moved(self.rows) for bad in other.bad)],
        )


def _joined(cells: "pyarrow.ChunkedArray", others: "pyarrow.ChunkedArray") -> "pyarrow.ChunkedArray":
    import pyarrow

    return pyarrow.chunked_array([*cells.chunks, *others.chunks], cells.type)


def in_multiples(chunks: Iterable[Chunk], size: int) -> Iterator[Chunk]:
    """Yield the same rows in chunks with a multiple of `size` rows each; the last one may have any number."""
    rest: Chunk | None = None
    for chunk in chunks:
        rows = chunk if rest is None else rest.then(chunk)
        whole = rows.rows // size * size
        rest = rows.between(whole, rows.rows) if whole < rows.rows else None
        if whole:
            yield rows.between(0, whole)
    if rest is not None:
        yield rest
