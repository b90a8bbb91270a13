"""Samplers of Optuna: how the values of the next trial are chosen from the results of those before it."""

from typing import TYPE_CHECKING, Any

from hookline.spec import Spec, option, spec

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler


@spec
class SamplerSpec(Spec):
    """A sampler of Optuna."""

    family = "sampler"

    def build(self, seed: int) -> "BaseSampler":
        """Return Optuna's sampler of the same name with the options of the spec."""
        from attrs import asdict
        from optuna import samplers

        options: dict[str, Any] = {name: value for name, value in asdict(self).items() if value is not None}
        made: BaseSampler = getattr(samplers, type(self).__name__)(**options, seed=seed)
        return made


@spec
class TPESampler(SamplerSpec):
    """Model the values of good and of other trials, and try those that are likely to be good. For cheap trials.

    Source: https://optuna.readthedocs.io/en/stable/reference/samplers/generated/optuna.samplers.TPESampler.html
    """

    n_startup_trials: int = option(default=10, minimum=0)
    """The number of trials with random values at the beginning."""
    n_ei_candidates: int = option(default=24, minimum=1)
    """The number of candidates of which the most promising one is tried."""
    multivariate: bool | None = None
    """Whether to model the values of a trial together instead of each for itself. Default: as Optuna decides."""
    group: bool = option(default=False, only_with=("multivariate",))
    """Whether to model the parameters of each choice together."""
    constant_liar: bool = True
    """Whether to avoid values that other workers are trying."""


@spec
class GPSampler(SamplerSpec):
    """Model the results with a Gaussian process. Finds better values than TPE, but takes up to a second for each trial.

    Source: https://optuna.readthedocs.io/en/stable/reference/samplers/generated/optuna.samplers.GPSampler.html
    """

    n_startup_trials: int = option(default=10, minimum=0)
    """The number of trials with random values at the beginning."""
    deterministic_objective: bool = False
    """Whether equal values always lead to the same result."""


@spec
class NSGAIISampler(SamplerSpec):
    """An evolutionary search for several monitored numbers.

    Source: https://optuna.readthedocs.io/en/stable/reference/samplers/generated/optuna.samplers.NSGAIISampler.html
    """

    population_size: int = option(default=50, minimum=2)
    """The number of trials of a generation."""
    mutation_prob: float | None = option(default=None, minimum=0, maximum=1)
    """The probability that a value changes. Default: one divided by the number of parameters."""
    crossover_prob: float = option(default=0.9, minimum=0, maximum=1)
    """The probability that a trial combines two of the generation before."""
    swapping_prob: float = option(default=0.5, minimum=0, maximum=1)
    """The probability of exchanging a value when two trials are combined."""


@spec
class NSGAIIISampler(NSGAIISampler):
    """An evolutionary search for more than three monitored numbers.

    Source: https://optuna.readthedocs.io/en/stable/reference/samplers/generated/optuna.samplers.NSGAIIISampler.html
    """

    dividing_parameter: int = option(default=3, minimum=1)
    """How densely the reference points divide the range of each number."""
