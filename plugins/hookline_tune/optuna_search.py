"""Search with Optuna, which is imported when the first trial is chosen.

A study of Optuna is kept in memory and made again from the records of the trials whenever it is needed. The sampler of
each trial has a seed of its own. So a suggestion depends only on the seed, the number of the trial and the results
before it, and a study continues after a restart as if it had not been interrupted.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from attrs import define, field

from hookline.errors import HooklineError, OptionError
from hookline.spec import Choices, Parameter, Search, TrialRecord, TunerSpec, spec
from hookline_tune.importances import importances
from hookline_tune.optuna_trials import OF_STUDY, as_frozen, distribution, noted_of_study, reported
from hookline_tune.pruners import PrunerSpec
from hookline_tune.samplers import BruteForceSampler, SamplerSpec, TPESampler

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

Direction = Literal["maximize", "minimize"]


@spec
class Optuna(TunerSpec):
    """Search with the samplers and pruners of Optuna, which learn from the results of earlier trials.

    Needs `pip install "hookline[optuna]"`. Source: https://optuna.readthedocs.io
    """

    sampler: SamplerSpec = TPESampler()
    """How to choose the values of the next trial."""
    pruner: PrunerSpec | None = None
    """Which trials to end early. Default: none."""

    @property
    def total(self) -> int | None:
        """The number of trials: with a sampler that tries all values, at most that of all combinations."""
        size = self.space.size()
        if size is None or not self.tries_all:
            return super().total
        return size + self.baseline if self.trials is None else min(size + self.baseline, self.trials)

    @property
    def tries_all(self) -> bool:
        """Whether the sampler tries each combination once."""
        return isinstance(self.sampler, BruteForceSampler)

    def conflicts(self) -> Iterator[OptionError]:
        """Refuse to prune with several monitored numbers, of which no curve is better than another."""
        problems = list(self.sampler.problems(self.space, self.monitors))
        yield from problems
        if not problems or self.trials is not None:
            yield from super().conflicts()
        if self.pruner is None:
            return
        if self.pruner.judges_trainings and self.seeds == 1 and not self.folds:
            message = "This compares several trainings of a trial: set `seeds`, or `folds = true`."
            yield OptionError("pruner", message, "type", against=[("seeds",)])
        if len(self.monitors) > 1:
            message = "Trials with several monitored numbers cannot be pruned: remove it, or monitor one number."
            yield OptionError("pruner", message, against=[("monitor",)])

    def build(self, seed: int, maximized: Sequence[bool]) -> Search:
        """Return the search.

        Raises:
            HooklineError: If Optuna is not installed.

        """
        try:
            import optuna  # noqa: F401
        except ImportError:
            raise HooklineError('The tuner Optuna needs its package: pip install "hookline[optuna]".') from None
        directions: list[Direction] = ["maximize" if is_higher else "minimize" for is_higher in maximized]
        return _OptunaSearch(tuner=self, seed=seed, directions=directions)

    def importances(self, trials: Sequence[TrialRecord], maximized: Sequence[bool]) -> Mapping[str, float]:
        """Return how important each parameter is."""
        return importances(self.space, trials, maximized)


@define(eq=False, kw_only=True)
class _OptunaSearch:
    tuner: Optuna
    seed: int
    directions: "list[Direction]"
    _frozen: dict[int, "FrozenTrial"] = field(factory=dict)
    """The trials that have ended as Optuna has them, by number."""
    _live: "dict[int, Trial]" = field(factory=dict)
    """The trials that have not ended, whose curves are reported, by number."""

    def suggest(self, number: int, trials: Sequence[TrialRecord]) -> TrialRecord | None:
        """Ask Optuna for the values of a trial; `None` if all were tried."""
        with quietly():
            trial = self._study(number, trials).ask()
            values = self.tuner.space.chosen(lambda parameter: _suggested(trial, parameter))
            if self.tuner.tries_all and any(record.values == values for record in trials):
                return None
            self._live = {one: other for one, other in self._live.items() if one not in self._frozen}
            self._live[number] = trial
            attributes = _attributes(trial)
            if noted := self._noted_of_study(trial.study, trials):
                attributes[OF_STUDY] = noted
            return TrialRecord(number=number, values=values, attributes=attributes)

    def prunes(self, trials: Sequence[TrialRecord], record: TrialRecord) -> str | None:
        """Report the last number to Optuna, and return whether its pruner ends the trial."""
        pruner = self.tuner.pruner
        if pruner is None or pruner.judges_trainings != bool(record.trainings):
            return None
        with quietly():
            if record.number not in self._live:  # Another process has begun the trial.
                study = self._study(record.number, trials)
                study.enqueue_trial(dict(record.values))
                trial = study.ask()
                self.tuner.space.chosen(lambda parameter: _suggested(trial, parameter))
                self._live[record.number] = trial
            trial = self._live[record.number]
            steps = reported(record, pruner)
            step = max(steps)
            trial.report(steps[step], step)
            is_pruned = trial.should_prune()
            record.attributes |= _attributes(trial)
        if not is_pruned:
            return None
        when = f"training {step + 1}" if pruner.judges_trainings else f"epoch {step + 1}"
        return f"{type(pruner).__name__} pruned it after {when}, with {self.tuner.monitors[0]} {steps[step]:.5g}."

    def _study(self, number: int, trials: Sequence[TrialRecord]) -> "Study":
        """The study of Optuna as it is before a trial: Optuna counts from 0, so it has one trial less than the number.

        Trials that are not known are failures without values, which no sampler uses.
        """
        import optuna

        from hookline_tune.ended_trials import ended_trial

        pruner = optuna.pruners.NopPruner() if self.tuner.pruner is None else self.tuner.pruner.build()
        sampler = self.tuner.sampler.build(self.seed, number)
        study = optuna.create_study(
            study_name="hookline", directions=self.directions, sampler=sampler, pruner=pruner, load_if_exists=False
        )
        known = {record.number: self._as_frozen(record) for record in trials}
        nothing = ended_trial(optuna.trial.TrialState.FAIL)
        study.add_trials(known.get(one, nothing) for one in range(1, number))
        for name, value in noted_of_study(trials).items():
            study._storage.set_study_system_attr(study._study_id, name, value)
        return study

    def _noted_of_study(self, study: "Study", trials: Sequence[TrialRecord]) -> dict[str, Any]:
        """What the sampler has noted of the study for this trial, such as the parents of a generation."""
        known = noted_of_study(trials)
        noted = study._storage.get_study_system_attrs(study._study_id)
        return {name: value for name, value in noted.items() if name not in known}

    def _as_frozen(self, record: TrialRecord) -> "FrozenTrial":
        """The trial as Optuna has it, which is kept once it has ended."""
        frozen = self._frozen.get(record.number)
        if frozen is None:
            directions = len(self.directions)
            frozen = as_frozen(record, self.tuner.space, directions=directions, pruner=self.tuner.pruner)
            if record.has_ended:
                self._frozen[record.number] = frozen
        return frozen


def _suggested(trial: "Trial", parameter: Parameter) -> Any:
    suggest: Callable[[str, BaseDistribution], Any] = trial._suggest
    value = suggest(parameter.name, distribution(parameter))
    return value if isinstance(parameter.domain, Choices) else parameter.domain.nearest(value)


def _attributes(trial: "Trial") -> dict[str, Any]:
    """What sampler and pruner have noted of a trial, except values that were given."""
    noted = trial.study.get_trials(deepcopy=False)[-1].system_attrs
    return {name: value for name, value in noted.items() if name != "fixed_params"}


@contextmanager
def quietly() -> Iterator[None]:
    """Without the log of Optuna, which repeats what the study shows, and its warnings of experimental features."""
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        optuna.logging.set_verbosity(before)
