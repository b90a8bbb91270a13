"""Counts of how often each class is predicted, true, and both, from which accuracy, precision, recall and F1 follow."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from attrs import frozen

from hookline_metrics.state import State
from hookline_metrics.tasks import LABELS, Task, indices_of_classes, rows_of

if TYPE_CHECKING:
    from torch import Tensor

Average = Literal["micro", "macro", "weighted"]


@frozen
class Counts:
    """The counts of classes or labels, float64 `(classes,)` each. They are integers, and therefore exact."""

    hits: "Tensor"
    """The number of rows in which the class is both predicted and true."""
    predicted: "Tensor"
    """The number of rows in which it is predicted."""
    true: "Tensor"
    """The number of rows in which it is true."""
    rows: "Tensor"
    """The number of rows that are not ignored."""

    @property
    def rejected(self) -> "Tensor":
        """The number of rows in which it is neither predicted nor true."""
        return self.rows - self.predicted - self.true + self.hits

    def total(self) -> "Counts":
        """Return the sums over all classes, `(1,)` each."""
        return Counts(*(count.sum(dim=0, keepdim=True) for count in self._counts()))

    def both_classes(self) -> "Counts":
        """Return the counts of the two classes of a single label: false, and true."""
        import torch

        no = self.rejected, self.rows - self.predicted, self.rows - self.true, self.rows
        return Counts(*(torch.cat(pair) for pair in zip(no, self._counts(), strict=True)))

    def _counts(self) -> "tuple[Tensor, ...]":
        return self.hits, self.predicted, self.true, self.rows


Ratio = Callable[[Counts], "tuple[Tensor, Tensor]"]
"""A function that returns numerator and denominator for each class."""


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
        import torch

        if not counts.rows.any():
            return math.nan
        has_labels = self.task == "multilabel" or (self.task == "binary" and self.average is None)
        if self.task == "binary" and self.average is not None:
            counts = counts.both_classes()
        average = self.average or ("micro" if self.task == "binary" else self.usual)
        if average == "micro":
            return float(self._ratios(counts.total())[0])
        occurs = counts.true > 0 if self.only_true else counts.predicted + counts.true > 0
        members = counts.rows > 0 if has_labels else occurs
        if self.ignored is not None and not has_labels:
            members[self.ignored] = False
        weights = counts.true if average == "weighted" else torch.ones_like(counts.true)
        weights = torch.where(members, weights, 0.0)
        ratios = torch.where(weights > 0, self._ratios(counts), 0.0)
        return float((ratios * weights).sum() / weights.sum()) if weights.any() else self.otherwise

    def _ratios(self, counts: Counts) -> "Tensor":
        import torch

        numerator, denominator = self.ratio(counts)
        return torch.where(denominator > 0, numerator / denominator, self.otherwise)


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
        import torch

        is_nan = predictions.isnan().any()
        if self._counts is None:
            self._counts = torch.zeros(4, self._classes, dtype=torch.int64, device=predictions.device)
            self._is_nan = is_nan
        else:
            self._is_nan = self._is_nan | is_nan
        if self._task in LABELS:
            self._counts += self._labels(rows_of(predictions, self._classes), rows_of(targets, self._classes))
        else:
            self._add_classes(self._counts, predictions, indices_of_classes(targets))

    def _labels(self, predictions: "Tensor", targets: "Tensor") -> "Tensor":
        import torch

        holds, is_true = predictions >= self._threshold, targets >= 0.5
        if self._ignored is None:
            parts = holds & is_true, holds, is_true, torch.ones_like(is_true)
        else:
            counted = is_true != bool(self._ignored)
            parts = holds & is_true & counted, holds & counted, is_true & counted, counted
        return torch.stack(parts).sum(dim=1)

    def _add_classes(self, counts: "Tensor", predictions: "Tensor", true: "Tensor") -> None:
        import torch

        if predictions.is_floating_point():
            scores = rows_of(predictions, self._classes)
            predicted = scores.argmax(dim=1)
            if self._top_k > 1:
                predicted = torch.where(_is_among_first(scores, true, self._top_k), true, predicted)
        else:
            predicted = predictions.reshape(-1).long()
        counted = torch.ones_like(true) if self._ignored is None else (true != self._ignored).long()
        hits, of_predicted, of_true, rows = counts.unbind()
        # Not `bincount`, which synchronizes the device.
        hits.scatter_add_(0, true, counted * (predicted == true))
        of_predicted.scatter_add_(0, predicted, counted)
        of_true.scatter_add_(0, true, counted)
        rows += counted.sum()
        self._add_pairs(predicted, true, counted)

    def _add_pairs(self, predicted: "Tensor", true: "Tensor", counted: "Tensor") -> None:
        """Add what a metric needs apart from the counts; `counted` is 1 for rows that count and 0 for others."""

    def compute(self) -> float:
        """Return the number; NaN if a prediction is NaN."""
        counts = self._updated._counts
        if counts is None or self._updated._is_nan:
            return math.nan
        return self._number_of(Counts(*counts.cpu().double().unbind()))


def _is_among_first(scores: "Tensor", true: "Tensor", count: int) -> "Tensor":
    """Return whether the score of the true class is among the largest; among equal scores, lower classes come first."""
    import torch

    own = scores.gather(1, true.unsqueeze(1))
    comes_before = torch.arange(scores.shape[1], device=scores.device) < true.unsqueeze(1)
    return ((scores > own) | ((scores == own) & comes_before)).sum(dim=1) < count
