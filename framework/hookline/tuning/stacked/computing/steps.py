"""The steps of all members: one by one at first, and then several in one call, by a trace of their operations."""

import time
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from attrs import define, field

from hookline.plugins.stages import Run
from hookline.training.tracing import worth
from hookline.training.tracing.conditions import settings
from hookline.training.tracing.graphs.graph import Untraceable
from hookline.training.tracing.shapes import shape_of
from hookline.training.tracing.snapshot import Snapshot, difference
from hookline.training.tracing.steps_at_once import CHECKS, LARGEST, LONGEST, MOST
from hookline.training.tracing.traced_step import tensors_of
from hookline.tuning.stacked.computing.batches import Together
from hookline.tuning.stacked.computing.computation import Computation
from hookline.tuning.stacked.computing.noise import Draw
from hookline.tuning.stacked.computing.traced import Traced, recorded
from hookline.tuning.stacked.computing.updates import Updates
from hookline.tuning.stacked.computing.verification import verified

if TYPE_CHECKING:
    from torch import Tensor

CHECKED = 2
"""The number of members whose first gradients are compared with those of their own models."""

WARM_UP = 2
"""The number of steps of each shape that are made one by one before one is recorded."""


@define(eq=False)
class _OfShape:
    """What is known about steps with batches of one shape."""

    count: int = 0
    """The number of steps that were made one by one."""
    checks: int = 0
    """The number of steps that were made both ways, with the same bits."""
    alone: float = float("inf")
    """The shortest time of one by one."""
    seconds: float = float("inf")
    """The shortest time of a step by the trace."""
    draws: Sequence[Draw] = ()
    """The noise of a step."""
    traced: Traced | None = None
    is_left: bool = False
    """Whether steps are made one by one."""

    @property
    def is_ready(self) -> bool:
        """Whether the trace alone makes further steps."""
        return self.traced is not None and self.checks >= CHECKS and not self.is_left


@define(eq=False)
class Steps:
    """Makes the steps of all members: computes the gradients, and updates the parameters unless `is_whole` is false.

    The first steps with batches of a shape are made operation by operation. Then one is recorded, some are made both
    ways and compared bit by bit, and the trace makes the others: as many at once as suit a look at signals.
    """

    computation: Computation
    updates: Updates
    run: Run
    """The run of a member."""
    is_whole: bool
    """Whether a step includes the update. Otherwise, wrappers around the stage `step` come between them."""
    _shapes: dict[Hashable, _OfShape] = field(factory=dict)
    _version: int = -1
    """The version of the updates that was recorded."""
    _total: int = 0

    def groups(self, batches: Iterable[Together]) -> Iterator[list[Together]]:
        """Yield the batches in groups, whose steps can be made at once."""
        group: list[Together] = []
        for together in batches:
            if group and (len(group) >= self._most(group[0]) or _shape(group[0]) != _shape(together)):
                yield group
                group = []
            group.append(together)
        if group:
            yield group

    def _most(self, together: Together) -> int:
        """The number of steps to make at once."""
        known = self._of_shape(together)
        if known is None or not known.is_ready or not self.is_whole:
            return 1
        size = sum(tensor.nbytes for tensor in tensors_of(together.batch))
        return int(max(1, min(MOST, LARGEST / max(1, size), LONGEST / known.seconds)))

    def _of_shape(self, together: Together) -> _OfShape | None:
        """What is known about the steps of batches like this one; `None` if they are not traced."""
        if self.updates.version != self._version:
            self._shapes.clear()
            self._version = self.updates.version
        shape = _shape(together)
        return None if shape is None else self._shapes.setdefault(shape, _OfShape())

    def first(self, together: Together) -> "Tensor":
        """Make the first step, whose gradients are compared with those of some members alone.

        Raises:
            NotStackable: if they differ, or cannot be computed.

        """
        losses = verified(self.computation, together, CHECKED)
        if self.is_whole:
            self.updates.step()
        return losses.rows(self.computation.criterion.objective.names).unsqueeze(0)

    def made(self, group: Sequence[Together]) -> "Tensor":
        """Make the steps of a group, and return the rows of their losses: `(steps, 1 + terms, members)`."""
        self._total += len(group)
        known = self._of_shape(group[0])
        if known is None or known.is_left or not self._may_be_traced():
            return self._alone(group[0]).unsqueeze(0)
        if known.is_ready:
            return self._by_trace(known, group)
        [together] = group
        if known.traced is not None:
            return self._both_ways(known, known.traced, together)
        if known.count < WARM_UP or not self._earns_its_cost(known):
            known.count += 1
            started = time.thread_time()
            with self.computation.noise.noting() as known.draws:
                losses = self._alone(together)
            known.alone = min(known.alone, time.thread_time() - started)
            return losses.unsqueeze(0)
        return self._recorded(known, together).unsqueeze(0)

    def _may_be_traced(self) -> bool:
        is_on = self.run.spec.run.trace != "off" and self.run.device.type == "cpu"
        return is_on and settings() is not None and (self.updates.are_together or not self.is_whole)

    def _earns_its_cost(self, known: _OfShape) -> bool:
        share = known.count / max(1, self._total)
        if worth.is_mostly_computation(known.alone) or not worth.earns_its_cost(self.run, known.alone, share):
            known.is_left = True
        return not known.is_left

    def _alone(self, together: Together) -> "Tensor":
        """Make a step operation by operation."""
        losses = self.computation.gradients(together).rows(self.computation.criterion.objective.names)
        if self.is_whole:
            self.updates.step()
        return losses

    def _known(self) -> "list[Tensor]":
        return [*self.computation.rows.all, *(self.updates.tensors if self.is_whole else ())]

    def _recorded(self, known: _OfShape, together: Together) -> "Tensor":
        """Make a step and record it."""
        noise = self.computation.noise.several(known.draws)
        of_batch = [*tensors_of(together.batch), *noise]
        with self.computation.noise.giving(noise):
            losses, traced = recorded(lambda: self._alone(together), self._known(), of_batch)
        try:
            known.traced = traced()
        except Untraceable:
            known.is_left = True
        return losses

    def _both_ways(self, known: _OfShape, traced: Traced, together: Together) -> "Tensor":
        """Make a step both ways from the same state, and compare the results. The one that is not traced counts."""
        noise = self.computation.noise.several(known.draws)
        before = Snapshot([*self._known(), *tensors_of(together.batch)])
        found: dict[str, Sequence[Tensor]] = {}
        started = time.thread_time()
        try:
            losses = self._repeated(traced, [together], [noise])
            known.seconds = min(known.seconds, time.thread_time() - started)
            found = {"": [losses[0], *(tensor.detach().clone() for tensor in before.tensors)]}
        except RuntimeError:
            known.is_left = True
        before.restore()
        started = time.thread_time()
        with self.computation.noise.giving(noise):
            losses = self._alone(together)
        known.alone = min(known.alone, time.thread_time() - started)
        known.checks += 1
        wanted = {"": [losses, *(tensor.detach() for tensor in before.tensors)]}
        is_equal = bool(found) and not difference(wanted, found)
        known.is_left = not is_equal
        return losses.unsqueeze(0)

    def _by_trace(self, known: _OfShape, group: Sequence[Together]) -> "Tensor":
        assert known.traced is not None, "The steps are ready."
        started = time.perf_counter()
        noise = self.computation.noise
        losses = self._repeated(known.traced, group, [noise.several(known.draws) for _ in group])
        known.seconds = max(1e-6, (time.perf_counter() - started) / len(group))
        return losses

    def _repeated(
        self, traced: Traced, group: Sequence[Together], noise: "Sequence[Sequence[Tensor]]"
    ) -> "Tensor":
        rows = self.computation.rows
        names = self.computation.criterion.objective.names
        losses = rows.matrix.new_empty(len(group), 1 + len(names), len(rows))
        batches = [[*tensors_of(one.batch), *own] for one, own in zip(group, noise, strict=True)]
        traced(batches, losses)
        return losses


def _shape(together: Together) -> Hashable:
    """On what a trace depends; `None` if such batches are not traced."""
    shape = shape_of(together.batch)
    return None if shape is None else (together.is_shared, shape)
