"""Losses that ask for a margin between the scores of what is right and of what is not."""

from typing import TYPE_CHECKING

from hookline.data import Batch, Classes, Data, Labels, Outputs, Signs
from hookline.spec import option, spec
from hookline_losses.base import TorchLoss, check_same_shape, check_score_for_each_class, one_output
from hookline_losses.output_ranges import doubt_scores

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor, nn


@spec
class MultiMarginLoss(TorchLoss):
    """The hinge loss of one class among several: the mean over the other classes i of max(0, margin - x[y] + x[i])ᵖ.

    A linear model with it is a support vector machine.
    Outputs: float `(N, C)`, raw scores. Targets: int64 `(N,)`, 0 to C - 1.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiMarginLoss.html
    """

    encoding = Classes()

    p: int = option(default=1, minimum=1, maximum=2)
    """The power to which what is missing is raised: 1 or 2."""
    margin: float = option(default=1.0, unbounded=True)
    """By how much the score of the right class is to be greater."""
    weight: tuple[float, ...] | None = option(default=None, minimum=0)
    """How much each class counts, in the order of the classes; left out, all count the same."""

    def check(self, outputs: Outputs, batch: Batch, data: Data) -> None:
        """There must be an output, and a weight if there are any, for each class."""
        check_score_for_each_class(type(self).__name__, outputs, self.weight, data)

    def doubts(self, model: "nn.Module", outputs: Outputs) -> "Iterable[str]":
        """A margin between scores is not one between probabilities."""
        return doubt_scores(self, model)


class SignLoss(TorchLoss):
    """The base of losses of what is, 1, or is not, -1: outputs and targets `(N, k)`, k target columns."""

    encoding = Signs()

    def check(self, outputs: Outputs, batch: Batch, data: Data) -> None:
        """Outputs and targets must have the same shape."""
        check_same_shape(type(self).__name__, outputs, batch.target, data)


@spec
class SoftMarginLoss(SignLoss):
    """The logistic loss of two classes, from raw scores: log(1 + exp(-y x)).

    The same as BCEWithLogitsLoss with 1 and 0 in place of 1 and -1.
    Outputs: float `(N, k)`, raw scores. Targets: float `(N, k)`, -1 or 1.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.SoftMarginLoss.html
    """

    activation = "sigmoid"

    def doubts(self, model: "nn.Module", outputs: Outputs) -> "Iterable[str]":
        """A model that ends in Sigmoid makes probabilities twice."""
        return doubt_scores(self, model)


@spec
class MultiLabelMarginLoss(TorchLoss):
    """The hinge loss of several labels that may hold at once: each that holds is to lead each that does not by 1.

    Outputs: float `(N, C)`, raw scores. Targets: a column of 0 and 1 for each label, which becomes what torch wants,
    int64 `(N, C)`: the indices of the labels that hold, and then -1.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiLabelMarginLoss.html
    """

    encoding = Labels()

    def check(self, outputs: Outputs, batch: Batch, data: Data) -> None:
        """There must be a score for each label."""
        check_same_shape("MultiLabelMarginLoss", outputs, batch.target, data)

    def doubts(self, model: "nn.Module", outputs: Outputs) -> "Iterable[str]":
        """A margin between scores is not one between probabilities."""
        return doubt_scores(self, model)

    def predictions(self, criterion: "nn.Module", outputs: Outputs, batch: Batch) -> "Tensor":
        """The sigmoid of each score: it is a half where the score is 0, and no probability otherwise."""
        return one_output("MultiLabelMarginLoss", outputs).sigmoid()

    def scores(self, criterion: "nn.Module", outputs: Outputs, batch: Batch) -> "Tensor":
        """The scores as they are."""
        return one_output("MultiLabelMarginLoss", outputs)

    def truth(self, batch: Batch) -> "Tensor":
        """1 for each label that holds, and 0 for the others."""
        target = batch.target
        holds = target.new_zeros(len(target), target.shape[1] + 1)
        # -1 becomes one more label, which is dropped.
        holds.scatter_(1, target.where(target >= 0, target.shape[1]), 1)
        return holds[:, :-1].float()
