"""Metrics of the association between predicted and true classes."""

import math
from typing import ClassVar

from hookline.spec import option, spec
from hookline_metrics.clustering.information import entropy, mutual_information
from hookline_metrics.clustering.table import Table, TableMetric


@spec
class NominalMetric(TableMetric):
    """The base of measures of association, from 0 to 1."""

    undefined = "It needs two predicted and two true classes, and predictions that are not NaN."

    num_classes: int | None = option(default=None, minimum=2)
    """The number of classes, for the task "multiclass". Default: the number of outputs of the model."""


@spec
class CorrectedMetric(NominalMetric):
    """The base of measures with a correction for small tables."""

    bias_correction: bool = True
    """Whether to correct the bias of small samples. If both have two classes, Yates's correction is used as well."""

    ejected_most: ClassVar[str] = ""
    """The largest phi² as code, as `most` computes it from `one` and `two`."""
    further_lines = {"table_lines": ("number",), "ejected_most": ("most",)}

    @property
    def table_lines(self) -> str:  # type: ignore[override]
        """The root of phi² divided by its largest value."""
        correction, corrected = "0.0", []
        if self.bias_correction:
            correction = "0.5 if counts.shape == (2, 2) else 0.0"
            corrected = [
                "phi = max(0.0, phi - one * two / (rows - 1))",
                "one, two = (width - width**2 / (rows - 1) for width in (one, two))",
            ]
        return "\n".join(
            [
                "one, two = (width - 1.0 for width in counts.shape)",
                "if not one or not two:",
                "    return math.nan",
                f"phi = chi_squared(counts, {correction}) / rows",
                *corrected,
                f"most = {self.ejected_most}",
                "min(1.0, math.sqrt(phi / most)) if most > 0 else math.nan",
            ]
        )

    def number(self, table: Table) -> float:
        """Return the root of phi² divided by its largest value, at most 1."""
        shape, rows = table.counts.shape, table.rows
        if 1 in shape:
            return math.nan
        phi, widths = _chi_squared(table, is_corrected=self.bias_correction) / rows, [width - 1.0 for width in shape]
        if self.bias_correction:
            if rows == 1:
                return math.nan
            phi = max(0.0, phi - widths[0] * widths[1] / (rows - 1))
            widths = [width - width**2 / (rows - 1) for width in widths]
        most = self.most(*widths)
        return min(1.0, math.sqrt(phi / most)) if most > 0 else math.nan

    def most(self, one: float, two: float) -> float:
        """Return the largest phi² for tables with this number of classes, minus 1."""
        raise NotImplementedError


@spec
class CramersV(CorrectedMetric):
    """Cramér's V: the root of the mean squared deviation from independence, relative to the largest possible.

    Source: https://lightning.ai/docs/torchmetrics/stable/nominal/cramers_v.html
    """

    ejected_most = "min(one, two)"

    def most(self, one: float, two: float) -> float:
        """Return the smaller number."""
        return min(one, two)


@spec
class TschuprowsT(CorrectedMetric):
    """Tschuprow's T: like Cramér's V, relative to the geometric mean of the numbers of classes, minus 1.

    Source: https://lightning.ai/docs/torchmetrics/stable/nominal/tschuprows_t.html
    """

    ejected_most = "math.sqrt(max(0.0, one)) * math.sqrt(max(0.0, two))"

    def most(self, one: float, two: float) -> float:
        """Return the geometric mean."""
        return math.sqrt(max(0.0, one)) * math.sqrt(max(0.0, two))


@spec
class PearsonsContingencyCoefficient(NominalMetric):
    """The root of chi² / (chi² + rows), which grows with the deviation from independence and is less than 1.

    Source: https://lightning.ai/docs/torchmetrics/stable/nominal/pearsons_contingency_coefficient.html
    """

    table_lines = """\
chi = chi_squared(counts, 0.0)
math.sqrt(chi / (chi + rows))"""

    def number(self, table: Table) -> float:
        """Return the root."""
        chi = _chi_squared(table, is_corrected=False)
        return math.sqrt(chi / (chi + table.rows))


@spec
class TheilsU(NominalMetric):
    """Theil's U: the fraction of the entropy of predicted classes that true classes explain; 0 if one is predicted.

    Source: https://lightning.ai/docs/torchmetrics/stable/nominal/theils_u.html
    """

    undefined = TableMetric.undefined

    table_lines = "mutual_information(counts) / entropy(guessed) if len(guessed) > 1 else 0.0"

    def number(self, table: Table) -> float:
        """Return the fraction."""
        return mutual_information(table) / entropy(table.predicted) if len(table.predicted) > 1 else 0.0


def _chi_squared(table: Table, *, is_corrected: bool) -> float:
    """Return the sum of the squared deviations from independence, relative to the expected counts."""
    expected = table.true.unsqueeze(1) * table.predicted / table.rows
    deviations = (table.counts - expected).abs()
    if is_corrected and table.counts.shape == (2, 2):
        deviations = (deviations - 0.5).clamp(min=0)
    return float((deviations.square() / expected).sum())
