"""Nested lists, such as images: lists of rows of pixels."""

from typing import TYPE_CHECKING, Any

from hookline_data.reading.cells import is_list

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray


def depth(kind: "pyarrow.DataType") -> int:
    """Return how many lists are nested: 0 for a number."""
    return 1 + depth(kind.value_type) if is_list(kind) else 0


def first_shape(lists: "pyarrow.Array") -> list[int]:
    """Return the shape of the first cell of nested lists."""
    shape, cell = [], lists[0].as_py()
    while isinstance(cell, list):
        shape.append(len(cell))
        cell = cell[0] if cell else None
    return shape


def flattened(lists: "pyarrow.Array") -> "tuple[pyarrow.Array, NDArray[Any]]":
    """Return each cell of nested lists as one list of all its numbers, and whether the cell is irregular.

    A cell is regular if all lists at the same depth, in all cells, have the same size.
    """
    import numpy
    import pyarrow

    lengths = _lengths(lists)
    is_irregular = numpy.zeros(len(lists), dtype=bool)
    owners = numpy.repeat(numpy.arange(len(lists)), lengths)
    inner, totals = lists.flatten(), lengths
    while is_list(inner.type):
        sizes = _lengths(inner)
        if len(sizes):
            is_irregular[owners[sizes != sizes[0]]] = True
        totals = numpy.bincount(owners, weights=sizes, minlength=len(lists)).astype(numpy.int64)
        owners, inner = numpy.repeat(owners, sizes), inner.flatten()
    ends = numpy.concatenate([[0], numpy.cumsum(totals, dtype=numpy.int64)])
    mask = lists.is_null() if lists.null_count else None
    return pyarrow.LargeListArray.from_arrays(pyarrow.array(ends), inner, mask=mask), is_irregular


def _lengths(lists: "pyarrow.Array") -> "NDArray[Any]":
    import numpy
    from pyarrow import compute

    lengths = compute.fill_null(compute.list_value_length(lists), 0)
    return lengths.to_numpy(zero_copy_only=False).astype(numpy.int64)
