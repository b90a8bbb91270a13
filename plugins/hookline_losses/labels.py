"""Losses of labels, each of which is true or false for a row."""

from typing import TYPE_CHECKING

from hookline.data import Batch, Data, Outputs, Probabilities
from hookline.errors import MismatchError, OptionError
from hookline.spec import option, spec
from hookline_losses.balanced import Balanced
from hookline_losses.base import TorchLoss
from hookline_losses.checks import check_same_shape, one_output
from hookline_losses.output_ranges import doubt_scores, end_beyond_0_and_1

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor, nn


NO_PROBABILITIES = "BCELoss takes probabilities from 0 to 1: the model must end in Sigmoid."


@spec
class ProbabilityLoss(TorchLoss):
    """The base of losses of binary labels: outputs and targets `(N, k)`, k target columns."""

    encoding = Probabilities()

    weight: tuple[float, ...] | None = option(default=None, minimum=0)
    """The weight of each target column. Default: equal weights."""

    def check(self, outputs: Outputs, batch: Batch, data: Data) -> None:
        """Require outputs and targets of the same shape, and as many weights as columns."""
        check_same_shape(type(self).__name__, outputs, batch.target, data)
        for name in ("weight", "pos_weight"):
            numbers = getattr(self, name, None)
            if numbers is None or numbers == "balanced":
                continue
            if len(numbers) > 1 and batch.target.dim() > 2:
                raise OptionError(name, f"Each row of the target is an image, so `{name}` must be a single number.")
            if len(numbers) not in (1, batch.target.shape[1]):
                columns = batch.target.shape[1]
                raise OptionError(name, f"There are {columns} target columns, but `{name}` has {len(numbers)} numbers.")


@spec
class BCELoss(ProbabilityLoss):
    """The binary cross-entropy, from probabilities: -(y log x + (1 - y) log(1 - x)).

    The model must end in Sigmoid. Without it, use BCEWithLogitsLoss, which combines both and is more accurate.
    Outputs: float `(N, k)`, 0 to 1. Targets: float `(N, k)`, 0 to 1.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.BCELoss.html
    """

    def check(self, outputs: Outputs, batch: Batch, data: Data) -> None:
        """Require outputs and targets of the same shape, and probabilities as outputs."""
        ProbabilityLoss.check(self, outputs, batch, data)
        probabilities = one_output("BCELoss", outputs)
        if ((probabilities < 0) | (probabilities > 1)).any():
            raise ValueError(NO_PROBABILITIES)

    def doubts(self, model: "nn.Module", outputs: Outputs) -> "Iterable[str]":
        """Refuse a model whose last layer can return other numbers, even if those of the example are probabilities."""
        if (end := end_beyond_0_and_1(model)) is not None:
            raise ValueError(f"{NO_PROBABILITIES} It ends in {end}.")
        return ()

    def compute(self, criterion: "nn.Module", outputs: Outputs, batch: Batch) -> "Tensor":
        """Return the loss. Outputs that are not probabilities may occur only in the middle of training."""
        try:
            return criterion(outputs, batch.target)
        except RuntimeError as error:
            if "between 0 and 1" not in str(error):
                raise
            raise MismatchError(NO_PROBABILITIES, ("loss",)) from error

    row_losses = TorchLoss.row_losses
    eject = TorchLoss.eject


@spec
class BCEWithLogitsLoss(ProbabilityLoss):
    """The binary cross-entropy, from raw scores: that of sigmoid(x).

    The usual choice for two classes, or for several labels that can be true at once. The model ends in a layer with one
    output per target column, without Sigmoid.
    Outputs: float `(N, k)`. Targets: float `(N, k)`, 0 to 1.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html
    """

    activation = "sigmoid"

    pos_weight: tuple[float, ...] | Balanced | None = option(default=None, minimum=0)
    """The weight of rows with target 1, for each target column, or "balanced": the training rows with target 0, divided
    by those with target 1. Default: 1, the weight of rows with target 0."""

    def doubts(self, model: "nn.Module", outputs: Outputs) -> "Iterable[str]":
        """Warn if the model ends in Sigmoid, which would be applied twice."""
        return doubt_scores(self, model)


@spec
class MultiLabelSoftMarginLoss(ProbabilityLoss):
    """The binary cross-entropy of several labels, from raw scores, averaged over the labels.

    The same as BCEWithLogitsLoss, except that `reduction = "sum"` adds rows and still averages labels.
    Outputs: float `(N, C)`, raw scores. Targets: float `(N, C)`, 0 or 1.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiLabelSoftMarginLoss.html
    """

    activation = "sigmoid"

    def doubts(self, model: "nn.Module", outputs: Outputs) -> "Iterable[str]":
        """Warn if the model ends in Sigmoid, which would be applied twice."""
        return doubt_scores(self, model)


def are_probabilities(batch: Batch) -> bool:
    """Return whether the targets are floating-point numbers, which are probabilities, and not indices of classes."""
    return batch.target.is_floating_point()
