"""Train the members of a stack: each step computes the gradients of all members at once."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from hookline.plugins.signals import Interruption
from hookline.tuning.stacked.computing.computation import Computation
from hookline.tuning.stacked.computing.losses import LossTable
from hookline.tuning.stacked.members import Member
from hookline.tuning.stacked.updates import Updates, update_key
from hookline.tuning.stacked.verification import verified

if TYPE_CHECKING:
    from torch import Tensor

CHECKED = 2
"""The number of members whose first gradients are compared with those of their own models."""


class Stack:
    """Members that are trained together until all have ended.

    A member that ends earlier than others, such as a pruned one, keeps its row until half of the members have ended:
    to stack the others again takes time.
    """

    def __init__(self, members: Sequence[Member], interruption: Interruption):
        """Take members with equal structures, which have not begun."""
        self._active = sorted(members, key=lambda one: repr(update_key(one.run.spec.optimizer, one.parts.optimizer)))
        self._interruption = interruption
        self._computation: Computation | None = None
        self._updates: Updates | None = None

    def train(self) -> Iterator[Member]:
        """Train all members, and yield each when it has been trained, to be evaluated.

        Raises:
            NotStackable: before the first step, if they cannot be trained together.
            KeyboardInterrupt: after an interruption.

        """
        try:
            for member in self._active:
                member.begin()
            yield from self._left()
            while self._active:
                self._train_epoch()
                yield from self._left()
        except BaseException as error:
            for member in self._active:
                member.fail(error)
            raise

    def _left(self) -> Iterator[Member]:
        """Begin the next epoch, and yield the members that have none."""
        for member in self._active:
            member.begin_epoch()
        ended = [member for member in self._active if member.has_ended]
        for member in ended:
            member.end_fit()
        if self._computation is not None:
            self._computation.evaluation.forget()
        self._active = [member for member in self._active if not member.has_ended]
        yield from ended
        for member in ended:
            member.evaluator.join(None, 0)

    def _train_epoch(self) -> None:
        table = LossTable()
        computation, updates = self._stacked()
        updates.read_options()
        for together in computation.epoch(self._active[0].run.epoch):
            if self._computation is None:
                values = verified(computation, together, CHECKED)
                self._computation = computation
            else:
                values = computation.gradients(together)
            table.add(values, together, computation.criterion)
            self._step(computation, updates, values.values.detach())
            if self._interruption.number is not None:
                raise KeyboardInterrupt
        computation.evaluation.forget()
        for member in self._active:
            member.end_epoch(table, computation.members.index(member))

    def _stacked(self) -> tuple[Computation, Updates]:
        """The computation of the active members: that of before, unless half of its members have ended."""
        before, updates = self._computation, self._updates
        if before is not None and updates is not None and len(self._active) * 2 > len(before.members):
            return before, updates
        states = None if before is None else before.states()
        generators = [member.generator if states is None else states[member] for member in self._active]
        computation = Computation(self._active, generators)
        if before is not None:
            self._computation = computation
        specs = [member.run.spec.optimizer for member in self._active]
        kept = None if before is None else [before.members.index(member) for member in self._active]
        self._updates = Updates(computation.rows, specs, [member.parts.optimizer for member in self._active])
        if updates is not None and kept is not None:
            self._updates.take_states(updates, kept)
        return computation, self._updates

    def _step(self, computation: Computation, updates: Updates, losses: "Tensor") -> None:
        """Make a step of all members, inside of the wrappers around the stage `step` of each."""
        wrapped = [member for member in self._active if member.wraps_steps and not member.has_ended]
        entered = []
        for member in wrapped:
            index = computation.members.index(member)
            entered.append(member.enter_step(losses[index], computation.rows, index))
        updates.step()
        for member, wrappers in zip(wrapped, entered, strict=True):
            member.leave_step(wrappers)
        if wrapped:
            updates.read_options()
