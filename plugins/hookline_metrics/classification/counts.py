"""Counts of how often each class is predicted, true, and both, and the average of their ratios over classes."""

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from attrs import frozen

from hookline_metrics.tasks import Task

if TYPE_CHECKING:
    from numpy.typing import NDArray

Average = Literal["micro", "macro", "weighted"]


class Counts(NamedTuple):
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
        return Counts(*[sum(counts.tolist()) for counts in self])

    def both_classes(self) -> "Counts":
        """Return the counts of the two classes of a single label: false, and true."""
        import numpy

        no = self.rejected, self.rows - self.predicted, self.rows - self.true, self.rows
        return Counts(*(numpy.hstack(pair) for pair in zip(no, self, strict=True)))


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
        rows = counts.rows.tolist()
        if not any(rows):
            return math.nan
        average, has_labels = self.average, self.task == "multilabel"
        if self.task == "binary" and average is not None:
            counts = counts.both_classes()
        elif average is None:
            average = "micro" if self.task == "binary" else self.usual
        if average == "micro":
            numerator, denominator = self.ratio(counts.total())
            return float(numerator / denominator) if denominator > 0 else self.otherwise
        # From here on in Python, since these are few numbers.
        true = counts.true.tolist()
        occurs = true if self.only_true else (counts.predicted + counts.true).tolist()
        if has_labels:
            occurs = rows
        weights = true if average == "weighted" else [1.0] * len(true)
        weights = [weight if times else 0.0 for weight, times in zip(weights, occurs, strict=True)]
        if self.ignored is not None and not has_labels:
            weights[self.ignored] = 0.0
        if not any(weights):
            return self.otherwise
        numerators, denominators = (numbers.tolist() for numbers in self.ratio(counts))
        ratios = [
            weight * (above / below if below > 0 else self.otherwise) if weight else 0.0
            for weight, above, below in zip(weights, numerators, denominators, strict=True)
        ]
        return _sum(ratios) / sum(weights)


def _sum(numbers: Sequence[float]) -> float:
    """Return the sum in torch's order, on which the last bit depends."""
    import numpy
    import torch

    return torch.from_numpy(numpy.array(numbers)).sum().item()
