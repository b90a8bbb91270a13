"""The counts of true and false positives at each threshold, of which areas and operating points are functions.

A curve is two tensors, float64: the positive and the negative rows that reach each threshold, from the highest
threshold, which no row reaches, to the lowest, which all rows reach.
"""

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline_metrics.arrays import as_array, has_nan, in_float64, quick
from hookline_metrics.state import State
from hookline_metrics.tasks import Task, indices_of_classes, rows_of

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor


@frozen(kw_only=True)
class Columns:
    """How the columns of scores, one for each class or label, become one number: each against the rest."""

    task: Task
    number: int
    of_curve: "Callable[[Tensor, Tensor], float]"
    """A function of the true and the false positives of a curve; NaN where it is not defined."""
    of_column: "Callable[[NDArray[Any], NDArray[Any]], float]"
    """The same, as a function of scores, float64, and of which are positive, bool, `(rows,)` each."""
    average: str = "macro"
    """The mean of all columns ("macro"), also weighted by their positive rows ("weighted"), or the number of all
    columns together ("micro")."""
    ignored: int | None = None
    """The class whose rows to ignore."""

    @property
    def curves(self) -> int:
        """The number of curves."""
        return 1 if self.average == "micro" else self.number

    def truth(self, targets: "Tensor") -> "tuple[Tensor, Tensor | None]":
        """Return which rows belong to which class, `(rows, columns)`, and which count, `(rows,)`; `None` for all."""
        import torch

        if self.task != "multiclass":
            return rows_of(targets, self.number) >= 0.5, None
        classes = indices_of_classes(targets)
        positive = classes.unsqueeze(1) == torch.arange(self.number, device=classes.device)
        return positive, None if self.ignored is None else classes != self.ignored

    def mean(self, found: Sequence[float], positives: "Callable[[], Tensor]") -> float:
        """Return the mean of the numbers that are defined, and ignore those that are NaN.

        Args:
            found: the number of each column.
            positives: returns how many rows of each column are positive, int64 `(columns,)`.

        """
        import torch

        if len(found) == 1 and self.average != "weighted":
            return found[0]
        numbers = torch.tensor(found, dtype=torch.float64)
        is_defined = ~numbers.isnan()
        if self.ignored is not None and self.average != "micro":
            is_defined[self.ignored] = False
        weights = positives().double() if self.average == "weighted" else torch.ones_like(numbers)
        weights = torch.where(is_defined, weights, 0.0)
        if not weights.any():
            return math.nan
        return float((torch.where(is_defined, numbers, 0.0) * weights).sum() / weights.sum())


class KeptScores(State):
    """Keeps all scores, for the exact curves."""

    def __init__(self, columns: Columns):
        """Start without rows."""
        self._columns = columns
        self.reset()

    def reset(self) -> None:
        """Remove all rows."""
        self._scores: list[Tensor] = []
        self._targets: list[Tensor] = []

    def update(self, predictions: "Tensor", targets: "Tensor") -> None:
        """Keep copies of the rows of a batch, because batches and layers may reuse their memory."""
        self._scores.append(rows_of(predictions, self._columns.number).detach().clone())
        self._targets.append(targets.clone())

    def compute(self) -> float:
        """Return the number; NaN if a score is NaN."""
        import torch

        columns, targets = self._columns, _joined(self._targets)
        # NumPy sorts many scores in a twentieth of the time of torch, and few in a third.
        scores = in_float64(_joined(self._scores))
        if columns.task == "multiclass":
            of_rows, is_counted = columns.truth(targets.cpu())
            positive = of_rows.numpy()
            if is_counted is not None:
                scores, positive = scores[is_counted.numpy()], positive[is_counted.numpy()]
        else:
            [rows] = quick(rows_of(targets, columns.number))
            positive = as_array(rows >= 0.5)
        if has_nan(scores) or not len(scores):
            return math.nan
        if columns.average == "micro":
            scores, positive = scores.reshape(-1, 1), positive.reshape(-1, 1)
        numbers = list(map(columns.of_column, scores.T, positive.T))
        return columns.mean(numbers, lambda: torch.from_numpy(positive.sum(axis=0)))


def _joined(several: "Sequence[Tensor]") -> "Tensor":
    import torch

    return several[0] if len(several) == 1 else torch.cat(several)  # type: ignore[arg-type]


class CountedScores(State):
    """Counts the rows between some thresholds, for curves through these thresholds."""

    def __init__(self, columns: Columns, thresholds: int | tuple[float, ...]):
        """Start without rows."""
        self._columns, self._thresholds = columns, thresholds
        self._edges: Tensor | None = None
        self.reset()

    def reset(self) -> None:
        """Remove all rows."""
        self._counts: Tensor | None = None
        self._is_nan: Tensor | bool = False

    def update(self, predictions: "Tensor", targets: "Tensor") -> None:
        """Count the rows of a batch."""
        import torch

        columns = self._columns
        if predictions.dtype.itemsize < 4:
            predictions = predictions.float()  # Not all devices support `searchsorted` for half precision.
        if self._edges is None:
            self._edges = self._make_edges(predictions)
        if self._counts is None:
            places = columns.curves * (len(self._edges) + 1)
            self._counts = torch.zeros(2, places, dtype=torch.int64, device=predictions.device)
        self._is_nan = self._is_nan | predictions.isnan().any()
        positive, is_counted = columns.truth(targets)
        # The number of thresholds that a probability reaches.
        reached = torch.searchsorted(self._edges, rows_of(predictions, columns.number).contiguous(), right=True)
        if columns.average != "micro":
            reached = reached + torch.arange(columns.number, device=reached.device) * (len(self._edges) + 1)
        places_of_rows = reached.flatten()
        for counts, rows in zip(self._counts, (positive, ~positive), strict=True):
            counted = rows if is_counted is None else rows & is_counted.unsqueeze(1)
            counts.scatter_add_(0, places_of_rows, counted.long().flatten())

    def _make_edges(self, predictions: "Tensor") -> "Tensor":
        """Return the thresholds in increasing order, in the precision of the probabilities."""
        import torch

        thresholds = self._thresholds
        if isinstance(thresholds, int):
            return torch.linspace(0, 1, thresholds, dtype=predictions.dtype, device=predictions.device)
        return torch.tensor(sorted(thresholds), dtype=predictions.dtype, device=predictions.device)

    def compute(self) -> float:
        """Return the number; NaN if a probability is NaN."""
        import torch

        if self._counts is None or self._is_nan:
            return math.nan
        counts = self._counts.cpu().reshape(2, self._columns.curves, -1)
        # From the highest threshold, which the fewest rows reach, down to none.
        reaching = counts.flip(dims=(2,)).cumsum(dim=2).double()
        reaching = torch.cat([torch.zeros_like(reaching[:, :, :1]), reaching], dim=2)
        numbers = [self._columns.of_curve(*pair) for pair in zip(*reaching, strict=True)]
        return self._columns.mean(numbers, lambda: counts[0].sum(dim=1))


def curve(scores: "Tensor", positive: "Tensor") -> "tuple[Tensor, Tensor]":
    """Return the exact curve of scores, float64 `(rows,)`; equal scores are one step."""
    import torch

    ordered, order = scores.sort(descending=True)
    is_last = torch.ones_like(ordered, dtype=torch.bool)
    is_last[:-1] = ordered[:-1] != ordered[1:]
    true = positive[order].double().cumsum(dim=0)[is_last]
    false = (~positive[order]).double().cumsum(dim=0)[is_last]
    start = torch.zeros(1, dtype=torch.float64)
    return torch.cat([start, true]), torch.cat([start, false])
