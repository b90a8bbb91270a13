"""Samplers of Optuna: how the values of the next trial are chosen from the results of those before it.

`GridSampler` is the tuner `GridSearch`. To fix a value, as `PartialFixedSampler` does, leave it out of the space.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal
from zlib import crc32

from hookline.errors import OptionError
from hookline.spec import Range, Space, Spec, option, spec

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler


@spec
class SamplerSpec(Spec):
    """A sampler of Optuna."""

    family = "sampler"

    def options(self) -> dict[str, Any]:
        """Return the arguments of Optuna's sampler."""
        from attrs import asdict

        return {name: value for name, value in asdict(self).items() if value is not None}

    def build(self, seed: int, number: int) -> "BaseSampler":
        """Return Optuna's sampler of the same name for a trial, which has a seed of its own."""
        from optuna import samplers

        made: BaseSampler = getattr(samplers, type(self).__name__)(**self.options(), seed=seed_of(seed, number))
        return made

    def problems(self, space: Space, monitors: tuple[str, ...]) -> Iterator[OptionError]:
        """Yield what of the options of the tuner this sampler cannot search."""
        yield from ()


def seed_of(seed: int, number: int) -> int:
    """Return the seed of a trial."""
    return crc32(f"{seed}/{number}".encode())


@spec
class RandomSampler(SamplerSpec):
    """Try random values, like the tuner `RandomSearch`, but with pruners.

    Source: https://optuna.readthedocs.io/en/stable/reference/samplers/generated/optuna.samplers.RandomSampler.html
    """


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
class CmaEsSampler(SamplerSpec):
    """Adapt a normal distribution to the best trials (CMA-ES). For many trials of a space of ranges, of one number.

    Choices, and the parameters that only some choices have, are random.
    Source: https://optuna.readthedocs.io/en/stable/reference/samplers/generated/optuna.samplers.CmaEsSampler.html
    """

    n_startup_trials: int = option(default=1, minimum=0)
    """The number of trials with random values at the beginning."""
    popsize: int | None = option(default=None, minimum=2)
    """The number of trials of a generation. Default: according to the number of parameters."""
    consider_pruned_trials: bool = False
    """Whether to learn from the last numbers of pruned trials, too."""
    use_separable_cma: bool = False
    """Whether to assume that the parameters are independent, which needs fewer trials for many parameters."""
    with_margin: bool = False
    """Whether to prevent that integers and steps become fixed to one value."""
    lr_adapt: bool = False
    """Whether to adapt the rate of learning, for results with noise."""

    def conflicts(self) -> Iterator[OptionError]:
        """Yield an error for variants that cannot be combined."""
        chosen = [name for name in ("use_separable_cma", "with_margin", "lr_adapt") if getattr(self, name)]
        if len(chosen) > 1:
            message = f"`{chosen[1]}` cannot be combined with `{chosen[0]}`: remove one of them."
            yield OptionError(chosen[1], message, against=[(chosen[0],)])

    def build(self, seed: int, number: int) -> "BaseSampler":
        """Return Optuna's sampler, whose state follows from the trials."""
        from hookline_tune.stateless_samplers import CmaEs

        return CmaEs(**self.options(), seed=seed_of(seed, number))

    def problems(self, space: Space, monitors: tuple[str, ...]) -> Iterator[OptionError]:
        """Yield an error for several numbers, and for a space without a range that all trials have."""
        if len(monitors) > 1:
            yield OptionError("sampler", "CmaEsSampler minimizes a single number.", against=[("monitor",)])
        if not any(isinstance(domain, Range) for domain in space.values()):
            message = "CmaEsSampler searches ranges, but the space has none outside of choices: all would be random."
            yield OptionError("sampler", message, against=[("space",)])


@spec
class QMCSampler(SamplerSpec):
    """Spread the trials evenly (quasi-Monte Carlo), without learning from them.

    The parameters that the first trial does not have, because they are in another choice, are random.
    Source: https://optuna.readthedocs.io/en/stable/reference/samplers/generated/optuna.samplers.QMCSampler.html
    """

    qmc_type: Literal["sobol", "halton"] = "sobol"
    """The sequence. "sobol" is most even after a power of two of trials."""
    scramble: bool = False
    """Whether to randomize the sequence with the seed."""

    def build(self, seed: int, number: int) -> "BaseSampler":
        """Return Optuna's sampler, whose sequence is the same for all trials."""
        from optuna.samplers import RandomSampler as OfOptuna

        from hookline_tune.stateless_samplers import QMC

        return QMC(**self.options(), seed=seed, independent_sampler=OfOptuna(seed_of(seed, number)))


@spec
class BruteForceSampler(SamplerSpec):
    """Try all values in a random order. The tuner `GridSearch` does so in order.

    Source: https://optuna.readthedocs.io/en/stable/reference/samplers/generated/optuna.samplers.BruteForceSampler.html
    """

    def build(self, seed: int, number: int) -> "BaseSampler":
        """Return Optuna's sampler."""
        from hookline_tune.stateless_samplers import BruteForce

        return BruteForce(seed_of(seed, number))

    def problems(self, space: Space, monitors: tuple[str, ...]) -> Iterator[OptionError]:
        """Yield an error for each range of infinitely many numbers."""
        for parameter in space.parameters():
            if parameter.size is None:
                message = f'BruteForceSampler cannot try all numbers of "{parameter.name}": set a `step`.'
                yield OptionError("space", message, *space.keys_of(parameter), against=[("sampler",)])


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
