"""Count how often each class is predicted, true, and both, from which accuracy, precision, recall and F1 follow."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from hookline_metrics.arrays import as_array, count_pairs, count_true, has_nan, quick
from hookline_metrics.classification.counts import Counts
from hookline_metrics.state import State
from hookline_metrics.tasks import LABELS, Task, indices_of_classes, rows_of

if TYPE_CHECKING:
    from torch import Tensor


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
        self._updated = self
        self.reset()

    def reset(self) -> None:
        """Remove all rows."""
        self._counts: Any = None
        """How often each class is both, predicted and true, and the rows that count, int64 `(4, classes)`."""
        self._is_nan: Tensor | bool = False
        self._of_all: Counts | None = None

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
        self._of_all = None

    def _of_labels(self, predictions: Any, targets: Any) -> Any:
        holds, is_true = predictions >= self._threshold, targets >= 0.5
        if self._ignored is None:
            return count_true([holds & is_true, holds, is_true, is_true == is_true])
        counted = is_true != bool(self._ignored)
        return count_true([holds & is_true & counted, holds & counted, is_true & counted, counted])

    def _of_classes(self, predictions: "Tensor", true: "Tensor") -> tuple[Any, Any]:
        """Return whether a score is NaN, and the counts."""
        is_nan: Any = False
        if not predictions.is_floating_point():
            predicted, of_rows = quick(predictions.reshape(-1).long(), true)
        elif self._top_k > 1:
            scores = rows_of(predictions, self._classes)
            is_nan = has_nan(scores)
            predicted, of_rows = quick(_first_or_true(scores, true, self._top_k), true)
        else:
            scores, of_rows = quick(rows_of(predictions, self._classes), true)
            is_nan, predicted = has_nan(scores), scores.argmax(1)
        counted = None if self._ignored is None else of_rows != self._ignored
        counts = count_pairs(predicted, of_rows, self._classes, counted)
        self._add_pairs(predicted, of_rows, counted)
        return is_nan, counts

    def _add_pairs(self, predicted: Any, true: Any, counted: Any) -> None:
        """Add what a metric needs apart from the counts; `counted` says which rows count, `None` means all."""

    def compute(self) -> float:
        """Return the number; NaN if a prediction is NaN."""
        counts = self._updated._counts_of_all()
        return math.nan if counts is None else self._number_of(counts)

    def _counts_of_all(self) -> Counts | None:
        """The counts of all rows; `None` if there are none, or if a prediction is NaN."""
        if self._of_all is None and self._counts is not None and not self._is_nan:
            self._of_all = Counts(*as_array(self._counts).astype(float))
        return self._of_all


def _first_or_true(scores: "Tensor", true: "Tensor", count: int) -> "Tensor":
    """Return the true class where its score is among the largest, and elsewhere the class with the largest.

    Among equal scores, lower classes come first.
    """
    import torch

    own = scores.gather(1, true.unsqueeze(1))
    comes_before = torch.arange(scores.shape[1], device=scores.device) < true.unsqueeze(1)
    is_among_first = ((scores > own) | ((scores == own) & comes_before)).sum(dim=1) < count
    return torch.where(is_among_first, true, scores.argmax(dim=1))
