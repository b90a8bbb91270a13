"""The trainings of a trial: with several seeds, and on several folds of the data. Their mean is its result."""

import math
from collections.abc import Sequence
from statistics import fmean
from typing import Any

from attrs import evolve, frozen

from hookline.errors.exceptions import HooklineError
from hookline.spec.families.tuner import TunerSpec
from hookline.spec.space.record import TrainingRecord
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


def mean_results(trainings: Sequence[TrainingRecord]) -> list[float] | None:
    """The means of the monitored numbers; `None` if one of them is not finite."""
    means = [fmean(numbers) for numbers in zip(*(one.results for one in trainings), strict=True)]
    return means if all(map(math.isfinite, means)) else None
