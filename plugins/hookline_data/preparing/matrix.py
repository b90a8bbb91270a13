"""Columns of a table as a matrix of numbers, computed in blocks of rows. Memory is released block by block."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from hookline_data.arrow_columns import arrow_memory, distinct
from hookline_data.layout.kinds import FittedKind
from hookline_data.reading.cells import is_list

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray

ROWS = 2**14
"""The largest number of rows of a block."""

FEWEST_ROWS = 2048
"""The smallest number of rows of a block of many columns."""

NUMBERS = 2**19
"""About how many numbers a block has: they fit into the cache of a processor."""

MOST_NUMBERS = 2**23
"""The largest number of numbers of a block of several rows."""

CODEBOOK = 2**22
"""The largest number of bytes of the numbers of all distinct cells of a column."""

RELEASED = 2**24
"""How many bytes of cells to free before the memory is returned to the system."""

MOST_COMPARED = 16
"""The largest number of numbers of a cell to compare before and after a cast."""


class MatrixColumn:
    """A column of numbers or lists of one size, or of cells that a kind makes numbers of."""

    def __init__(self, cells: "pyarrow.ChunkedArray", kind: FittedKind | None = None):
        """Take the column, which may be encoded, and its kind if it has one."""
        self._kind = kind
        self._filler = None if kind is None else filler(cells, kind)
        self._codebook: NDArray[Any] | None = None
        example = self.numbers(cells.slice(0, 1).combine_chunks())
        self.size, self.dtype = example.shape[1], example.dtype
        if distinct.is_encoded(cells.type):
            known = distinct.values(cells, with_missing=cells.null_count > 0)
            if len(known) * example.nbytes <= CODEBOOK:
                self._codebook = self._computed(known)

    @property
    def has_kind(self) -> bool:
        """Whether a kind makes the numbers."""
        return self._kind is not None

    def numbers(self, cells: "pyarrow.Array") -> "NDArray[Any]":
        """Return the numbers of some cells, `(cells, size)`."""
        if self._codebook is None:
            return self._computed(distinct.decoded(cells))
        return self._codebook[distinct.indices(cells, len(self._codebook) - 1)]

    def different(self, parts: "Iterable[tuple[pyarrow.Array, Any]]") -> "Iterator[NDArray[Any]]":
        """Yield blocks of numbers, `(n, size)`, as different as those of some cells.

        `parts` are arrays of cells, and which of them are meant. If a cell has too many numbers, there are no blocks.
        """
        import numpy

        if self._codebook is not None:
            occurs = numpy.zeros(len(self._codebook), dtype=bool)
            for cells, own in parts:
                occurs[distinct.indices(cells, len(occurs) - 1)[own]] = True
            yield self._codebook[occurs]
        elif self.size <= MOST_COMPARED:
            for cells, own in parts:
                yield self.numbers(cells)[own]

    def _computed(self, cells: "pyarrow.Array") -> "NDArray[Any]":
        if self._kind is not None:
            cells = self._kind.transform(cells if self._filler is None else cells.fill_null(self._filler))
        flat = cells.flatten() if is_list(cells.type) else cells
        return flat.to_numpy(zero_copy_only=False).reshape(len(cells), -1)


def filler(cells: "pyarrow.ChunkedArray", kind: FittedKind) -> "pyarrow.Scalar | None":
    """Return what to put in place of missing cells whose rows are dropped; `None` if there are none."""
    if not cells.null_count or kind.spec.takes_missing:
        return None
    found = cells.drop_null()[0]
    return found.value if distinct.is_encoded(cells.type) else found


class Matrix:
    """Columns of numbers as a matrix `(rows, places)`. Lists, and some kinds, have several places."""

    ndim = 2

    def __init__(self, columns: "Sequence[pyarrow.ChunkedArray]", kinds: Sequence[FittedKind | None]):
        """Take the columns, which all have the same number of rows, and their kinds."""
        import numpy
        import pyarrow

        self._columns = [MatrixColumn(cells, kind) for cells, kind in zip(columns, kinds, strict=True)]
        self.sizes = [column.size for column in self._columns]
        """How many numbers a cell of each column is."""
        self.shape = (len(columns[0]), sum(self.sizes))
        self.dtype = numpy.result_type(*{column.dtype for column in self._columns})
        """The type of the numbers of all columns."""
        self._owners = [(index, place) for index, column in enumerate(self._columns) for place in range(column.size)]
        places = max(1, self.shape[1])
        self._rows = min(ROWS, max(FEWEST_ROWS, NUMBERS // places), max(1, MOST_NUMBERS // places))
        table = pyarrow.table(list(columns), names=[str(index) for index in range(len(columns))])
        self._batches = deque(batch for batch in table.to_batches() if batch.num_rows)

    def __len__(self) -> int:
        return self.shape[0]

    def ranges(self, most: int) -> Iterator[tuple[int, int]]:
        """Yield ranges of at most this many places; the places of a kind are a range of their own."""
        stop = 0
        for has_kind, several in groupby(self._columns, key=lambda column: column.has_kind):
            sizes = [column.size for column in several]
            for size in sizes if has_kind else [sum(sizes)]:
                first, stop = stop, stop + size
                step = size if has_kind else most
                yield from ((begin, min(begin + step, stop)) for begin in range(first, stop, max(1, step)))

    def cells(self, first: int, stop: int, rows: "NDArray[Any] | None") -> "NDArray[Any]":
        """Return some places of some rows, `(rows, places)`; each place is contiguous in memory."""
        import numpy

        numbers = numpy.empty((stop - first, len(self) if rows is None else len(rows)), dtype=self.dtype)
        row = 0
        for batch, own in self._of_rows(rows):
            end = row + (batch.num_rows if rows is None else len(own))
            at = 0
            for index, several in groupby(self._owners[first:stop], key=itemgetter(0)):
                places = [place for _, place in several]
                part = self._columns[index].numbers(batch.column(index))[own, places[0] : places[-1] + 1]
                numbers[at : at + len(places), row:end] = part.T
                at += len(places)
            row = end
        return numbers.T

    def different(self, first: int, stop: int, rows: "NDArray[Any] | None") -> "Iterator[NDArray[Any]]":
        """Yield blocks of numbers, `(n, places)`, as different as those of some rows.

        If the places are of a kind that makes many numbers of a cell, there are no blocks.
        """
        index, place = self._owners[first]
        column = self._columns[index]
        if not column.has_kind or place or stop - first != column.size:
            yield self.cells(first, stop, rows)
        else:
            yield from column.different((batch.column(index), own) for batch, own in self._of_rows(rows))

    def parts(self) -> "Iterator[tuple[int, pyarrow.RecordBatch]]":
        """Yield the cells of all rows in parts, each with the index of its first row, for `block`.

        They are freed once they have been used, so that this can be called only once.
        """
        start = freed = 0
        while self._batches:
            batch = self._batches.popleft()
            for begin in range(0, batch.num_rows, self._rows):
                yield start + begin, batch.slice(begin, self._rows)
            start += batch.num_rows
            freed += 8 * batch.num_rows * batch.num_columns
            del batch
            if freed >= RELEASED:
                freed = 0
                arrow_memory.release()
        arrow_memory.release()

    def block(self, part: "pyarrow.RecordBatch") -> "NDArray[Any]":
        """Return the numbers of some rows, `(rows, places)`; each place is contiguous in memory."""
        import numpy

        memory, first = numpy.empty((self.shape[1], part.num_rows), dtype=self.dtype), 0
        for column, cells in zip(self._columns, part.columns, strict=True):
            memory[first : first + column.size] = column.numbers(cells).T
            first += column.size
        return memory.T

    def _of_rows(self, rows: "NDArray[Any] | None") -> "Iterator[tuple[pyarrow.RecordBatch, Any]]":
        """Yield all batches, and which of their rows are among some rows, whose indices ascend; `None` for all."""
        if rows is None:
            yield from ((batch, slice(None)) for batch in self._batches)
        else:
            yield from zip(self._batches, split_rows(rows, [batch.num_rows for batch in self._batches]), strict=True)


def split_rows(rows: "NDArray[Any]", sizes: Sequence[int]) -> "Iterator[NDArray[Any]]":
    """Yield, for consecutive parts of a table with these sizes, the indices of rows in the part; `rows` ascend.

    >>> import numpy
    >>> [own.tolist() for own in split_rows(numpy.array([0, 3, 4]), [2, 3])]
    [[0], [1, 2]]
    """
    import numpy

    ends = numpy.cumsum(sizes)
    for own, end, size in zip(numpy.split(rows, numpy.searchsorted(rows, ends)), ends, sizes, strict=False):
        yield own - (end - size)
