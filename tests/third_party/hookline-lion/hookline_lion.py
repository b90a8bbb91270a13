"""The Lion optimizer, and a scheduler that goes with it, as somebody else's distribution brings them."""

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from hookline import hookimpl
from hookline.spec import OptimizerSpec, Spec, option, spec
from hookline.training import SchedulerSpec

if TYPE_CHECKING:
    from torch import optim
    from torch.optim.lr_scheduler import LRScheduler


@hookimpl
def register_specs() -> list[type[Spec]]:
    """The optimizer and the scheduler."""
    return [Lion, WarmupCosine]


@spec
class Lion(OptimizerSpec):
    """Steps along the sign of a mean of gradients: as long in one parameter as in another.

    Source: Chen and others, https://arxiv.org/abs/2302.06675
    """

    lr: float = option(default=1e-4, minimum=0)
    """The learning rate: how far each parameter goes in a step."""
    betas: tuple[float, float] = option(default=(0.9, 0.99), minimum=0, below=1)
    """How much of the mean of gradients counts in a step, and how much of it is kept."""
    weight_decay: float = option(default=0.0, minimum=0)
    """How strongly parameters are drawn towards 0, apart from the gradient."""

    def build(self, parameters: Iterable[Any]) -> "optim.Optimizer":
        """The optimizer."""
        import torch

        class Lion(torch.optim.Optimizer):
            @torch.no_grad()
            def step(self, closure: Any = None) -> Any:
                loss = None
                if closure is not None:
                    with torch.enable_grad():
                        loss = closure()
                for group in self.param_groups:
                    first, second = group["betas"]
                    for parameter in group["params"]:
                        if parameter.grad is None:
                            continue
                        state = self.state[parameter]
                        if not state:
                            state["mean"] = torch.zeros_like(parameter)
                        mean, gradient = state["mean"], parameter.grad
                        parameter.mul_(1 - group["lr"] * group["weight_decay"])
                        parameter.sub_(mean.lerp(gradient, 1 - first).sign_(), alpha=group["lr"])
                        mean.lerp_(gradient, 1 - second)
                return loss

        return Lion(parameters, {"lr": self.lr, "betas": self.betas, "weight_decay": self.weight_decay})


@spec
class WarmupCosine(SchedulerSpec):
    """Lets the learning rate rise along a line, and then fall along a cosine to 0 at the end of the run."""

    warmup: float = option(default=0.1, minimum=0, maximum=1)
    """Which part of the run it rises for."""

    @property
    def is_per_step(self) -> bool:
        """It is stepped after each step."""
        return True

    def build_scheduler(self, optimizer: "optim.Optimizer", length: int) -> "LRScheduler":
        """The scheduler, for a run of so many steps."""
        from torch.optim.lr_scheduler import LambdaLR

        rising = self.warmup * length

        def factor(step: int) -> float:
            if step < rising:
                return (step + 1) / (rising + 1)
            return 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1.0, length - rising)))

        return LambdaLR(optimizer, factor)
