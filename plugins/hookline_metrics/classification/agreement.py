"""Metrics of the agreement between predicted and true classes beyond chance."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from hookline.spec import LossSpec, option, spec
from hookline_metrics.classification.counting import CountingState
from hookline_metrics.classification.counts import Counts
from hookline_metrics.state import State
from hookline_metrics.tasks import LABELS, ClassificationMetric, OneClassMetric, Task

if TYPE_CHECKING:
    from torch import Tensor

    from hookline.script import PredictionNames, Script

ONLY_FOR: Mapping[str, tuple[Task, ...]] = {**ClassificationMetric.only_for, "threshold": LABELS}


@spec
class CohenKappa(OneClassMetric):
    """The agreement beyond what the frequencies of the classes give by chance: 1 is perfect, 0 is chance.

    Source: https://lightning.ai/docs/torchmetrics/stable/classification/cohen_kappa.html
    """

    joins_batches = True
    resets = True
    undefined = "It needs two classes, and predictions that are not NaN."
    only_for: ClassVar[Mapping[str, tuple[Task, ...]]] = {**ONLY_FOR, "weights": ("multiclass",)}

    threshold: float = option(default=0.5, minimum=0, maximum=1)
    """The probability from which a binary prediction counts as 1."""
    weights: Literal["linear", "quadratic"] | None = None
    """The weight of an error, for classes that are in order: the distance between the classes, or its square. Default:
    all errors weigh the same."""

    def build(self, loss: LossSpec, predictions: "Tensor") -> State:
        """Return the counts of all classes, and the total weight of the errors."""
        task, classes = self.resolve(loss, predictions)
        ignored = self.ignored(loss, task)
        if self.weights is None:
            number = _kappa if task == "multiclass" else _binary_kappa
            return CountingState(task, classes, number, threshold=self.threshold, ignored=ignored)
        return _WeightedKappa(task, classes, square=self.weights == "quadratic", ignored=ignored)

    def eject(self, script: "Script", loss: LossSpec, predicted: "PredictionNames") -> str:
        """Add a function of predicted and true classes, and return a call of it."""
        from hookline_metrics.ejecting.confusion import eject_confusion

        weights = {
            None: "1 - torch.eye(len(matrix), dtype=torch.float64)",
            "linear": "(classes - classes.unsqueeze(1)).abs()",
            "quadratic": "(classes - classes.unsqueeze(1)).square()",
        }[self.weights]
        lines = [] if self.weights is None else ["classes = torch.arange(len(matrix), dtype=torch.float64)"]
        lines += [
            f"weights = {weights}",
            "by_chance = float((weights * torch.outer(matrix.sum(dim=1), matrix.sum(dim=0))).sum())",
            "wrong = float((weights * matrix).sum() * matrix.sum())",
            'float("nan") if by_chance == 0 else 1 - wrong / by_chance',
        ]
        return eject_confusion(self, script, loss, predicted, "\n".join(lines))


@spec
class MatthewsCorrCoef(ClassificationMetric):
    """The correlation between predicted and true classes: 1 is perfect, 0 is no relation, -1 is always wrong.

    It is 0 if all rows are predicted as one class, or belong to one. For several labels, all labels of all rows count
    together.

    Source: https://lightning.ai/docs/torchmetrics/stable/classification/matthews_corr_coef.html
    """

    takes = ("classes", "labels", "numbers")
    joins_batches = True
    resets = True
    undefined = "All rows are ignored, or a prediction is NaN."
    only_for = ONLY_FOR

    threshold: float = option(default=0.5, minimum=0, maximum=1)
    """The probability from which a binary prediction, or a label, counts as 1."""

    def build(self, loss: LossSpec, predictions: "Tensor") -> State:
        """Return the counts of all classes or labels."""
        task, classes = self.resolve(loss, predictions)
        number = _correlation if task == "multiclass" else _correlation_of_labels
        return CountingState(task, classes, number, threshold=self.threshold, ignored=self.ignored(loss, task))

    def eject(self, script: "Script", loss: LossSpec, predicted: "PredictionNames") -> str:
        """Add a function of predicted and true classes, and return a call of it."""
        from hookline_metrics.ejecting.confusion import eject_confusion

        lines = (
            "rows, guessed, actual = float(matrix.sum()), matrix.sum(dim=0), matrix.sum(dim=1)",
            "shared = float(matrix.trace()) * rows - float((guessed * actual).sum())",
            "spread = [rows**2 - float(part.square().sum()) for part in (guessed, actual)]",
            "shared / (math.sqrt(spread[0]) * math.sqrt(spread[1])) if min(spread) > 0 else 0.0",
        )
        return eject_confusion(self, script, loss, predicted, "\n".join(lines))


class _WeightedKappa(CountingState):
    """The counts of classes that are in order, and the sum of the weights of all errors."""

    def __init__(self, task: Task, classes: int, *, square: bool, ignored: int | None):
        super().__init__(task, classes, self._number, ignored=ignored)
        self._square = square

    def reset(self) -> None:
        """Remove all rows."""
        super().reset()
        self._weight: Any = 0

    def _add_pairs(self, predicted: Any, true: Any, counted: Any) -> None:
        steps = abs(predicted - true) if counted is None else abs(predicted - true) * counted
        self._weight = self._weight + (steps**2 if self._square else steps).sum()

    def _number(self, counts: Counts) -> float:
        import numpy

        if self._square:
            # Σ p_i t_j (i - j)², expanded.
            index = numpy.arange(len(counts.true))
            squares = (index**2 * (counts.predicted + counts.true)).sum()
            product = (index * counts.predicted).sum() * (index * counts.true).sum()
            expected = counts.rows[0] * squares - 2 * product
        else:
            # Σ p_i t_j |i - j|: how many pairs lie on both sides of each step from a class to the next.
            first, second = counts.predicted.cumsum(), counts.true.cumsum()
            expected = (first * (counts.rows - second) + second * (counts.rows - first)).sum()
        return 1 - _divided(float(self._weight) * float(counts.rows[0]), float(expected))


def _kappa(counts: Counts) -> float:
    """Return 1 - the disagreement divided by the one that is expected by chance."""
    rows = float(counts.rows[0])
    chance = rows**2 - float((counts.predicted * counts.true).sum())
    return 1 - _divided((rows - float(counts.hits.sum())) * rows, chance)


def _binary_kappa(counts: Counts) -> float:
    return _kappa(counts.both_classes())


def _correlation(counts: Counts) -> float:
    rows = float(counts.rows[0])
    if not rows:
        return math.nan
    shared = float(counts.hits.sum()) * rows - float((counts.predicted * counts.true).sum())
    spread = [rows**2 - float((part**2).sum()) for part in (counts.predicted, counts.true)]
    return shared / (math.sqrt(spread[0]) * math.sqrt(spread[1])) if min(spread) > 0 else 0.0


def _correlation_of_labels(counts: Counts) -> float:
    return _correlation(counts.total().both_classes())


def _divided(numerator: float, denominator: float) -> float:
    return numerator / denominator if denominator else math.nan
