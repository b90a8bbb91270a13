"""Build metrics, and report their errors at their places in the spec."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from hookline.errors.exceptions import HooklineError, StageError
from hookline.errors.failures import FAILURES, reason
from hookline.spec.families.loss import LossSpec
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


@contextmanager
def metric_errors(metric: MetricSpec, spec: TrainingSpec, split: str) -> Iterator[None]:
    """Turn errors of a metric on a split into errors at the place of the metric in the spec.

    Raises:
        MismatchError: if the predictions and targets do not fit the metric.
        StageError: for a fault in the code of the metric.

    """
    try:
        yield
    except HooklineError:
        raise
    except (ValueError, RuntimeError, TypeError, IndexError) as error:
        raise mismatch_of_metric(error, metric, spec, split) from error
    except FAILURES as error:
        raise _fault(metric, spec, error) from error


def _fault(metric: MetricSpec, spec: TrainingSpec, error: BaseException) -> StageError:
    return StageError(f"{type(metric).__name__} failed. {reason(error)}", ("metrics", spec.metrics.index(metric)))
