"""Build metrics, and report their errors at their places in the spec."""

from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple

from attrs import frozen

from hookline.errors.exceptions import HooklineError, StageError
from hookline.errors.failures import FAILURES, reason
from hookline.plugins.stages import Run
from hookline.spec.families.loss.loss import LossSpec
from hookline.spec.families.metric import MetricSpec
from hookline.spec.training import TrainingSpec
from hookline.training.preflight.mismatches import mismatch_of_metric

if TYPE_CHECKING:
    from torch import Tensor


def built_metric(metric: MetricSpec, spec: TrainingSpec, loss: LossSpec, predictions: "Tensor") -> Any:
    """Build the object that accumulates a metric, on the device of the predictions. Call this in `metric_errors`.

    Raises:
        StageError: for a fault in the code of the metric, such as a `TypeError`, with the place of the metric.

    """
    try:
        return metric.build(loss, predictions).to(predictions.device)
    except (TypeError, NotImplementedError) as error:
        raise _fault(metric, spec, error) from error


def metric_errors(metric: MetricSpec, spec: TrainingSpec, split: str) -> AbstractContextManager[None]:
    """Turn errors of a metric on a split into errors at the place of the metric in the spec.

    Raises:
        MismatchError: if the predictions and targets do not fit the metric.
        StageError: for a fault in the code of the metric.

    """
    return MetricErrors(metric, spec, split)


@frozen
class MetricErrors(AbstractContextManager[None]):
    """A class, because a generator would take longer than a small metric."""

    metric: MetricSpec
    spec: TrainingSpec
    split: str

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, traceback: TracebackType | None) -> None:
        if error is None or isinstance(error, HooklineError):
            return
        if isinstance(error, (ValueError, RuntimeError, TypeError, IndexError)):
            raise mismatch_of_metric(error, self.metric, self.spec, self.split) from error
        if isinstance(error, FAILURES):
            raise _fault(self.metric, self.spec, error) from error


def _fault(metric: MetricSpec, spec: TrainingSpec, error: BaseException) -> StageError:
    return StageError(f"{type(metric).__name__} failed. {reason(error)}", ("metrics", spec.metrics.index(metric)))


KEPT = "parts of metrics"
"""The name under which a run keeps what its metrics evaluate."""

Part = tuple[str, str]
"""The name of a prediction, and the attribute of it that a metric evaluates."""


class EvaluatedParts(NamedTuple):
    """What a metric evaluates."""

    key: str
    """The name of the prediction."""
    of_rows: str
    """The attribute of the prediction that it compares: "predictions" or "scores"."""
    true: str
    """The attribute with which it compares them: "truth" or "distribution"."""


def parts_of_metrics(run: Run) -> "list[tuple[MetricSpec, EvaluatedParts]]":
    """Return what each metric of a run evaluates."""
    kept: list[tuple[MetricSpec, EvaluatedParts]] = run.kept.setdefault(KEPT, [])
    if not kept:
        kept += [(metric, evaluated_parts(metric, run)) for metric in run.spec.metrics]
    return kept


def evaluated_parts(metric: MetricSpec, run: Run) -> EvaluatedParts:
    """Return what a metric evaluates."""
    return EvaluatedParts(
        run.objective.key(metric.target),
        "scores" if metric.ranks else "predictions",
        "distribution" if metric.takes_distributions else "truth",
    )
