"""What all optimizers of torch have in common: it is torch's class of the same name, with the same options."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from attrs import asdict

from hookline import OptimizerSpec, spec

if TYPE_CHECKING:
    from torch import nn, optim


@spec
class TorchOptimizer(OptimizerSpec):
    """An optimizer of `torch.optim`. A class below it declares torch's options and is complete."""

    def build(self, parameters: "Iterable[nn.Parameter]") -> "optim.Optimizer":
        """`torch.optim.<the name of this class>` with these options."""
        import torch

        optimizer: optim.Optimizer = getattr(torch.optim, type(self).__name__)(parameters, **self.arguments())
        return optimizer

    def arguments(self) -> dict[str, Any]:
        """The options as torch's class takes them."""
        return asdict(self, recurse=False)


@spec
class FirstOrder(TorchOptimizer):
    """The options that torch's optimizers by gradients have in common."""

    maximize: bool = False
    """Whether the loss is made great instead of small."""
    foreach: bool | None = None
    """Whether all parameters are updated together; left out, torch decides by the device."""
    differentiable: bool = False
    """Whether the step itself can be differentiated."""
