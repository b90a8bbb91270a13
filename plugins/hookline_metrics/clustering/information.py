"""Entropies of the table of classes."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torch import Tensor

    from hookline_metrics.clustering.table import Table

AverageMethod = Literal["min", "geometric", "arithmetic", "max"]

MEANS: Mapping[AverageMethod, Callable[[float, float], float]] = {
    "min": min,
    "geometric": lambda one, two: (one * two) ** 0.5,
    "arithmetic": lambda one, two: (one + two) / 2,
    "max": max,
}

AT_ONCE = 2**20
"""The number of terms to compute at once."""


def entropy(counts: "Tensor") -> float:
    """Return the entropy of a distribution with these counts; exactly 0 for one class."""
    import torch

    if len(counts) == 1:
        return 0.0
    shares = counts / counts.sum()
    return -float(torch.xlogy(shares, shares).sum())


def mutual_information(table: "Table") -> float:
    """Return the information that predicted and true classes share, at least 0."""
    import torch

    counts, rows = table.counts, table.rows
    if 1 in counts.shape:
        return 0.0
    expected = table.true.unsqueeze(1) * table.predicted / rows
    return max(0.0, float(torch.xlogy(counts / rows, counts / expected).sum()))


def expected_information(table: "Table") -> float:
    """Return the mean mutual information of all tables with these sums, which have a hypergeometric distribution.

    Source: Vinh, Epps and Bailey, https://jmlr.org/papers/v11/vinh10a.html
    """
    import torch

    rows = table.rows
    total = 0.0
    logs = [_log_factorials(part, rows) for part in (table.true, table.predicted)]
    for place, true in enumerate(table.true.tolist()):
        column = table.predicted.unsqueeze(1)
        most = int(min(true, float(table.predicted.max())))
        step = max(1, AT_ONCE // len(column))
        for start in range(1, most + 1, step):
            shared = torch.arange(start, min(start + step, most + 1), dtype=torch.float64)
            rests = true - shared, column - shared, rows - true - column + shared
            possible = (rests[1] >= 0) & (rests[2] >= 0)
            terms = logs[0][place] + logs[1].unsqueeze(1) - torch.lgamma(shared + 1)
            for rest in rests:
                terms = terms - torch.lgamma(rest.clamp(min=0) + 1)
            chance = (terms - torch.lgamma(torch.tensor(rows + 1, dtype=torch.float64))).exp()
            information = shared / rows * (rows * shared / (true * column)).log()
            total += float(torch.where(possible, chance * information, 0.0).sum())
    return total


def _log_factorials(part: "Tensor", rows: float) -> "Tensor":
    """Return log(n! (rows - n)!) for each count n."""
    import torch

    return torch.lgamma(part + 1) + torch.lgamma(rows - part + 1)
