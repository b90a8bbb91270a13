"""The buffers of modules, such as BatchNorm's statistics: looked for once, and found again in each step."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn


class Buffers:
    """Where the buffers of some modules are. A layer may put another tensor in the place of one."""

    def __init__(self, modules: "Iterable[nn.Module]"):
        """Look for them, once."""
        self._places = [
            (part._buffers, name)
            for module in modules
            for part in module.modules()
            for name, buffer in part._buffers.items()
            if buffer is not None
        ]

    def tensors(self) -> "list[Tensor]":
        """As they are now, in the same order each time."""
        return [owner[name] for owner, name in self._places]  # type: ignore[misc]  # None of them was None.


class KeptBuffers:
    """A copy of buffers, to which they can be put back."""

    def __init__(self, modules: "Iterable[nn.Module]"):
        """Copy them as they are now."""
        self._buffers = Buffers(modules)
        self._kept = [tensor.detach().clone() for tensor in self._buffers.tensors()]

    def keep(self) -> None:
        """Copy them as they are now."""
        if self._kept:
            copy(self._kept, self._buffers.tensors())

    def put_back(self) -> None:
        """Let them be as they were when they were last kept."""
        if self._kept:
            copy(self._buffers.tensors(), self._kept)


def copy(to: "list[Tensor]", tensors: "list[Tensor]") -> None:
    """Copy tensors to others, all at once where the device can."""
    import torch

    with torch.no_grad():
        torch._foreach_copy_(to, tensors)
