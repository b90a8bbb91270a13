"""The metrics of a split by what they evaluate: those that compare the same rows are updated together."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline.plugins.stages import Run
from hookline.spec.families.loss.loss import LossSpec
from hookline.spec.families.metric import MetricSpec
from hookline.spec.objective.prediction import Prediction
from hookline.training.metrics import EvaluatedParts, MetricErrors, built_metric, parts_of_metrics

if TYPE_CHECKING:
    from torch import Tensor

LARGEST = 2**18
"""The size in bytes from which rows that wait to be joined are passed to the metrics."""

First = Callable[[EvaluatedParts], "tuple[LossSpec, Tensor]"]
"""Returns the loss and the predictions of the first batch that a metric evaluates."""


@frozen
class Member:
    """A metric, and the object that accumulates it."""

    metric: MetricSpec
    state: Any
    errors: MetricErrors

    @property
    def may_share(self) -> bool:
        """Whether its object may get the updates of another one, or the other way round."""
        return self.metric.joins_batches and type(self.metric).prepare is MetricSpec.prepare

    def update(self, rows: "Tensor", true: "Tensor") -> None:
        """Add rows."""
        with self.errors:
            self.state.update(*self.metric.prepare(rows, true))

    def value(self) -> float:
        """Return the metric of all rows."""
        with self.errors:
            return float(self.state.compute())

    def reset(self) -> None:
        """Remove all rows."""
        with self.errors:
            self.state.reset()


class Group:
    """The metrics that evaluate the same parts of the predictions, and the rows that wait for some of them."""

    def __init__(self, parts: EvaluatedParts, loss: LossSpec, predictions: "Tensor"):
        """Begin without metrics, for a loss and predictions like these."""
        self.parts = parts
        self._loss, self._kind = loss, _kind(predictions)
        self._apart: list[Member] = []
        """The metrics to update with each batch."""
        self._joined: list[Member] = []
        """The metrics to update with the rows of several batches."""
        self._rows: list[Tensor] = []
        self._truth: list[Tensor] = []
        self._size = 0

    @property
    def _errors(self) -> MetricErrors:
        """Turns errors into those of its first metric."""
        return (self._apart or self._joined)[0].errors

    def fits(self, first: First) -> bool:
        """Whether its metrics were built for this loss and for such predictions."""
        with self._errors:
            loss, predictions = first(self.parts)
        return loss is self._loss and _kind(predictions) == self._kind

    def take(self, new: Member) -> None:
        """Take a metric, unless its object gets the updates of another one."""
        share = getattr(new.state, "shares_updates_of", None)
        if share is not None and new.may_share:
            for one in self._joined:
                if one.may_share:
                    with new.errors:
                        if share(one.state):
                            return
        (self._joined if new.metric.joins_batches else self._apart).append(new)

    def add(self, prediction: Prediction) -> None:
        """Update the metrics with a batch, or let its rows wait for those of further batches."""
        _, of_rows, of_truth = self.parts
        with self._errors:
            rows, true = getattr(prediction, of_rows), getattr(prediction, of_truth)
        for member in self._apart:
            member.update(rows, true)
        if not self._joined:
            return
        self._flush_others(rows, true)
        if self._size + rows.nbytes + true.nbytes < LARGEST:
            rows, true = rows.clone(), true.clone()  # Batches and layers may reuse their memory while they wait.
        self._wait([rows], [true])

    def add_several(self, several: "Sequence[Tensor]", true: "Sequence[Tensor]") -> None:
        """The same with several batches of one shape, which nothing overwrites."""
        for member in self._apart:
            for pair in zip(several, true, strict=True):
                member.update(*pair)
        if self._joined:
            self._flush_others(several[0], true[0])
            self._wait(several, true)

    def _flush_others(self, rows: "Tensor", true: "Tensor") -> None:
        """Update the metrics with the rows that wait, if these cannot be joined with them."""
        if self._rows and not (_fit(rows, self._rows[0]) and _fit(true, self._truth[0])):
            self.flush()

    def _wait(self, several: "Sequence[Tensor]", true: "Sequence[Tensor]") -> None:
        """Let rows of one shape wait, until there are many."""
        self._rows += several
        self._truth += true
        self._size += len(several) * (several[0].nbytes + true[0].nbytes)
        if self._size >= LARGEST:
            self.flush()

    def flush(self) -> None:
        """Update the metrics with the rows that wait."""
        if not self._rows:
            return
        import torch

        rows, true = (one[0] if len(one) == 1 else torch.cat(one) for one in (self._rows, self._truth))
        self._rows, self._truth, self._size = [], [], 0
        for member in self._joined:
            member.update(rows, true)


@frozen
class Groups:
    """All metrics of a split."""

    members: Sequence[Member]
    """The metrics in the order of the spec."""
    groups: Sequence[Group]
    may_be_kept: bool
    """Whether all objects can be used for another evaluation."""

    def fit(self, first: First) -> bool:
        """Whether the objects were built for such predictions."""
        return all(group.fits(first) for group in self.groups)

    def reset(self) -> None:
        """Remove all rows."""
        for one in self.members:
            one.reset()


def built_groups(run: Run, split: str, first: First) -> Groups:
    """Build the metrics of a run for a split, whose name is in messages."""
    members: list[Member] = []
    groups: dict[EvaluatedParts, Group] = {}
    for metric, parts in parts_of_metrics(run):
        errors = MetricErrors(metric, run.spec, split)
        with errors:
            loss, predictions = first(parts)
            state = built_metric(metric, run.spec, loss, predictions)
        members.append(Member(metric, state, errors))
        if parts not in groups:
            groups[parts] = Group(parts, loss, predictions)
        groups[parts].take(members[-1])
    may_be_kept = all(one.metric.resets for one in members)
    return Groups(members, list(groups.values()), may_be_kept=may_be_kept)


def _kind(rows: "Tensor") -> tuple[Any, ...]:
    return rows.shape[1:], rows.dtype, rows.device


def _fit(one: "Tensor", other: "Tensor") -> bool:
    """Whether the rows of two tensors can be joined without a change of their type."""
    return one.shape[1:] == other.shape[1:] and one.dtype == other.dtype and one.device == other.device
