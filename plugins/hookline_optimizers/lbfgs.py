"""LBFGS."""

from typing import Literal

from hookline.errors import OptionError
from hookline.spec import option, spec
from hookline_optimizers.base import TorchOptimizer


@spec
class LBFGS(TorchOptimizer):
    """A quasi-Newton method: for small models, and batches that are all of the data.

    It evaluates the loss several times in a step, always for the same batch.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.LBFGS.html
    """

    needs_closure = True
    takes_sparse_gradients = True

    lr: float = option(default=1.0, above=0)
    """The learning rate; with a line search, the length that it tries first."""
    max_iter: int = option(default=20, minimum=1)
    """How many iterations a step has at most."""
    max_eval: int | None = option(default=None, minimum=1)
    """How many times a step evaluates the loss at most; left out, 1.25 times `max_iter`."""
    tolerance_grad: float = option(default=1e-07, minimum=0)
    """A step ends when no gradient is greater than this."""
    tolerance_change: float = option(default=1e-09, minimum=0)
    """A step ends when the loss or the parameters change by less than this."""
    history_size: int = option(default=100, minimum=1)
    """How many updates are remembered."""
    line_search_fn: Literal["strong_wolfe"] | None = None
    """The line search; left out, there is none."""

    def __attrs_post_init__(self) -> None:
        if self.groups:
            raise OptionError("groups", "LBFGS looks at all parameters as one and has no groups.")
