"""What has grown out of Adam: Adamax, NAdam and RAdam."""

from hookline.spec import option, spec
from hookline_optimizers.base import FirstOrder


@spec
class Adamax(FirstOrder):
    """Adam with the greatest gradient, which fades, in place of the mean square.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.Adamax.html; Kingma and Ba,
    https://arxiv.org/abs/1412.6980
    """

    lr: float = option(default=0.002, minimum=0)
    """The learning rate."""
    betas: tuple[float, float] = option(default=(0.9, 0.999), minimum=0, below=1)
    """How much of the running mean of the gradient and of its greatest value is kept at each step."""
    eps: float = option(default=1e-08, minimum=0)
    """Added to the denominator, so that it is never 0."""
    weight_decay: float = option(default=0.0, minimum=0)
    """How strongly parameters are drawn towards 0, as an addition to the gradient."""
    capturable: bool = False
    """Whether a step can be captured in a CUDA graph."""


@spec
class NAdam(FirstOrder):
    """Adam with Nesterov's momentum.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.NAdam.html; Dozat,
    https://openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ
    """

    lr: float = option(default=0.002, minimum=0)
    """The learning rate."""
    betas: tuple[float, float] = option(default=(0.9, 0.999), minimum=0, below=1)
    """How much of the running means of the gradient and of its square is kept at each step."""
    eps: float = option(default=1e-08, minimum=0)
    """Added to the denominator, so that it is never 0."""
    weight_decay: float = option(default=0.0, minimum=0)
    """How strongly parameters are drawn towards 0."""
    momentum_decay: float = option(default=0.004, minimum=0)
    """How fast the momentum falls."""
    decoupled_weight_decay: bool = False
    """Whether weight decay acts on the parameter itself, as in AdamW."""
    capturable: bool = False
    """Whether a step can be captured in a CUDA graph."""


@spec
class RAdam(FirstOrder):
    """Adam that waits to scale its steps until the mean square is known well enough.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.RAdam.html; Liu and others,
    https://arxiv.org/abs/1908.03265
    """

    lr: float = option(default=0.001, minimum=0)
    """The learning rate."""
    betas: tuple[float, float] = option(default=(0.9, 0.999), minimum=0, below=1)
    """How much of the running means of the gradient and of its square is kept at each step."""
    eps: float = option(default=1e-08, minimum=0)
    """Added to the denominator, so that it is never 0."""
    weight_decay: float = option(default=0.0, minimum=0)
    """How strongly parameters are drawn towards 0."""
    decoupled_weight_decay: bool = False
    """Whether weight decay acts on the parameter itself, as in AdamW."""
    capturable: bool = False
    """Whether a step can be captured in a CUDA graph."""
