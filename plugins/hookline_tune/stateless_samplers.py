"""Samplers of Optuna that keep a state in a study, adapted so that the state follows from the trials.

A study of Optuna is made again for each trial, from the records of those before it. Import this module only when a
trial is chosen: it imports Optuna.
"""

from typing import TYPE_CHECKING, Any

import numpy
from optuna.samplers import BruteForceSampler, CmaEsSampler, QMCSampler
from optuna.samplers._lazy_random_state import LazyRandomState
from optuna.study import StudyDirection

if TYPE_CHECKING:
    from cmaes import CMA
    from optuna import Study
    from optuna._transform import _SearchSpaceTransform
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial


class CmaEs(CmaEsSampler):
    """Computes the distribution from all generations again.

    Optuna pickles it into the attributes of a trial instead. Reading a pickle from a file may run any code.
    """

    def __init__(self, *, seed: int, **options: Any):
        """Take the arguments of Optuna's sampler."""
        super().__init__(seed=seed, **options)
        self._seed = seed
        self._completed: list[FrozenTrial] = []

    def _restore_optimizer(self, completed_trials: "list[FrozenTrial]") -> None:
        self._completed = completed_trials

    def _init_optimizer(self, trans: "_SearchSpaceTransform", direction: StudyDirection) -> "CMA":
        optimizer: CMA = super()._init_optimizer(trans, direction)
        sign = 1 if direction == StudyDirection.MINIMIZE else -1
        while len(trials := self._generation(optimizer)) >= optimizer.population_size:
            first = trials[: optimizer.population_size]
            optimizer.tell([(self._point(trial, trans), sign * float(trial.value or 0.0)) for trial in first])
        if any(trial.system_attrs.get(self._attr_key_generation, 0) > 0 for trial in self._completed):
            self._cma_rng = LazyRandomState(self._seed)  # As if the optimizer had not been initialized.
        return optimizer

    def _generation(self, optimizer: "CMA") -> "list[FrozenTrial]":
        """The completed trials of the present generation with the parameters of the optimizer."""
        trials: list[FrozenTrial] = self._get_solution_trials(self._completed, optimizer.generation)
        points = [trial.system_attrs.get("x_for_tell") for trial in trials]
        return [one for one, x in zip(trials, points, strict=True) if x is None or len(x) == optimizer.dim]

    def _point(self, trial: "FrozenTrial", trans: "_SearchSpaceTransform") -> Any:
        if self._with_margin:
            return numpy.array(trial.system_attrs["x_for_tell"])
        return trans.transform(trial.params)


class QMC(QMCSampler):
    """Takes the point of the sequence that belongs to the number of the trial; the first trial is random."""

    def _find_sample_id(self, study: "Study", search_space: "dict[str, BaseDistribution]") -> int:
        return len(study.get_trials(deepcopy=False)) - 2


class BruteForce(BruteForceSampler):
    """Leaves out trials that have not ended, and so have no values here."""

    @staticmethod
    def _populate_tree(tree: Any, trials: "list[FrozenTrial]", params: dict[str, Any]) -> None:
        BruteForceSampler._populate_tree(tree, [trial for trial in trials if trial.params], params)
