"""What all optimizers of torch have in common: it is torch's class of the same name, with the same options."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from attrs import fields, frozen

from hookline import OptimizerSpec

if TYPE_CHECKING:
    from torch import nn, optim


@frozen(kw_only=True)
class TorchOptimizer(OptimizerSpec):
    """An optimizer of `torch.optim`. A class below it declares torch's options and is complete."""

    def build(self, parameters: "Iterable[nn.Parameter]") -> "optim.Optimizer":
        """`torch.optim.<the name of this class>` with these options."""
        import torch

        options = {attribute.name: getattr(self, attribute.name) for attribute in fields(type(self))}
        optimizer: optim.Optimizer = getattr(torch.optim, type(self).__name__)(parameters, **options)
        return optimizer


@frozen(kw_only=True)
class FirstOrder(TorchOptimizer):
    """The options that torch's optimizers by gradients have in common."""

    maximize: bool = False
    """Whether the loss is made great instead of small."""
    foreach: bool | None = None
    """Whether all parameters are updated together; left out, torch decides by the device."""
    differentiable: bool = False
    """Whether the step itself can be differentiated."""
