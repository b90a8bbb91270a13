"""Metrics that compare predicted probabilities of classes with the true class, or with true probabilities."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

from hookline.data import in_float64
from hookline.spec import LossSpec, option, spec
from hookline_metrics.classification.probabilities import refuse_scores
from hookline_metrics.state import State
from hookline_metrics.tasks import TaskMetric, indices_of_classes, rows_of

if TYPE_CHECKING:
    from torch import Tensor

    from hookline.script import PredictionNames, Script


@spec
class DistributionMetric(TaskMetric):
    """The base of metrics of the probabilities of all classes.

    A true class counts as a distribution that gives it probability 1. Predicted probabilities are at least the machine
    epsilon of their type, so that logarithms are finite.
    """

    takes = ("classes",)
    takes_distributions = True
    tasks = ("multiclass",)
    higher_is_better = False
    undefined = "All rows are ignored, or a probability is NaN."

    def check(self, loss: LossSpec) -> None:
        """Check the task, and require probabilities."""
        TaskMetric.check(self, loss)
        refuse_scores(self, loss)

    def build(self, loss: LossSpec, predictions: "Tensor") -> State:
        """Return a sum over rows, and their number."""
        task, classes = self.resolve(loss, predictions)
        return _Rows(self, classes, self.ignored(loss, task))

    further_lines: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "row_lines": ("of_rows",),
        "class_lines": ("of_class",),
        "ejected_mean": ("of_sum",),
    }
    row_lines: ClassVar[str] = ""
    """The numbers of rows as code, as `of_rows` computes them from `true` and `predicted`. Its last line is an
    expression."""
    class_lines: ClassVar[str] = "-own.log()"
    """The numbers of rows as code, as `of_class` computes them from `own`."""

    def ejected_mean(self, numbers: str) -> str:
        """Return the metric as code, given that of the numbers of rows."""
        return f"float({numbers}.mean())"

    def eject(self, script: "Script", loss: LossSpec, predicted: "PredictionNames") -> str:
        """Add a function of probabilities and true classes or probabilities, and return a call of it."""
        from hookline_metrics.ejecting.distributions import eject_distribution

        return eject_distribution(self, script, loss, predicted)

    def of_rows(self, true: "Tensor", predicted: "Tensor") -> "Tensor":
        """Return the number of each row; both distributions are float64 `(rows, classes)`."""
        raise NotImplementedError

    def of_class(self, own: "Tensor") -> "Tensor":
        """Return the number of each row from the predicted probability of its true class, float64 `(rows,)`."""
        return -own.log()

    def of_sum(self, total: float, rows: int) -> float:
        """Return the metric for the sum of the numbers of all rows."""
        return total / rows


@spec
class Divergence(DistributionMetric):
    """The base of divergences, which can be averaged or added."""

    reduction: Literal["mean", "sum"] = "mean"
    """Average the divergences of all rows ("mean"), or add them ("sum")."""

    def ejected_mean(self, numbers: str) -> str:
        """Return the mean or the sum."""
        return f"float({numbers}.{self.reduction}())"

    def of_sum(self, total: float, rows: int) -> float:
        """Return the mean or the sum."""
        return total / rows if self.reduction == "mean" else total


@spec
class KLDivergence(Divergence):
    """The Kullback-Leibler divergence of the true distribution p from the predicted q: the sum of p log(p / q).

    For a true class it is the cross entropy -log q.

    Source: https://lightning.ai/docs/torchmetrics/stable/regression/kl_divergence.html
    """

    row_lines = "torch.xlogy(true, true / predicted).sum(dim=1)"

    def of_rows(self, true: "Tensor", predicted: "Tensor") -> "Tensor":
        """Return the divergence of each row."""
        return _divergence(true, predicted)


@spec
class JensenShannonDivergence(Divergence):
    """The mean of the Kullback-Leibler divergences of the true and the predicted distribution from their average.

    It is at most log 2.

    Source: https://lightning.ai/docs/torchmetrics/stable/regression/js_divergence.html
    """

    row_lines = """\
middle = (true + predicted) / 2
sum(torch.xlogy(one, one / middle).sum(dim=1) for one in (true, predicted)) / 2"""
    class_lines = "(own * own.log() - (1 + own) * ((1 + own) / 2).log() + (1 - own) * math.log(2)) / 2"

    def of_rows(self, true: "Tensor", predicted: "Tensor") -> "Tensor":
        """Return the divergence of each row."""
        middle = (true + predicted) / 2
        return (_divergence(true, middle) + _divergence(predicted, middle)) / 2

    def of_class(self, own: "Tensor") -> "Tensor":
        """Return the divergence of each row, in which all other classes are only predicted."""
        share = ((1 + own) / 2).log()
        return (own * own.log() - (1 + own) * share + (1 - own) * math.log(2)) / 2


@spec
class Perplexity(DistributionMetric):
    """The exponential of the mean cross entropy: the number of equally probable classes with the same uncertainty.

    Source: https://lightning.ai/docs/torchmetrics/stable/text/perplexity.html
    """

    ignore_index: int | None = option(default=None, minimum=0)
    """The index of a class whose rows to ignore. Classes are sorted and counted from 0. Default: the class that the
    loss ignores, if any."""

    row_lines = "-torch.xlogy(true, predicted).sum(dim=1)"

    def ejected_mean(self, numbers: str) -> str:
        """Return the exponential of the mean."""
        return f"math.exp({numbers}.mean())"

    def of_rows(self, true: "Tensor", predicted: "Tensor") -> "Tensor":
        """Return the cross entropy of each row."""
        import torch

        return -torch.xlogy(true, predicted).sum(dim=1)

    def of_sum(self, total: float, rows: int) -> float:
        """Return the exponential of the mean."""
        return math.exp(total / rows)


class _Rows(State):
    """The sum of the numbers of all rows."""

    def __init__(self, metric: DistributionMetric, classes: int, ignored: int | None):
        self._metric, self._classes, self._ignored = metric, classes, ignored
        self._total: Tensor | float = 0.0
        self._rows: Tensor | int = 0

    def update(self, predictions: "Tensor", targets: "Tensor") -> None:
        """Add the rows of a batch."""
        import torch

        if not predictions.is_floating_point():
            raise ValueError("The loss predicts classes without probabilities.")
        rows, least = rows_of(predictions, self._classes), torch.finfo(predictions.dtype).eps
        classes = indices_of_classes(targets)
        if targets.is_floating_point() and targets.dim() > 1:
            numbers = self._metric.of_rows(
                in_float64(rows_of(targets, self._classes)), in_float64(rows.clamp(min=least))
            )
        else:
            # Without a tensor of float64 for all classes, which may be many.
            own = rows.gather(1, classes.unsqueeze(1)).squeeze(1).clamp(min=least)
            numbers = self._metric.of_class(in_float64(own))
        classes = classes.to(numbers.device)
        counted = torch.ones_like(classes) if self._ignored is None else classes != self._ignored
        self._total = self._total + torch.where(counted > 0, numbers, 0.0).sum()
        self._rows = self._rows + counted.sum()

    def compute(self) -> float:
        """Return the metric; NaN if a probability is NaN, or all rows are ignored."""
        rows = int(self._rows)
        return self._metric.of_sum(float(self._total), rows) if rows else math.nan


def _divergence(true: "Tensor", predicted: "Tensor") -> "Tensor":
    import torch

    return torch.xlogy(true, true / predicted).sum(dim=1)
