"""Adafactor."""

from typing import Any

from hookline.spec import option, spec
from hookline_optimizers.base import TorchOptimizer


@spec
class Adafactor(TorchOptimizer):
    """Adam-like steps with little memory: of the mean squares of each matrix, only row and column statistics are kept.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.Adafactor.html; Shazeer and Stern,
    https://arxiv.org/abs/1804.04235
    """

    lr: float = option(default=0.01, minimum=0)
    """The learning rate."""
    beta2_decay: float = option(default=-0.8, maximum=0)
    """The exponent of the decay rate of the mean squares."""
    eps: tuple[float, float] | None = option(default=None, minimum=0)
    """The constants added to squared gradients and limiting the step size relative to the parameter from below.
    Default: the machine epsilon of the parameter's type, and 0.001."""
    d: float = option(default=1.0, minimum=1)
    """The root mean square to which larger updates are clipped."""
    weight_decay: float = option(default=0.0, minimum=0)
    """The decoupled weight decay: the fraction of a parameter, times the learning rate, subtracted in each step."""
    foreach: bool | None = None
    """Update all parameters together. Default: torch decides by device."""
    maximize: bool = False
    """Maximize the loss instead of minimizing it."""

    def arguments(self) -> dict[str, Any]:
        """Return torch's options. The `None` in torch's default for `eps` cannot be written in TOML."""
        arguments = TorchOptimizer.arguments(self)
        if self.eps is None:
            del arguments["eps"]
        return arguments
