"""Losses that compare scores with classes."""

from typing import TYPE_CHECKING, Any

from hookline.data import Batch, Classes, ClassesOrDistribution, Data, Outputs, Probabilities
from hookline.errors import MisfitError, OptionError
from hookline.spec import DividedBy, option, spec
from hookline_losses.base import (
    TorchLoss,
    check_ignored_class,
    check_log_probabilities,
    check_same_shape,
    check_score_for_each_class,
    doubt_marks,
    one_output,
    refuse_negative_index,
    weight_of,
)
from hookline_losses.output_ranges import doubt_scores, end_beyond_0_and_1

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor, nn


NO_PROBABILITIES = "BCELoss takes probabilities, which are from 0 to 1: the model must end in Sigmoid."


@spec
class ClassIndexLoss(TorchLoss):
    """The base of losses of one class among several: outputs `(N, C)`, targets the indices of classes, `(N,)`."""

    encoding = Classes()

    weight: tuple[float, ...] | None = option(default=None, minimum=0)
    """How much each class counts, in the order of the classes; left out, all count the same."""
    ignore_index: int | None = option(default=None, minimum=0, validator=refuse_negative_index)
    """Rows of this class do not count: its index, the classes being sorted and counted from 0; left out, all rows
    count."""

    def arguments(self) -> dict[str, Any]:
        """The options of torch; its default of `ignore_index`, -100, is no class and cannot be said here."""
        arguments = TorchLoss.arguments(self)
        if self.ignore_index is None:
            del arguments["ignore_index"]
        return arguments

    def check(self, outputs: Outputs, batch: Batch, data: Data) -> None:
        """There must be an output, and a weight if there are any, for each class."""
        check_score_for_each_class(type(self).__name__, outputs, self.weight, data)
        check_ignored_class(self.ignore_index, len(data.target.classes or ()))

    @property
    def ignored_class(self) -> int | None:
        """The one that `ignore_index` says."""
        return self.ignore_index

    def doubts_of_data(self, data: Data) -> "Iterable[str]":
        """A class may be a mark of rows that have none."""
        return doubt_marks(self.ignore_index, data)

    @property
    def divided_by(self) -> DividedBy:
        """The weights, if rows can count differently."""
        counts_differently = self.weight is not None or self.ignored_class is not None
        return "weights" if self.reduction == "mean" and counts_differently else super().divided_by

    def divisor(self, criterion: "nn.Module", batch: Batch) -> "Tensor | float | None":
        """The weight of all rows that count, by which torch divides a mean."""
        if self.divided_by != "weights":
            return super().divisor(criterion, batch)
        targets = batch.target
        is_counted = None if self.ignored_class is None else targets != self.ignored_class
        return weight_of(targets, is_counted, criterion.weight)  # type: ignore[arg-type]


@spec
class CrossEntropyLoss(ClassIndexLoss):
    """The cross-entropy of one class among several, from raw scores: -log softmax(x)[y].

    The usual choice for classification. The model ends in a layer with an output for each class, without Softmax.
    Outputs: float `(N, C)`. Targets: int64 `(N,)`, 0 to C - 1; or float `(N, C)`, the probability of each class, from
    as many target columns: -Σ y log softmax(x).

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html
    """

    encoding = ClassesOrDistribution()
    activation = "softmax"

    label_smoothing: float = option(default=0.0, minimum=0, maximum=1)
    """How much of the target is spread over all classes."""

    def check(self, outputs: Outputs, batch: Batch, data: Data) -> None:
        """As for every loss of classes; and the outputs are scores, not probabilities."""
        ClassIndexLoss.check(self, outputs, batch, data)
        if self.ignored_class is not None and _are_probabilities(batch):
            message = "`ignore_index` ignores a class, and the targets are probabilities: leave it out."
            raise OptionError("ignore_index", message)
        scores = one_output("CrossEntropyLoss", outputs)
        if scores.shape[1] > 1 and (scores >= 0).all() and ((scores.sum(dim=1) - 1).abs() < 1e-4).all():
            raise ValueError(
                "CrossEntropyLoss takes raw scores and makes probabilities of them itself, and the model gives "
                "probabilities: leave out its Softmax."
            )

    def doubts(self, model: "nn.Module", outputs: Outputs) -> "Iterable[str]":
        """Raw scores are neither probabilities, along whatever dimension, nor are they all positive."""
        return doubt_scores(self, model)

    def divisor(self, criterion: "nn.Module", batch: Batch) -> "Tensor | float | None":
        """As for every loss of classes; probabilities have no weights that torch divides by."""
        if self.reduction == "mean" and _are_probabilities(batch):
            return batch.rows
        return super().divisor(criterion, batch)

    def truth(self, batch: Batch) -> "Tensor":
        """The class of each row, or the most probable one."""
        return batch.target.argmax(dim=1) if _are_probabilities(batch) else batch.target


@spec
class NLLLoss(ClassIndexLoss):
    """The negative log-likelihood of one class among several, from log-probabilities: -x[y].

    The model ends in LogSoftmax; without it, CrossEntropyLoss does both in one.
    Outputs: float `(N, C)`. Targets: int64 `(N,)`, 0 to C - 1.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.NLLLoss.html
    """

    activation = "exp"

    def check(self, outputs: Outputs, batch: Batch, data: Data) -> None:
        """As for every loss of classes; and no log-probability is greater than 0."""
        ClassIndexLoss.check(self, outputs, batch, data)
        check_log_probabilities("NLLLoss", one_output("NLLLoss", outputs), "classes")


@spec
class ProbabilityLoss(TorchLoss):
    """The base of losses of classes that are or are not: outputs and targets `(N, k)`, k target columns."""

    encoding = Probabilities()

    weight: tuple[float, ...] | None = option(default=None, minimum=0)
    """How much each target column counts; left out, all count the same."""

    def check(self, outputs: Outputs, batch: Batch, data: Data) -> None:
        """Outputs and targets must have the same shape, and a number that is given for each column too."""
        check_same_shape(type(self).__name__, outputs, batch.target, data)
        for name in ("weight", "pos_weight"):
            numbers = getattr(self, name, None)
            if numbers is not None and len(numbers) not in (1, batch.target.shape[1]):
                columns = batch.target.shape[1]
                raise OptionError(name, f"There are {columns} target columns, and `{name}` has {len(numbers)} numbers.")


@spec
class BCELoss(ProbabilityLoss):
    """The binary cross-entropy, from probabilities: -(y log x + (1 - y) log(1 - x)).

    The model ends in Sigmoid; without it, BCEWithLogitsLoss does both in one, and more exactly.
    Outputs: float `(N, k)`, 0 to 1. Targets: float `(N, k)`, 0 to 1.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.BCELoss.html
    """

    def check(self, outputs: Outputs, batch: Batch, data: Data) -> None:
        """As for every loss of probabilities; and the outputs are such."""
        ProbabilityLoss.check(self, outputs, batch, data)
        probabilities = one_output("BCELoss", outputs)
        if ((probabilities < 0) | (probabilities > 1)).any():
            raise ValueError(NO_PROBABILITIES)

    def doubts(self, model: "nn.Module", outputs: Outputs) -> "Iterable[str]":
        """Refuse a model whose last layer gives any numbers, though those of the example are probabilities."""
        if (end := end_beyond_0_and_1(model)) is not None:
            raise ValueError(f"{NO_PROBABILITIES} It ends in {end}.")
        return ()

    def compute(self, criterion: "nn.Module", outputs: Outputs, batch: Batch) -> "Tensor":
        """The loss; that outputs are no probabilities may be seen in the middle of a training only."""
        try:
            return criterion(outputs, batch.target)
        except RuntimeError as error:
            if "between 0 and 1" not in str(error):
                raise
            raise MisfitError(NO_PROBABILITIES, ("loss",)) from error


@spec
class BCEWithLogitsLoss(ProbabilityLoss):
    """The binary cross-entropy, from raw scores: that of sigmoid(x).

    The usual choice for two classes, or for several that may be true at once. The model ends in a layer with an
    output for each target column, without Sigmoid.
    Outputs: float `(N, k)`. Targets: float `(N, k)`, 0 to 1.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html
    """

    activation = "sigmoid"

    pos_weight: tuple[float, ...] | None = option(default=None, minimum=0)
    """How much a row counts whose target is 1, for each target column; left out, as much as one whose target is 0."""

    def doubts(self, model: "nn.Module", outputs: Outputs) -> "Iterable[str]":
        """A model that ends in Sigmoid makes probabilities twice."""
        return doubt_scores(self, model)


@spec
class MultiLabelSoftMarginLoss(ProbabilityLoss):
    """The binary cross-entropy of several labels from raw scores, averaged over the labels.

    As BCEWithLogitsLoss, but that a sum is over rows only.
    Outputs: float `(N, C)`, raw scores. Targets: float `(N, C)`, 0 or 1.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiLabelSoftMarginLoss.html
    """

    activation = "sigmoid"

    def doubts(self, model: "nn.Module", outputs: Outputs) -> "Iterable[str]":
        """A model that ends in Sigmoid makes probabilities twice."""
        return doubt_scores(self, model)


def _are_probabilities(batch: Batch) -> bool:
    return batch.target.is_floating_point()
