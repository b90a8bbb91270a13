"""Correlations of ranks: only the order of predictions and targets matters."""

import math
from typing import TYPE_CHECKING, Literal

from hookline.spec import LossSpec, spec
from hookline_metrics.regression.base import RegressionMetric, both_in_float64
from hookline_metrics.state import State

if TYPE_CHECKING:
    from torch import Tensor


@spec
class RankMetric(RegressionMetric):
    """The base of correlations of ranks, which need memory for all predictions; the mean over several targets."""

    joins_batches = True
    undefined = "It needs at least 2 rows with different targets and different predictions, none of which is NaN."

    @property
    def least_rows(self) -> int:
        """The minimum for a correlation."""
        return 2

    def build(self, loss: LossSpec, predictions: "Tensor") -> State:
        """Return an object that keeps all rows."""
        return _Kept(self)

    eject = RegressionMetric.eject
    further_lines = {"formula": ("of_column",)}

    def of_column(self, predictions: "Tensor", targets: "Tensor") -> float:
        """Return the correlation of ranks, int64 `(rows,)`: equal numbers have the same rank."""
        raise NotImplementedError


@spec
class SpearmanCorrCoef(RankMetric):
    """The linear correlation of the ranks of predictions and targets, from -1 to 1; for several targets, the mean.

    Equal numbers share the mean of their ranks.

    Source: https://lightning.ai/docs/torchmetrics/stable/regression/spearman_corr_coef.html
    """

    formula = """\
ranks = []  # Twice the mean rank of equal numbers, about their mean.
for numbers in (predicted, true):
    columns = numbers.reshape(len(numbers), -1).T.contiguous()
    ordered = columns.sort(dim=1).values
    below, up_to = torch.searchsorted(ordered, columns), torch.searchsorted(ordered, columns, right=True)
    ranks.append((below + up_to - len(numbers)).double())
one, two = ranks
((one * two).sum(dim=1) / (one.norm(dim=1) * two.norm(dim=1))).mean()"""

    def of_column(self, predictions: "Tensor", targets: "Tensor") -> float:
        """Return the linear correlation of mean ranks, whose mean is known."""
        one, two = (_mean_ranks(ranks) for ranks in (predictions, targets))
        return _ratio(float(one @ two), math.sqrt(float(one @ one)) * math.sqrt(float(two @ two)))


@spec
class KendallRankCorrCoef(RankMetric):
    """The pairs of rows in the same order minus those in the other order, relative to all pairs.

    For several targets, it is the mean over them.

    Source: https://lightning.ai/docs/torchmetrics/stable/regression/kendall_rank_corr_coef.html
    """

    variant: Literal["a", "b", "c"] = "b"
    """What the difference is divided by: the pairs without ties ("a"), the geometric mean of the pairs that are not
    tied in predictions and those that are not tied in targets ("b"), or the largest difference for so many rows and
    distinct numbers ("c")."""

    @property
    def formula(self) -> str:  # type: ignore[override]
        """The mean over columns, from the signs of the differences of all pairs."""
        ratio = {
            "a": "difference / untied[2]",
            "b": "difference / (untied[0].sqrt() * untied[1].sqrt())",
            "c": "2 * difference * distinct / ((distinct - 1) * rows**2)",
        }[self.variant]
        lines = [
            "predicted, true = (numbers.reshape(len(numbers), -1) for numbers in (predicted, true))",
            "rows, difference, untied = len(true), 0.0, [0.0, 0.0, 0.0]",
            "for row in range(1, rows):",
            "    one, two = (numbers[row] - numbers[:row] for numbers in (predicted, true))",
            "    difference += (one.sign() * two.sign()).sum(dim=0)",
            "    for index, differs in enumerate((one != 0, two != 0, (one != 0) & (two != 0))):",
            "        untied[index] += differs.sum(dim=0, dtype=torch.float64)",
        ]
        if self.variant == "c":
            lines = [*lines[:1], "rows, difference = len(true), 0.0", *lines[2:5]]
            unique = "len(column.unique()) for column in numbers.T"
            lines.append(f"counts = [torch.tensor([{unique}]) for numbers in (predicted, true)]")
            lines.append("distinct = torch.minimum(*counts)")
        return "\n".join([*lines, f"({ratio}).mean()"])

    def of_column(self, predictions: "Tensor", targets: "Tensor") -> float:
        """Count the pairs in O(rows log² rows)."""
        rows = len(targets)
        both = predictions * rows + targets
        order = both.argsort()
        tied = [_tied_pairs(numbers) for numbers in (predictions, targets, both)]
        pairs = rows * (rows - 1) // 2
        without_ties = pairs - tied[0] - tied[1] + tied[2]
        difference = without_ties - 2 * _inversions(targets[order])
        if self.variant == "a":
            return _ratio(difference, without_ties)
        if self.variant == "b":
            return _ratio(difference, math.sqrt(pairs - tied[0]) * math.sqrt(pairs - tied[1]))
        distinct = min(len(numbers.unique()) for numbers in (predictions, targets))
        return _ratio(2 * difference * distinct, (distinct - 1) * rows**2)


class _Kept(State):
    """Keeps all rows."""

    def __init__(self, metric: RankMetric):
        self._metric = metric
        self._predictions: list[Tensor] = []
        self._targets: list[Tensor] = []

    def update(self, predictions: "Tensor", targets: "Tensor") -> None:
        """Keep the rows of a batch."""
        both_in_float64(predictions[:0], targets[:0])  # Compares the shapes.
        self._predictions.append(predictions.clone())
        self._targets.append(targets.clone())

    def compute(self) -> float:
        """Return the mean over columns; NaN if a number is NaN."""
        import torch

        parts = (torch.cat(part).cpu().double() for part in (self._predictions, self._targets))
        predictions, targets = (part.reshape(len(part), -1) for part in parts)
        if predictions.isnan().any() or targets.isnan().any() or len(targets) < self._metric.least_rows:
            return math.nan
        ranks = (_ranks(part) for part in (predictions, targets))
        numbers = [self._metric.of_column(*pair) for pair in zip(*ranks, strict=True)]
        return sum(numbers) / len(numbers)


def _ranks(numbers: "Tensor") -> "Tensor":
    """Return the number of smaller numbers in the same column, int64 `(columns, rows)`."""
    import torch

    columns = numbers.T.contiguous()
    return torch.searchsorted(columns.sort(dim=1).values, columns)


def _mean_ranks(ranks: "Tensor") -> "Tensor":
    """Return twice the mean ranks of equal numbers, about the mean of all ranks, float64."""
    equal = ranks.bincount(minlength=len(ranks))[ranks]
    return (2 * ranks + equal - len(ranks)).double()


def _tied_pairs(numbers: "Tensor") -> int:
    equal = numbers.unique(return_counts=True)[1]
    return int((equal * (equal - 1) // 2).sum())


def _inversions(ranks: "Tensor") -> int:
    """Return the number of pairs in which the first is larger: sorts blocks of increasing width, all at once."""
    import torch

    size = 1 << (len(ranks) - 1).bit_length()
    blocks = torch.cat([ranks, ranks.new_full((size - len(ranks),), len(ranks))])
    found, width = 0, 1
    while width < size:
        left, right = blocks.reshape(-1, 2, width).unbind(dim=1)
        not_larger = torch.searchsorted(left.contiguous(), right.contiguous(), right=True)
        found += int((width - not_larger).sum())
        blocks = blocks.reshape(-1, 2 * width).sort(dim=1).values
        width *= 2
    return found


def _ratio(numerator: float, denominator: float) -> float:
    return numerator / denominator if denominator else math.nan
