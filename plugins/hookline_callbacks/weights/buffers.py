"""The buffers of modules, such as BatchNorm's statistics: looked for once, and found again in each step."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from torch import Tensor, nn

Groups: TypeAlias = "list[list[Tensor]]"
"""Tensors in groups of one device and type, which the device can go through at once."""


class Buffers:
    """Where the buffers of some modules are. A layer may put another tensor in the place of one."""

    def __init__(self, modules: "Iterable[nn.Module]"):
        """Look for them, once."""
        groups: dict[Any, list[tuple[dict[str, Any], str]]] = {}
        for module in modules:
            for part in module.modules():
                for name, buffer in part._buffers.items():
                    if buffer is not None:
                        groups.setdefault((buffer.device, buffer.dtype), []).append((part._buffers, name))
        self._groups = list(groups.values())

    def tensors(self) -> Groups:
        """As they are now, in the same order each time."""
        return [[owner[name] for owner, name in places] for places in self._groups]


class KeptBuffers:
    """A copy of buffers, to which they can be put back."""

    def __init__(self, modules: "Iterable[nn.Module]"):
        """Copy them as they are now."""
        self._buffers = Buffers(modules)
        self._kept = [[tensor.detach().clone() for tensor in group] for group in self._buffers.tensors()]

    def keep(self) -> None:
        """Copy them as they are now."""
        copy(self._kept, self._buffers.tensors())

    def put_back(self) -> None:
        """Let them be as they were when they were last kept."""
        copy(self._buffers.tensors(), self._kept)


def copy(to: Groups, tensors: Groups) -> None:
    """Copy tensors to others."""
    import torch

    with torch.no_grad():
        for mine, others in zip(to, tensors, strict=True):
            torch._foreach_copy_(mine, others)
