"""Metrics of the ranking of rows."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

from hookline.errors import OptionError
from hookline.spec import LossSpec, option, spec
from hookline_metrics.areas import RankingState, ThresholdsState
from hookline_metrics.state import State
from hookline_metrics.tasks import ClassificationMetric, Task, tasks_of

if TYPE_CHECKING:
    from torch import Tensor

_NEEDS_BOTH_CLASSES = "Ranking needs both classes, so neither can be ignored: remove `ignore_index`."


@spec
class AUROC(ClassificationMetric):
    """The area under the receiver operating characteristic curve, which measures how well the rows are ranked.

    It is the fraction of all pairs of a row of the class and another row in which the former has the larger score. For
    several classes or labels, it is the mean of their areas, each against the rest; a class of all rows, or of none, is
    ignored. Rows are ranked by the scores of the model, which distinguish probabilities that round to 0 or 1.

    Source: https://lightning.ai/docs/torchmetrics/stable/classification/auroc.html
    """

    takes = ("classes", "labels", "numbers")  # The truth of all triplets is 1, so that there is nothing to rank.
    undefined = "It needs rows of two classes and predictions that are not NaN."
    only_for: ClassVar[Mapping[str, tuple[Task, ...]]] = {**ClassificationMetric.only_for, "max_fpr": ("binary",)}

    average: Literal["macro", "weighted"] = "macro"
    """The average over classes: with equal weights ("macro"), or with their number of rows as weights ("weighted")."""
    max_fpr: float | None = option(default=None, above=0, maximum=1)
    """The false positive rate up to which to compute the area, for binary tasks. Default: 1."""
    thresholds: int | tuple[float, ...] | None = option(default=None, minimum=0)
    """The thresholds at which to compute the curve, or the number of thresholds between 0 and 1, evenly spaced. The
    curve is linear in between. Default: the exact curve, which needs memory for all predictions."""

    def conflicts(self) -> Iterator[OptionError]:
        """Yield errors about thresholds that are not probabilities, or too few."""
        if isinstance(self.thresholds, int):
            if self.thresholds < 2:
                yield OptionError("thresholds", f"There must be at least 2 thresholds, not {self.thresholds}.")
        elif self.thresholds is not None and not self.thresholds:
            yield OptionError("thresholds", "There must be at least one threshold.")
        elif self.thresholds is not None:
            for index, threshold in enumerate(self.thresholds):
                if threshold > 1:
                    yield OptionError("thresholds", f"A probability is at most 1, not {threshold:g}.", index)

    @property
    def ranks(self) -> bool:
        """Whether it ranks rows by their scores; thresholds need probabilities."""
        return self.thresholds is None

    def check(self, loss: LossSpec) -> None:
        """Check the task, require two classes that are not ignored, and probabilities for thresholds."""
        ClassificationMetric.check(self, loss)
        if self.ignore_index is not None and "multiclass" not in tasks_of(loss):
            raise OptionError("ignore_index", _NEEDS_BOTH_CLASSES)
        if self.thresholds is not None and loss.predicts == "scores":
            message = f"Thresholds are probabilities, but {type(loss).__name__} predicts scores: remove `thresholds`."
            raise OptionError("thresholds", message)

    def build(self, loss: LossSpec, predictions: "Tensor") -> State:
        """Return an object that keeps all scores, or the counts at each threshold."""
        task, columns = self.resolve(loss, predictions)
        if self.ignore_index is not None and task != "multiclass":
            raise OptionError("ignore_index", _NEEDS_BOTH_CLASSES)
        if not predictions.is_floating_point():
            raise ValueError(f"{type(loss).__name__} predicts classes without scores by which to rank rows.")
        make = RankingState if self.thresholds is None else ThresholdsState
        return make(self, task, columns, self.ignored(loss, task))
