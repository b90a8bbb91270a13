"""The trainings of a trial: with several seeds, and on several folds of the data. Their mean is its result."""

import math
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from attrs import evolve, frozen

from hookline.errors.exceptions import HooklineError
from hookline.plugins.trial import Trial
from hookline.spec.families.tuner import TunerSpec
from hookline.spec.space.record import TrainingRecord, TrialRecord
from hookline.spec.training import TrainingSpec


@frozen(kw_only=True)
class Training:
    """A training of a trial."""

    spec: TrainingSpec
    """What is trained."""
    fold: int | None = None
    """The index of its fold, if the trial is trained on all folds."""

    @property
    def seed(self) -> int:
        """The seed."""
        return self.spec.run.seed

    @property
    def name(self) -> str:
        """The name of its directory in that of the trial."""
        fold = "" if self.fold is None else f"fold-{self.fold}-"
        return f"{fold}seed-{self.seed}"


def trainings_of(spec: Any, tuner: TunerSpec) -> list[Training]:
    """The trainings of a trial, a `TrainingSpec`; the first one is that of its own spec.

    The others follow fold by fold, each with all seeds.

    Raises:
        HooklineError: if the data has no folds, but the trial is trained on all of them.

    """
    folds: list[tuple[int | None, Any]] = [(None, spec)]
    if tuner.folds:
        each = [(index, evolve(spec, data=data)) for index, data in enumerate(spec.data.each_fold())]
        if not each:
            raise HooklineError("The data of this trial has no folds.")
        folds = sorted(each, key=lambda one: one[1].data != spec.data)  # Its own fold first.
    seeds = range(spec.run.seed, spec.run.seed + tuner.seeds)
    return [
        Training(spec=evolve(one, run=evolve(one.run, seed=seed)), fold=index) for index, one in folds for seed in seeds
    ]


def note(
    record: TrialRecord,
    training: Training,
    trial: Trial,
    failure: BaseException | None,
    pruned: str | None,
    monitors: Sequence[str],
    share: int = 1,
) -> None:
    """Add the results of the first training to the record of its trial.

    Args:
        record: the record.
        training: the training.
        trial: its result.
        failure: the error that has ended it.
        pruned: why the search has ended it.
        monitors: the names of the monitored numbers.
        share: how many trainings share its time.

    Raises:
        HooklineError: if a monitored number is not known.

    """
    record.epochs, record.seconds = trial.epochs, round(trial.seconds / share, 3)
    if failure is not None:
        record.state, record.reason = "failed", trial.error
        return
    record.state = "pruned" if pruned else "stopped" if trial.state == "stopped" else "finished"
    record.reason = pruned or trial.stopped
    record.trainings = [_record_of(training, trial, monitors)]
    record.results = mean_results(record.trainings)


def note_other(
    record: TrialRecord,
    training: Training,
    trial: Trial,
    failure: BaseException | None,
    monitors: Sequence[str],
    share: int = 1,
) -> None:
    """Add the results of a further training. The arguments are those of `note`.

    Raises:
        HooklineError: if it has failed, or if a monitored number is not known.

    """
    if failure is not None:
        raise HooklineError(f"In the training {training.name}: {trial.error}")
    record.trainings.append(_record_of(training, trial, monitors))
    record.seconds = round(record.seconds + trial.seconds / share, 3)
    record.results = mean_results(record.trainings)


def _record_of(training: Training, trial: Trial, monitors: Sequence[str]) -> TrainingRecord:
    """The record of a training."""
    numbers = {**_numbers_of_weights(trial), "seconds": trial.seconds}
    numbers["parameters"] = float(sum(parameter.numel() for parameter in trial.model.parameters()))
    missing = [name for name in monitors if name not in numbers]
    if missing:
        raise HooklineError(f'The tuner monitors "{missing[0]}", which this trial has not logged.')
    results = [float(numbers[name]) for name in monitors]
    return TrainingRecord(seed=training.seed, fold=training.fold, epoch=trial.weights.epoch, results=results)


def _numbers_of_weights(trial: Trial) -> Mapping[str, float]:
    """The numbers of the weights that a training keeps: its final ones, and what was logged after their epoch."""
    kept = trial.weights.epoch, trial.weights.step
    logged = next((one for one in trial.history if (one.get("epoch"), one.get("step")) == kept), {})
    return {**{name: number for name, number in logged.items() if isinstance(number, (int, float))}, **trial.metrics}


def mean_results(trainings: Sequence[TrainingRecord]) -> list[float] | None:
    """The means of the monitored numbers; `None` if one of them is not finite."""
    means = [fmean(numbers) for numbers in zip(*(one.results for one in trainings), strict=True)]
    return means if all(map(math.isfinite, means)) else None
