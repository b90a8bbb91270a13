"""Codes of classes: integers from 0, for the cells of a column."""

from typing import TYPE_CHECKING, Any

from hookline.data import TextCells

if TYPE_CHECKING:
    from numpy.typing import NDArray


def codes_of(cells: "NDArray[Any] | TextCells") -> "tuple[NDArray[Any], NDArray[Any]]":
    """Return the distinct cells, sorted, and for each cell the index of its value. The time is linear in the cells.

    >>> import numpy
    >>> codes_of(numpy.array(["b", "a", "b"]))
    (array(['a', 'b'], dtype='<U1'), array([1, 0, 1]))
    """
    import numpy
    import pyarrow

    if isinstance(cells, TextCells):
        return cells.codes()
    encoded = pyarrow.array(cells).dictionary_encode()
    found = encoded.dictionary.to_numpy(zero_copy_only=False)
    found = found.astype(str) if found.dtype.kind == "O" else found
    order = numpy.argsort(found, kind="stable")
    rank = numpy.empty(len(found), dtype=numpy.int64)
    rank[order] = numpy.arange(len(found))
    return found[order], rank[encoded.indices.to_numpy(zero_copy_only=False)]


def by_first_row(codes: "NDArray[Any]") -> "NDArray[Any]":
    """Return the codes renumbered in the order in which they first occur."""
    import numpy

    _, first, inverse = numpy.unique(codes, return_index=True, return_inverse=True)
    rank = numpy.empty(len(first), dtype=numpy.int64)
    rank[numpy.argsort(first, kind="stable")] = numpy.arange(len(first))
    return rank[inverse]


def by_quantiles(numbers: "NDArray[Any]", quantiles: int) -> "NDArray[Any]":
    """Return the index of the quantile in which each number lies: ranges with equally many numbers, up to ties.

    >>> import numpy
    >>> by_quantiles(numpy.array([5.0, 1.0, 2.0, 9.0]), 2)
    array([1, 0, 0, 1])
    """
    import numpy

    limits = numpy.quantile(numbers, numpy.arange(1, quantiles) / quantiles)
    return numpy.searchsorted(numpy.unique(limits), numbers, side="right")


def sorted_by(codes: "NDArray[Any]", order: "NDArray[Any]") -> "NDArray[Any]":
    """Return the rows in `order`, stably sorted by their codes. Codes below 2^16 are sorted in linear time."""
    import numpy

    small = codes.astype(numpy.uint16) if len(codes) and codes.max() < 2**16 else codes
    return order[numpy.argsort(small[order], kind="stable")]
