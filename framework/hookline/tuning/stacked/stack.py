"""Train the members of a stack: each step computes the gradients of all members at once."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from hookline.plugins.signals import Interruption
from hookline.tuning.stacked.computing.computation import Computation
from hookline.tuning.stacked.computing.losses import LossTable
from hookline.tuning.stacked.computing.memory import keep_freed_memory
from hookline.tuning.stacked.computing.steps import Steps
from hookline.tuning.stacked.computing.updates import Updates
from hookline.tuning.stacked.members import Member

if TYPE_CHECKING:
    from torch import Tensor


class Stack:
    """Members that are trained together until all have ended.

    A member that ends earlier than others, such as a pruned one, keeps its row until half of the members have ended:
    to stack the others again takes time.
    """

    def __init__(self, members: Sequence[Member], interruption: Interruption):
        """Take members with equal structures, which have not begun. Those with equal `update_key` follow each other."""
        self._active = list(members)
        self._interruption = interruption
        self._steps: Steps | None = None

    def train(self) -> Iterator[Member]:
        """Train all members, and yield each when it has been trained, to be evaluated.

        Raises:
            NotStackable: before the first step, if they cannot be trained together.
            KeyboardInterrupt: after an interruption.

        """
        keep_freed_memory()
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
        if self._steps is not None:
            self._steps.computation.evaluation.forget()
        self._active = [member for member in self._active if not member.has_ended]
        yield from ended
        for member in ended:
            member.evaluator.join(None, 0)

    def _train_epoch(self) -> None:
        table = LossTable()
        steps = self._stacked()
        computation, traced = steps.computation, steps.traced
        run = self._active[0].run
        left = None if run.spec.run.max_steps is None else run.spec.run.max_steps - run.step
        for group in steps.groups(islice(computation.epoch(run.epoch), left)):
            if self._steps is None:
                losses = steps.first(group[0])
                self._steps = steps
            else:
                losses = steps.made(group)
            table.add(losses, group, computation.criterion)
            if not steps.is_whole:
                self._update(steps, losses[-1, 0])
            if self._interruption.number is not None:
                raise KeyboardInterrupt
        computation.evaluation.forget()
        for member in self._active:
            member.run.traced_steps.traced += steps.traced - traced
            member.run.traced_steps.by_layers += len(table) - (steps.traced - traced)
            if not member.has_ended:  # A wrapper around one of its steps may have failed.
                member.end_epoch(table, computation.members.index(member))

    def _stacked(self) -> Steps:
        """The steps of the active members: those of before, unless half of its members have ended."""
        before = self._steps
        members = [] if before is None else before.computation.members
        if before is not None and len(self._active) * 2 > len(members):
            return before
        states = None if before is None else before.computation.states()
        generators = [member.generator if states is None else states[member] for member in self._active]
        computation = Computation(self._active, generators)
        specs = [member.run.spec.optimizer for member in self._active]
        updates = Updates(computation.rows, specs, [member.parts.optimizer for member in self._active])
        is_wrapped = any(member.wraps_steps for member in self._active)
        is_whole = updates.are_together and not is_wrapped
        steps = Steps(computation, updates, run=self._active[0].run, is_whole=is_whole)
        if before is not None:
            updates.take_states(before.updates, [members.index(member) for member in self._active])
            self._steps = steps
        return steps

    def _update(self, steps: Steps, losses: "Tensor") -> None:
        """Update the parameters of all members, inside of the wrappers around the stage `step` of each."""
        wrapped = [member for member in self._active if member.wraps_steps and not member.has_ended]
        entered = []
        for member in wrapped:
            index = steps.computation.members.index(member)
            entered.append(member.enter_step(losses[index], steps.computation.rows, index))
        steps.updates.step()
        for member, wrappers in zip(wrapped, entered, strict=True):
            member.leave_step(wrappers)
        if wrapped:
            steps.updates.read_options()
