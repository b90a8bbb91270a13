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

    return bool(numpy.isnan(values).any()) if isinstance(values, numpy.ndarray) else values.isnan().any()


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
        for index in (counted.min(initial=0), counted.max(initial=0)):
            if not 0 <= index < length:
                raise IndexError(f"index {index} is out of bounds for {length} classes")
        return numpy.bincount(counted, minlength=length)
    times = torch.ones_like(indices) if where is None else where.long()
    # Not `bincount`, which synchronizes the device.
    return torch.zeros(length, dtype=torch.int64, device=indices.device).scatter_add_(0, indices, times)


def stacked(parts: "list[Any]") -> "Tensor":
    """Return arrays or tensors of the same shape as the rows of a tensor."""
    import numpy
    import torch

    return torch.from_numpy(numpy.array(parts)) if isinstance(parts[0], numpy.ndarray) else torch.stack(parts)
