"""Losses of steps that are made in one call, which say how many of them are complete if one fails."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor

UNWRITTEN = 0x7FC0DEAD
"""The bits of a loss that is not computed yet: a NaN that no operation returns."""


def unwritten(count: int, dtype: "torch.dtype") -> "Tensor":
    """Losses that are not computed yet."""
    import torch

    bits = torch.int64 if dtype == torch.float64 else torch.int32
    value = (UNWRITTEN << 32) if dtype == torch.float64 else UNWRITTEN
    return torch.full((count,), value, dtype=bits).view(dtype)


def count_of_written(losses: "Tensor") -> int:
    """The number of losses before the first one that is not computed."""
    import torch

    bits = torch.int64 if losses.dtype == torch.float64 else torch.int32
    equal = losses.view(bits) == unwritten(len(losses), losses.dtype).view(bits)
    return int(equal.nonzero()[0]) if equal.any() else len(losses)
