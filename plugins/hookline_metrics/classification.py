"""Metrics that compare predictions with classes."""

from typing import TYPE_CHECKING, Any, Literal

from hookline import Classes, Distribution, LossSpec, Numbers, OptionError, option, spec
from hookline_metrics.base import TorchMetric

if TYPE_CHECKING:
    from torch import Tensor

Task = Literal["binary", "multiclass", "multilabel"]
Average = Literal["micro", "macro", "weighted"]


@spec
class ClassificationMetric(TorchMetric):
    """The options that metrics of classes have in common.

    torchmetrics can also give a number for each class or row (`average="none"`, `multidim_average="samplewise"`); a
    metric of a spec is one number.
    """

    task: Task | None = None
    """Of what kind the classes are; left out, it follows from the loss and the number of outputs."""
    num_classes: int | None = option(default=None, minimum=2)
    """How many classes there are, for the task "multiclass"; left out, as many as the model has outputs."""
    num_labels: int | None = option(default=None, minimum=2)
    """How many labels there are, for the task "multilabel"; left out, as many as the model has outputs."""
    ignore_index: int | None = option(default=None, unbounded=True)
    """Rows whose target is this one do not count; left out, those of the class that the loss ignores, if it does. (But
    AUROC, for which a class without rows is a class that is told wrongly, counts all.)"""
    validate_args: bool = True
    """Whether torchmetrics checks what it is given, which takes a little time."""

    def check(self, loss: LossSpec) -> None:
        """A loss of numbers does not say of what kind the classes are."""
        if self.task is None and isinstance(loss.encoding, Numbers):
            name = type(self).__name__
            raise ValueError(f"{type(loss).__name__} is a loss of numbers: {name} must be told its `task`.")

    def arguments(self, loss: LossSpec, predictions: "Tensor") -> dict[str, Any]:
        """The options of torchmetrics, with task and number of classes filled in."""
        arguments = TorchMetric.arguments(self, loss, predictions)
        task = arguments["task"] = self.task or _task(loss, predictions)
        number = {"multiclass": "num_classes", "multilabel": "num_labels"}.get(task)
        if number is not None and predictions.dim() > 1:
            given, outputs = arguments[number], predictions.shape[1]
            if given not in (None, outputs):
                raise OptionError(number, f"There are {outputs} outputs, and `{number}` is {given}: leave it out.")
            arguments[number] = outputs
        return arguments

    def prepare(self, predictions: "Tensor", targets: "Tensor") -> "tuple[Tensor, Tensor]":
        """Probabilities as they are, and the targets as integers."""
        return predictions, (targets >= 0.5).int() if targets.is_floating_point() else targets


@spec
class ThresholdMetric(ClassificationMetric):
    """The options of metrics that decide for a class."""

    threshold: float = option(default=0.5, minimum=0, maximum=1)
    """The probability from which on a binary prediction counts as 1."""
    average: Average = "micro"
    """How classes are averaged: all rows alike, all classes alike, or classes by their number of rows."""
    top_k: int = option(default=1, minimum=1)
    """Among how many of the most probable classes the right one must be."""

    def arguments(self, loss: LossSpec, predictions: "Tensor") -> dict[str, Any]:
        """Those of all metrics of classes, and the class that the loss ignores."""
        arguments = ClassificationMetric.arguments(self, loss, predictions)
        if self.ignore_index is None and arguments["task"] == "multiclass":
            arguments["ignore_index"] = loss.ignored_class
        return arguments


@spec
class Accuracy(ThresholdMetric):
    """Which part of the rows is classified rightly.

    Source: https://lightning.ai/docs/torchmetrics/stable/classification/accuracy.html
    """


@spec
class F1Score(ThresholdMetric):
    """The harmonic mean of precision and recall. For more than two classes, see `average`.

    Source: https://lightning.ai/docs/torchmetrics/stable/classification/f1_score.html
    """

    zero_division: float = option(default=0.0, minimum=0, maximum=1)
    """What it is if there is nothing to divide by."""


@spec
class Precision(ThresholdMetric):
    """Which part of the rows that are predicted to be of a class is of it.

    Source: https://lightning.ai/docs/torchmetrics/stable/classification/precision.html
    """

    zero_division: float = option(default=0.0, minimum=0, maximum=1)
    """What it is if there is nothing to divide by."""


@spec
class Recall(ThresholdMetric):
    """Which part of the rows of a class is predicted to be of it.

    Source: https://lightning.ai/docs/torchmetrics/stable/classification/recall.html
    """

    zero_division: float = option(default=0.0, minimum=0, maximum=1)
    """What it is if there is nothing to divide by."""


@spec
class AUROC(ClassificationMetric):
    """The area under the receiver operating characteristic: how well probabilities order the rows.

    Source: https://lightning.ai/docs/torchmetrics/stable/classification/auroc.html
    """

    average: Literal["macro", "weighted"] = "macro"
    """How classes are averaged: all alike, or by their number of rows."""
    max_fpr: float | None = option(default=None, above=0, maximum=1)
    """The greatest rate of false positives up to which the area is taken; left out, 1. For binary tasks."""
    thresholds: int | tuple[float, ...] | None = option(default=None, minimum=0)
    """At how many, or which, thresholds it is computed; left out, at all, which keeps every prediction."""

    def arguments(self, loss: LossSpec, predictions: "Tensor") -> dict[str, Any]:
        """Those of all metrics of classes; torchmetrics would pass over what is for binary tasks."""
        arguments = ClassificationMetric.arguments(self, loss, predictions)
        if self.max_fpr is not None and arguments["task"] != "binary":
            raise OptionError("max_fpr", f'It is for the task "binary", and this one is "{arguments["task"]}".')
        return arguments


def _task(loss: LossSpec, predictions: "Tensor") -> Task:
    if isinstance(loss.encoding, (Classes, Distribution)):
        return "multiclass"
    return "binary" if predictions.dim() == 1 or predictions.shape[1] == 1 else "multilabel"
