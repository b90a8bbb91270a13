"""Standardize numbers in float64."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray


def statistics_of(blocks: "Sequence[NDArray[Any]]") -> "tuple[NDArray[Any], NDArray[Any]]":
    """Return the mean and standard deviation of each column over the rows of all blocks; 1 for a constant column.

    Each column is contiguous in memory, so that the last bits do not depend on which columns are in a block.
    """
    import numpy

    together = blocks[0].T if len(blocks) == 1 else numpy.concatenate([block.T for block in blocks], axis=1)
    columns = numpy.ascontiguousarray(together, dtype=numpy.float64)
    mean, std = columns.mean(axis=1), columns.std(axis=1)
    # The computed mean of equal numbers such as 0.1 may be off by one bit, and the deviation may not be 0.
    least = columns.min(axis=1)
    is_constant = least == columns.max(axis=1)
    return numpy.where(is_constant, least, mean), numpy.where(is_constant | (std == 0), 1.0, std)


def prepared(
    raw: "NDArray[Any]", mean: "NDArray[Any] | None", std: "NDArray[Any] | None", dtype: str
) -> "NDArray[Any]":
    """Standardize numbers with these statistics, in float64, unless they are `None`, and cast them to a type."""
    import numpy

    if mean is None or std is None:
        return raw.astype(dtype, copy=False)
    with numpy.errstate(over="ignore"):  # The caller reports an overflow.
        return standardized(raw, mean, std).astype(dtype, copy=False)


def standardized(raw: "NDArray[Any]", mean: "NDArray[Any]", std: "NDArray[Any]") -> "NDArray[Any]":
    """Subtract the mean and divide by the standard deviation."""
    import numpy

    made = numpy.subtract(raw, mean, dtype=numpy.float64)
    return numpy.divide(made, std, out=made)
