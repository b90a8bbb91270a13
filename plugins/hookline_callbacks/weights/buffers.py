"""The buffers of modules, such as BatchNorm's statistics, found once for fast access in each step."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from torch import Tensor, nn

Groups: TypeAlias = "list[list[Tensor]]"
"""Tensors grouped by device and type, so that torch can process each group at once."""


class Buffers:
    """The buffers of modules. A layer may replace a buffer by another tensor."""

    def __init__(self, modules: "Iterable[nn.Module]"):
        """Find the buffers once."""
        groups: dict[Any, list[tuple[dict[str, Any], str]]] = {}
        for module in modules:
            for part in module.modules():
                for name, buffer in part._buffers.items():
                    if buffer is not None:
                        groups.setdefault((buffer.device, buffer.dtype), []).append((part._buffers, name))
        self._groups = list(groups.values())

    def tensors(self) -> Groups:
        """Return the current tensors, always in the same order."""
        return [[owner[name] for owner, name in places] for places in self._groups]


class KeptBuffers:
    """A copy of buffers that can be restored."""

    def __init__(self, modules: "Iterable[nn.Module]"):
        """Copy the current buffers."""
        self._buffers = Buffers(modules)
        self._kept = [[tensor.detach().clone() for tensor in group] for group in self._buffers.tensors()]

    def keep(self) -> None:
        """Copy the current buffers."""
        copy(self._kept, self._buffers.tensors())

    def restore(self) -> None:
        """Restore the latest copy."""
        copy(self._buffers.tensors(), self._kept)


def copy(to: Groups, tensors: Groups) -> None:
    """Copy tensors to other tensors."""
    import torch

    with torch.no_grad():
        for mine, others in zip(to, tensors, strict=True):
            torch._foreach_copy_(mine, others)
