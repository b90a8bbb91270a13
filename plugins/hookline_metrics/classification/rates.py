"""Metrics that are a share of right decisions: precision, recall, and the same for rows that are not of a class."""

from typing import TYPE_CHECKING, Any

from hookline.spec import spec
from hookline_metrics.classification.counts import Counts
from hookline_metrics.classification.decisions import DividingMetric, TopMetric, recall

if TYPE_CHECKING:
    from numpy.typing import NDArray


@spec
class Precision(DividingMetric):
    """The fraction of the rows predicted as a class that belong to it.

    Source: https://lightning.ai/docs/torchmetrics/stable/classification/precision.html
    """

    def ratio(self, counts: Counts) -> "tuple[NDArray[Any], NDArray[Any]]":
        """Divide the hits by the predicted rows."""
        return counts.hits, counts.predicted


@spec
class Recall(DividingMetric):
    """The fraction of the rows of a class that are predicted as it.

    Source: https://lightning.ai/docs/torchmetrics/stable/classification/recall.html
    """

    def ratio(self, counts: Counts) -> "tuple[NDArray[Any], NDArray[Any]]":
        """Divide the hits by the true rows."""
        return recall(counts)


@spec
class Specificity(TopMetric):
    """The fraction of the rows of other classes that are not predicted as a class; 0 if there are none.

    Source: https://lightning.ai/docs/torchmetrics/stable/classification/specificity.html
    """

    takes = ("classes", "labels", "numbers")  # All triplets are true.

    def ratio(self, counts: Counts) -> "tuple[NDArray[Any], NDArray[Any]]":
        """Divide the true negatives by the rows of other classes."""
        return counts.rejected, counts.rows - counts.true


@spec
class NegativePredictiveValue(TopMetric):
    """The fraction of the rows not predicted as a class that do not belong to it; 0 if there are none.

    Source: https://lightning.ai/docs/torchmetrics/stable/classification/negative_predictive_value.html
    """

    takes = ("classes", "labels", "numbers")

    def ratio(self, counts: Counts) -> "tuple[NDArray[Any], NDArray[Any]]":
        """Divide the true negatives by the rows that are not predicted as the class."""
        return counts.rejected, counts.rows - counts.predicted
