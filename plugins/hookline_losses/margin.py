"""Losses that require a margin between the scores of correct and incorrect classes."""

from typing import TYPE_CHECKING

from hookline.data import Batch, Classes, Data, Labels, Outputs, Signs
from hookline.script import PredictionNames
from hookline.spec import option, spec
from hookline_losses.balanced import Balanced
from hookline_losses.base import TorchLoss
from hookline_losses.checks import check_same_shape, check_score_for_each_class, doubt_marks, one_output, refuse_dense
from hookline_losses.output_ranges import doubt_scores

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor, nn

    from hookline.script import BatchNames, Script

LABELS = '''
def labels(indices):
    """Return 1 for each true label and 0 for the others, given the indices of the true ones, padded with -1."""
    is_true = indices.new_zeros(len(indices), indices.shape[1] + 1)
    is_true.scatter_(1, indices.where(indices >= 0, indices.shape[1]), 1)
    return is_true[:, :-1].float()
'''


@spec
class MultiMarginLoss(TorchLoss):
    """The hinge loss of one class among several: the mean over the other classes i of max(0, margin - x[y] + x[i])ᵖ.

    With this loss, a linear model is a support vector machine.
    Outputs: float `(N, C)`, raw scores. Targets: int64 `(N,)`, 0 to C - 1.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiMarginLoss.html
    """

    encoding = Classes()

    p: int = option(default=1, minimum=1, maximum=2)
    """The exponent of each term, 1 or 2."""
    margin: float = option(default=1.0, unbounded=True)
    """The margin by which the score of the correct class must exceed the others."""
    weight: tuple[float, ...] | Balanced | None = option(default=None, minimum=0)
    """The weight of each class, in class order, or "balanced": rows / (classes * rows of the class) in the training
    split, as in scikit-learn. Default: equal weights."""

    def check(self, outputs: Outputs, batch: Batch, data: Data) -> None:
        """Require an output, and a weight if there are any, for each class."""
        refuse_dense(type(self).__name__, batch.target, data)
        check_score_for_each_class(type(self).__name__, outputs, self.weight, data)

    def doubts(self, model: "nn.Module", outputs: Outputs) -> "Iterable[str]":
        """Warn if the last layer returns probabilities, for which the margin is not meant."""
        return doubt_scores(self, model)

    def doubts_of_data(self, data: Data) -> "Iterable[str]":
        """Warn about a class that may mark rows without a class."""
        return doubt_marks(None, data, has_option=False)


class SignLoss(TorchLoss):
    """The base of losses of signs, 1 or -1: outputs and targets `(N, k)`, k target columns."""

    encoding = Signs()

    def check(self, outputs: Outputs, batch: Batch, data: Data) -> None:
        """Require outputs and targets of the same shape."""
        check_same_shape(type(self).__name__, outputs, batch.target, data)


@spec
class SoftMarginLoss(SignLoss):
    """The logistic loss of two classes, from raw scores: log(1 + exp(-y x)).

    The same as BCEWithLogitsLoss, which takes the targets 1 and 0 instead of 1 and -1.
    Outputs: float `(N, k)`, raw scores. Targets: float `(N, k)`, -1 or 1.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.SoftMarginLoss.html
    """

    activation = "sigmoid"

    def doubts(self, model: "nn.Module", outputs: Outputs) -> "Iterable[str]":
        """Warn if the model ends in Sigmoid, which would be applied twice."""
        return doubt_scores(self, model)


@spec
class MultiLabelMarginLoss(TorchLoss):
    """The hinge loss of several labels: each true label should score higher than each false label by 1.

    Outputs: float `(N, C)`, raw scores. Targets: a column of 0 and 1 for each label, which is converted to torch's
    format, int64 `(N, C)`: the indices of the true labels, padded with -1.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiLabelMarginLoss.html
    """

    encoding = Labels()

    def check(self, outputs: Outputs, batch: Batch, data: Data) -> None:
        """Require a score for each label."""
        check_same_shape("MultiLabelMarginLoss", outputs, batch.target, data)

    def doubts(self, model: "nn.Module", outputs: Outputs) -> "Iterable[str]":
        """Warn if the last layer returns probabilities, for which the margin is not meant."""
        return doubt_scores(self, model)

    def eject_predictions(self, script: "Script", *, called: str, outputs: str, batch: "BatchNames") -> PredictionNames:
        """Return the sigmoid of each score, and 1 for each true label."""
        script.define(LABELS)
        return PredictionNames(predictions=f"{outputs}.sigmoid()", scores=outputs, truth=f"labels({batch.target})")

    def predictions(self, criterion: "nn.Module", outputs: Outputs, batch: Batch) -> "Tensor":
        """Return the sigmoid of each score: 0.5 for the score 0, but otherwise not a probability."""
        return one_output("MultiLabelMarginLoss", outputs).sigmoid()

    def scores(self, criterion: "nn.Module", outputs: Outputs, batch: Batch) -> "Tensor":
        """Return the raw scores."""
        return one_output("MultiLabelMarginLoss", outputs)

    def truth(self, batch: Batch) -> "Tensor":
        """Return 1 for each true label, and 0 for the others."""
        target = batch.target
        is_true = target.new_zeros(len(target), target.shape[1] + 1)
        # The padding becomes an additional label, which is dropped.
        is_true.scatter_(1, target.where(target >= 0, target.shape[1]), 1)
        return is_true[:, :-1].float()
