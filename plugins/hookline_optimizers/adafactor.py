"""Adafactor."""

from typing import Any

from hookline.spec import option, spec
from hookline_optimizers.base import TorchOptimizer


@spec
class Adafactor(TorchOptimizer):
    """Adam-like steps with little memory: of each matrix's mean squares only rows and columns are kept.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.Adafactor.html; Shazeer and Stern,
    https://arxiv.org/abs/1804.04235
    """

    lr: float = option(default=0.01, minimum=0)
    """The learning rate."""
    beta2_decay: float = option(default=-0.8, maximum=0)
    """The power of the number of steps by which old squares fade."""
    eps: tuple[float, float] | None = option(default=None, minimum=0)
    """Added to squared gradients, and the least size of a step beside the parameter; left out, the former is that of
    the parameter's type and the latter 0.001."""
    d: float = option(default=1.0, minimum=1)
    """Beyond which root mean square an update is clipped."""
    weight_decay: float = option(default=0.0, minimum=0)
    """Which part of a parameter, times the learning rate, is taken away at each step."""
    foreach: bool | None = None
    """Whether all parameters are updated together; left out, torch decides by the device."""
    maximize: bool = False
    """Whether the loss is made great instead of small."""

    def arguments(self) -> dict[str, Any]:
        """The options of torch; the half of its default of `eps` that is `None` cannot be said in TOML."""
        arguments = TorchOptimizer.arguments(self)
        if self.eps is None:
            del arguments["eps"]
        return arguments
