"""Adagrad and Adadelta."""

from hookline.spec import option, spec
from hookline_optimizers.base import FirstOrder, Fusible


@spec
class Adagrad(Fusible):
    """Steps scaled by the root of the sum of each parameter's squared gradients; good for gradients that are rare.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.Adagrad.html; Duchi, Hazan and Singer,
    https://jmlr.org/papers/v12/duchi11a.html
    """

    takes_sparse_gradients = True
    not_in_groups = (*Fusible.not_in_groups, "initial_accumulator_value")  # torch does not look at it there.

    lr: float = option(default=0.01, minimum=0)
    """The learning rate."""
    lr_decay: float = option(default=0.0, minimum=0)
    """How fast the learning rate falls: it is divided by 1 + `lr_decay` times the number of steps."""
    weight_decay: float = option(default=0.0, minimum=0)
    """How strongly parameters are drawn towards 0, as an addition to the gradient."""
    initial_accumulator_value: float = option(default=0.0, minimum=0)
    """Where the sum of squared gradients starts."""
    eps: float = option(default=1e-10, minimum=0)
    """Added to the denominator, so that it is never 0."""


@spec
class Adadelta(FirstOrder):
    """Steps scaled by running means of squared gradients and of squared steps; the learning rate matters little.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.Adadelta.html; Zeiler,
    https://arxiv.org/abs/1212.5701
    """

    lr: float = option(default=1.0, minimum=0)
    """What each step is multiplied by at last."""
    rho: float = option(default=0.9, minimum=0, maximum=1)
    """How much of the running means is kept at each step."""
    eps: float = option(default=1e-06, minimum=0)
    """Added under the roots, so that they are never 0."""
    weight_decay: float = option(default=0.0, minimum=0)
    """How strongly parameters are drawn towards 0, as an addition to the gradient."""
    capturable: bool = False
    """Whether a step can be captured in a CUDA graph."""
