"""Search with Optuna, which is imported when the first trial is chosen.

A study of Optuna is kept in memory and made again from the records of the trials whenever it is needed. The sampler of
each trial has a seed of its own. So a suggestion depends only on the seed, the number of the trial and the results
before it, and a study continues after a restart as if it had not been interrupted.
"""

import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal
from zlib import crc32

from attrs import define, field

from hookline.errors import HooklineError, OptionError
from hookline.spec import Choices, Parameter, Search, Space, TrialRecord, TunerSpec, spec
from hookline_tune.importances import importances
from hookline_tune.pruners import PrunerSpec
from hookline_tune.samplers import SamplerSpec, TPESampler

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

    def conflicts(self) -> Iterator[OptionError]:
        """Refuse to prune with several monitored numbers, of which no curve is better than another."""
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

    def suggest(self, number: int, trials: Sequence[TrialRecord]) -> TrialRecord:
        """Ask Optuna for the values of a trial."""
        with quietly():
            trial = self._study(number, trials).ask()
            values = self.tuner.space.chosen(lambda parameter: _suggested(trial, parameter))
            self._live = {one: other for one, other in self._live.items() if one not in self._frozen}
            self._live[number] = trial
            return TrialRecord(number=number, values=values, attributes=_attributes(trial))

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

        Trials that have not ended are failures without values, which no sampler uses.
        """
        import optuna

        from hookline_tune.ended_trials import ended_trial

        pruner = optuna.pruners.NopPruner() if self.tuner.pruner is None else self.tuner.pruner.build()
        sampler = self.tuner.sampler.build(crc32(f"{self.seed}/{number}".encode()))
        study = optuna.create_study(
            study_name="hookline", directions=self.directions, sampler=sampler, pruner=pruner, load_if_exists=False
        )
        for record in trials:
            if record.number not in self._frozen:
                self._frozen[record.number] = as_frozen(
                    record, self.tuner.space, directions=len(self.directions), pruner=self.tuner.pruner
                )
        ended = {record.number for record in trials}
        nothing = ended_trial(optuna.trial.TrialState.FAIL)
        study.add_trials(self._frozen[one] if one in ended else nothing for one in range(1, number))
        return study


def reported(record: TrialRecord, pruner: PrunerSpec | None) -> dict[int, float]:
    """What a trial has reported to a pruner, by step: its curve by epoch, or the results of its trainings."""
    if pruner is not None and pruner.judges_trainings:
        return {step: training.results[0] for step, training in enumerate(record.trainings)}
    return {epoch - 1: number for epoch, number in record.curve.items()}


def as_frozen(record: TrialRecord, space: Space, *, directions: int, pruner: PrunerSpec | None = None) -> "FrozenTrial":
    """The trial as Optuna has it, in a study of so many monitored numbers."""
    from optuna.trial import TrialState

    from hookline_tune.ended_trials import ended_trial

    steps = reported(record, pruner)
    state, values = TrialState.FAIL, None
    if record.state == "pruned":
        last = steps[max(steps)]
        state, values = TrialState.PRUNED, [last] if math.isfinite(last) else None
    elif record.state != "failed" and record.results is not None:
        state, values = TrialState.COMPLETE, list(record.results)
    parameters = {one.name: one for one in space.parameters() if one.name in record.values}
    return ended_trial(
        state,
        values=values,
        params={name: record.values[name] for name in parameters},
        distributions={name: _distribution(parameter) for name, parameter in parameters.items()},
        system_attrs=record.attributes,
        intermediate_values=steps if directions == 1 else {},
    )


def _distribution(parameter: Parameter) -> "BaseDistribution":
    """The distribution of a parameter."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    domain = parameter.domain
    if isinstance(domain, Choices):
        return CategoricalDistribution(domain.labels)
    if domain.is_integer:
        return IntDistribution(int(domain.low), int(domain.high), log=domain.log, step=int(domain.step or 1))
    return FloatDistribution(float(domain.low), float(domain.high), log=domain.log, step=domain.step)


def _suggested(trial: "Trial", parameter: Parameter) -> Any:
    suggest: Callable[[str, BaseDistribution], Any] = trial._suggest
    value = suggest(parameter.name, _distribution(parameter))
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
