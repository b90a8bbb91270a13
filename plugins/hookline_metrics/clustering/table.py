"""The table of how often each class is predicted for each true class."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from attrs import frozen

from hookline.errors import OptionError
from hookline.spec import LossSpec, spec
from hookline_metrics.state import State
from hookline_metrics.tasks import TaskMetric, indices_of_classes, rows_of

if TYPE_CHECKING:
    from torch import Tensor

    from hookline.script import PredictionNames, Script

MOST_CLASSES = 4096
"""The largest number of classes for which there is a table, of 128 MiB."""


@frozen
class Table:
    """The counts of all pairs of a true and a predicted class that occur, float64 `(true, predicted)`."""

    counts: "Tensor"

    @property
    def rows(self) -> float:
        """The number of rows of data."""
        return float(self.counts.sum())

    @property
    def true(self) -> "Tensor":
        """The number of rows of each true class."""
        return self.counts.sum(dim=1)

    @property
    def predicted(self) -> "Tensor":
        """The number of rows of each predicted class."""
        return self.counts.sum(dim=0)


@spec
class TableMetric(TaskMetric):
    """The base of metrics of the table. A binary prediction counts as 1 from a probability of 0.5."""

    tasks = ("binary", "multiclass")
    joins_batches = True
    undefined = "All rows are ignored, or a prediction is NaN."

    def build(self, loss: LossSpec, predictions: "Tensor") -> State:
        """Return the table."""
        task, columns = self.resolve(loss, predictions)
        classes = 2 if task == "binary" else columns
        if classes > MOST_CLASSES:
            message = (
                f"{type(self).__name__} needs a table of classes, at most {MOST_CLASSES}, but there are {classes}."
            )
            raise OptionError("type", message)
        return _Counts(self, columns, classes, self.ignored(loss, task))

    further_lines: ClassVar[Mapping[str, tuple[str, ...]]] = {"table_lines": ("number",)}
    table_lines: ClassVar[str] = ""
    """The metric as code, as `number` computes it: from `counts`, `actual` and `guessed`, their sums, and `rows`. Its
    last line is an expression."""

    def eject(self, script: "Script", loss: LossSpec, predicted: "PredictionNames") -> str:
        """Add a function of predicted and true classes, and return a call of it."""
        from hookline_metrics.ejecting.tables import eject_table

        return eject_table(self, script, loss, predicted)

    def number(self, table: Table) -> float:
        """Return the metric; NaN where it is not defined."""
        raise NotImplementedError


class _Counts(State):
    """The table of all rows so far."""

    def __init__(self, metric: TableMetric, columns: int, classes: int, ignored: int | None):
        self._metric, self._columns, self._classes, self._ignored = metric, columns, classes, ignored
        self._counts: Tensor | None = None
        self._is_nan: Tensor | bool = False

    def update(self, predictions: "Tensor", targets: "Tensor") -> None:
        """Add the rows of a batch."""
        import torch

        self._is_nan = self._is_nan | predictions.isnan().any()
        if self._columns == 1:
            predicted, true = (predictions.reshape(-1) >= 0.5).long(), (targets.reshape(-1) >= 0.5).long()
        else:
            true = indices_of_classes(targets)
            scores = rows_of(predictions, self._columns) if predictions.is_floating_point() else None
            predicted = predictions.reshape(-1).long() if scores is None else scores.argmax(dim=1)
        if self._counts is None:
            self._counts = torch.zeros(self._classes**2, dtype=torch.int64, device=predicted.device)
        counted = torch.ones_like(true) if self._ignored is None else (true != self._ignored).long()
        # Not `bincount`, which synchronizes the device.
        self._counts.scatter_add_(0, true * self._classes + predicted, counted)

    def compute(self) -> float:
        """Return the metric; NaN if a prediction is NaN, or all rows are ignored."""
        if self._counts is None or self._is_nan:
            return math.nan
        counts = self._counts.cpu().reshape(self._classes, self._classes)
        counts = counts[counts.sum(dim=1) > 0][:, counts.sum(dim=0) > 0]
        return self._metric.number(Table(counts.double())) if counts.numel() else math.nan
