"""Metrics that compare two partitions of the rows: predicted and true classes, whatever their names."""

import sys
from typing import TYPE_CHECKING

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


def _explained(table: Table, part: "Tensor") -> float:
    """Return the mutual information divided by the entropy of one of both; 1 if this has one class."""
    return mutual_information(table) / entropy(part) if len(part) > 1 else 1.0
