"""Metrics of the probabilities or scores of predicted classes."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

from hookline.data import in_float64
from hookline.spec import LossSpec, option, spec
from hookline_metrics.state import State
from hookline_metrics.tasks import OneClassMetric, Task, indices_of_classes, rows_of

if TYPE_CHECKING:
    from torch import Tensor

    from hookline.script import PredictionNames, Script

UNIT = 2**25
"""The number of steps from 0 to 1 of the integers that add up probabilities."""


@spec
class CalibrationError(OneClassMetric):
    """The difference between predicted probabilities and frequencies, in bins of equal width.

    In each bin, the mean probability of the predicted class is compared with the fraction of the rows that belong to
    it; for a binary task, the mean probability of class 1. The last bin contains 1. Bins without rows do not count.

    Source: https://lightning.ai/docs/torchmetrics/stable/classification/calibration_error.html
    """

    higher_is_better = False
    joins_batches = True  # It adds probabilities in fixed-point numbers.
    undefined = "All rows are ignored, or a probability is NaN."

    n_bins: int = option(default=15, minimum=1)
    """The number of bins."""
    norm: Literal["l1", "l2", "max"] = "l1"
    """The mean of the differences, weighted by rows ("l1"), the root of the mean of their squares ("l2"), or the
    largest ("max")."""

    def check(self, loss: LossSpec) -> None:
        """Check the task, and require probabilities."""
        OneClassMetric.check(self, loss)
        refuse_scores(self, loss)

    def build(self, loss: LossSpec, predictions: "Tensor") -> State:
        """Return the rows, hits and total probability of each bin."""
        task, columns = self.resolve(loss, predictions)
        return _Bins(self, task, columns, self.ignored(loss, task))

    def eject(self, script: "Script", loss: LossSpec, predicted: "PredictionNames") -> str:
        """Add a function of probabilities and true classes, and return a call of it."""
        from hookline_metrics.ejecting.probabilities import eject_calibration

        return eject_calibration(self, script, loss, predicted)


@spec
class HingeLoss(OneClassMetric):
    """The mean of max(0, 1 - margin).

    The margin is the number predicted for the true class minus the largest of the others; for a binary task, the number
    predicted for class 1, negated for rows of class 0. The numbers are probabilities, or the scores of losses that
    predict scores, such as MultiMarginLoss.

    Source: https://lightning.ai/docs/torchmetrics/stable/classification/hinge_loss.html
    """

    higher_is_better = False
    undefined = "All rows are ignored, or a prediction is NaN."
    only_for: ClassVar[Mapping[str, tuple[Task, ...]]] = {
        **OneClassMetric.only_for,
        "multiclass_mode": ("multiclass",),
    }

    squared: bool = False
    """Take the square of each term."""
    multiclass_mode: Literal["crammer-singer", "one-vs-all"] = "crammer-singer"
    """Compare the true class with the largest of the others ("crammer-singer"), or take each class against the rest,
    and the mean over classes ("one-vs-all")."""

    def build(self, loss: LossSpec, predictions: "Tensor") -> State:
        """Return the mean over rows."""
        task, columns = self.resolve(loss, predictions)
        if not predictions.is_floating_point():
            raise ValueError(f"{type(loss).__name__} predicts classes without scores.")
        return _Hinge(self, task, columns, self.ignored(loss, task))

    def eject(self, script: "Script", loss: LossSpec, predicted: "PredictionNames") -> str:
        """Add a function of scores and true classes, and return a call of it."""
        from hookline_metrics.ejecting.probabilities import eject_hinge

        return eject_hinge(self, script, loss, predicted)


def refuse_scores(metric: object, loss: LossSpec) -> None:
    """Raise a `ValueError` if the loss predicts scores of classes, not probabilities."""
    if loss.predicts == "scores":
        raise ValueError(f"{type(metric).__name__} needs probabilities, but {type(loss).__name__} predicts scores.")


class _Bins(State):
    """The number of rows, of hits and the total probability of each bin, in integers: the order of rows is irrelevant.

    Probabilities are added in multiples of 2**-50, in two parts, so that the sums cannot overflow.
    """

    def __init__(self, metric: CalibrationError, task: Task, columns: int, ignored: int | None):
        self._metric, self._task, self._columns, self._ignored = metric, task, columns, ignored
        self._sums: Tensor | None = None
        self._is_nan: Tensor | bool = False

    def update(self, predictions: "Tensor", targets: "Tensor") -> None:
        """Add the rows of a batch."""
        import torch

        if not predictions.is_floating_point():
            raise ValueError("The loss predicts classes without probabilities.")
        self._is_nan = self._is_nan | ~predictions.isfinite().all()
        rows = in_float64(rows_of(predictions, self._columns)).nan_to_num()
        if self._task == "binary":
            probability, true = rows[:, 0], targets.reshape(-1).to(rows.device) >= 0.5
            hits, label = true, true.long()
        else:
            label = indices_of_classes(targets).to(rows.device)
            probability, predicted = rows.max(dim=1)
            hits = predicted == label
        counted = torch.ones_like(label) if self._ignored is None else (label != self._ignored).long()
        scaled = probability * UNIT
        parts = counted, hits.long(), scaled.floor().long(), ((scaled - scaled.floor()) * UNIT).round().long()
        edges = torch.linspace(0, 1, self._metric.n_bins + 1, dtype=torch.float64, device=rows.device)
        places = torch.searchsorted(edges[1:-1].contiguous(), probability, right=True)
        if self._sums is None:
            self._sums = torch.zeros(len(parts), self._metric.n_bins, dtype=torch.int64, device=rows.device)
        for sums, part in zip(self._sums, parts, strict=True):
            sums.scatter_add_(0, places, part * counted)

    def compute(self) -> float:
        """Return the error; NaN if a probability is NaN, or all rows are ignored."""
        if self._sums is None or self._is_nan:
            return math.nan
        rows, hits, high, low = self._sums.cpu().double()
        has_rows = rows > 0
        if not has_rows.any():
            return math.nan
        rows, hits, total = rows[has_rows], hits[has_rows], ((high + low / UNIT) / UNIT)[has_rows]
        differences, weights = (hits - total).abs() / rows, rows / rows.sum()
        if self._metric.norm == "max":
            return float(differences.max())
        if self._metric.norm == "l2":
            return math.sqrt(float((differences.square() * weights).sum()))
        return float((differences * weights).sum())


class _Hinge(State):
    """The sum over rows, and their number."""

    def __init__(self, metric: HingeLoss, task: Task, columns: int, ignored: int | None):
        self._metric, self._task, self._columns, self._ignored = metric, task, columns, ignored
        self._total: Tensor | float = 0.0
        self._rows: Tensor | int = 0

    def update(self, predictions: "Tensor", targets: "Tensor") -> None:
        """Add the rows of a batch."""
        import torch

        rows = in_float64(rows_of(predictions, self._columns))
        if self._task == "binary":
            label = (targets.reshape(-1) >= 0.5).long().to(rows.device)
            margins = rows * (2 * label - 1).unsqueeze(1)
        else:
            label = indices_of_classes(targets).to(rows.device)
            own = label.unsqueeze(1) == torch.arange(self._columns, device=rows.device)
            if self._metric.multiclass_mode == "one-vs-all":
                margins = torch.where(own, rows, -rows)
            else:
                margins = rows.gather(1, label.unsqueeze(1)) - rows.masked_fill(own, -torch.inf).amax(1, keepdim=True)
        terms = (1 - margins).clamp(min=0)
        terms = (terms.square() if self._metric.squared else terms).mean(dim=1)
        counted = torch.ones_like(label) if self._ignored is None else label != self._ignored
        # A row that is ignored does not count even if its prediction is NaN.
        self._total = self._total + torch.where(counted > 0, terms, 0.0).sum()
        self._rows = self._rows + counted.sum()

    def compute(self) -> float:
        """Return the mean; NaN if a prediction is NaN, or all rows are ignored."""
        rows = int(self._rows)
        return float(self._total) / rows if rows else math.nan
