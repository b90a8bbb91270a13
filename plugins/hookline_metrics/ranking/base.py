"""The base of metrics of a curve: thresholds, the rows that they rank, and the average over classes."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from hookline.errors import OptionError
from hookline.spec import LossSpec, option, spec
from hookline_metrics.ranking.curves import Columns, CountedScores, KeptScores, curve
from hookline_metrics.state import State
from hookline_metrics.tasks import ClassificationMetric, tasks_of

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from hookline.script import PredictionNames, Script

_NEEDS_BOTH_CLASSES = "Ranking needs both classes, so neither can be ignored: remove `ignore_index`."


@spec
class CurveMetric(ClassificationMetric):
    """The base of metrics of a curve: the true and false positives at each threshold."""

    takes = ("classes", "labels", "numbers")  # The truth of all triplets is 1, so that there is nothing to rank.
    joins_batches = True
    resets = True
    undefined = "It needs rows of two classes and predictions that are not NaN."

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
        task, number = self.resolve(loss, predictions)
        if self.ignore_index is not None and task != "multiclass":
            raise OptionError("ignore_index", _NEEDS_BOTH_CLASSES)
        if not predictions.is_floating_point():
            raise ValueError(f"{type(loss).__name__} predicts classes without scores by which to rank rows.")
        columns = Columns(
            task=task,
            number=number,
            of_curve=self.of_curve,
            of_column=self.of_column,
            average=getattr(self, "average", "macro"),
            ignored=self.ignored(loss, task),
        )
        return KeptScores(columns) if self.thresholds is None else CountedScores(columns, self.thresholds)

    further_lines: ClassVar[Mapping[str, tuple[str, ...]]] = {"curve_lines": ("of_curve", "of_column")}
    curve_lines: ClassVar[str] = ""
    """The number of one curve as code, as `of_curve` computes it. The last line is an expression."""

    def eject(self, script: "Script", loss: LossSpec, predicted: "PredictionNames") -> str:
        """Add a function of scores and true classes, and return a call of it."""
        from hookline_metrics.ejecting.curves import eject_curve

        return eject_curve(self, script, loss, predicted)

    def of_curve(self, true: "Tensor", false: "Tensor") -> float:
        """Return the number of one curve, which `hookline_metrics.ranking.curves` describes."""
        raise NotImplementedError

    def of_column(self, scores: "NDArray[Any]", positive: "NDArray[Any]") -> float:
        """Return the number of a column: of its scores, and of which rows are positive."""
        import torch

        return self.of_curve(*curve(torch.from_numpy(scores), torch.from_numpy(positive)))
