"""Variants of Adam: Adamax, NAdam and RAdam."""

from hookline.spec import option, spec
from hookline_optimizers.base import FirstOrder


@spec
class Adamax(FirstOrder):
    """Adam with a decaying maximum of the gradient instead of the mean square.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.Adamax.html; Kingma and Ba,
    https://arxiv.org/abs/1412.6980
    """

    lr: float = option(default=0.002, minimum=0)
    """The learning rate."""
    betas: tuple[float, float] = option(default=(0.9, 0.999), minimum=0, below=1)
    """The decay rates of the running mean of the gradient and of its maximum."""
    eps: float = option(default=1e-08, minimum=0)
    """A constant added to the denominator for numerical stability."""
    weight_decay: float = option(default=0.0, minimum=0)
    """The weight decay (L2 penalty), added to the gradient."""
    capturable: bool = False
    """Make the step capturable in a CUDA graph."""


@spec
class NAdam(FirstOrder):
    """Adam with Nesterov's momentum.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.NAdam.html; Dozat,
    https://openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ
    """

    lr: float = option(default=0.002, minimum=0)
    """The learning rate."""
    betas: tuple[float, float] = option(default=(0.9, 0.999), minimum=0, below=1)
    """The decay rates of the running means of the gradient and of its square."""
    eps: float = option(default=1e-08, minimum=0)
    """A constant added to the denominator for numerical stability."""
    weight_decay: float = option(default=0.0, minimum=0)
    """The weight decay (L2 penalty)."""
    momentum_decay: float = option(default=0.004, minimum=0)
    """The decay of the momentum."""
    decoupled_weight_decay: bool = False
    """Decouple weight decay from the gradient, as in AdamW."""
    capturable: bool = False
    """Make the step capturable in a CUDA graph."""


@spec
class RAdam(FirstOrder):
    """Adam that scales its steps only once the variance of the mean square is small enough.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.RAdam.html; Liu and others,
    https://arxiv.org/abs/1908.03265
    """

    lr: float = option(default=0.001, minimum=0)
    """The learning rate."""
    betas: tuple[float, float] = option(default=(0.9, 0.999), minimum=0, below=1)
    """The decay rates of the running means of the gradient and of its square."""
    eps: float = option(default=1e-08, minimum=0)
    """A constant added to the denominator for numerical stability."""
    weight_decay: float = option(default=0.0, minimum=0)
    """The weight decay (L2 penalty)."""
    decoupled_weight_decay: bool = False
    """Decouple weight decay from the gradient, as in AdamW."""
    capturable: bool = False
    """Make the step capturable in a CUDA graph."""
