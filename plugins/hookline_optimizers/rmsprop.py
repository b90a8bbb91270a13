"""RMSprop."""

from hookline.spec import option, spec
from hookline_optimizers.base import FirstOrder


@spec
class RMSprop(FirstOrder):
    """Steps scaled by the root of a running mean of each parameter's squared gradient.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.RMSprop.html; Hinton's lecture notes,
    https://www.cs.toronto.edu/~tijmen/csc321/slides/lecture_slides_lec6.pdf
    """

    lr: float = option(default=0.01, minimum=0)
    """The learning rate."""
    alpha: float = option(default=0.99, minimum=0)
    """How much of the running mean is kept at each step."""
    eps: float = option(default=1e-08, minimum=0)
    """Added to the denominator, so that it is never 0."""
    weight_decay: float = option(default=0.0, minimum=0)
    """How strongly parameters are drawn towards 0, as an addition to the gradient."""
    momentum: float = option(default=0.0, minimum=0)
    """How much of the last step is kept in the next."""
    centered: bool = False
    """Whether the gradient is scaled by an estimate of its variance."""
    capturable: bool = False
    """Whether a step can be captured in a CUDA graph."""
