"""Losses of many classes that have the model's last layer in themselves: they own parameters, which are trained."""

from typing import TYPE_CHECKING, Literal

from attrs import Attribute

from hookline.data import Batch, Classes, Data, Outputs, log_odds
from hookline.errors import MisfitError, OptionError
from hookline.spec import Activation, DividedBy, LossSpec, option, spec
from hookline_losses.base import check_ignored_class, doubt_marks, one_output, refuse_negative_index, weight_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor, nn


def _rising(instance: object, attribute: "Attribute[object]", value: tuple[int, ...]) -> None:
    if not value or list(value) != sorted(set(value)):
        raise ValueError("Cutoffs must be in rising order, each once, and there must be one at least.")


@spec
class ProjectingLoss(LossSpec):
    """The base of this page's losses."""

    encoding = Classes()

    in_features: int = option(minimum=1)
    """How many numbers the model gives for each row."""

    @property
    def activation(self) -> Activation:
        """The criterion's own layer makes the predictions."""
        return "criterion"

    def check(self, outputs: Outputs, batch: Batch, data: Data) -> None:
        """There must be as many outputs as features."""
        name = type(self).__name__
        outputs = one_output(name, outputs)
        if outputs.dim() != 2 or outputs.shape[1] != self.in_features:
            raise ValueError(
                f"{name} has the last layer in itself: the model must give `in_features` = {self.in_features} numbers "
                f"for each row, and its outputs have the shape {tuple(outputs.shape[1:])}."
            )


@spec
class AdaptiveLogSoftmaxWithLoss(ProjectingLoss):
    """The cross-entropy of very many classes, of which a few are frequent: rare ones share small layers.

    The classes are counted by `cutoffs` into clusters, the frequent ones first, so sort them by how often they occur.
    The mean over rows is taken, always.
    Outputs: float `(N, in_features)`. Targets: int64 `(N,)`, 0 to n_classes - 1.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveLogSoftmaxWithLoss.html; Grave, Joulin,
    Cissé, Grangier and Jégou, https://arxiv.org/abs/1609.04309
    """

    n_classes: int | None = option(default=None, minimum=2)
    """How many classes there are; left out, as many as in the data."""
    cutoffs: tuple[int, ...] = option(minimum=1, validator=_rising)
    """The indices at which a new cluster begins."""
    div_value: float = option(default=4.0, above=0)
    """How many times smaller the layer of each cluster is than that of the one before it."""
    head_bias: bool = False
    """Whether the layer of the frequent classes has a bias."""

    def build(self, data: Data) -> "nn.Module":
        """Torch's class, for the classes of the data."""
        from torch import nn

        classes = self.n_classes or len(data.target.classes or ())
        if self.cutoffs[-1] >= classes:
            raise MisfitError(
                f"There are {classes} classes, and a cluster begins at {self.cutoffs[-1]}.", ("loss", "cutoffs")
            )
        if self.in_features // self.div_value ** len(self.cutoffs) < 1:
            raise MisfitError(
                f"Of {self.in_features} features none is left for the last cluster: choose a smaller `div_value`, or "
                f"fewer `cutoffs`.",
                ("loss", "div_value"),
            )
        return nn.AdaptiveLogSoftmaxWithLoss(
            self.in_features, classes, list(self.cutoffs), self.div_value, head_bias=self.head_bias
        )

    def compute(self, criterion: "nn.Module", outputs: Outputs, batch: Batch) -> "Tensor":
        """The loss; torch gives the log-probabilities of the targets beside it."""
        return criterion(outputs, batch.target).loss

    def predictions(self, criterion: "nn.Module", outputs: Outputs, batch: Batch) -> "Tensor":
        """The probability of each class."""
        return criterion.log_prob(outputs).exp().clamp(max=1)  # type: ignore[operator]

    def scores(self, criterion: "nn.Module", outputs: Outputs, batch: Batch) -> "Tensor":
        """The log-odds of each class."""
        return log_odds(criterion.log_prob(outputs))  # type: ignore[operator]

    def check(self, outputs: Outputs, batch: Batch, data: Data) -> None:
        """As for all of this page; and no class may be beyond the last."""
        ProjectingLoss.check(self, outputs, batch, data)
        _check_classes(self.n_classes, "n_classes", data)


@spec
class LinearCrossEntropyLoss(ProjectingLoss):
    """The cross-entropy of one class among many, with the last linear layer in it, so that scores need no memory.

    CrossEntropyLoss after a Linear layer says the same. torch's `out_features`, for targets of several dimensions, and
    `options`, an object, are not among the options.
    Outputs: float `(N, in_features)`. Targets: int64 `(N,)`, 0 to num_classes - 1.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LinearCrossEntropyLoss.html
    """

    num_classes: int | None = option(default=None, minimum=2)
    """How many classes there are; left out, as many as in the data."""
    bias: bool = False
    """Whether a learned number is added to each score."""
    reduction: Literal["mean", "sum"] = "mean"
    """Whether the losses of a batch are averaged or added."""
    weight: tuple[float, ...] | None = option(default=None, minimum=0)
    """How much each class counts, in the order of the classes; left out, all count the same."""
    ignore_index: int | None = option(default=None, minimum=0, validator=refuse_negative_index)
    """Rows of this class do not count: its index, the classes being sorted and counted from 0; left out, all rows
    count."""
    label_smoothing: float = option(default=0.0, minimum=0, maximum=1)
    """How much of the target is spread over all classes."""

    def build(self, data: Data) -> "nn.Module":
        """Torch's class, for the classes of the data."""
        import torch

        options = self.own_options()
        options["num_classes"] = self.num_classes or len(data.target.classes or ())
        if self.weight is not None:
            if len(self.weight) != options["num_classes"]:
                message = f"There are {options['num_classes']} classes, and `weight` has {len(self.weight)} numbers."
                raise MisfitError(message, ("loss", "weight"))
            options["weight"] = torch.tensor(self.weight, dtype=torch.get_default_dtype())
        return torch.nn.LinearCrossEntropyLoss(**options)

    def predictions(self, criterion: "nn.Module", outputs: Outputs, batch: Batch) -> "Tensor":
        """The probability of each class."""
        return criterion.linear(outputs).softmax(dim=1)  # type: ignore[operator]

    def scores(self, criterion: "nn.Module", outputs: Outputs, batch: Batch) -> "Tensor":
        """The log-odds of each class."""
        return log_odds(criterion.linear(outputs))  # type: ignore[operator]

    def check(self, outputs: Outputs, batch: Batch, data: Data) -> None:
        """As for all of this page; and no class may be beyond the last."""
        ProjectingLoss.check(self, outputs, batch, data)
        _check_classes(self.num_classes, "num_classes", data)
        check_ignored_class(self.ignore_index, self.num_classes or len(data.target.classes or ()))

    @property
    def divided_by(self) -> DividedBy:
        """The weights, if rows can count differently."""
        if self.reduction == "sum":
            return "nothing"
        return "weights" if self.weight is not None or self.ignored_class is not None else "rows"

    @property
    def ignored_class(self) -> int | None:
        """The one that `ignore_index` says."""
        return self.ignore_index

    def doubts_of_data(self, data: Data) -> "Iterable[str]":
        """A class may be a mark of rows that have none."""
        return doubt_marks(self.ignore_index, data)

    def divisor(self, criterion: "nn.Module", batch: Batch) -> "Tensor | float | None":
        """The weight of all rows that count, by which torch divides a mean."""
        if self.divided_by != "weights":
            return super().divisor(criterion, batch)
        targets = batch.target
        is_counted = None if self.ignored_class is None else targets != self.ignored_class
        return weight_of(targets, is_counted, criterion.weight)  # type: ignore[arg-type]


def _check_classes(number: int | None, option: str, data: Data) -> None:
    classes = len(data.target.classes or ())
    if number is not None and number < classes:
        raise OptionError(option, f"`{option}` is {number}, and the data has {classes} classes: leave it out.")
