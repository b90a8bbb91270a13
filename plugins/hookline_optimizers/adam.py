"""Adam and its form with decoupled weight decay."""

from hookline.spec import option, spec
from hookline_optimizers.base import Fusible


@spec
class Adam(Fusible):
    """Steps scaled by running means of each parameter's gradient and of its square.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.Adam.html; Kingma and Ba,
    https://arxiv.org/abs/1412.6980
    """

    lr: float = option(default=0.001, minimum=0)
    """The learning rate."""
    betas: tuple[float, float] = option(default=(0.9, 0.999), minimum=0, below=1)
    """How much of the running means of the gradient and of its square is kept at each step."""
    eps: float = option(default=1e-08, minimum=0)
    """Added to the denominator, so that it is never 0."""
    weight_decay: float = option(default=0.0, minimum=0)
    """How strongly parameters are drawn towards 0, as an addition to the gradient."""
    amsgrad: bool = False
    """Whether the greatest mean square so far is used, https://arxiv.org/abs/1904.09237."""
    capturable: bool = False
    """Whether a step can be captured in a CUDA graph."""
    decoupled_weight_decay: bool = False
    """Whether weight decay acts on the parameter itself, as in AdamW."""


@spec
class AdamW(Fusible):
    """Adam with weight decay that acts on the parameters and not through the gradient.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.AdamW.html; Loshchilov and Hutter,
    https://arxiv.org/abs/1711.05101
    """

    lr: float = option(default=0.001, minimum=0)
    """The learning rate."""
    betas: tuple[float, float] = option(default=(0.9, 0.999), minimum=0, below=1)
    """How much of the running means of the gradient and of its square is kept at each step."""
    eps: float = option(default=1e-08, minimum=0)
    """Added to the denominator, so that it is never 0."""
    weight_decay: float = option(default=0.01, minimum=0)
    """Which part of a parameter, times the learning rate, is taken away at each step."""
    amsgrad: bool = False
    """Whether the greatest mean square so far is used, https://arxiv.org/abs/1904.09237."""
    capturable: bool = False
    """Whether a step can be captured in a CUDA graph."""
