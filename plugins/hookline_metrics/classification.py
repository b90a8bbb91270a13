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

NO_ROWS = "All rows are ignored, or a prediction is NaN."


@spec
class ThresholdMetric(ClassificationMetric):
    """The options of metrics of predicted classes."""

    undefined = NO_ROWS
    only_for: ClassVar[Mapping[str, tuple[Task, ...]]] = {
        **ClassificationMetric.only_for,
        "threshold": LABELS,
        "top_k": ("multiclass",),
    }

    threshold: float = option(default=0.5, minimum=0, maximum=1)
    """The probability from which a binary prediction, or a label, counts as 1."""
    average: Average | None = None
    """The average over classes or labels: all rows have equal weights ("micro"), all classes have equal weights
    ("macro"), or classes have their number of rows as weights ("weighted"). Default: for a binary task, class 1 alone;
    otherwise "micro"."""
    top_k: int = option(default=1, minimum=1)
    """The number of most probable classes among which the true class must be."""

    def build(self, loss: LossSpec, predictions: "Tensor") -> State:
        """Return the counts of all classes or labels."""
        task, classes = self.resolve(loss, predictions)
        if self.top_k > 1 and (self.top_k > classes or not predictions.is_floating_point()):
            raise OptionError("top_k", f"There are {classes} classes, but `top_k` is {self.top_k}.")
        ignored = self.ignored(loss, task)
        averaging = self.averaging(task, ignored)
        return CountingState(task, classes, averaging, threshold=self.threshold, top_k=self.top_k, ignored=ignored)

    def averaging(self, task: Task, ignored: int | None) -> Averaging:
        """Return the function that computes the metric from the counts."""
        raise NotImplementedError


@spec
class Accuracy(ThresholdMetric):
    """The fraction of the rows that are classified correctly.

    With `average`, the mean over classes of the fraction of their rows that are classified correctly: "macro" is the
    balanced accuracy, which ignores classes without rows. For several labels, the mean over labels.

    Source: https://lightning.ai/docs/torchmetrics/stable/classification/accuracy.html
    """

    def averaging(self, task: Task, ignored: int | None) -> Averaging:
        """Divide the hits by the rows of a class; for labels, true negatives count as well."""
        is_of_labels = task == "multilabel" or (task == "binary" and self.average is None)
        ratio = _agreement if is_of_labels else _recall
        return Averaging(
            task=task, average=self.average, ratio=ratio, otherwise=float("nan"), only_true=True, ignored=ignored
        )


@spec
class DividingMetric(ThresholdMetric):
    """The base of metrics whose divisor may be 0."""

    zero_division: float = option(default=0.0, minimum=0, maximum=1)
    """The value for a class if the divisor is 0."""

    def averaging(self, task: Task, ignored: int | None) -> Averaging:
        """Average the ratios of all classes that are predicted or true."""
        return Averaging(
            task=task, average=self.average, ratio=type(self).ratio, otherwise=self.zero_division, ignored=ignored
        )

    @staticmethod
    def ratio(counts: Counts) -> "tuple[Tensor, Tensor]":
        """Return numerator and denominator."""
        raise NotImplementedError


@spec
class F1Score(DividingMetric):
    """The harmonic mean of precision and recall. For several classes, see `average`.

    Source: https://lightning.ai/docs/torchmetrics/stable/classification/f1_score.html
    """

    @staticmethod
    def ratio(counts: Counts) -> "tuple[Tensor, Tensor]":
        """Divide the hits by the mean of the predicted and the true rows."""
        return 2 * counts.hits, counts.predicted + counts.true


@spec
class Precision(DividingMetric):
    """The fraction of the rows predicted as a class that belong to it.

    Source: https://lightning.ai/docs/torchmetrics/stable/classification/precision.html
    """

    @staticmethod
    def ratio(counts: Counts) -> "tuple[Tensor, Tensor]":
        """Divide the hits by the predicted rows."""
        return counts.hits, counts.predicted


@spec
class Recall(DividingMetric):
    """The fraction of the rows of a class that are predicted as it.

    Source: https://lightning.ai/docs/torchmetrics/stable/classification/recall.html
    """

    @staticmethod
    def ratio(counts: Counts) -> "tuple[Tensor, Tensor]":
        """Divide the hits by the true rows."""
        return _recall(counts)


def _recall(counts: Counts) -> "tuple[Tensor, Tensor]":
    return counts.hits, counts.true


def _agreement(counts: Counts) -> "tuple[Tensor, Tensor]":
    return counts.hits + counts.rejected, counts.rows
