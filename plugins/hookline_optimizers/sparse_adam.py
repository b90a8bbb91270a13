"""SparseAdam."""

from collections.abc import Sequence

from hookline.errors import MismatchError
from hookline.spec import NamedParameter, option, spec
from hookline_optimizers.base import TorchOptimizer


@spec
class SparseAdam(TorchOptimizer):
    """Adam for sparse gradients: updates only the rows that have one. For embeddings with `sparse = true`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.SparseAdam.html
    """

    takes_sparse_gradients = True

    lr: float = option(default=0.001, minimum=0)
    """The learning rate."""
    betas: tuple[float, float] = option(default=(0.9, 0.999), minimum=0, below=1)
    """The decay rates of the running means of the gradient and of its square."""
    eps: float = option(default=1e-08, above=0)
    """A constant added to the denominator for numerical stability."""
    maximize: bool = False
    """Maximize the loss instead of minimizing it."""

    def check(self, parameters: Sequence[NamedParameter]) -> None:
        """Refuse dense gradients."""
        for parameter in parameters:
            if not parameter.has_sparse_gradient:
                raise MismatchError(
                    f"SparseAdam takes sparse gradients, but that of {parameter.name} is dense: use it for embeddings "
                    f"with `sparse = true`, and train the others with another optimizer, such as Adam, in a Partition."
                )
