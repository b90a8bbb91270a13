"""Areas under the receiver operating characteristic curve."""

import math
from typing import TYPE_CHECKING

from hookline_metrics.state import State
from hookline_metrics.tasks import Task, indices_of_classes, rows_of

if TYPE_CHECKING:
    from torch import Tensor

    from hookline_metrics.ranking import AUROC

AT_ONCE = 2**22
"""The number of scores to rank at once."""


class AreaState(State):
    """The base of both: averages the areas of all classes or labels, each against the rest."""

    def __init__(self, metric: "AUROC", task: Task, columns: int, ignored: int | None):
        """Start without rows; `ignored` is the class whose rows to ignore."""
        self._metric, self._task, self._columns, self._ignored = metric, task, columns, ignored

    def _truth(self, targets: "Tensor") -> "tuple[Tensor, Tensor | None]":
        """Return which rows belong to which class, `(rows, columns)`, and which count, `(rows,)`; `None` for all."""
        import torch

        if self._task != "multiclass":
            return rows_of(targets, self._columns) >= 0.5, None
        classes = indices_of_classes(targets)
        positive = classes.unsqueeze(1) == torch.arange(self._columns, device=classes.device)
        return positive, None if self._ignored is None else classes != self._ignored

    def _mean(self, areas: "Tensor", positives: "Tensor") -> float:
        """Return the mean of the areas that are defined, and ignore those that are NaN."""
        import torch

        is_defined = ~areas.isnan()
        if self._ignored is not None:
            is_defined[self._ignored] = False
        weights = positives.double() if self._metric.average == "weighted" else torch.ones_like(areas)
        weights = torch.where(is_defined, weights, 0.0)
        if not weights.any():
            return math.nan
        return float((torch.where(is_defined, areas, 0.0) * weights).sum() / weights.sum())


class RankingState(AreaState):
    """Computes the exact area, and keeps all scores for it."""

    def __init__(self, metric: "AUROC", task: Task, columns: int, ignored: int | None):
        """Start without rows."""
        super().__init__(metric, task, columns, ignored)
        self._scores: list[Tensor] = []
        self._targets: list[Tensor] = []

    def update(self, predictions: "Tensor", targets: "Tensor") -> None:
        """Keep the rows of a batch."""
        self._scores.append(rows_of(predictions, self._columns))
        self._targets.append(targets)

    def compute(self) -> float:
        """Return the area; NaN if a score is NaN."""
        import torch

        scores = torch.cat(self._scores).cpu().double()
        positive, is_counted = self._truth(torch.cat(self._targets).cpu())
        if is_counted is not None:
            scores, positive = scores[is_counted], positive[is_counted]
        if scores.isnan().any():
            return math.nan
        if self._metric.max_fpr is not None:
            return area(*curve(scores[:, 0], positive[:, 0]), self._metric.max_fpr)
        step = max(1, AT_ONCE // max(1, len(scores)))
        parts = zip(scores.split(step, dim=1), positive.split(step, dim=1), strict=True)
        return self._mean(torch.cat([ranked(*part) for part in parts]), positive.sum(dim=0))


class ThresholdsState(AreaState):
    """Computes the area under a curve through some thresholds, and counts the rows between them."""

    def __init__(self, metric: "AUROC", task: Task, columns: int, ignored: int | None):
        """Start without rows."""
        super().__init__(metric, task, columns, ignored)
        self._edges: Tensor | None = None
        self._counts: Tensor | None = None
        self._is_nan: Tensor | bool = False

    def update(self, predictions: "Tensor", targets: "Tensor") -> None:
        """Count the rows of a batch."""
        import torch

        if predictions.dtype.itemsize < 4:
            predictions = predictions.float()  # Not all devices support `searchsorted` for half precision.
        if self._edges is None or self._counts is None:
            self._edges = self._make_edges(predictions)
            places = self._columns * (len(self._edges) + 1)
            self._counts = torch.zeros(2, places, dtype=torch.int64, device=predictions.device)
        self._is_nan = self._is_nan | predictions.isnan().any()
        positive, is_counted = self._truth(targets)
        # The number of thresholds that a probability reaches.
        reached = torch.searchsorted(self._edges, rows_of(predictions, self._columns).contiguous(), right=True)
        offsets = torch.arange(self._columns, device=reached.device) * (len(self._edges) + 1)
        places_of_rows = (reached + offsets).flatten()
        for counts, rows in zip(self._counts, (positive, ~positive), strict=True):
            counted = rows if is_counted is None else rows & is_counted.unsqueeze(1)
            counts.scatter_add_(0, places_of_rows, counted.long().flatten())

    def _make_edges(self, predictions: "Tensor") -> "Tensor":
        """Return the thresholds in increasing order, in the precision of the probabilities."""
        import torch

        thresholds = self._metric.thresholds
        if isinstance(thresholds, int):
            return torch.linspace(0, 1, thresholds, dtype=predictions.dtype, device=predictions.device)
        return torch.tensor(sorted(thresholds or ()), dtype=predictions.dtype, device=predictions.device)

    def compute(self) -> float:
        """Return the area; NaN if a probability is NaN."""
        import torch

        if self._counts is None or self._is_nan:
            return math.nan
        counts = self._counts.cpu().reshape(2, self._columns, -1)
        # From the highest threshold, which the fewest rows reach, down to none.
        reaching = counts.flip(dims=(2,)).cumsum(dim=2).double()
        reaching = torch.cat([torch.zeros_like(reaching[:, :, :1]), reaching], dim=2)
        true, false = (rows / rows[:, -1:] for rows in reaching)
        areas = [area(one, other, self._metric.max_fpr) for one, other in zip(false, true, strict=True)]
        return self._mean(torch.tensor(areas, dtype=torch.float64), counts[0].sum(dim=1))


def ranked(scores: "Tensor", positive: "Tensor") -> "Tensor":
    """Return the area of each column, float64 `(columns,)`, by the Mann-Whitney statistic: equal scores count half.

    `scores`, float64, and `positive` have shape `(rows, columns)`. The area is NaN if all rows are positive, or none.
    """
    import torch

    columns = scores.T.contiguous()
    ordered = columns.sort(dim=1).values
    below, up_to = torch.searchsorted(ordered, columns), torch.searchsorted(ordered, columns, right=True)
    twice_ranks = below + up_to + 1
    ones = positive.sum(dim=0)
    pairs = ones * (len(scores) - ones)
    won = (twice_ranks * positive.T).sum(dim=1) - ones * (ones + 1)
    return won.double() / (2 * pairs)


def curve(scores: "Tensor", positive: "Tensor") -> "tuple[Tensor, Tensor]":
    """Return the false and true positive rates at decreasing thresholds, in float64. Equal scores are one step."""
    import torch

    ordered, order = scores.sort(descending=True)
    is_last = torch.ones_like(ordered, dtype=torch.bool)
    is_last[:-1] = ordered[:-1] != ordered[1:]
    true = positive[order].double().cumsum(dim=0)[is_last]
    false = (~positive[order]).double().cumsum(dim=0)[is_last]
    start = torch.zeros(1, dtype=torch.float64)
    true, false = torch.cat([start, true]), torch.cat([start, false])
    return false / false[-1], true / true[-1]


def area(false: "Tensor", true: "Tensor", max_fpr: float | None) -> float:
    """Return the area under a curve by the trapezoidal rule. A partial area is rescaled so that chance is 0.5.

    Source: McClish, https://doi.org/10.1177/0272989X8900900307
    """
    import torch

    if false.isnan().any() or true.isnan().any():
        return math.nan
    if max_fpr is None or max_fpr == 1:
        return float(torch.trapezoid(true, false))
    stop = int(torch.searchsorted(false, torch.tensor(max_fpr, dtype=torch.float64), right=True))
    share = (max_fpr - false[stop - 1]) / (false[stop] - false[stop - 1])
    end = true[stop - 1] + share * (true[stop] - true[stop - 1])
    points = torch.cat([true[:stop], end.reshape(1)]), torch.cat([false[:stop], false.new_tensor([max_fpr])])
    part = float(torch.trapezoid(*points))
    least = max_fpr**2 / 2
    return (1 + (part - least) / (max_fpr - least)) / 2
