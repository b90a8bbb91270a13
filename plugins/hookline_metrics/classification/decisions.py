"""Metrics that compare predicted classes with true ones, by how often each is predicted, true, and both."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from hookline.errors import OptionError
from hookline.spec import LossSpec, option, spec
from hookline_metrics.classification.counting import CountingState
from hookline_metrics.classification.counts import Average, Averaging, Counts, Ratio
from hookline_metrics.state import State
from hookline_metrics.tasks import LABELS, ClassificationMetric, Task

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from hookline.script import PredictionNames, Script

BALANCED = 'Add a metric such as Accuracy or F1Score with average = "macro", AUROC, or MatthewsCorrCoef.'
"""The remedy for metrics that count rows instead of classes."""
NO_ROWS = "All rows are ignored, or a prediction is NaN."


@spec
class ThresholdMetric(ClassificationMetric):
    """The options of metrics of predicted classes."""

    joins_batches = True
    resets = True
    undefined = NO_ROWS
    only_for: ClassVar[Mapping[str, tuple[Task, ...]]] = {
        **ClassificationMetric.only_for,
        "threshold": LABELS,
        "top_k": ("multiclass",),
    }

    usual_average: ClassVar[Average] = "micro"
    """The default of `average` for several classes or labels."""

    threshold: float = option(default=0.5, minimum=0, maximum=1)
    """The probability from which a binary prediction, or a label, counts as 1."""
    average: Average | None = None
    """The average over classes or labels: all rows have equal weights ("micro"), all classes have equal weights
    ("macro"), or classes have their number of rows as weights ("weighted"). Default: for a binary task, class 1 alone;
    otherwise "micro"."""

    @property
    def first(self) -> int:
        """The number of most probable classes among which the true class must be."""
        return 1

    def build(self, loss: LossSpec, predictions: "Tensor") -> State:
        """Return the counts of all classes or labels."""
        task, classes = self.resolve(loss, predictions)
        if self.first > 1 and (self.first > classes or not predictions.is_floating_point()):
            raise OptionError("top_k", f"There are {classes} classes, but `top_k` is {self.first}.")
        ignored = self.ignored(loss, task)
        averaging = self.averaging(task, ignored)
        return CountingState(task, classes, averaging, threshold=self.threshold, top_k=self.first, ignored=ignored)

    def eject(self, script: "Script", loss: LossSpec, predicted: "PredictionNames") -> str:
        """Add a function of predicted and true classes, and return a call of it."""
        from hookline_metrics.ejecting.counting import eject_counting

        return eject_counting(self, script, loss, predicted)

    def averaging(self, task: Task, ignored: int | None) -> Averaging:
        """Return the function that computes the metric from the counts: the average of the ratios of all classes."""
        return Averaging(
            task=task,
            average=self.average,
            ratio=self.ratio,
            otherwise=getattr(self, "zero_division", 0.0),
            ignored=ignored,
            usual=self.usual_average,
        )

    def ratio(self, counts: Counts) -> "tuple[NDArray[Any], NDArray[Any]]":
        """Return numerator and denominator of each class."""
        raise NotImplementedError

    def remedy_if_imbalanced(self, loss: LossSpec) -> str:
        """Return the remedy if rows of several classes have equal weights: this is then the accuracy."""
        return BALANCED if loss.offers == "classes" and (self.average or self.usual_average) == "micro" else ""


@spec
class TopMetric(ThresholdMetric):
    """The base of metrics for which the true class may be among several predicted ones."""

    top_k: int = option(default=1, minimum=1)
    """The number of most probable classes among which the true class must be."""

    @property
    def first(self) -> int:
        """The number of most probable classes among which the true class must be."""
        return self.top_k


@spec
class Accuracy(TopMetric):
    """The fraction of the rows that are classified correctly.

    With `average`, the mean over classes of the fraction of their rows that are classified correctly: "macro" is the
    balanced accuracy, which ignores classes without rows. For several labels, the mean over labels.

    Source: https://lightning.ai/docs/torchmetrics/stable/classification/accuracy.html
    """

    def averaging(self, task: Task, ignored: int | None) -> Averaging:
        """Divide the hits by the rows of a class; for labels, true negatives count as well."""
        return _of_true_rows(self, task, ignored, _agreement, recall)

    def remedy_if_imbalanced(self, loss: LossSpec) -> str:
        """Return the remedy unless classes have equal weights."""
        return "" if self.average == "macro" else BALANCED


@spec
class HammingDistance(TopMetric):
    """The fraction of the rows, or of the labels of all rows, that are classified wrongly: 1 - Accuracy.

    Source: https://lightning.ai/docs/torchmetrics/stable/classification/hamming_distance.html
    """

    higher_is_better = False

    def averaging(self, task: Task, ignored: int | None) -> Averaging:
        """Divide the misses by the rows of a class; for labels, false positives count as well."""
        return _of_true_rows(self, task, ignored, _disagreement, _misses)

    def remedy_if_imbalanced(self, loss: LossSpec) -> str:
        """Return the remedy unless classes have equal weights."""
        return "" if self.average == "macro" else BALANCED


@spec
class DividingMetric(TopMetric):
    """The base of metrics whose value is an option if the divisor is 0."""

    zero_division: float = option(default=0.0, minimum=0, maximum=1)
    """The value for a class if the divisor is 0."""


@spec
class F1Score(DividingMetric):
    """The harmonic mean of precision and recall. For several classes, see `average`.

    Source: https://lightning.ai/docs/torchmetrics/stable/classification/f1_score.html
    """

    def ratio(self, counts: Counts) -> "tuple[NDArray[Any], NDArray[Any]]":
        """Divide the hits by the mean of the predicted and the true rows."""
        return 2 * counts.hits, counts.predicted + counts.true


@spec
class FBetaScore(DividingMetric):
    """The weighted harmonic mean of precision and recall, where recall has `beta` times the weight of precision.

    Source: https://lightning.ai/docs/torchmetrics/stable/classification/fbeta_score.html
    """

    beta: float = option(default=1.0, above=0)
    """The weight of recall, relative to precision. With 1, it is the F1 score."""

    def ratio(self, counts: Counts) -> "tuple[NDArray[Any], NDArray[Any]]":
        """Divide the hits by the weighted mean of the predicted and the true rows."""
        square = self.beta**2
        return (1 + square) * counts.hits, counts.predicted + square * counts.true


@spec
class JaccardIndex(ThresholdMetric):
    """The number of rows that are predicted and true, divided by the number that are predicted or true.

    It is also called intersection over union.

    Source: https://lightning.ai/docs/torchmetrics/stable/classification/jaccard_index.html
    """

    usual_average = "macro"

    average: Average | None = None
    """The average over classes or labels: all rows have equal weights ("micro"), all classes have equal weights
    ("macro"), or classes have their number of rows as weights ("weighted"). Default: for a binary task, class 1 alone;
    otherwise "macro"."""
    zero_division: float = option(default=0.0, minimum=0, maximum=1)
    """The value for a class if the divisor is 0."""

    def ratio(self, counts: Counts) -> "tuple[NDArray[Any], NDArray[Any]]":
        """Divide the hits by the rows in which the class is predicted or true."""
        return counts.hits, counts.predicted + counts.true - counts.hits


def _of_true_rows(
    metric: ThresholdMetric, task: Task, ignored: int | None, of_labels: Ratio, of_classes: Ratio
) -> Averaging:
    """Return an average over the classes that are true in any row, or over labels."""
    is_of_labels = task == "multilabel" or (task == "binary" and metric.average is None)
    return Averaging(
        task=task,
        average=metric.average,
        ratio=of_labels if is_of_labels else of_classes,
        otherwise=float("nan"),
        only_true=True,
        ignored=ignored,
    )


def recall(counts: Counts) -> "tuple[NDArray[Any], NDArray[Any]]":
    """Return the numerator and the denominator of recall."""
    return counts.hits, counts.true


def _misses(counts: Counts) -> "tuple[NDArray[Any], NDArray[Any]]":
    return counts.true - counts.hits, counts.true


def _agreement(counts: Counts) -> "tuple[NDArray[Any], NDArray[Any]]":
    return counts.hits + counts.rejected, counts.rows


def _disagreement(counts: Counts) -> "tuple[NDArray[Any], NDArray[Any]]":
    return counts.predicted + counts.true - 2 * counts.hits, counts.rows
