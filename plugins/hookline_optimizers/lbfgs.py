"""LBFGS."""

from typing import Literal

from hookline.errors import OptionError
from hookline.spec import option, spec
from hookline_optimizers.base import TorchOptimizer


@spec
class LBFGS(TorchOptimizer):
    """A quasi-Newton method, for small models and full-batch training.

    It evaluates the loss of the same batch several times per step.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.LBFGS.html
    """

    needs_closure = True
    for_full_batches = True
    takes_sparse_gradients = True

    lr: float = option(default=1.0, above=0)
    """The learning rate; with a line search, the initial step length."""
    max_iter: int = option(default=20, minimum=1)
    """The maximum number of iterations per step."""
    max_eval: int | None = option(default=None, minimum=1)
    """The maximum number of loss evaluations per step. Default: 1.25 times `max_iter`."""
    tolerance_grad: float = option(default=1e-07, minimum=0)
    """The step ends when no gradient element is larger than this."""
    tolerance_change: float = option(default=1e-09, minimum=0)
    """The step ends when loss or parameters change by less than this."""
    history_size: int = option(default=100, minimum=1)
    """The number of updates to remember."""
    line_search_fn: Literal["strong_wolfe"] | None = None
    """The line search. Default: none."""

    def __attrs_post_init__(self) -> None:
        if self.groups:
            raise OptionError("groups", "LBFGS does not support groups.")
