"""Metrics that compare predicted classes with true ones."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from hookline.errors import OptionError
from hookline.spec import LossSpec, option, spec
from hookline_metrics.counts import Average, Averaging, CountingState, Counts
from hookline_metrics.state import State
from hookline_metrics.tasks import LABELS, ClassificationMetric, Task

if TYPE_CHECKING:
    from torch import Tensor

NO_ROWS = "No row counts, or a prediction is NaN."


@spec
class ThresholdMetric(ClassificationMetric):
    """The options of metrics that decide for a class."""

    undefined = NO_ROWS
    only_for: ClassVar[Mapping[str, tuple[Task, ...]]] = {
        **ClassificationMetric.only_for,
        "threshold": LABELS,
        "top_k": ("multiclass",),
    }

    threshold: float = option(default=0.5, minimum=0, maximum=1)
    """The probability from which on a binary prediction, or a label, counts as 1."""
    average: Average | None = None
    """How classes or labels are averaged: all rows alike ("micro"), all classes alike ("macro"), or classes by their
    number of rows ("weighted"). Left out, a binary task is judged by the class 1 alone, and others by "micro"."""
    top_k: int = option(default=1, minimum=1)
    """Among how many of the most probable classes the right one must be."""

    def build(self, loss: LossSpec, predictions: "Tensor") -> State:
        """The counts of all classes or labels."""
        task, classes = self.resolve(loss, predictions)
        if self.top_k > 1 and (self.top_k > classes or not predictions.is_floating_point()):
            raise OptionError("top_k", f"There are {classes} classes, and `top_k` is {self.top_k}.")
        ignored = self.ignored(loss, task)
        averaging = self.averaging(task, ignored)
        return CountingState(task, classes, averaging, threshold=self.threshold, top_k=self.top_k, ignored=ignored)

    def averaging(self, task: Task, ignored: int | None) -> Averaging:
        """How the number is made of the counts."""
        raise NotImplementedError


@spec
class Accuracy(ThresholdMetric):
    """Which part of the rows is classified correctly.

    With `average`, the mean over classes of the part of their rows that is classified correctly: "macro" is the
    balanced accuracy, in which a class without rows does not count. Of several labels, the mean over labels.

    Source: https://lightning.ai/docs/torchmetrics/stable/classification/accuracy.html
    """

    def averaging(self, task: Task, ignored: int | None) -> Averaging:
        """Hits among the rows of a class; of labels also what is rejected correctly."""
        is_of_labels = task == "multilabel" or (task == "binary" and self.average is None)
        ratio = _agreement if is_of_labels else _recall
        return Averaging(
            task=task, average=self.average, ratio=ratio, otherwise=float("nan"), only_true=True, ignored=ignored
        )


@spec
class DividingMetric(ThresholdMetric):
    """The base of metrics that may have nothing to divide by."""

    zero_division: float = option(default=0.0, minimum=0, maximum=1)
    """What it is, of a class, if there is nothing to divide by."""

    def averaging(self, task: Task, ignored: int | None) -> Averaging:
        """The ratio of each class that is predicted or true."""
        return Averaging(
            task=task, average=self.average, ratio=type(self).ratio, otherwise=self.zero_division, ignored=ignored
        )

    @staticmethod
    def ratio(counts: Counts) -> "tuple[Tensor, Tensor]":
        """What is divided by what."""
        raise NotImplementedError


@spec
class F1Score(DividingMetric):
    """The harmonic mean of precision and recall. For more than one class, see `average`.

    Source: https://lightning.ai/docs/torchmetrics/stable/classification/f1_score.html
    """

    @staticmethod
    def ratio(counts: Counts) -> "tuple[Tensor, Tensor]":
        """Hits, and the mean of what is predicted and what is true."""
        return 2 * counts.hits, counts.predicted + counts.true


@spec
class Precision(DividingMetric):
    """Which part of the rows that are predicted to be of a class is of it.

    Source: https://lightning.ai/docs/torchmetrics/stable/classification/precision.html
    """

    @staticmethod
    def ratio(counts: Counts) -> "tuple[Tensor, Tensor]":
        """Hits among what is predicted."""
        return counts.hits, counts.predicted


@spec
class Recall(DividingMetric):
    """Which part of the rows of a class is predicted to be of it.

    Source: https://lightning.ai/docs/torchmetrics/stable/classification/recall.html
    """

    @staticmethod
    def ratio(counts: Counts) -> "tuple[Tensor, Tensor]":
        """Hits among what is true."""
        return _recall(counts)


def _recall(counts: Counts) -> "tuple[Tensor, Tensor]":
    return counts.hits, counts.true


def _agreement(counts: Counts) -> "tuple[Tensor, Tensor]":
    return counts.hits + counts.rejected, counts.rows
