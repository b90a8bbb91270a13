"""Indices as one-hot numbers."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray


def one_hot(indices: "NDArray[Any]", size: int) -> "pyarrow.Array":
    """Return a list of `size` numbers for each index: 1 at the index, and 0 elsewhere; only 0 for an index below 0."""
    import numpy
    import pyarrow

    numbers = numpy.zeros((len(indices), size), dtype=numpy.uint8)
    rows = numpy.flatnonzero(indices >= 0)
    numbers[rows, indices[rows]] = 1
    return pyarrow.FixedSizeListArray.from_arrays(numbers.reshape(-1), size)
