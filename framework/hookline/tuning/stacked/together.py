"""Train claimed trials: several that compute the same in one stack, and all others alone."""

import warnings
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

from attrs import asdict, define, field

from hookline.errors.exceptions import FileError, HooklineError, HooklineWarning, MismatchError, StorageError
from hookline.plugins.origin import Origin
from hookline.runs import devices
from hookline.runs.plan.layers import Layer
from hookline.runs.study import trial_directory
from hookline.spec.families.data import DataSpec
from hookline.spec.space.record import TrialRecord
from hookline.spec.training import TrainingSpec
from hookline.training.preparation import built_parts, prepared
from hookline.tuning.choosing.tasks import Task
from hookline.tuning.observers import Curve
from hookline.tuning.one_trial import Trainer, remove_all_but_record
from hookline.tuning.stacked.computing.evaluation import Evaluator
from hookline.tuning.stacked.computing.updates import update_key
from hookline.tuning.stacked.members import Member
from hookline.tuning.stacked.refusals import NotStackable, StackFailure, refuse_unstackable
from hookline.tuning.stacked.sizes import divided, size_of_outputs
from hookline.tuning.stacked.stack import Stack
from hookline.tuning.stacked.structure import signature
from hookline.tuning.stacked.trial import StackedTraining, StackedTrial
from hookline.tuning.trainings import Training

if TYPE_CHECKING:
    from hookline.data.data import Data

MOST_TRIED = 8
"""The number of specs to remember that have passed the preflight, for each training of a trial."""

OPTION = ("tune", "vectorize")


@define(eq=False, kw_only=True)
class StackedTrainer:
    """Trains the trials that a process has claimed."""

    trainer: Trainer
    """Trains a trial alone."""
    _warned: set[str] = field(factory=set)
    _tried: "list[tuple[TrainingSpec, Data, Sequence[Layer]]]" = field(factory=list)
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
        tuner = self.trainer.tuner
        is_single = len(tasks) == 1 and tuner.seeds == 1 and not tuner.folds
        alone = list(tasks)
        if tuner.vectorize > 1 and not is_single:
            try:
                with ExitStack() as open_runs:
                    alone = self._train_together(tasks, open_runs, is_first=is_first)
            except KeyboardInterrupt:
                self.trainer.interruption.request(2)
                return
        for task in sorted(alone, key=lambda one: one.record.number):
            if self.trainer.interruption.number is None:
                _begin_anew(task.record)
                self.trainer.train(task.record, task.write, task.prunes, is_kept)

    def _train_together(self, tasks: Sequence[Task], open_runs: ExitStack, *, is_first: bool) -> list[Task]:
        """Train the trials that can be in stacks; return the others."""
        alone: list[Task] = []
        trials = self._opened(tasks, open_runs, alone, is_first=is_first)
        groups = _grouped([one for trial in trials for one in trial.trainings])
        together = {one.trial for group in groups if len(group) > 1 for one in group}
        for trial in trials:
            if trial not in together:
                trial.give_up()
                alone.append(trial.task)
        for stack in _stacks(groups):
            members = [one for one in stack if not one.trial.is_over]
            try:
                self._train_stack(members)
            except NotStackable as reason:
                has_ended = any(one.trial.task.record.has_ended for one in stack)
                self._refuse(reason, is_first=is_first and not has_ended)
                for trial in dict.fromkeys(one.trial for one in members if not one.trial.is_over):
                    trial.give_up()
                    alone.append(trial.task)
        return alone

    def _opened(
        self, tasks: Sequence[Task], open_runs: ExitStack, alone: list[Task], *, is_first: bool
    ) -> list[StackedTrial]:
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

    def _prepared(self, task: Task, open_runs: ExitStack) -> StackedTrial:
        curve = Curve(self.trainer.plan.monitors[0], task.record, task.prunes)
        trial = StackedTrial(task, self.trainer, curve)
        trainings = self.trainer.trainings(task.record)
        for training in trainings:
            trial.trainings.append(self._prepared_training(trial, training, trainings[0].spec.data, open_runs))
        del self._tried[: -MOST_TRIED * len(trainings)]
        return trial

    def _prepared_training(
        self, trial: StackedTrial, training: Training, data: DataSpec, open_runs: ExitStack
    ) -> StackedTraining:
        """Open and prepare the run of a training. `data` is the source of the first training, which may be a fold."""
        import torch

        trainer, record, is_first = self.trainer, trial.task.record, not trial.trainings
        evaluator = Evaluator()
        inner = Origin("the stack of the study"), evaluator
        run = open_runs.enter_context(trainer.opened(training, trial.curve if is_first else None, inner))
        # The plan, which is written with the weights, contains the layers that the preflight has seen.
        has_plan = is_first and trainer.tuner.keep == "all"
        parts = prepared(run) if has_plan else built_parts(run, partial(self._is_tried, run.spec))
        layers = self._layers(run.spec, parts.data)
        if layers is None:
            layers = parts.layers
            self._tried.append((run.spec, parts.data, layers))
        generator = torch.get_rng_state()
        refuse_unstackable(run, parts, evaluator)
        if is_first:
            trainer.begin_directory(run, record)
        else:
            trainer.begin_other(run, record, training)
        member = Member(run=run, parts=parts, evaluator=evaluator, generator=generator, preparation=run.seconds)
        return StackedTraining(
            trial=trial,
            training=training,
            parts=parts,
            member=member,
            size=size_of_outputs(parts, layers),
            signature=signature(run, parts, data),
        )

    def _is_tried(self, spec: TrainingSpec, data: "Data") -> bool:
        """Whether a trial that differs in the seed and the optimizer only has passed the preflight with the data."""
        return self._layers(spec, data) is not None

    def _layers(self, spec: TrainingSpec, data: "Data") -> Sequence[Layer] | None:
        """The layers that the preflight has seen of such a trial."""
        of_spec = _tried_of(spec)
        found = (layers for other, known, layers in self._tried if known is data and _tried_of(other) == of_spec)
        return next(found, None)

    def _train_stack(self, trainings: Sequence[StackedTraining]) -> None:
        if not trainings:
            return
        by_member = {one.member: one for one in trainings}
        with devices.default_dtype(trainings[0].member.run.dtype):  # The run that was opened last has set its own.
            for member in Stack(list(by_member), self.trainer.interruption).train():
                one = by_member[member]
                one.together = len(trainings)
                if not one.trial.is_over:
                    one.trial.end_training(one)

    def _refuse(self, reason: NotStackable, *, is_first: bool) -> None:
        """Raise an error, or warn that trials are trained alone, once for each reason."""
        message = f"These trials cannot be trained together. {reason}"
        if is_first and not isinstance(reason, StackFailure):
            raise MismatchError(message, OPTION) from reason
        if str(reason) not in self._warned:
            self._warned.add(str(reason))
            warning = HooklineWarning(f"{message} They are trained alone.", OPTION, id="no-effect")
            warnings.warn(warning, stacklevel=2)


def _begin_anew(record: TrialRecord) -> None:
    """Remove what an earlier training of a trial has added to its record."""
    record.state, record.results, record.reason = "running", None, None
    record.curve.clear()
    record.trainings.clear()


def _tried_of(spec: TrainingSpec) -> dict[str, Any]:
    """The parts of a spec on which the preflight of a step depends, and some more."""
    run = {**asdict(spec.run, recurse=False), "seed": None}
    return {**asdict(spec, recurse=False), "optimizer": None, "run": run}


def _grouped(trainings: Sequence[StackedTraining]) -> list[list[StackedTraining]]:
    """The trainings in groups that compute the same."""
    groups: list[list[StackedTraining]] = []
    for one in trainings:
        found = next((group for group in groups if group[0].signature == one.signature), None)
        if found is None:
            groups.append([one])
        else:
            found.append(one)
    return groups


def _stacks(groups: Sequence[list[StackedTraining]]) -> list[Sequence[StackedTraining]]:
    """Divide groups so that the outputs of the layers of a stack are small enough for the cache of a processor.

    Stacks with the first training of a trial come first, since the search may end the trial after it.
    """
    stacks: list[Sequence[StackedTraining]] = []
    for group in groups:
        # Those with equal optimizers, which are updated at once, stay together.
        group.sort(key=lambda one: repr(update_key(one.member.run.spec.optimizer, one.parts.optimizer)))
        is_cached = group[0].member.run.device.type == "cpu"
        stacks += divided(group, group[0].size) if is_cached else [group]
    return sorted(stacks, key=lambda stack: not any(one is one.trial.trainings[0] for one in stack))
