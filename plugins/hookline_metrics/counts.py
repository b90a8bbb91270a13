"""How often each class is predicted, true, and both: what accuracy, precision, recall and F1 are made of."""

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
    """The counts of some classes or labels, float64 `(classes,)` each; whole numbers, so that they are exact."""

    hits: "Tensor"
    """In how many rows the class is both predicted and true."""
    predicted: "Tensor"
    """In how many rows it is predicted."""
    true: "Tensor"
    """In how many rows it is true."""
    rows: "Tensor"
    """How many rows count."""

    @property
    def rejected(self) -> "Tensor":
        """In how many rows it is neither predicted nor true."""
        return self.rows - self.predicted - self.true + self.hits

    def total(self) -> "Counts":
        """The sums over all classes, of one dimension too."""
        return Counts(*(count.sum(dim=0, keepdim=True) for count in self._counts()))

    def both_classes(self) -> "Counts":
        """Of a single label two classes: that it does not hold, and that it holds."""
        import torch

        no = self.rejected, self.rows - self.predicted, self.rows - self.true, self.rows
        return Counts(*(torch.cat(pair) for pair in zip(no, self._counts(), strict=True)))

    def _counts(self) -> "tuple[Tensor, ...]":
        return self.hits, self.predicted, self.true, self.rows


Ratio = Callable[[Counts], "tuple[Tensor, Tensor]"]
"""What is divided by what, for each class."""


@frozen(kw_only=True)
class Averaging:
    """How the ratios of classes become one number."""

    task: Task
    average: Average | None
    """`None` is the ratio of the label of a binary task, and otherwise "micro"."""
    ratio: Ratio
    otherwise: float
    """What the ratio of a class is that has nothing to divide by."""
    only_true: bool = False
    """Whether a class that is predicted, but in no row true, is in no average of several classes."""
    ignored: int | None = None
    """The class that is in no average."""

    def __call__(self, counts: Counts) -> float:
        """The number; NaN if no row counts."""
        import torch

        if not counts.rows.sum():
            return math.nan
        has_labels = self.task == "multilabel" or (self.task == "binary" and self.average is None)
        if self.task == "binary" and self.average is not None:
            counts = counts.both_classes()
        if self.average in (None, "micro"):
            return float(self._ratios(counts.total())[0])
        occurs = counts.true > 0 if self.only_true else counts.predicted + counts.true > 0
        members = counts.rows > 0 if has_labels else occurs
        if self.ignored is not None and not has_labels:
            members[self.ignored] = False
        weights = counts.true if self.average == "weighted" else torch.ones_like(counts.true)
        weights = torch.where(members, weights, 0.0)
        ratios = torch.where(weights > 0, self._ratios(counts), 0.0)
        return float((ratios * weights).sum() / weights.sum()) if weights.any() else self.otherwise

    def _ratios(self, counts: Counts) -> "Tensor":
        import torch

        numerator, denominator = self.ratio(counts)
        return torch.where(denominator > 0, numerator / denominator, self.otherwise)


class CountingState(State):
    """Counts, from which one number is made in the end."""

    def __init__(
        self,
        task: Task,
        classes: int,
        averaging: Averaging,
        *,
        threshold: float = 0.5,
        top_k: int = 1,
        ignored: int | None = None,
    ):
        """Begin without rows; `classes` is the number of classes or of labels."""
        self._task, self._classes, self._averaging = task, classes, averaging
        self._threshold, self._top_k, self._ignored = threshold, top_k, ignored
        self._counts: Tensor | None = None
        self._is_nan: Tensor | bool = False

    def update(self, predictions: "Tensor", targets: "Tensor") -> None:
        """Add the rows of a batch."""
        import torch

        if self._counts is None:
            self._counts = torch.zeros(4, self._classes, dtype=torch.int64, device=predictions.device)
        self._is_nan = self._is_nan | predictions.isnan().any()
        if self._task in LABELS:
            self._counts += self._labels(rows_of(predictions, self._classes), rows_of(targets, self._classes))
        else:
            self._add_classes(self._counts, predictions, indices_of_classes(targets))

    def _labels(self, predictions: "Tensor", targets: "Tensor") -> "Tensor":
        import torch

        holds, is_true = predictions >= self._threshold, targets >= 0.5
        counted = torch.ones_like(is_true) if self._ignored is None else is_true != bool(self._ignored)
        parts = (holds & is_true & counted, holds & counted, is_true & counted, counted)
        return torch.stack([part.sum(dim=0) for part in parts])

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
        # Not `bincount`, which waits for the device.
        counts[0].scatter_add_(0, true, counted * (predicted == true))
        counts[1].scatter_add_(0, predicted, counted)
        counts[2].scatter_add_(0, true, counted)
        counts[3] += counted.sum()

    def compute(self) -> float:
        """The number; NaN if a prediction is."""
        if self._counts is None or self._is_nan:
            return math.nan
        return self._averaging(Counts(*self._counts.cpu().double()))


def _is_among_first(scores: "Tensor", true: "Tensor", count: int) -> "Tensor":
    """Whether the score of the true class is among the greatest; of equal scores those of lower classes come first."""
    import torch

    own = scores.gather(1, true.unsqueeze(1))
    comes_before = torch.arange(scores.shape[1], device=scores.device) < true.unsqueeze(1)
    return ((scores > own) | ((scores == own) & comes_before)).sum(dim=1) < count
