"""Counts of how often each class is predicted, true, and both, from which accuracy, precision, recall and F1 follow."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from attrs import frozen

from hookline_metrics.arrays import count, has_nan, quick, stacked, table
from hookline_metrics.state import State
from hookline_metrics.tasks import LABELS, Task, indices_of_classes, rows_of

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

Average = Literal["micro", "macro", "weighted"]

MOST_IN_TABLE = 64
"""The largest number of classes whose pairs are counted in a table."""


@frozen
class Counts:
    """The counts of classes or labels, float64 `(classes,)` each, or their sums, float each.

    They are integers, and therefore exact.
    """

    hits: "NDArray[Any] | Any"
    """The number of rows in which the class is both predicted and true."""
    predicted: "NDArray[Any] | Any"
    """The number of rows in which it is predicted."""
    true: "NDArray[Any] | Any"
    """The number of rows in which it is true."""
    rows: "NDArray[Any] | Any"
    """The number of rows that are not ignored."""

    @property
    def rejected(self) -> "NDArray[Any] | Any":
        """The number of rows in which it is neither predicted nor true."""
        return self.rows - self.predicted - self.true + self.hits

    def total(self) -> "Counts":
        """Return the sums over all classes."""
        # `sum` of a list, since these are few numbers. The order does not matter.
        return Counts(*(sum(counts.tolist()) for counts in self._counts()))

    def both_classes(self) -> "Counts":
        """Return the counts of the two classes of a single label: false, and true."""
        import numpy

        no = self.rejected, self.rows - self.predicted, self.rows - self.true, self.rows
        return Counts(*(numpy.hstack(pair) for pair in zip(no, self._counts(), strict=True)))

    def _counts(self) -> "tuple[NDArray[Any], ...]":
        return self.hits, self.predicted, self.true, self.rows


Ratio = Callable[[Counts], "tuple[NDArray[Any], NDArray[Any]]"]
"""A function that returns numerator and denominator for each class, or those for the sums over all classes."""


@frozen(kw_only=True)
class Averaging:
    """Computes one number from the ratios of classes."""

    task: Task
    average: Average | None
    """`None` means the ratio of the label for a binary task, and otherwise the usual average."""
    ratio: Ratio
    otherwise: float
    """The ratio of a class whose denominator is 0."""
    only_true: bool = False
    """Exclude classes from the average that are predicted, but not true in any row."""
    ignored: int | None = None
    """The class to exclude from the average."""
    usual: Average = "micro"
    """The average if there is none."""

    def __call__(self, counts: Counts) -> float:
        """Return the number; NaN if all rows are ignored."""
        import numpy

        if not numpy.count_nonzero(counts.rows):
            return math.nan
        has_labels = self.task == "multilabel" or (self.task == "binary" and self.average is None)
        if self.task == "binary" and self.average is not None:
            counts = counts.both_classes()
        average = self.average or ("micro" if self.task == "binary" else self.usual)
        if average == "micro":
            numerator, denominator = self.ratio(counts.total())
            return float(numerator / denominator) if denominator > 0 else self.otherwise
        occurs = counts.true > 0 if self.only_true else counts.predicted + counts.true > 0
        members = counts.rows > 0 if has_labels else occurs
        if self.ignored is not None and not has_labels:
            members[self.ignored] = False
        weights = members * counts.true if average == "weighted" else members.astype(float)
        if not numpy.count_nonzero(weights):
            return self.otherwise
        ratios = numpy.where(weights > 0, self._ratios(counts), 0.0)
        return _sum(ratios * weights) / sum(weights.tolist())

    def _ratios(self, counts: Counts) -> "NDArray[Any]":
        import numpy

        numerator, denominator = self.ratio(counts)
        ratios = numpy.full(len(numerator), self.otherwise)
        return numpy.divide(numerator, denominator, out=ratios, where=denominator > 0)


def _sum(numbers: "NDArray[Any]") -> float:
    """Return the sum in torch's order, on which the last bit depends."""
    import torch

    return torch.from_numpy(numbers).sum().item()


class CountingState(State):
    """Accumulates counts, from which it computes one number at the end."""

    def __init__(
        self,
        task: Task,
        classes: int,
        number: Callable[[Counts], float],
        *,
        threshold: float = 0.5,
        top_k: int = 1,
        ignored: int | None = None,
    ):
        """Start without rows; `classes` is the number of classes or labels, and `number` computes the metric."""
        self._task, self._classes, self._number_of = task, classes, number
        self._threshold, self._top_k, self._ignored = threshold, top_k, ignored
        self._counts: Tensor | None = None
        self._is_nan: Tensor | bool = False
        self._updated = self

    def shares_updates_of(self, other: object) -> bool:
        """Take the counts of another object if they are the same."""
        if type(self) is not CountingState or type(other) is not CountingState or self._rule() != other._rule():
            return False
        self._updated = other
        return True

    def _rule(self) -> tuple[object, ...]:
        return self._task, self._classes, self._threshold, self._top_k, self._ignored

    def update(self, predictions: "Tensor", targets: "Tensor") -> None:
        """Add the rows of a batch."""
        if self._task in LABELS:
            rows = quick(rows_of(predictions, self._classes), rows_of(targets, self._classes))
            is_nan, counts = has_nan(rows[0]), self._of_labels(*rows)
        else:
            is_nan, counts = self._of_classes(predictions, indices_of_classes(targets))
        self._is_nan = self._is_nan | is_nan
        self._counts = counts if self._counts is None else self._counts + counts

    def _of_labels(self, predictions: Any, targets: Any) -> "Tensor":
        holds, is_true = predictions >= self._threshold, targets >= 0.5
        if self._ignored is None:
            parts = [holds & is_true, holds, is_true, is_true == is_true]
        else:
            counted = is_true != bool(self._ignored)
            parts = [holds & is_true & counted, holds & counted, is_true & counted, counted]
        return stacked([part.sum(0) for part in parts])

    def _of_classes(self, predictions: "Tensor", true: "Tensor") -> "tuple[Tensor | bool, Tensor]":
        """Return whether a score is NaN, and the counts."""
        import numpy

        is_nan: Tensor | bool = False
        of_rows: Any = true
        if not predictions.is_floating_point():
            predicted, of_rows = quick(predictions.reshape(-1).long(), true)
        elif self._top_k > 1:
            scores = rows_of(predictions, self._classes)
            is_nan = has_nan(scores)
            predicted, of_rows = quick(_first_or_true(scores, true, self._top_k), true)
        else:
            scores, of_rows = quick(rows_of(predictions, self._classes), true)
            is_nan, predicted = has_nan(scores), scores.argmax(1)
            if isinstance(predicted, numpy.ndarray) and self._classes <= MOST_IN_TABLE:
                return is_nan, self._of_table(predicted, of_rows)
        counted = None if self._ignored is None else of_rows != self._ignored
        is_hit = predicted == of_rows
        of_true = count(of_rows, self._classes, counted)
        self._add_pairs(predicted, of_rows, counted)
        parts = [
            count(of_rows, self._classes, is_hit if counted is None else is_hit & counted),
            count(predicted, self._classes, counted),
            of_true,
            of_true.sum().repeat(self._classes),
        ]
        return is_nan, stacked(parts)

    def _of_table(self, predicted: Any, true: Any) -> "Tensor":
        """The counts of a few classes by NumPy: one call counts all pairs."""
        counted = None if self._ignored is None else true != self._ignored
        self._add_pairs(predicted, true, counted)
        if counted is not None:
            predicted, true = predicted[counted], true[counted]
        pairs = table(true, predicted, self._classes)
        return stacked([pairs.diagonal(), pairs.sum(0), pairs.sum(1), [len(true)] * self._classes])

    def _add_pairs(self, predicted: Any, true: Any, counted: Any) -> None:
        """Add what a metric needs apart from the counts; `counted` says which rows count, `None` means all."""

    def compute(self) -> float:
        """Return the number; NaN if a prediction is NaN."""
        counts = self._updated._counts
        if counts is None or self._updated._is_nan:
            return math.nan
        return self._number_of(Counts(*counts.cpu().numpy().astype(float)))


def _first_or_true(scores: "Tensor", true: "Tensor", count: int) -> "Tensor":
    """Return the true class where its score is among the largest, and elsewhere the class with the largest.

    Among equal scores, lower classes come first.
    """
    import torch

    own = scores.gather(1, true.unsqueeze(1))
    comes_before = torch.arange(scores.shape[1], device=scores.device) < true.unsqueeze(1)
    is_among_first = ((scores > own) | ((scores == own) & comes_before)).sum(dim=1) < count
    return torch.where(is_among_first, true, scores.argmax(dim=1))
