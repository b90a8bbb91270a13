"""Steps with the updates of the parameters, several of which are made in one call."""

from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING

from attrs import define, field

from hookline.training.tracing.comparison import Comparison
from hookline.training.tracing.graphs.graph import Program, Untraceable
from hookline.training.tracing.graphs.whole_step import WholeStep
from hookline.training.tracing.snapshot import Snapshot
from hookline.training.tracing.traced_step import TracedStep, tensors_of
from hookline.training.tracing.updates.counters import Counter
from hookline.training.tracing.updates.divisors import DivisorOfShape
from hookline.training.tracing.updates.options import Option
from hookline.training.tracing.updates.scalars import Scalars

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from hookline.data.batches import Batch

LARGEST = 2**22
"""The largest size in bytes of what is copied before each call, which takes less than a hundredth of the longest."""


@define(eq=False, repr=False)
class TracedUpdates:
    """The trace of steps with their updates, several of which can be made in one call."""

    step: TracedStep
    """The trace of their gradients."""
    whole: WholeStep
    options: Sequence[Option]
    """The options of the optimizer that it takes."""
    program: Program
    beginning: Snapshot
    """What the program changes, besides batches."""
    counters: Sequence[Counter] = ()
    """The counts of steps of which the program changes only the first."""
    comparison: Comparison = field(factory=Comparison)
    """How single steps compare with those of the layers."""
    seconds: float = 0.0
    """How long a step takes if several are made at once."""
    divisor: DivisorOfShape | None = None
    """What the losses are divided by, once it is known."""
    _scalars: Scalars | None = None
    _follower: "TracedUpdates | None" = None

    def scalars(self, count: int, dtype: "torch.dtype") -> Scalars:
        """Return tensors for the losses and terms of so many steps: those of the call before, if they fit."""
        if self._scalars is None or len(self._scalars.places[0]) != count:
            self._scalars = Scalars.of([dtype, *self.step.dtypes], count)
        return self._scalars

    def can_precede(self, other: "TracedUpdates") -> bool:
        """Whether steps of another shape can follow in the same call: both take and change the same."""
        if self._follower is not other:
            places = [[(one.group, one.name, one.index) for one in updates.options] for updates in (self, other)]
            changed = [{id(one) for one in updates.beginning.tensors} for updates in (self, other)]
            counted = [[id(one.first) for one in updates.counters] for updates in (self, other)]
            draws = [updates.beginning.draws for updates in (self, other)]
            if any(one != another for one, another in (places, changed, counted, draws)):
                return False
            self._follower = other
        return True

    def run(
        self, tensors: "Sequence[list[Tensor]]", options: Sequence[Sequence[float]], scalars: Scalars
    ) -> "Sequence[Tensor]":
        """Make a step for each batch, and return the gradients of the last one.

        Args:
            tensors: the tensors of each batch.
            options: the values in each step of each option.
            scalars: what `scalars` returned, to which the losses and terms are written.

        """
        columns = [[one[index] for one in tensors] for index in self.whole.of_batch]
        empty: list[Tensor] = []
        return self.program(*self.whole.fixed, *columns, *self.whole.lists, *options, *scalars.places, empty)

    def keep_gradients(self, gradients: "Sequence[Tensor]") -> None:
        """Store what `run` returned in `grad`."""
        for parameter in self.step.without_gradient:
            parameter.grad = None
        for parameter, gradient in zip(self.step.with_gradient, gradients, strict=True):
            parameter.grad = gradient


def make(
    parts: "Sequence[tuple[TracedUpdates, Sequence[Batch]]]", options: Sequence[Sequence[float]], dtype: "torch.dtype"
) -> list[Scalars]:
    """Make a step for each batch, and store the gradients of the last one.

    If a program fails, everything is as before.

    Args:
        parts: the traces of shapes, each of which can precede the next, and their batches.
        options: the values in each step of each option.
        dtype: the type of the losses.

    Returns:
        The losses and terms of each part, until the next call.

    """
    of_parts = [list(map(tensors_of, batches)) for _, batches in parts]
    scalars = [updates.scalars(len(batches), dtype) for updates, batches in parts]

    def program() -> "Sequence[Tensor]":
        start = 0
        gradients: Sequence[Tensor] = ()
        for (updates, batches), tensors, places in zip(parts, of_parts, scalars, strict=True):
            stop = start + len(batches)
            gradients = updates.run(tensors, [values[start:stop] for values in options], places)
            start = stop
        for counter in parts[0][0].counters:
            counter.complete()
        return gradients

    changed = [
        one[index]
        for (updates, _), tensors in zip(parts, of_parts, strict=True)
        if updates.step.changed_of_batch
        for one in tensors
        for index in updates.step.changed_of_batch
    ]
    gradients = parts[0][0].beginning.undone_if_it_fails(program, (), changed)
    parts[-1][0].keep_gradients(gradients)
    return scalars


def beginning_of(whole: WholeStep, step: TracedStep, counters: Sequence[Counter]) -> Snapshot:
    """Return what the program of several steps changes.

    Raises:
        Untraceable: If it is so much that copies before each call would take long.

    """
    others = chain.from_iterable(counter.others for counter in counters)
    several = (*step.changed, *whole.changed, *chain.from_iterable(whole.lists), *others)
    changed = {id(one): one for one in several}.values()
    if sum(tensor.nbytes for tensor in changed) > LARGEST:
        raise Untraceable("the parameters and the states of the optimizer are so large that they are not copied")
    return Snapshot(changed, draws=any(call.schema.is_random for call in whole.graph.calls))
