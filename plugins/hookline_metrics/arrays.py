"""Count with NumPy on a CPU: for the few rows of a small split, it takes a fraction of the time of torch."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

MOST = 2**18
"""The largest number of elements. For more, torch uses several threads."""


def quick(*tensors: "Tensor") -> "list[Any]":
    """Return small tensors on a CPU as NumPy arrays with the same memory, and others as they are.

    Use it for what is written in the same way for both: arithmetic, comparisons, and methods such as `argmax(1)`.
    """
    import torch

    if all(one.is_cpu and one.dtype is not torch.bfloat16 and one.numel() <= MOST for one in tensors):
        return [one.detach().numpy() for one in tensors]
    return list(tensors)


def has_nan(values: Any) -> "Tensor | bool":
    """Return whether a value is NaN; a tensor for a tensor, which avoids synchronization."""
    import numpy

    # `count_nonzero` takes a tenth of the time of `any` for few values.
    return bool(numpy.count_nonzero(numpy.isnan(values))) if isinstance(values, numpy.ndarray) else values.isnan().any()


def count(indices: Any, length: int, where: Any = None) -> Any:
    """Return how often each index below `length` occurs, int64 `(length,)`.

    Args:
        indices: int64 `(rows,)`.
        length: the number of indices.
        where: which rows count, bool `(rows,)`; `None` for all.

    Raises:
        IndexError: if an index is negative or too large.

    """
    import numpy
    import torch

    if isinstance(indices, numpy.ndarray):
        counted = indices if where is None else indices[where]
        _refuse_others(counted, length)
        return numpy.bincount(counted, minlength=length)
    times = torch.ones_like(indices) if where is None else where.long()
    # Not `bincount`, which synchronizes the device.
    return torch.zeros(length, dtype=torch.int64, device=indices.device).scatter_add_(0, indices, times)


def table(rows: Any, columns: Any, length: int) -> Any:
    """Return how often each pair of indices occurs, int64 `(length, length)`.

    Args:
        rows: the index of the row of each pair, a NumPy array, int64.
        columns: the index of its column, which must be valid.
        length: the number of indices.

    Raises:
        IndexError: if the index of a row is negative or too large.

    """
    import numpy

    _refuse_others(rows, length)
    return numpy.bincount(rows * length + columns, minlength=length**2).reshape(length, length)


def _refuse_others(indices: Any, length: int) -> None:
    import numpy

    # As numbers without a sign, negative ones are the largest.
    if indices.view(numpy.uint64).max(initial=0) >= length:
        index = min(indices.min(), 0) or indices.max()
        raise IndexError(f"index {index} is out of bounds for {length} classes")


def stacked(parts: "list[Any]") -> "Tensor":
    """Return arrays or tensors of the same shape as the rows of a tensor."""
    import numpy
    import torch

    return torch.from_numpy(numpy.array(parts)) if isinstance(parts[0], numpy.ndarray) else torch.stack(parts)
