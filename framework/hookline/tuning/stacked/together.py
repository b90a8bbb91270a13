"""Train claimed trials: several that compute the same in one stack, and all others alone."""

import warnings
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

from attrs import asdict, define, field, frozen

from hookline.errors.exceptions import FileError, HooklineError, HooklineWarning, MismatchError, StorageError
from hookline.plugins.origin import Origin
from hookline.runs.plan.layers import Layer
from hookline.runs.study import trial_directory
from hookline.spec.space.record import TrialRecord
from hookline.spec.training import TrainingSpec
from hookline.training.preparation import Parts, built_parts, prepared
from hookline.tuning.choosing.tasks import Task
from hookline.tuning.observers import Curve
from hookline.tuning.one_trial import Trainer, remove_all_but_record
from hookline.tuning.stacked.computing.evaluation import Evaluator
from hookline.tuning.stacked.computing.updates import update_key
from hookline.tuning.stacked.members import Member
from hookline.tuning.stacked.refusals import NotStackable, refuse_unstackable
from hookline.tuning.stacked.sizes import divided, size_of_outputs
from hookline.tuning.stacked.stack import Stack
from hookline.tuning.stacked.structure import can_share_a_stack
from hookline.tuning.trainings import Training

if TYPE_CHECKING:
    from hookline.data.data import Data
    from hookline.plugins.stages import Run

MOST_TRIED = 8
"""The number of specs to remember that have passed the preflight."""

OPTION = ("tune", "vectorize")


@frozen(eq=False)
class _Opened:
    """A task whose run has been opened and prepared."""

    task: Task
    curve: Curve
    training: Training
    run: "Run"
    parts: Parts
    size: int
    """The size in bytes of the outputs of all layers for a batch."""
    member: Member


@define(eq=False, kw_only=True)
class StackedTrainer:
    """Trains the trials that a process has claimed."""

    trainer: Trainer
    """Trains a trial alone."""
    _warned: set[str] = field(factory=set)
    _tried: "deque[tuple[TrainingSpec, Data, Sequence[Layer]]]" = field(factory=lambda: deque(maxlen=MOST_TRIED))
    """The spec, the data and the layers of trials that have passed the preflight."""

    def train(self, tasks: Sequence[Task], is_kept: Callable[[TrialRecord], bool], *, is_first: bool) -> None:
        """Train claimed trials, and write their records.

        Args:
            tasks: the trials.
            is_kept: whether to keep the weights of a trial that is trained alone.
            is_first: whether no trial of the study has ended. Then trials that cannot be trained together are an error.

        Raises:
            MismatchError: if they cannot be trained together, and `is_first`.

        """
        if len(tasks) == 1:
            [task] = tasks
            self.trainer.train(task.record, task.write, task.prunes, is_kept)
            return
        alone: list[Task] = []
        with ExitStack() as open_runs:
            opened = self._opened(tasks, open_runs, alone, is_first=is_first)
            for group in _grouped(opened):
                if len(group) == 1:
                    alone.append(group[0].task)
                    continue
                try:
                    self._train_stack(group)
                except NotStackable as reason:
                    self._refuse(reason, is_first=is_first)
                    alone += [one.task for one in group]
                except KeyboardInterrupt:
                    self.trainer.interruption.request(2)
                    return
        for task in sorted(alone, key=lambda one: one.record.number):
            if self.trainer.interruption.number is None:
                task.record.curve.clear()
                task.record.trainings.clear()
                self.trainer.train(task.record, task.write, task.prunes, is_kept)

    def _opened(
        self, tasks: Sequence[Task], open_runs: ExitStack, alone: list[Task], *, is_first: bool
    ) -> list[_Opened]:
        """Open and prepare the runs of the trials. Those that fail have ended; those that must be alone are added."""
        opened = []
        for task in tasks:
            # Its record has been written when it was chosen.
            remove_all_but_record(trial_directory(self.trainer.root, task.record.number))
            try:
                opened.append(self._prepared(task, open_runs))
            except NotStackable as reason:
                self._refuse(reason, is_first=is_first)
                alone.append(task)
            except (FileError, StorageError):
                raise
            except HooklineError as error:
                task.record.state, task.record.reason = "failed", str(error)
                self.trainer.ended(task.record, task.write)
        return opened

    def _prepared(self, task: Task, open_runs: ExitStack) -> _Opened:
        import torch

        curve = Curve(self.trainer.plan.monitors[0], task.record, task.prunes)
        evaluator = Evaluator()
        inner = Origin("the stack of the study"), evaluator
        run, trainings = open_runs.enter_context(self.trainer.opened(task.record, curve, inner))
        # The plan, which is written with the weights, contains the layers that the preflight has seen.
        parts = prepared(run) if self._keeps_all else built_parts(run, partial(self._is_tried, run.spec))
        layers = self._layers(run.spec, parts.data)
        if layers is None:
            layers = parts.layers
            self._tried.append((run.spec, parts.data, layers))
        generator = torch.get_rng_state()
        refuse_unstackable(run, parts, evaluator)
        self.trainer.begin_directory(run, task.record)
        member = Member(run=run, parts=parts, evaluator=evaluator, generator=generator)
        return _Opened(task, curve, trainings[0], run, parts, size_of_outputs(parts, layers), member)

    def _is_tried(self, spec: TrainingSpec, data: "Data") -> bool:
        """Whether a trial that differs in the seed and the optimizer only has passed the preflight with the data."""
        return self._layers(spec, data) is not None

    def _layers(self, spec: TrainingSpec, data: "Data") -> Sequence[Layer] | None:
        """The layers that the preflight has seen of such a trial."""
        of_spec = _tried_of(spec)
        found = (layers for other, known, layers in self._tried if known is data and _tried_of(other) == of_spec)
        return next(found, None)

    @property
    def _keeps_all(self) -> bool:
        assert self.trainer.spec.tune is not None, "A study has a tuner."
        return self.trainer.spec.tune.keep == "all"

    def _train_stack(self, group: Sequence[_Opened]) -> None:
        by_member = {one.member: one for one in group}
        stack = Stack(list(by_member), self.trainer.interruption)
        for member in stack.train():
            self._end(by_member[member], len(group))

    def _end(self, opened: _Opened, members: int) -> None:
        """Evaluate a trial that has been trained, and write its results."""
        record, trial = opened.task.record, opened.member.trial()
        opened.run.raise_if_interrupted()
        record.together = members
        try:
            self.trainer.note(record, opened.training, trial, opened.member.failure, opened.curve)
        except HooklineError as error:
            record.state, record.reason = "failed", str(error)
        record.seconds = round(trial.seconds / members, 3)
        is_kept = self._keeps_all and record.state != "failed"
        self.trainer.write_files(opened.run, opened.parts, trial, is_kept=is_kept)
        opened.run.resources.close()
        self.trainer.ended(record, opened.task.write)

    def _refuse(self, reason: NotStackable, *, is_first: bool) -> None:
        """Raise an error, or warn that trials are trained alone, once for each reason."""
        message = f"These trials cannot be trained together. {reason}"
        if is_first:
            raise MismatchError(message, OPTION) from reason
        if str(reason) not in self._warned:
            self._warned.add(str(reason))
            warning = HooklineWarning(f"{message} They are trained alone.", OPTION, id="no-effect")
            warnings.warn(warning, stacklevel=2)


def _tried_of(spec: TrainingSpec) -> dict[str, Any]:
    """The parts of a spec on which the preflight of a step depends, and some more."""
    run = {**asdict(spec.run, recurse=False), "seed": None}
    return {**asdict(spec, recurse=False), "optimizer": None, "run": run}


def _grouped(opened: Sequence[_Opened]) -> list[Sequence[_Opened]]:
    """The runs that share a stack. The outputs of their layers are small enough for the cache of a processor."""
    groups: list[list[_Opened]] = []
    for one in opened:
        mine = (one.run, one.parts)
        found = next((group for group in groups if can_share_a_stack((group[0].run, group[0].parts), mine)), None)
        if found is None:
            groups.append([one])
        else:
            found.append(one)
    stacks: list[Sequence[_Opened]] = []
    for group in groups:
        # Those with equal optimizers, which are updated at once, stay together.
        group.sort(key=lambda one: repr(update_key(one.run.spec.optimizer, one.parts.optimizer)))
        is_cached = group[0].run.device.type == "cpu"
        stacks += divided(group, group[0].size) if is_cached else [group]
    return stacks
