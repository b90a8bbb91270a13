"""Train the members of a stack: each step computes the gradients of all members at once."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from hookline.plugins.signals import Interruption
from hookline.tuning.stacked.computing.batches import Together
from hookline.tuning.stacked.computing.computation import Computation
from hookline.tuning.stacked.computing.generators import Generators
from hookline.tuning.stacked.computing.losses import LossTable
from hookline.tuning.stacked.computing.memory import keep_freed_memory
from hookline.tuning.stacked.computing.steps import Steps
from hookline.tuning.stacked.computing.updates import Updates
from hookline.tuning.stacked.members import Member
from hookline.tuning.stacked.refusals import NotStackable, StackFailure

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
        self._is_tried = False
        """Whether an epoch has been trained and evaluated."""

    def train(self) -> Iterator[Member]:
        """Train all members, and yield each when it has been trained, to be evaluated.

        Raises:
            NotStackable: if they cannot be trained together, usually before the first step.
            StackFailure: if the steps or batches of all members fail.
            KeyboardInterrupt: after an interruption.

        """
        keep_freed_memory()
        try:
            for member in self._active:
                member.begin()
            yield from self._left()
            while self._active:
                yield from self._train_epoch()
                self._is_tried = True
                yield from self._left()
        except BaseException as error:
            for member in self._active:
                member.fail(error)
            if isinstance(error, Exception) and (self._is_tried or not isinstance(error, NotStackable)):
                raise StackFailure(" ".join(str(error).split()) or type(error).__name__) from error
            raise

    def _left(self) -> Iterator[Member]:
        """Begin the next epoch, and yield the members that have none."""
        for member in self._active:
            if not member.has_ended:
                member.begin_epoch()
        yield from self._ended()
        self._active = [member for member in self._active if not member.has_ended]  # Without abandoned ones.

    def _ended(self) -> Iterator[Member]:
        """Yield the members that have ended, which are no longer active."""
        ended = [member for member in self._active if member.has_ended]
        if not ended:
            return
        for member in ended:
            if self._steps is None:
                member.end_fit()
                continue
            computation = self._steps.computation
            with Generators(computation.noise).of(computation.members.index(member)):
                member.end_fit()
        if self._steps is not None:
            self._steps.computation.evaluation.forget()
        self._active = [member for member in self._active if not member.has_ended]
        yield from ended
        for member in ended:
            member.evaluator.join(None, 0)

    def _train_epoch(self) -> Iterator[Member]:
        """Make the steps of an epoch, and yield the members that end inside of it."""
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
                losses = _made(steps, group)
            table.add(losses, group, computation.criterion)
            if not steps.is_whole:
                self._update(steps, losses[-1, 0])
                if now := [member for member in self._active if member.run.ends_now and not member.has_ended]:
                    self._end_epoch(now, table, steps, traced)
                    for member in now:
                        member.begin_epoch()
                    yield from self._ended()
                    if not self._active:
                        return
            if self._interruption.number is not None:
                raise KeyboardInterrupt
        # A wrapper around one of its steps may have failed.
        self._end_epoch([member for member in self._active if not member.has_ended], table, steps, traced)

    def _end_epoch(self, members: Sequence[Member], table: LossTable, steps: Steps, traced: int) -> None:
        """Validate and log. `traced` is the number of traced steps before the epoch."""
        computation = steps.computation
        computation.evaluation.forget()
        generators = Generators(computation.noise)
        for member in members:
            index = computation.members.index(member)
            member.run.traced_steps.traced += steps.traced - traced
            member.run.traced_steps.by_layers += len(table) - (steps.traced - traced)
            with generators.of(index):
                member.end_epoch(table, index)
            computation.rows.take(index)
        generators.end()

    def _stacked(self) -> Steps:
        """The steps of the active members: those of before, unless half of its members have ended.

        They are made anew, too, if a callback has changed which parameters are trained.
        """
        before = self._steps
        members = [] if before is None else before.computation.members
        kept = [members.index(member) for member in self._active] if members else []
        if before is not None and len(kept) * 2 > len(members) and before.computation.rows.train_the_same(kept):
            return before
        states = None if before is None else before.computation.states()
        generators = [member.generator if states is None else states[member] for member in self._active]
        blocks = [] if before is None else [block.names for block in before.computation.rows.blocks]
        computation = Computation(self._active, generators, blocks)
        specs = [member.run.spec.optimizer for member in self._active]
        updates = Updates(computation.rows, specs, [member.parts.optimizer for member in self._active])
        is_wrapped = any(member.wraps_steps for member in self._active)
        is_whole = updates.are_together and not is_wrapped
        steps = Steps(computation, updates, run=self._active[0].run, is_whole=is_whole)
        if before is not None:
            updates.take_states(before.updates, kept)
            self._steps = steps
        return steps

    def _update(self, steps: Steps, losses: "Tensor") -> None:
        """Update the parameters of all members, inside of the wrappers around the stage `step` of each."""
        computation = steps.computation
        indices = {
            member: computation.members.index(member)
            for member in self._active
            if member.wraps_steps and not member.has_ended
        }
        if not indices:
            steps.updates.step()
            return
        generators = Generators(computation.noise)
        entered = []
        for member, index in indices.items():
            with generators.of(index):
                entered.append(member.enter_step(losses[index], computation.rows, index))
        steps.updates.step()
        for (member, index), wrappers in zip(indices.items(), entered, strict=True):
            with generators.of(index):
                member.leave_step(wrappers)
            computation.rows.take(index)
        generators.end()
        steps.updates.read_options()


def _made(steps: Steps, group: Sequence[Together]) -> "Tensor":
    """Make the steps of a group. What fails now has not failed for the first batch."""
    try:
        return steps.made(group)
    except NotStackable as error:
        raise RuntimeError(str(error)) from error
