"""Metrics that compare two partitions of the rows: predicted and true classes, whatever their names."""

import math
import sys
from typing import TYPE_CHECKING

from attrs import frozen

from hookline.spec import LossSpec, option, spec
from hookline_metrics.clustering.assignment import most_assigned
from hookline_metrics.clustering.information import (
    MEANS,
    AverageMethod,
    entropy,
    expected_information,
    mutual_information,
)
from hookline_metrics.clustering.table import Table, TableMetric

if TYPE_CHECKING:
    from torch import Tensor

    from hookline.script import PredictionNames, Script


@spec
class ClusterAccuracy(TableMetric):
    """The fraction of the rows that are right if each predicted class is renamed to the true class that fits best.

    No two predicted classes become the same true class. The time grows with the cube of the number of classes.

    Source: https://lightning.ai/docs/torchmetrics/stable/clustering/cluster_accuracy.html
    """

    num_classes: int | None = option(default=None, minimum=2)
    """The number of classes, for the task "multiclass". Default: the number of outputs of the model."""

    table_lines = "most_assigned(counts.long().numpy()) / rows"

    def eject(self, script: "Script", loss: LossSpec, predicted: "PredictionNames") -> str:
        """Copy the assignment to the script, too."""
        script.define_copy(most_assigned)
        return TableMetric.eject(self, script, loss, predicted)

    def number(self, table: Table) -> float:
        """Return the largest fraction of all assignments."""
        return most_assigned(table.counts.long().numpy()) / table.rows


@spec
class MutualInfoScore(TableMetric):
    """The information that predicted and true classes share, in nats; 0 if they are independent.

    Source: https://lightning.ai/docs/torchmetrics/stable/clustering/mutual_info_score.html
    """

    table_lines = "mutual_information(counts)"

    def number(self, table: Table) -> float:
        """Return the mutual information."""
        return mutual_information(table)


@spec
class NormalizedMutualInfoScore(TableMetric):
    """The information that predicted and true classes share, divided by a mean of their entropies: 1 is perfect.

    Source: https://lightning.ai/docs/torchmetrics/stable/clustering/normalized_mutual_info_score.html
    """

    average_method: AverageMethod = "arithmetic"
    """The mean of both entropies."""

    @property
    def table_lines(self) -> str:  # type: ignore[override]
        """The ratio."""
        mean = {"min": "min(one, two)", "max": "max(one, two)", "geometric": "(one * two) ** 0.5"}
        return (
            "if counts.numel() == 1:\n"
            "    return 1.0\n"
            "shared, one, two = mutual_information(counts), entropy(actual), entropy(guessed)\n"
            f"shared / {mean.get(self.average_method, '((one + two) / 2)')} if shared else 0.0"
        )

    def number(self, table: Table) -> float:
        """Return the ratio; 1 if both have one class, and 0 if only one of them has."""
        if table.counts.numel() == 1:
            return 1.0
        if not (shared := mutual_information(table)):
            return 0.0
        return shared / MEANS[self.average_method](entropy(table.true), entropy(table.predicted))


@spec
class AdjustedMutualInfoScore(TableMetric):
    """The normalized mutual information, adjusted for chance: 1 is perfect, and 0 is the mean of random predictions.

    Source: https://lightning.ai/docs/torchmetrics/stable/clustering/adjusted_mutual_info_score.html
    """

    average_method: AverageMethod = "arithmetic"
    """The mean of both entropies."""

    def number(self, table: Table) -> float:
        """Return the ratio; 1 if both have one class, or each row has its own."""
        if table.counts.numel() == 1:
            return 1.0
        if 1 in table.counts.shape:
            return 0.0
        chance = expected_information(table)
        most = MEANS[self.average_method](entropy(table.true), entropy(table.predicted)) - chance
        if abs(most) < sys.float_info.epsilon:
            return 1.0
        return (mutual_information(table) - chance) / most


@spec
class HomogeneityScore(TableMetric):
    """How far each predicted class contains rows of one true class only, from 0 to 1.

    Source: https://lightning.ai/docs/torchmetrics/stable/clustering/homogeneity_score.html
    """

    table_lines = "mutual_information(counts) / entropy(actual) if len(actual) > 1 else 1.0"

    def number(self, table: Table) -> float:
        """Return the fraction of the entropy of true classes that predictions explain."""
        return _explained(table, table.true)


@spec
class CompletenessScore(TableMetric):
    """How far all rows of a true class are predicted as the same class, from 0 to 1.

    Source: https://lightning.ai/docs/torchmetrics/stable/clustering/completeness_score.html
    """

    table_lines = "mutual_information(counts) / entropy(guessed) if len(guessed) > 1 else 1.0"

    def number(self, table: Table) -> float:
        """Return the fraction of the entropy of predicted classes that true classes explain."""
        return _explained(table, table.predicted)


@spec
class VMeasureScore(TableMetric):
    """The weighted harmonic mean of homogeneity and completeness.

    Source: https://lightning.ai/docs/torchmetrics/stable/clustering/v_measure_score.html
    """

    beta: float = option(default=1.0, above=0)
    """The weight of completeness, relative to homogeneity."""

    @property
    def table_lines(self) -> str:  # type: ignore[override]
        """The mean."""
        return (
            "shared = mutual_information(counts)\n"
            "one, two = (shared / entropy(part) if len(part) > 1 else 1.0 for part in (actual, guessed))\n"
            f"{1 + self.beta} * one * two / ({self.beta} * one + two) if one + two else 0.0"
        )

    def number(self, table: Table) -> float:
        """Return the mean; 0 if both are 0."""
        one, two = _explained(table, table.true), _explained(table, table.predicted)
        return (1 + self.beta) * one * two / (self.beta * one + two) if one + two else 0.0


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


def _explained(table: Table, part: "Tensor") -> float:
    """Return the mutual information divided by the entropy of one of both; 1 if this has one class."""
    return mutual_information(table) / entropy(part) if len(part) > 1 else 1.0
