"""The tensors to which steps that are made in one call write their losses."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class Scalars(NamedTuple):
    """The losses of several steps, and the numbers of their terms."""

    tensors: "Sequence[Tensor]"
    """A tensor `(steps,)` for the loss, and for each number of the terms."""
    places: "Sequence[list[Tensor]]"
    """Its elements, to which the steps write."""

    @classmethod
    def of(cls, dtypes: "Iterable[torch.dtype | None]", count: int) -> "Scalars":
        """Make tensors of these types for so many steps."""
        import torch

        tensors = [torch.empty(count, dtype=dtype) for dtype in dtypes]
        return cls(tensors, [list(tensor.unbind()) for tensor in tensors])
