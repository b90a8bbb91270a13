"""Metrics that compare sequences of classes."""

import math
from typing import TYPE_CHECKING, Any

from hookline.spec import LossSpec, MetricSpec, spec
from hookline_metrics.state import State

if TYPE_CHECKING:
    from torch import Tensor

    from hookline.script import PredictionNames, Script


@spec
class SequenceMetric(MetricSpec):
    """The base of metrics for losses whose targets are sequences."""

    takes = ("sequences",)
    undefined = "All targets are empty."


@spec
class SequenceAccuracy(SequenceMetric):
    """The fraction of the sequences that are predicted without any error.

    Predictions and targets: int64 `(N, steps)` and `(N, S)`, each padded with -1.
    """

    def build(self, loss: LossSpec, predictions: "Tensor") -> Any:
        """Return a mean over sequences."""
        return _Mean(lambda predictions, targets: (predictions == targets).all(dim=1))

    def eject(self, script: "Script", loss: LossSpec, predicted: "PredictionNames") -> str:
        """Add a function of predicted and true sequences, and return a call of it."""
        script.define(ONE_WIDTH)
        return f"{script.define(EXACT)}({predicted.predictions}, {predicted.truth})"


@spec
class SymbolErrorRate(SequenceMetric):
    """The number of insertions, deletions and substitutions per target symbol that turn predictions into targets.

    It is the sum of the Levenshtein distances divided by the sum of the target lengths; 0 is best. For letters it is
    called character error rate.
    """

    higher_is_better = False

    def build(self, loss: LossSpec, predictions: "Tensor") -> Any:
        """Return a mean over symbols."""
        return _ErrorRate()

    def eject(self, script: "Script", loss: LossSpec, predicted: "PredictionNames") -> str:
        """Add a function of predicted and true sequences, and return a call of it."""
        return f"{script.define(ERROR_RATE)}({predicted.predictions}, {predicted.truth})"


ONE_WIDTH = '''
def of_one_width(*several):
    """Return sequences, padded with -1 to the same number of steps."""
    width = max(rows.shape[1] for rows in several)
    return [nn.functional.pad(rows, (0, width - rows.shape[1]), value=-1) for rows in several]
'''

EXACT = '''
def sequence_accuracy(predicted, true):
    """Return the fraction of the sequences that are predicted without any error."""
    predicted, true = of_one_width(predicted, true)
    return int((predicted == true).all(dim=1).sum()) / len(true)
'''

ERROR_RATE = '''
def symbol_error_rate(predicted, true):
    """Return the Levenshtein distances of predicted and true sequences, divided by the number of true symbols."""
    total = symbols = 0
    for one, other in zip(predicted.tolist(), true.tolist(), strict=True):
        one, other = [symbol for symbol in one if symbol >= 0], [symbol for symbol in other if symbol >= 0]
        line = list(range(len(other) + 1))
        for place, symbol in enumerate(one):
            corner, line[0] = line[0], place + 1
            for index, wanted in enumerate(other):
                cost = min(corner + (symbol != wanted), line[index] + 1, line[index + 1] + 1)
                corner, line[index + 1] = line[index + 1], cost
        total, symbols = total + line[-1], symbols + len(other)
    return total / symbols if symbols else float("nan")
'''


class _Mean(State):
    """The mean of a function of two tensors of the same width, which returns a bool or an integer for each row."""

    def __init__(self, function: Any):
        self._function = function
        self._total: Tensor | int = 0
        self._count: Tensor | int = 0

    def update(self, predictions: "Tensor", targets: "Tensor") -> None:
        """Add the rows of a batch."""
        self._total = self._total + self._function(*_of_one_width(predictions, targets)).sum()
        self._count = self._count + self._counted(targets)

    def _counted(self, targets: "Tensor") -> "Tensor | int":
        """Return the number by which the sum for a batch is divided."""
        return len(targets)

    def compute(self) -> float:
        """Return the mean; NaN if the divisor is 0."""
        count = int(self._count)
        return int(self._total) / count if count else math.nan


class _ErrorRate(_Mean):
    """The Levenshtein distances of all rows, per symbol of the targets."""

    def __init__(self) -> None:
        super().__init__(_distances)

    def _counted(self, targets: "Tensor") -> "Tensor | int":
        return (targets >= 0).sum()


def _of_one_width(predictions: "Tensor", targets: "Tensor") -> "tuple[Tensor, Tensor]":
    from torch.nn.functional import pad

    width = max(predictions.shape[1], targets.shape[1])
    predictions, targets = (pad(rows, (0, width - rows.shape[1]), value=-1) for rows in (predictions, targets))
    return predictions, targets


def _distances(predictions: "Tensor", targets: "Tensor") -> "Tensor":
    """Return the Levenshtein distance of each row, computed line by line of its table for the whole batch at once."""
    import torch

    lengths = (predictions >= 0).sum(dim=1), (targets >= 0).sum(dim=1)
    rows, width = predictions.shape
    columns = torch.arange(width + 1, device=predictions.device)
    line = columns.repeat(rows, 1)
    lines = [line]
    for place in range(width):
        replaced = line[:, :-1] + (predictions[:, place, None] != targets)
        without_insertions = torch.cat([line[:, :1] + 1, torch.minimum(replaced, line[:, 1:] + 1)], dim=1)
        # Each insertion costs one: the smallest number to the left, plus the columns in between.
        line = (without_insertions - columns).cummin(dim=1).values + columns
        lines.append(line)
    table = torch.stack(lines, dim=1)
    return table[torch.arange(rows, device=predictions.device), lengths[0], lengths[1]]
