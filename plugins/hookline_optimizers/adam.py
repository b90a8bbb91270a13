"""Adam, and its variant with decoupled weight decay."""

from hookline.spec import StackedUpdate, option, spec
from hookline_optimizers import stacked
from hookline_optimizers.base import Fusible


@spec
class Adam(Fusible):
    """Steps scaled by running means of the gradient of each parameter and of its square.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.Adam.html; Kingma and Ba,
    https://arxiv.org/abs/1412.6980
    """

    lr: float = option(default=0.001, minimum=0)
    """The learning rate."""
    betas: tuple[float, float] = option(default=(0.9, 0.999), minimum=0, below=1)
    """The decay rates of the running means of the gradient and of its square."""
    eps: float = option(default=1e-08, minimum=0)
    """A constant added to the denominator for numerical stability."""
    weight_decay: float = option(default=0.0, minimum=0)
    """The weight decay (L2 penalty), added to the gradient."""
    amsgrad: bool = False
    """Use the maximum of all mean squares so far, https://arxiv.org/abs/1904.09237."""
    capturable: bool = False
    """Make the step capturable in a CUDA graph."""
    decoupled_weight_decay: bool = False
    """Decouple weight decay from the gradient, as in AdamW."""

    def stacked_update(self) -> StackedUpdate | None:
        """Return the step of several models at once."""
        return stacked.ADAM


@spec
class AdamW(Fusible):
    """Adam with weight decay applied to the parameters instead of the gradient.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.AdamW.html; Loshchilov and Hutter,
    https://arxiv.org/abs/1711.05101
    """

    lr: float = option(default=0.001, minimum=0)
    """The learning rate."""
    betas: tuple[float, float] = option(default=(0.9, 0.999), minimum=0, below=1)
    """The decay rates of the running means of the gradient and of its square."""
    eps: float = option(default=1e-08, minimum=0)
    """A constant added to the denominator for numerical stability."""
    weight_decay: float = option(default=0.01, minimum=0)
    """The decoupled weight decay: the fraction of a parameter, times the learning rate, subtracted in each step."""
    amsgrad: bool = False
    """Use the maximum of all mean squares so far, https://arxiv.org/abs/1904.09237."""
    capturable: bool = False
    """Make the step capturable in a CUDA graph."""

    def stacked_update(self) -> StackedUpdate | None:
        """Return the step of several models at once."""
        return stacked.ADAMW
