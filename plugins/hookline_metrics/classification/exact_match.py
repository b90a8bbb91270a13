"""The fraction of rows whose classes or labels are all predicted correctly."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

from hookline.script import cannot_be_written
from hookline.spec import LossSpec, option, spec
from hookline_metrics.state import State
from hookline_metrics.tasks import LABELS, Task, TaskMetric, indices_of_classes, rows_of

if TYPE_CHECKING:
    from torch import Tensor

    from hookline.script import PredictionNames, Script


@spec
class ExactMatch(TaskMetric):
    """The fraction of the rows in which all labels are predicted correctly, or the classes of all positions.

    For one class in each row it is the accuracy.

    Source: https://lightning.ai/docs/torchmetrics/stable/classification/exact_match.html
    """

    takes = ("classes", "labels", "numbers")
    tasks = ("multiclass", "multilabel")
    joins_batches = True
    undefined = "All rows are ignored, or a prediction is NaN."
    only_for: ClassVar[Mapping[str, tuple[Task, ...]]] = {**TaskMetric.only_for, "threshold": LABELS}

    threshold: float = option(default=0.5, minimum=0, maximum=1)
    """The probability from which a label counts as 1."""
    task: Literal["multiclass", "multilabel"] | None = None
    """The task. Default: it follows from the loss."""
    num_classes: int | None = option(default=None, minimum=2)
    """The number of classes, for the task "multiclass". Default: the number of outputs of the model."""
    num_labels: int | None = option(default=None, minimum=2)
    """The number of labels, for the task "multilabel". Default: the number of outputs of the model."""
    ignore_index: int | None = option(default=None, minimum=0)
    """The index of a class to ignore: its positions need not be correct, and rows without others do not count. Classes
    are sorted and counted from 0; for a label, 0 means false. Default: the class that the loss ignores, if any."""

    def build(self, loss: LossSpec, predictions: "Tensor") -> State:
        """Return the number of rows, and of those that are correct."""
        task, columns = self.resolve(loss, predictions)
        return _Matches(task, columns, self.threshold, self.ignored(loss, task))

    def eject(self, script: "Script", loss: LossSpec, predicted: "PredictionNames") -> str:
        """Add a function of predicted and true classes or labels, and return a call of it."""
        from hookline_metrics.ejecting.counting import of_classes

        task, _ = self.resolve(loss, predicted.example.predictions)
        ignored = self.ignored(loss, task)
        said, true = of_classes(predicted, task, self.threshold)
        if task == "multilabel" and predicted.example.predictions.dim() > 2:
            raise cannot_be_written("Labels of several positions have no lines.")
        lines = MATCH
        if ignored is not None:
            lines = MATCH_OF_SOME.replace("IGNORED", str(ignored if task == "multiclass" else bool(ignored)))
        return f"{script.define(lines)}({said}, {true})"


MATCH = '''
def exact_match(predicted, true):
    """The fraction of the rows in which all labels or positions are predicted correctly."""
    return float((predicted == true).reshape(len(true), -1).all(dim=1).double().mean())
'''

MATCH_OF_SOME = '''
def exact_match(predicted, true):
    """The fraction of the rows in which all labels or positions that count are predicted correctly."""
    counted = (true != IGNORED).reshape(len(true), -1)
    matches = ((predicted == true).reshape(len(true), -1) | ~counted).all(dim=1)[counted.any(dim=1)]
    return float(matches.double().mean())
'''


class _Matches(State):
    """The number of rows that count, and of those that are correct."""

    def __init__(self, task: Task, columns: int, threshold: float, ignored: int | None):
        self._task, self._columns, self._threshold, self._ignored = task, columns, threshold, ignored
        self._counts: Tensor | None = None
        self._is_nan: Tensor | bool = False

    def update(self, predictions: "Tensor", targets: "Tensor") -> None:
        """Add the rows of a batch."""
        import torch

        self._is_nan = self._is_nan | predictions.isnan().any()
        if self._task == "multilabel":
            said, true = rows_of(predictions, self._columns) >= self._threshold, rows_of(targets, self._columns) >= 0.5
        else:
            rows, true = len(predictions), indices_of_classes(targets)
            said = predictions.argmax(dim=1) if predictions.is_floating_point() else predictions
            said, true = said.reshape(rows, -1), true.reshape(rows, -1)
        counted = torch.ones_like(true, dtype=torch.bool) if self._ignored is None else true != self._ignored
        counts = counted.any(dim=1)
        matches = ((said == true) | ~counted).all(dim=1) & counts
        both = torch.stack([matches.sum(), counts.sum()])
        self._counts = both if self._counts is None else self._counts + both

    def compute(self) -> float:
        """Return the fraction; NaN if a prediction is NaN, or all rows are ignored."""
        if self._counts is None or self._is_nan:
            return math.nan
        matches, rows = self._counts.tolist()
        return matches / rows if rows else math.nan
