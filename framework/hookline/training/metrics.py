"""Build metrics, accumulate them over a split, and report their errors at their places in the spec."""

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple

from attrs import frozen

from hookline.errors.exceptions import HooklineError, HooklineWarning, StageError
from hookline.errors.failures import FAILURES, reason
from hookline.plugins.stages import Run
from hookline.spec.families.loss import LossSpec
from hookline.spec.families.metric import MetricSpec
from hookline.spec.objective.prediction import Prediction
from hookline.spec.training import TrainingSpec
from hookline.training.preflight.mismatches import mismatch_of_metric

if TYPE_CHECKING:
    from torch import Tensor

LARGEST = 2**18
"""The size in bytes from which rows that wait to be joined are passed to the metrics."""


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
    return _MetricErrors(metric, spec, split)


@frozen
class _MetricErrors(AbstractContextManager[None]):
    """A class, because a generator would take longer than a small metric."""

    metric: MetricSpec
    spec: TrainingSpec
    split: str

    def __exit__(self, _: object, error: BaseException | None, traceback: TracebackType | None) -> None:
        if isinstance(error, HooklineError):
            return
        if isinstance(error, (ValueError, RuntimeError, TypeError, IndexError)):
            raise mismatch_of_metric(error, self.metric, self.spec, self.split) from error
        if isinstance(error, FAILURES):
            raise _fault(self.metric, self.spec, error) from error


def _fault(metric: MetricSpec, spec: TrainingSpec, error: BaseException) -> StageError:
    return StageError(f"{type(metric).__name__} failed. {reason(error)}", ("metrics", spec.metrics.index(metric)))


class SplitMetrics:
    """The metrics of a spec, accumulated over the batches of a split.

    Metrics that allow it are updated once with the rows of several small batches: see `MetricSpec.joins_batches`.
    """

    def __init__(self, run: Run, split: str):
        """Begin without batches; `split` is the name of the split in messages."""
        self._run, self._split = run, split
        self._members: list[_Member] = []
        self._groups: list[_Group] = []

    def add(self, predicted: Mapping[str, Prediction]) -> None:
        """Add the predictions of a batch, by the names of the losses. The first ones determine the numbers of classes.

        Raises:
            MismatchError: if a metric cannot evaluate the predictions.
            StageError: for a fault in the code of a metric.

        """
        if not self._groups:
            self._build(lambda parts: (predicted[parts.key].loss, getattr(predicted[parts.key], parts.of_rows)))
        for group in self._groups:
            group.add(predicted[group.key])

    def add_parts(self, parts: "Mapping[Part, Sequence[Tensor]]") -> None:
        """Add the parts of the predictions of several batches, which nothing overwrites.

        Args:
            parts: all parts that `evaluated_parts` names for the metrics: those of each batch by the name of the loss
                and the name of the part.

        """
        if not self._groups:
            objective = self._run.objective
            losses = dict(zip(objective.prediction_keys(), objective.losses.values(), strict=True))
            self._build(lambda part: (losses[part.key].loss, parts[part.key, part.of_rows][0]))
        for group in self._groups:
            group.add_several(parts)

    def values(self) -> dict[str, float]:
        """Return the metrics of all batches by name, and issue a warning about each that is NaN."""
        for group in self._groups:
            group.flush()
        found: dict[str, float] = {}
        for one in self._members:
            metric = one.metric
            with one.errors:
                value = found[metric.label] = float(one.state.compute())
            if math.isnan(value):
                message = f"{metric.label} is NaN on the {self._split} split. {metric.undefined}".rstrip()
                place = ("metrics", self._run.spec.metrics.index(metric))
                warnings.warn(HooklineWarning(message, place, id="undefined-metric"), stacklevel=3)
        return found

    def _build(self, first: "Callable[[EvaluatedParts], tuple[LossSpec, Tensor]]") -> None:
        """Build the metrics, with the loss and the predictions of the first batch."""
        run = self._run
        groups: dict[EvaluatedParts, _Group] = {}
        for metric in run.spec.metrics:
            parts = evaluated_parts(metric, run)
            errors = _MetricErrors(metric, run.spec, self._split)
            with errors:
                state = built_metric(metric, run.spec, *first(parts))
            self._members.append(_Member(metric, state, errors))
            groups.setdefault(parts, _Group(parts)).members.append(self._members[-1])
        self._groups = list(groups.values())


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


def evaluated_parts(metric: MetricSpec, run: Run) -> EvaluatedParts:
    """Return what a metric evaluates."""
    return EvaluatedParts(
        run.objective.key(metric.target),
        "scores" if metric.ranks else "predictions",
        "distribution" if metric.takes_distributions else "truth",
    )


@frozen
class _Member:
    """A metric, and the object that accumulates it."""

    metric: MetricSpec
    state: Any
    errors: _MetricErrors

    def update(self, rows: "Tensor", true: "Tensor") -> None:
        with self.errors:
            self.state.update(*self.metric.prepare(rows, true))


class _Group:
    """The metrics that evaluate the same parts of the predictions."""

    def __init__(self, parts: EvaluatedParts):
        self.key, self._of_rows, self._true = parts
        self.members: list[_Member] = []
        self._rows: list[Tensor] = []
        self._truth: list[Tensor] = []
        self._size = 0

    def add(self, prediction: Prediction) -> None:
        """Update the metrics with a batch, or let its rows wait for those of further batches."""
        with self.members[0].errors:
            rows, true = getattr(prediction, self._of_rows), getattr(prediction, self._true)
        joining = False
        for member in self.members:
            if member.metric.joins_batches:
                joining = True
            else:
                member.update(rows, true)
        if joining:
            self._join(rows, true)

    def add_several(self, parts: "Mapping[Part, Sequence[Tensor]]") -> None:
        """Update the metrics with several batches of one shape, or let their rows wait for those of further batches."""
        several, true = parts[self.key, self._of_rows], parts[self.key, self._true]
        for member in self.members:
            if not member.metric.joins_batches:
                for pair in zip(several, true, strict=True):
                    member.update(*pair)
        if self._rows and not (_fit(several[0], self._rows[0]) and _fit(true[0], self._truth[0])):
            self.flush()
        self._rows += several
        self._truth += true
        self._size += len(several) * (several[0].nbytes + true[0].nbytes)
        if self._size >= LARGEST:
            self.flush()

    def _join(self, rows: "Tensor", true: "Tensor") -> None:
        size = rows.nbytes + true.nbytes
        if self._rows and not (_fit(rows, self._rows[0]) and _fit(true, self._truth[0])):
            self.flush()
        is_large = self._size + size >= LARGEST
        # Copies, because batches and layers may reuse their memory.
        self._rows.append(rows if is_large else rows.clone())
        self._truth.append(true if is_large else true.clone())
        self._size += size
        if is_large:
            self.flush()

    def flush(self) -> None:
        """Update the metrics with the rows that wait."""
        if not self._rows:
            return
        import torch

        rows, true = (several[0] if len(several) == 1 else torch.cat(several) for several in (self._rows, self._truth))
        self._rows, self._truth, self._size = [], [], 0
        for member in self.members:
            if member.metric.joins_batches:
                member.update(rows, true)


def _fit(one: "Tensor", other: "Tensor") -> bool:
    """Whether the rows of two tensors can be joined without a change of their type."""
    return one.shape[1:] == other.shape[1:] and one.dtype == other.dtype and one.device == other.device
