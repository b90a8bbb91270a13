"""Losses for many classes that contain the last layer of the model, whose parameters are trained."""

from typing import TYPE_CHECKING

from attrs import Attribute

from hookline.data import Batch, Classes, Data, Outputs, Target, log_odds
from hookline.errors import MismatchError, OptionError
from hookline.script import LossLines, constructor
from hookline.spec import Activation, LossSpec, classes_of, option, spec
from hookline_losses.checks import doubt_marks, one_output, refuse_dense
from hookline_losses.weighted_lines import weighted_lines

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor, nn

    from hookline.script import BatchNames, PredictionNames, Script


def _rising(instance: object, attribute: "Attribute[object]", value: tuple[int, ...]) -> None:
    if not value or list(value) != sorted(set(value)):
        raise ValueError("Cutoffs must be strictly increasing, and there must be at least one.")


@spec
class ProjectingLoss(LossSpec):
    """The base of losses that contain the last layer."""

    encoding = Classes()

    in_features: int = option(minimum=1)
    """The number of outputs of the model for each row."""

    @property
    def activation(self) -> Activation:
        """The criterion's own layer computes the predictions."""
        return "criterion"

    def output_size(self, target: Target) -> int:
        """Return the number of features."""
        return self.in_features

    def check(self, outputs: Outputs, batch: Batch, data: Data) -> None:
        """Require as many outputs as features."""
        name = type(self).__name__
        refuse_dense(name, batch.target, data)
        outputs = one_output(name, outputs)
        if outputs.dim() != 2 or outputs.shape[1] != self.in_features:
            raise ValueError(
                f"{name} contains the last layer: the model must return `in_features` = {self.in_features} numbers for "
                f"each row, but its outputs have shape {tuple(outputs.shape[1:])}."
            )


@spec
class AdaptiveLogSoftmaxWithLoss(ProjectingLoss):
    """The cross-entropy of very many classes, a few of which are frequent: rare classes have smaller layers.

    `cutoffs` divide the classes into clusters, so sort the classes by frequency, the most frequent first. The loss is
    always the mean over rows.
    Outputs: float `(N, in_features)`. Targets: int64 `(N,)`, 0 to n_classes - 1.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveLogSoftmaxWithLoss.html; Grave, Joulin,
    Cissé, Grangier and Jégou, https://arxiv.org/abs/1609.04309
    """

    n_classes: int | None = option(default=None, minimum=2)
    """The number of classes. Default: that of the data."""
    cutoffs: tuple[int, ...] = option(minimum=1, validator=_rising)
    """The class indices at which a new cluster begins."""
    div_value: float = option(default=4.0, above=0)
    """The factor by which the layer of each cluster is smaller than that of the previous cluster."""
    head_bias: bool = False
    """Add a bias to the layer of the frequent classes."""

    def build(self, data: Data) -> "nn.Module":
        """Return torch's class for the classes of the data."""
        from torch import nn

        classes = self.n_classes or len(data.target.classes or ())
        if self.cutoffs[-1] >= classes:
            raise MismatchError(
                f"There are {classes} classes, but a cluster begins at {self.cutoffs[-1]}.", ("loss", "cutoffs")
            )
        if self.in_features // self.div_value ** len(self.cutoffs) < 1:
            raise MismatchError(
                f"With {self.in_features} features, none is left for the last cluster: set a smaller `div_value` or "
                f"fewer `cutoffs`.",
                ("loss", "div_value"),
            )
        return nn.AdaptiveLogSoftmaxWithLoss(
            self.in_features, classes, list(self.cutoffs), self.div_value, head_bias=self.head_bias
        )

    def eject(
        self, script: "Script", criterion: "nn.Module", *, called: str, outputs: str, batch: "BatchNames"
    ) -> LossLines:
        """Return torch's class for the classes of the data; a call of it also returns log-probabilities."""
        from torch import nn

        options = {**self.own_options(), "n_classes": criterion.n_classes, "cutoffs": list(self.cutoffs)}
        made = constructor("nn.AdaptiveLogSoftmaxWithLoss", nn.AdaptiveLogSoftmaxWithLoss, options)
        if batch.weights is None:
            return LossLines(build=made, loss=f"{called}({outputs}, {batch.target}).loss", divisor=batch.rows)
        losses, divisor = f"-{called}({outputs}, {batch.target}).output", f"{batch.weights}.sum()"
        loss = weighted_lines(self, script, losses, batch.weights, divisor)
        return LossLines(build=made, loss=loss, divisor=divisor, is_tensor=True, may_be_zero=True)

    def eject_predictions(
        self, script: "Script", *, called: str, outputs: str, batch: "BatchNames"
    ) -> "PredictionNames":
        """Return the probability of each class, and its log-odds."""
        logarithms = f"{called}.log_prob({outputs})"
        return classes_of(script, f"{logarithms}.exp().clamp(max=1)", logarithms, batch)

    def compute(self, criterion: "nn.Module", outputs: Outputs, batch: Batch) -> "Tensor":
        """Return the loss; torch also returns the log-probabilities of the targets."""
        return criterion(outputs, batch.target).loss

    def row_losses(self, criterion: "nn.Module", outputs: Outputs, batch: Batch) -> "Tensor":
        """Return the negative log-probability of the target of each row."""
        return -criterion(outputs, batch.target).output

    def predictions(self, criterion: "nn.Module", outputs: Outputs, batch: Batch) -> "Tensor":
        """Return the probability of each class."""
        return criterion.log_prob(outputs).exp().clamp(max=1)  # type: ignore[operator]

    def scores(self, criterion: "nn.Module", outputs: Outputs, batch: Batch) -> "Tensor":
        """Return the log-odds of each class."""
        return log_odds(criterion.log_prob(outputs))  # type: ignore[operator]

    def check(self, outputs: Outputs, batch: Batch, data: Data) -> None:
        """Require as many outputs as features, and at least as many classes as in the data."""
        ProjectingLoss.check(self, outputs, batch, data)
        check_classes(self.n_classes, "n_classes", data)

    def doubts_of_data(self, data: Data) -> "Iterable[str]":
        """Warn about a class that may mark rows without a class."""
        return doubt_marks(None, data, has_option=False)


def check_classes(number: int | None, option: str, data: Data) -> None:
    """Raise an `OptionError` if an option allows fewer classes than the data has."""
    classes = len(data.target.classes or ())
    if number is not None and number < classes:
        raise OptionError(option, f"`{option}` is {number}, but the data has {classes} classes: remove it.")
