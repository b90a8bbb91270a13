"""Metrics that compare sequences of classes."""

import math
from typing import TYPE_CHECKING, Any

from hookline.spec import LossSpec, MetricSpec, spec
from hookline_metrics.state import State

if TYPE_CHECKING:
    from torch import Tensor


@spec
class SequenceMetric(MetricSpec):
    """The base of this page's metrics: for losses whose targets are sequences."""

    takes = ("sequences",)
    undefined = "All targets are empty."


@spec
class SequenceAccuracy(SequenceMetric):
    """Which part of the sequences is read without any error.

    Predictions and targets: int64 `(N, steps)` and `(N, S)`, each filled up with -1.
    """

    def build(self, loss: LossSpec, predictions: "Tensor") -> Any:
        """A mean over sequences."""
        return _Mean(lambda said, meant: (said == meant).all(dim=1))


@spec
class SymbolErrorRate(SequenceMetric):
    """How many symbols must be inserted, left out or replaced to make the targets of what is said, for each of theirs.

    It is the sum of Levenshtein's distances, divided by that of the targets' lengths; 0 is best. Of letters it is
    called the character error rate.
    """

    higher_is_better = False

    def build(self, loss: LossSpec, predictions: "Tensor") -> Any:
        """A mean over symbols."""
        return _ErrorRate()


class _Mean(State):
    """The mean of what a function says of each row of two tensors of one width: a bool, or a whole number."""

    def __init__(self, judge: Any):
        self._judge = judge
        self._total: Tensor | int = 0
        self._count: Tensor | int = 0

    def update(self, predictions: "Tensor", targets: "Tensor") -> None:
        """Add the rows of a batch."""
        self._total = self._total + self._judge(*_of_one_width(predictions, targets)).sum()
        self._count = self._count + self._counted(targets)

    def _counted(self, targets: "Tensor") -> "Tensor | int":
        """By how much the sum for a batch is divided."""
        return len(targets)

    def compute(self) -> float:
        """The mean; NaN if there is nothing to divide by."""
        count = int(self._count)
        return int(self._total) / count if count else math.nan


class _ErrorRate(_Mean):
    """Levenshtein's distances of all rows, for each symbol of the targets."""

    def __init__(self) -> None:
        super().__init__(_distances)

    def _counted(self, targets: "Tensor") -> "Tensor | int":
        return (targets >= 0).sum()


def _of_one_width(predictions: "Tensor", targets: "Tensor") -> "tuple[Tensor, Tensor]":
    from torch.nn.functional import pad

    width = max(predictions.shape[1], targets.shape[1])
    said, meant = (pad(rows, (0, width - rows.shape[1]), value=-1) for rows in (predictions, targets))
    return said, meant


def _distances(said: "Tensor", meant: "Tensor") -> "Tensor":
    """Levenshtein's distance of each row, row by row of the table that it is found in, for all rows of the batch."""
    import torch

    lengths = (said >= 0).sum(dim=1), (meant >= 0).sum(dim=1)
    rows, width = said.shape
    line = torch.arange(width + 1, device=said.device).repeat(rows, 1)
    lines = [line]
    for place in range(width):
        new = [line[:, 0] + 1]
        for column in range(width):
            replaced = line[:, column] + (said[:, place] != meant[:, column])
            new.append(torch.minimum(replaced, torch.minimum(new[-1], line[:, column + 1]) + 1))
        line = torch.stack(new, dim=1)
        lines.append(line)
    table = torch.stack(lines, dim=1)
    return table[torch.arange(rows, device=said.device), lengths[0], lengths[1]]
