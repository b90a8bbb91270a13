"""Losses of counts and of distributions over classes."""

from typing import TYPE_CHECKING, Literal

from attrs import evolve

from hookline.data import Batch, Data, Distribution, Encoding, Numbers, Outputs
from hookline.script import PredictionNames
from hookline.spec import Activation, option, spec
from hookline_losses.base import TorchLoss
from hookline_losses.checks import check_log_probabilities, check_same_shape, one_output
from hookline_losses.output_ranges import end_below_0
from hookline_losses.regression import RegressionLoss

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor, nn

    from hookline.script import BatchNames, Script


NEGATIVE_COUNTS = (
    "Without `log_input` the outputs are counts, which are not negative: the model must end in a layer such as "
    "Softplus."
)


@spec
class PoissonNLLLoss(RegressionLoss):
    """The negative log-likelihood of counts under a Poisson distribution: exp(x) - y x, where x is the log of its mean.

    Outputs: float `(N, k)`, the logarithm of the expected count, or the count without `log_input`. Targets: float
    `(N, k)`, counts.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.PoissonNLLLoss.html
    """

    encoding = Numbers(minimum=0)

    log_input: bool = True
    """Whether the model returns the logarithm of the expected count."""
    full: bool = False
    """Add the term that does not depend on the model, by Stirling's formula."""
    eps: float = option(default=1e-08, above=0, only_with=("log_input", False))
    """A number that is added to the expected count before its logarithm is computed, without `log_input`."""

    @property
    def activation(self) -> Activation:
        """The exponential with `log_input`, otherwise the identity."""
        return "exp" if self.log_input else "identity"

    def check(self, outputs: Outputs, batch: Batch, data: Data) -> None:
        """Require outputs and targets of the same shape, and counts that are not negative."""
        RegressionLoss.check(self, outputs, batch, data)
        if not self.log_input and (one_output("PoissonNLLLoss", outputs) < 0).any():
            raise ValueError(NEGATIVE_COUNTS)

    def doubts(self, model: "nn.Module", outputs: Outputs) -> "Iterable[str]":
        """Refuse a model whose last layer can return negative numbers, even if those of the example are not."""
        if not self.log_input and (end := end_below_0(model)) is not None:
            raise ValueError(f"{NEGATIVE_COUNTS} It ends in {end}.")
        return ()


@spec
class KLDivLoss(TorchLoss):
    """The Kullback-Leibler divergence of a distribution y from the model's: y (log y - x), with log-probabilities x.

    For targets that are distributions over classes, such as the votes of several people or the outputs of a larger
    model. The model must end in LogSoftmax.
    Outputs: float `(N, C)`, log-probabilities. Targets: float `(N, C)`, probabilities, or their logarithms with
    `log_target`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.KLDivLoss.html
    """

    activation = "exp"

    reduction: Literal["mean", "batchmean", "sum"] = "mean"  # type: ignore[assignment]  # torch has one more here.
    """Average the losses over all numbers ("mean") or over rows ("batchmean", the definition), or add them ("sum")."""
    log_target: bool = False
    """Whether the targets are logarithms of probabilities."""

    @property
    def encoding(self) -> Encoding | None:
        """A distribution for each row."""
        return Distribution(logarithms=self.log_target)

    def check(self, outputs: Outputs, batch: Batch, data: Data) -> None:
        """Require outputs and targets of the same shape, and log-probabilities as outputs."""
        check_same_shape("KLDivLoss", outputs, batch.target, data)
        check_log_probabilities("KLDivLoss", one_output("KLDivLoss", outputs), "classes")

    def row_losses(self, criterion: "nn.Module", outputs: Outputs, batch: Batch) -> "Tensor":
        """Return the divergence of each class, or their sum for each row with `reduction = "batchmean"`."""
        losses = super().row_losses(criterion, outputs, batch)
        return losses.sum(dim=1) if self.reduction == "batchmean" else losses

    def eject_predictions(self, script: "Script", *, called: str, outputs: str, batch: "BatchNames") -> PredictionNames:
        """Return the probabilities, and the most probable class."""
        names = super().eject_predictions(script, called=called, outputs=outputs, batch=batch)
        return evolve(names, truth=f"{names.truth}.argmax(dim=1)")

    def truth(self, batch: Batch) -> "Tensor":
        """Return the most probable class."""
        return batch.target.argmax(dim=1)

    def distribution(self, batch: Batch) -> "Tensor":
        """Return the probabilities."""
        return batch.target.exp() if self.log_target else batch.target
