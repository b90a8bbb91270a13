"""The trace of steps with the updates of the parameters, several of which are made in one call."""

from collections.abc import Sequence
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

from attrs import define, field

from hookline.training.tracing.comparison import Comparison
from hookline.training.tracing.graphs.graph import Program, Untraceable
from hookline.training.tracing.graphs.whole_step import WholeStep
from hookline.training.tracing.snapshot import Snapshot
from hookline.training.tracing.traced_step import TracedStep
from hookline.training.tracing.updates.counters import Counter
from hookline.training.tracing.updates.divisors import DivisorOfShape
from hookline.training.tracing.updates.options import Option
from hookline.training.tracing.updates.scalars import Scalars

if TYPE_CHECKING:
    import torch
    from torch import Tensor

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

    def admits(self, options: Sequence[Sequence[float]]) -> bool:
        """Whether the recorded operations are those for these values of the options."""
        return all(self.options[index].admits(options[index]) for index in self._momentums)

    @cached_property
    def _momentums(self) -> list[int]:
        return [index for index, option in enumerate(self.options) if option.name == "momentum"]

    def run(
        self, columns: "Sequence[list[Tensor]]", options: Sequence[Sequence[float]], scalars: Scalars
    ) -> "Sequence[Tensor]":
        """Make a step for each batch, and return the gradients of the last one.

        Args:
            columns: a list with the tensors of all batches, for each tensor of a batch.
            options: the values in each step of each option.
            scalars: what `scalars` returned, to which the losses and terms are written.

        """
        of_batch = [columns[index] for index in self.whole.of_batch]
        empty: list[Tensor] = []
        return self.program(*self.whole.fixed, *of_batch, *self.whole.lists, *options, *scalars.places, empty)

    def keep_gradients(self, gradients: "Sequence[Tensor]") -> None:
        """Store what `run` returned in `grad`."""
        for parameter in self.step.without_gradient:
            parameter.grad = None
        for parameter, gradient in zip(self.step.with_gradient, gradients, strict=True):
            parameter.grad = gradient


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
