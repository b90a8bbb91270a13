"""The gradients that an optimizer is about to use, and how great they are: with the bits of torch's own functions.

Those sort tensors by device and type each time, and look several times at what they are; on a small network this takes
longer than the norm. Where all gradients are alike, as almost always, it is left out.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn, optim


def gradients_of(optimizer: "optim.Optimizer") -> "list[Tensor]":
    """The gradients of all its parameters that have one."""
    return [
        gradient
        for group in optimizer.param_groups
        for parameter in group["params"]
        if (gradient := parameter.grad) is not None
    ]


class GradientsInModelOrder:
    """The gradients that an optimizer is about to use, in the order of `model.parameters()`.

    An optimizer with parameter groups has them in the order of its groups. A norm that is added up in that order can
    differ in its last bits from the one that `clip_grad_norm_(model.parameters(), …)` computes.
    """

    def __init__(self, *modules: "nn.Module"):
        """The modules that are trained, the model first."""
        parameters = [parameter for module in modules for parameter in module.parameters()]
        self._places = {id(parameter): place for place, parameter in enumerate(parameters)}
        self._parameters: list[nn.Parameter] = []

    def of(self, optimizer: "optim.Optimizer") -> "list[Tensor]":
        """The gradients of all its parameters that have one; of parameters that are in no module they come last."""
        # Sorted again only if parameters have been added to the optimizer.
        if sum(len(group["params"]) for group in optimizer.param_groups) != len(self._parameters):
            parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
            last = len(self._places)
            self._parameters = sorted(parameters, key=lambda parameter: self._places.get(id(parameter), last))
        return [gradient for parameter in self._parameters if (gradient := parameter.grad) is not None]


def are_finite(loss: "Tensor", gradients: "list[Tensor]") -> bool:
    """Whether a loss and all numbers of gradients are. The device is waited for, once."""
    import torch

    # The greatest of all numbers, which is finite if each is.
    norms = _norms(gradients, math.inf) if gradients else []
    greatest = torch.linalg.vector_norm(torch.stack([loss, *(norm.to(loss.device) for norm in norms)]), math.inf)
    return math.isfinite(greatest.item())


def total_norm(gradients: "list[Tensor]", norm_type: float) -> "Tensor":
    """The norm of all together, as `torch.nn.utils.get_total_norm` gives it."""
    import torch

    if not _are_alike(gradients):
        return torch.nn.utils.get_total_norm(gradients, norm_type)
    return torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients, norm_type)), norm_type)


def clip_norm(gradients: "list[Tensor]", max_norm: float, norm_type: float) -> None:
    """Make them smaller if their norm is too great, as `torch.nn.utils.clip_grad_norm_` does it."""
    import torch

    total = total_norm(gradients, norm_type)
    if total.device.type == "cpu" and total.item() + 1e-5 < 0.999 * max_norm:
        return  # They would be multiplied by 1. Another device is not waited for.
    factor = (total + 1e-6).reciprocal_().mul_(max_norm).clamp_(max=1.0)
    if _are_alike(gradients):
        torch._foreach_mul_(gradients, factor)
    else:
        for gradient in gradients:
            gradient.mul_(factor.to(gradient.device))


def clip_value(gradients: "list[Tensor]", greatest: float) -> None:
    """Bring each number between -greatest and greatest, as `torch.nn.utils.clip_grad_value_` does it."""
    import torch

    if _are_alike(gradients):
        torch._foreach_clamp_min_(gradients, -greatest)
        torch._foreach_clamp_max_(gradients, greatest)
    else:
        for gradient in gradients:
            gradient.clamp_(-greatest, greatest)


def _norms(gradients: "list[Tensor]", norm_type: float) -> "Sequence[Tensor]":
    """The norm of each."""
    import torch

    if _are_alike(gradients):
        return torch._foreach_norm(gradients, norm_type)
    return [torch.linalg.vector_norm(gradient, norm_type) for gradient in gradients]


def _are_alike(gradients: "list[Tensor]") -> bool:
    """Whether they are plain tensors of one type on one device, which torch goes through at once."""
    import torch

    plain, device, dtype = torch.Tensor, gradients[0].device, gradients[0].dtype
    if device.type not in ("cpu", "cuda", "xpu"):
        return False
    return all(type(one) is plain and one.dtype is dtype and one.device == device for one in gradients)
