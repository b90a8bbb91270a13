"""The steps of all members: their gradients, and the updates of the parameters."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from attrs import define, field

from hookline.plugins.stages import Run
from hookline.tuning.stacked.computing.batches import Together
from hookline.tuning.stacked.computing.computation import Computation
from hookline.tuning.stacked.computing.repeated import Repeated
from hookline.tuning.stacked.computing.updates import Updates
from hookline.tuning.stacked.computing.verification import verified

if TYPE_CHECKING:
    from torch import Tensor

CHECKED = 2
"""The number of members whose first gradients are compared with those of their own models."""


@define(eq=False)
class Steps:
    """Makes the steps of all members: computes the gradients, and updates the parameters unless `is_whole` is false."""

    computation: Computation
    updates: Updates
    run: Run
    """The run of a member."""
    is_whole: bool
    """Whether a step includes the update. Otherwise, wrappers around the stage `step` come between them."""
    _repeated: Repeated = field(init=False)
    _version: int = field(default=0, init=False)
    """The version of the updates that was recorded."""

    def __attrs_post_init__(self) -> None:
        """Make what traces the steps."""
        self._repeated = Repeated(
            run=self.run,
            noise=self.computation.noise,
            function=self._step,
            known=self._tensors,
            in_epoch=self.run.steps_per_epoch,
        )

    @property
    def traced(self) -> int:
        """The number of steps that a trace has made, or whose gradients it has computed."""
        return self._repeated.traced

    def groups(self, batches: Iterable[Together]) -> Iterator[Sequence[Together]]:
        """Yield the batches in groups, whose steps can be made at once."""
        self.updates.read_options()
        if self.is_whole and self.updates.version != self._version:
            self._repeated.forget()
            self._version = self.updates.version
        may_be_grouped = self.is_whole and self.computation.may_read_ahead
        yield from self._repeated.groups(batches) if may_be_grouped else ([together] for together in batches)

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
        return self._repeated(group)

    def _step(self, together: Together, _: "Sequence[Tensor]" = ()) -> "Tensor":
        losses = self.computation.gradients(together).rows(self.computation.criterion.objective.names)
        if self.is_whole:
            self.updates.step()
        return losses

    def _tensors(self) -> "list[Tensor]":
        return [*self.computation.rows.all, *(self.updates.tensors if self.is_whole else ())]
