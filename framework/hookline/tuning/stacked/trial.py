"""A trial in stacks: its trainings, with several seeds and folds, are members that may end in any order."""

import shutil
from typing import Any

from attrs import define, field

from hookline.errors.exceptions import HooklineError
from hookline.plugins.trial import Trial
from hookline.runs import directory as directories
from hookline.training.preparation import Parts
from hookline.tuning.choosing.tasks import Task
from hookline.tuning.observers import Curve
from hookline.tuning.one_trial import Trainer
from hookline.tuning.stacked.members import Member
from hookline.tuning.trainings import Training, note, note_other


@define(eq=False, kw_only=True)
class StackedTraining:
    """A training that has been opened and prepared."""

    trial: "StackedTrial"
    training: Training
    parts: Parts
    member: Member
    size: int
    """The size in bytes of the outputs of all layers for a batch."""
    signature: Any
    """What must be equal for trainings to share a stack."""
    result: Trial | None = None
    """Its result, once it has ended."""
    together: int = 1
    """The number of trainings in its stack."""


@define(eq=False)
class StackedTrial:
    """A trial, whose record gets the results as if each training began after the one before."""

    task: Task
    trainer: Trainer
    curve: Curve
    trainings: list[StackedTraining] = field(factory=list)
    """Its trainings in their order. The results of the first one are kept."""
    is_over: bool = False
    """Whether its record has ended, or it is trained alone instead."""
    _counted: int = 0
    """The number of trainings whose results are in the record."""

    def end_training(self, ended: StackedTraining) -> None:
        """Evaluate a training that has ended, and end the trial if no other result is needed."""
        ended.result = ended.member.trial()
        ended.member.run.raise_if_interrupted()
        self._count()
        if self.is_over:
            self._end()

    def give_up(self) -> None:
        """End all trainings without a result."""
        self.is_over = True
        for one in self.trainings:
            one.member.abandon()
            one.member.run.resources.close()

    def _count(self) -> None:
        """Add the results that are known to the record, until one is missing or no more are wanted."""
        record, monitors = self.task.record, self.trainer.plan.monitors
        while not self.is_over and (result := self.trainings[self._counted].result) is not None:
            one = self.trainings[self._counted]
            found = record, one.training, result, one.member.failure
            try:
                if self._counted == 0:
                    note(*found, self.curve.pruned, monitors, one.together)
                else:
                    note_other(*found, monitors, one.together)
            except HooklineError as error:
                record.state, record.reason = "failed", str(error)
            self._counted += 1
            has_ended = record.state in ("failed", "pruned") or record.results is None
            if has_ended or self._counted == len(self.trainings):
                self.is_over = True
            elif (reason := self.task.prunes(record)) is not None:
                record.state, record.reason, self.is_over = "pruned", reason, True

    def _end(self) -> None:
        """Write the results of the first training, and those of the others that count."""
        record, first = self.task.record, self.trainings[0]
        assert first.result is not None, "Results are counted in order."
        record.together = max(one.together for one in self.trainings if one.result is not None)
        is_kept = self.trainer.tuner.keep == "all" and record.state != "failed"
        self.trainer.write_files(first.member.run, first.parts, first.result, is_kept=is_kept)
        for index, one in enumerate(self.trainings):
            home = one.member.run.directory
            assert home is not None, "It is created when the training is opened."
            counts = index < self._counted
            if not counts:
                one.member.abandon()
            elif index > 0 and one.result is not None and one.member.failure is None:
                directories.write_result(one.member.run, one.result)
            one.member.run.resources.close()
            if not counts:
                shutil.rmtree(home)
        self.trainer.ended(record, self.task.write)
