"""Metrics of how each row ranks its labels: true ones should have larger scores than others."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from hookline.spec import LossSpec, option, spec
from hookline_metrics.state import State
from hookline_metrics.tasks import TaskMetric, rows_of

if TYPE_CHECKING:
    from torch import Tensor

    from hookline.script import PredictionNames, Script


@spec
class LabelRanking(TaskMetric):
    """The base of means over rows of a number that depends on the order of the scores of the labels."""

    takes = ("labels",)
    tasks = ("multilabel",)
    ranks = True
    undefined = "A prediction is NaN."

    num_labels: int | None = option(default=None, minimum=2)
    """The number of labels. Default: the number of outputs of the model."""

    def build(self, loss: LossSpec, predictions: "Tensor") -> State:
        """Return the mean over rows."""
        return _Rows(self, self.resolve(loss, predictions)[1])

    further_lines: ClassVar[Mapping[str, tuple[str, ...]]] = {"row_lines": ("of_rows",)}
    row_lines: ClassVar[str] = ""
    """The numbers of rows as code, as `of_rows` computes them from `below` and `is_true`. Its last line is an
    expression."""

    def eject(self, script: "Script", loss: LossSpec, predicted: "PredictionNames") -> str:
        """Add a function of scores and true labels, and return a call of it."""
        from hookline_metrics.ejecting.labels import eject_ranking

        return eject_ranking(self, script, predicted)

    def of_rows(self, below: "Tensor", positive: "Tensor") -> "Tensor":
        """Return the number of each row, float64.

        `below` is the number of labels of the row with a smaller score, and `positive` whether the label is true,
        `(rows, labels)` each.
        """
        raise NotImplementedError


@spec
class MultilabelCoverageError(LabelRanking):
    """The mean number of labels, from the largest score, among which are all true labels of a row.

    Source: https://lightning.ai/docs/torchmetrics/stable/classification/coverage_error.html
    """

    higher_is_better = False

    row_lines = "torch.where(is_true, is_true.shape[1] - below, 0).amax(dim=1).double()"

    def of_rows(self, below: "Tensor", positive: "Tensor") -> "Tensor":
        """Return the worst rank of a true label; 0 if there is none."""
        import torch

        return torch.where(positive, positive.shape[1] - below, 0).amax(dim=1).double()


@spec
class MultilabelRankingAveragePrecision(LabelRanking):
    """The mean, over the true labels of a row, of the fraction of true labels among those with no smaller score.

    It is 1 for a row of which all labels are true, or none.

    Source: https://lightning.ai/docs/torchmetrics/stable/classification/label_ranking_average_precision.html
    """

    row_lines = """\
number = is_true.sum(dim=1, keepdim=True)
shares = (number - counted_below(below, is_true)).double() / (is_true.shape[1] - below)
means = torch.where(is_true, shares, 0.0).sum(dim=1) / number.squeeze(1).clamp(min=1)
torch.where(is_true.any(dim=1), means, 1.0)"""

    def of_rows(self, below: "Tensor", positive: "Tensor") -> "Tensor":
        """Return the mean over true labels."""
        import torch

        among_true = _counted_below(below, positive)
        labels, true = positive.shape[1], positive.sum(dim=1, keepdim=True)
        shares = (true - among_true).double() / (labels - below)
        mean = torch.where(positive, shares, 0.0).sum(dim=1) / true.squeeze(1).clamp(min=1)
        return torch.where(positive.any(dim=1), mean, 1.0)


@spec
class MultilabelRankingLoss(LabelRanking):
    """The mean fraction of pairs of a true and a false label of a row in which the true one has no larger score.

    It is 0 for a row of which all labels are true, or none.

    Source: https://lightning.ai/docs/torchmetrics/stable/classification/label_ranking_loss.html
    """

    higher_is_better = False

    row_lines = """\
number = is_true.sum(dim=1)
pairs = number * (is_true.shape[1] - number)
right = torch.where(is_true, counted_below(below, ~is_true), 0).sum(dim=1)
((pairs - right).double() / pairs.clamp(min=1))"""

    def of_rows(self, below: "Tensor", positive: "Tensor") -> "Tensor":
        """Return the fraction of wrong pairs."""
        import torch

        true = positive.sum(dim=1)
        pairs = true * (positive.shape[1] - true)
        right = torch.where(positive, _counted_below(below, ~positive), 0).sum(dim=1)
        return (pairs - right).double() / pairs.clamp(min=1)


class _Rows(State):
    """The sum over rows, and their number."""

    def __init__(self, metric: LabelRanking, labels: int):
        self._metric, self._labels = metric, labels
        self._total: Tensor | float = 0.0
        self._is_nan: Tensor | bool = False
        self._rows = 0

    def update(self, predictions: "Tensor", targets: "Tensor") -> None:
        """Add the rows of a batch."""
        import torch

        if predictions.dtype.itemsize < 4:
            predictions = predictions.float()  # Not all devices support `searchsorted` for half precision.
        scores = rows_of(predictions, self._labels).contiguous()
        self._is_nan = self._is_nan | scores.isnan().any()
        below = torch.searchsorted(scores.sort(dim=1).values, scores)
        # On the CPU if the device has no float64.
        below, positive = (_where_float64_is(part) for part in (below, rows_of(targets, self._labels) >= 0.5))
        self._total = self._total + self._metric.of_rows(below, positive).sum()
        self._rows += len(scores)

    def compute(self) -> float:
        """Return the mean; NaN if a score is NaN."""
        return float(self._total) / self._rows if self._rows and not self._is_nan else math.nan


def _where_float64_is(tensor: "Tensor") -> "Tensor":
    return tensor.cpu() if tensor.device.type == "mps" else tensor


def _counted_below(below: "Tensor", counted: "Tensor") -> "Tensor":
    """Return, for each label, how many of the counted labels have a smaller score."""
    import torch

    beyond = below.shape[1]  # Sorts labels that are not counted to the end.
    return torch.searchsorted(torch.where(counted, below, beyond).sort(dim=1).values, below.contiguous())
