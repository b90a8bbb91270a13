"""Metrics of the order of rows."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

from hookline.errors import OptionError
from hookline.spec import LossSpec, option, spec
from hookline_metrics.areas import RankingState, ThresholdsState
from hookline_metrics.state import State
from hookline_metrics.tasks import ClassificationMetric, Task, tasks_of

if TYPE_CHECKING:
    from torch import Tensor

_NONE_LEFT_OUT = "Of two classes that are to be ranked none can be left out: leave `ignore_index` out."


@spec
class AUROC(ClassificationMetric):
    """The area under the receiver operating characteristic: how well the rows are ranked.

    It is the part of all pairs of a row of the class and another one in which the former has the greater score. Of
    several classes or labels it is the mean of theirs, each against the rest; one that all rows have, or none, does not
    count. Rows are ranked by what the model gives, so that probabilities that round to 0 or 1 are still told apart.

    Source: https://lightning.ai/docs/torchmetrics/stable/classification/auroc.html
    """

    takes = ("classes", "labels", "numbers")  # All of the triplets should be 1, so that there is nothing to rank.
    undefined = "It needs rows of two classes, and no prediction that is NaN."
    only_for: ClassVar[Mapping[str, tuple[Task, ...]]] = {**ClassificationMetric.only_for, "max_fpr": ("binary",)}

    average: Literal["macro", "weighted"] = "macro"
    """How classes are averaged: all alike, or by their number of rows."""
    max_fpr: float | None = option(default=None, above=0, maximum=1)
    """The greatest rate of false positives up to which the area is taken; left out, 1. For binary tasks."""
    thresholds: int | tuple[float, ...] | None = option(default=None, minimum=0)
    """At how many probabilities, spread evenly from 0 to 1, or at which, the curve is computed; it goes in a straight
    line from each to the next. Left out, it is exact, which keeps every prediction in memory."""

    def conflicts(self) -> Iterator[OptionError]:
        """Thresholds are probabilities, two at least if they are spread evenly."""
        if isinstance(self.thresholds, int):
            if self.thresholds < 2:
                yield OptionError("thresholds", f"There must be two at least, and it is {self.thresholds}.")
        elif self.thresholds is not None and not self.thresholds:
            yield OptionError("thresholds", "There must be one at least.")
        elif self.thresholds is not None:
            for index, threshold in enumerate(self.thresholds):
                if threshold > 1:
                    yield OptionError("thresholds", f"A probability is at most 1, and this is {threshold:g}.", index)

    @property
    def ranks(self) -> bool:
        """Without thresholds, with which probabilities are compared."""
        return self.thresholds is None

    def check(self, loss: LossSpec) -> None:
        """As for all metrics of classes; and two of them must be left, and probabilities be there for thresholds."""
        ClassificationMetric.check(self, loss)
        if self.ignore_index is not None and "multiclass" not in tasks_of(loss):
            raise OptionError("ignore_index", _NONE_LEFT_OUT)
        if self.thresholds is not None and loss.predicts == "scores":
            message = (
                f"Thresholds are probabilities, and {type(loss).__name__} predicts scores: leave `thresholds` out."
            )
            raise OptionError("thresholds", message)

    def build(self, loss: LossSpec, predictions: "Tensor") -> State:
        """All scores, or the counts at each threshold."""
        task, columns = self.resolve(loss, predictions)
        if self.ignore_index is not None and task != "multiclass":
            raise OptionError("ignore_index", _NONE_LEFT_OUT)
        if not predictions.is_floating_point():
            raise ValueError(f"{type(loss).__name__} predicts classes, without numbers by which rows could be ranked.")
        make = RankingState if self.thresholds is None else ThresholdsState
        return make(self, task, columns, self.ignored(loss, task))
