"""Gradients of an optimizer and their norms, bit for bit equal to torch's functions.

torch's functions group tensors by device and type on each call, which takes longer than computing the norm on a small
network. These functions skip that if all gradients have the same device and type, as is usual.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn, optim


def gradients_of(optimizer: "optim.Optimizer") -> "list[Tensor]":
    """Return the gradients of all parameters that have one."""
    return [
        gradient
        for group in optimizer.param_groups
        for parameter in group["params"]
        if (gradient := parameter.grad) is not None
    ]


class GradientsInModelOrder:
    """The gradients of an optimizer, in the order of `model.parameters()`.

    An optimizer with parameter groups has them in the order of its groups. A norm summed in that order may differ in
    the last bits from that of `clip_grad_norm_(model.parameters(), …)`.
    """

    def __init__(self, *modules: "nn.Module"):
        """Keep the order of the parameters of the modules, model first."""
        parameters = [parameter for module in modules for parameter in module.parameters()]
        self._places = {id(parameter): place for place, parameter in enumerate(parameters)}
        self._parameters: list[nn.Parameter] = []

    def of(self, optimizer: "optim.Optimizer") -> "list[Tensor]":
        """Return the gradients of all parameters that have one; parameters outside the modules come last."""
        # Sort again only if parameters were added to the optimizer.
        if sum(len(group["params"]) for group in optimizer.param_groups) != len(self._parameters):
            parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
            last = len(self._places)
            self._parameters = sorted(parameters, key=lambda parameter: self._places.get(id(parameter), last))
        return [gradient for parameter in self._parameters if (gradient := parameter.grad) is not None]


def are_finite(loss: "Tensor", gradients: "list[Tensor]") -> bool:
    """Whether a loss and all gradients are finite. Synchronizes with the device once."""
    import torch

    # The maximum of all numbers is finite if each number is.
    norms = _norms(gradients, math.inf) if gradients else []
    greatest = torch.linalg.vector_norm(torch.stack([loss, *(norm.to(loss.device) for norm in norms)]), math.inf)
    return math.isfinite(greatest.item())


def total_norm(gradients: "list[Tensor]", norm_type: float) -> "Tensor":
    """Return the norm of all gradients together, like `torch.nn.utils.get_total_norm`."""
    import torch

    if not _are_alike(gradients):
        return torch.nn.utils.get_total_norm(gradients, norm_type)
    return torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients, norm_type)), norm_type)


def clip_norm(gradients: "list[Tensor]", max_norm: float, norm_type: float) -> None:
    """Clip gradients by their norm, like `torch.nn.utils.clip_grad_norm_`."""
    import torch

    total = total_norm(gradients, norm_type)
    if total.device.type == "cpu" and total.item() + 1e-5 < 0.999 * max_norm:
        return  # The factor would be 1. Other devices are not synchronized for this test.
    factor = (total + 1e-6).reciprocal_().mul_(max_norm).clamp_(max=1.0)
    if _are_alike(gradients):
        torch._foreach_mul_(gradients, factor)
    else:
        for gradient in gradients:
            gradient.mul_(factor.to(gradient.device))


def clip_value(gradients: "list[Tensor]", greatest: float) -> None:
    """Clip each element to [-greatest, greatest], like `torch.nn.utils.clip_grad_value_`."""
    import torch

    if _are_alike(gradients):
        torch._foreach_clamp_min_(gradients, -greatest)
        torch._foreach_clamp_max_(gradients, greatest)
    else:
        for gradient in gradients:
            gradient.clamp_(-greatest, greatest)


def _norms(gradients: "list[Tensor]", norm_type: float) -> "Sequence[Tensor]":
    """Return the norm of each gradient."""
    import torch

    if _are_alike(gradients):
        return torch._foreach_norm(gradients, norm_type)
    return [torch.linalg.vector_norm(gradient, norm_type) for gradient in gradients]


def _are_alike(gradients: "list[Tensor]") -> bool:
    """Whether all gradients are plain tensors of one type on one device, which torch can process at once."""
    import torch

    plain, device, dtype = torch.Tensor, gradients[0].device, gradients[0].dtype
    if device.type not in ("cpu", "cuda", "xpu"):
        return False
    return all(type(one) is plain and one.dtype is dtype and one.device == device for one in gradients)
