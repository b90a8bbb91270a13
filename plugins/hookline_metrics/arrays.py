"""Count with NumPy on a CPU: for the few rows of a small split, it takes a fraction of the time of torch."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

MOST = 2**18
"""The largest number of elements. For more, torch uses several threads."""


def quick(*tensors: "Tensor") -> "list[Any]":
    """Return small tensors on a CPU as NumPy arrays with the same memory, and others as they are.

    Use it for what is written in the same way for both: arithmetic, comparisons, and methods such as `argmax(1)`.
    """
    import torch

    for one in tensors:
        if not one.is_cpu or one.dtype is torch.bfloat16 or one.numel() > MOST:
            return list(tensors)
    return [one.detach().numpy() for one in tensors]


def as_array(values: Any) -> "NDArray[Any]":
    """Return an array as it is, and a tensor as an array on the CPU."""
    import numpy

    return values if isinstance(values, numpy.ndarray) else values.cpu().numpy()


def in_float64(values: "Tensor") -> "NDArray[Any]":
    """Return a tensor as an array on the CPU, float64."""
    import numpy

    [numbers] = quick(values)
    return numbers.astype(numpy.float64) if isinstance(numbers, numpy.ndarray) else numbers.cpu().double().numpy()


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
        try:
            numpy.empty(length, bool)[counted]  # It refuses indices that are too large, which would take much memory.
            return numpy.bincount(counted, minlength=length)  # It refuses negative ones.
        except (IndexError, ValueError):
            index = min(counted.min(), 0) or counted.max()
            raise IndexError(f"index {index} is out of bounds for {length} classes") from None
    times = torch.ones_like(indices) if where is None else where.long()
    # Not `bincount`, which synchronizes the device.
    return torch.zeros(length, dtype=torch.int64, device=indices.device).scatter_add_(0, indices, times)


def count_pairs(predicted: Any, true: Any, length: int, where: Any = None) -> Any:
    """Return how often each index is predicted and true, predicted, true, and the rows, int64 `(4, length)`.

    Args:
        predicted: the predicted index of each row, int64 `(rows,)`.
        true: the true index.
        length: the number of indices.
        where: which rows count; see `count`.

    Raises:
        IndexError: if an index is negative or too large.

    """
    import numpy

    if not isinstance(true, numpy.ndarray):
        is_hit, of_true = predicted == true, count(true, length, where)
        hits = count(true, length, is_hit if where is None else is_hit & where)
        return stacked([hits, count(predicted, length, where), of_true, of_true.sum().repeat(length)])
    if where is not None:
        predicted, true = predicted[where], true[where]
    counts = numpy.empty((4, length), numpy.int64)
    counts[2] = count(true, length)
    counts[1] = count(predicted, length)
    counts[0] = numpy.bincount(true[predicted == true], minlength=length)
    counts[3] = len(true)
    return counts


def count_true(parts: Sequence[Any]) -> Any:
    """Return how often each column is true, int64 `(parts, columns)`, for several arrays or tensors of truth values.

    On a CPU, the result is an array.
    """
    import numpy

    if isinstance(parts[0], numpy.ndarray) and parts[0].shape[1] == 1:
        return numpy.array([[numpy.count_nonzero(part)] for part in parts])
    return stacked([part.sum(0) for part in parts])


def stacked(parts: Sequence[Any]) -> Any:
    """Return arrays or tensors of the same shape as the rows of one. On a CPU, the result is an array."""
    import numpy
    import torch

    if isinstance(parts[0], numpy.ndarray):
        return numpy.array(parts)
    together = torch.stack(list(parts))
    return together.numpy() if together.is_cpu else together
