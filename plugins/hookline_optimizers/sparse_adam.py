"""SparseAdam."""

from collections.abc import Sequence

from hookline.errors import MisfitError
from hookline.spec import NamedParameter, option, spec
from hookline_optimizers.base import TorchOptimizer


@spec
class SparseAdam(TorchOptimizer):
    """Adam for sparse gradients: only the rows that have one are moved. For embeddings with `sparse = true`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.SparseAdam.html
    """

    takes_sparse_gradients = True

    lr: float = option(default=0.001, minimum=0)
    """The learning rate."""
    betas: tuple[float, float] = option(default=(0.9, 0.999), minimum=0, below=1)
    """How much of the running means of the gradient and of its square is kept at each step."""
    eps: float = option(default=1e-08, above=0)
    """Added to the denominator, so that it is never 0."""
    maximize: bool = False
    """Whether the loss is made great instead of small."""

    def check(self, parameters: Sequence[NamedParameter]) -> None:
        """Only sparse gradients can be taken."""
        for parameter in parameters:
            if not parameter.has_sparse_gradient:
                raise MisfitError(
                    f"SparseAdam takes sparse gradients, and that of {parameter.name} is dense: it is for embeddings "
                    f"with `sparse = true`. Give the others to another optimizer, such as Adam, in a Partition."
                )
