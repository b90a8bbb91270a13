"""Accumulate the metrics of a spec over the batches of a split."""

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline.errors.exceptions import HooklineWarning
from hookline.plugins.stages import Run
from hookline.spec.families.loss.loss import LossSpec
from hookline.spec.families.metric import MetricSpec
from hookline.spec.objective.prediction import Prediction
from hookline.training.metrics import EvaluatedParts, MetricErrors, Part, built_metric, parts_of_metrics

if TYPE_CHECKING:
    from torch import Tensor

LARGEST = 2**18
"""The size in bytes from which rows that wait to be joined are passed to the metrics."""


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
        for metric, parts in parts_of_metrics(run):
            errors = MetricErrors(metric, run.spec, self._split)
            with errors:
                state = built_metric(metric, run.spec, *first(parts))
            self._members.append(_Member(metric, state, errors))
            if parts not in groups:
                groups[parts] = _Group(parts)
            groups[parts].take(self._members[-1])
        self._groups = list(groups.values())


@frozen
class _Member:
    """A metric, and the object that accumulates it."""

    metric: MetricSpec
    state: Any
    errors: MetricErrors

    def update(self, rows: "Tensor", true: "Tensor") -> None:
        with self.errors:
            self.state.update(*self.metric.prepare(rows, true))


class _Group:
    """The metrics that evaluate the same parts of the predictions."""

    def __init__(self, parts: EvaluatedParts):
        self.key, self._of_rows, self._true = parts
        self.members: list[_Member] = []
        """The metrics to update."""
        self._rows: list[Tensor] = []
        self._truth: list[Tensor] = []
        self._size = 0

    def take(self, new: _Member) -> None:
        """Take a metric, unless its object gets the updates of another one."""
        share = getattr(new.state, "shares_updates_of", None)
        is_plain = type(new.metric).prepare is MetricSpec.prepare
        if share is not None and is_plain and new.metric.joins_batches:
            for one in self.members:
                if one.metric.joins_batches and type(one.metric).prepare is MetricSpec.prepare:
                    with new.errors:
                        if share(one.state):
                            return
        self.members.append(new)

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
