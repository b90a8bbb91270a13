"""Metrics that count the pairs of rows that are in one class, in predictions and in truth."""

import math
from typing import TYPE_CHECKING

from attrs import frozen

from hookline.spec import spec
from hookline_metrics.clustering.table import Table, TableMetric

if TYPE_CHECKING:
    from torch import Tensor


@spec
class RandScore(TableMetric):
    """The fraction of the pairs of rows that are in the same class, or in different ones, in predictions and in truth.

    Source: https://lightning.ai/docs/torchmetrics/stable/clustering/rand_score.html
    """

    table_lines = """\
every = rows * (rows - 1) // 2
agreeing = every - pairs_within(actual) - pairs_within(guessed) + 2 * pairs_within(counts)
agreeing / every if every else 1.0"""

    def number(self, table: Table) -> float:
        """Return the fraction; 1 for a single row."""
        pairs = _Pairs.of(table)
        return (pairs.together + pairs.apart) / pairs.all if pairs.all else 1.0


@spec
class AdjustedRandScore(TableMetric):
    """The Rand score, adjusted for chance: 1 is perfect, and 0 is the mean of random predictions.

    Source: https://lightning.ai/docs/torchmetrics/stable/clustering/adjusted_rand_score.html
    """

    table_lines = """\
together, every = pairs_within(counts), rows * (rows - 1) // 2
one, two = pairs_within(actual) - together, pairs_within(guessed) - together
apart = every - together - one - two
if not one and not two:
    return 1.0
most = (together + one) * (one + apart) + (together + two) * (two + apart)
2 * (together * apart - one * two) / most"""

    def number(self, table: Table) -> float:
        """Return the ratio; 1 if all pairs agree."""
        pairs = _Pairs.of(table)
        if not pairs.only_true and not pairs.only_predicted:
            return 1.0
        numerator = 2 * (pairs.together * pairs.apart - pairs.only_true * pairs.only_predicted)
        denominator = (pairs.together + pairs.only_true) * (pairs.only_true + pairs.apart)
        return numerator / (
            denominator + (pairs.together + pairs.only_predicted) * (pairs.only_predicted + pairs.apart)
        )


@spec
class FowlkesMallowsIndex(TableMetric):
    """The geometric mean of precision and recall of pairs of rows: whether both are in the same class.

    Source: https://lightning.ai/docs/torchmetrics/stable/clustering/fowlkes_mallows_index.html
    """

    table_lines = """\
together = pairs_within(counts)
math.sqrt(together / pairs_within(actual)) * math.sqrt(together / pairs_within(guessed)) if together else 0.0"""

    def number(self, table: Table) -> float:
        """Return the mean; 0 if no pair is together in both."""
        pairs = _Pairs.of(table)
        if not pairs.together:
            return 0.0
        shares = [pairs.together / (pairs.together + other) for other in (pairs.only_true, pairs.only_predicted)]
        return math.sqrt(shares[0]) * math.sqrt(shares[1])


@frozen
class _Pairs:
    """The numbers of pairs of rows, exact integers."""

    together: int
    """In one class, in truth and in predictions."""
    only_true: int
    only_predicted: int
    all: int

    @property
    def apart(self) -> int:
        """In different classes, in truth and in predictions."""
        return self.all - self.together - self.only_true - self.only_predicted

    @classmethod
    def of(cls, table: Table) -> "_Pairs":
        together, true, predicted = (_pairs(part) for part in (table.counts, table.true, table.predicted))
        rows = int(table.rows)
        return cls(together, true - together, predicted - together, rows * (rows - 1) // 2)


def _pairs(counts: "Tensor") -> int:
    whole = counts.long()
    return int((whole * (whole - 1) // 2).sum())
