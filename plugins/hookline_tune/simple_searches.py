"""Searches that do not depend on the results of trials: all combinations, or random ones."""

from collections.abc import Iterator, Mapping, Sequence
from math import exp, log
from random import Random
from typing import Any

from attrs import frozen

from hookline.errors import OptionError
from hookline.spec import (
    Choices,
    Domain,
    Parameter,
    Range,
    Search,
    Space,
    TrialRecord,
    TunerSpec,
    domains_in,
    inner_name,
    spec,
)
from hookline_tune.importances import importances


@spec
class GridSearch(TunerSpec):
    """Try all combinations of a space of choices, of ranges of integers, and of ranges with a `step`."""

    baseline: bool = False
    """Whether to train the spec's own values, too, in an additional first trial. The best trial is compared with it, or
    else with the combination that equals the spec, if there is one."""

    @property
    def total(self) -> int | None:
        """The number of trials: at most that of all combinations."""
        size = self.space.size()
        if size is None:
            return None
        return size + self.baseline if self.trials is None else min(size + self.baseline, self.trials)

    def conflicts(self) -> Iterator[OptionError]:
        """Refuse ranges of infinitely many numbers."""
        for parameter in self.space.parameters():
            if parameter.size is None:
                message = f'A grid cannot have all numbers of "{parameter.name}": set a `step`, or list choices.'
                yield OptionError("space", message, *self.space.keys_of(parameter))
        yield from () if self.total is None else super().conflicts()

    def build(self, seed: int, maximized: Sequence[bool]) -> Search:
        """Return the search, in which the last parameter varies fastest."""
        return _Grid(self.space, first=2 if self.baseline else 1)

    def importances(self, trials: Sequence[TrialRecord], maximized: Sequence[bool]) -> Mapping[str, float]:
        """Return how important each parameter is, if Optuna is installed."""
        return importances(self.space, trials, maximized)


@spec
class RandomSearch(TunerSpec):
    """Try random values, each independent of all others: all values of a range are equally likely."""

    def build(self, seed: int, maximized: Sequence[bool]) -> Search:
        """Return the search, in which the values depend on the seed and the number of the trial."""
        return _Random(self.space, seed)

    def importances(self, trials: Sequence[TrialRecord], maximized: Sequence[bool]) -> Mapping[str, float]:
        """Return how important each parameter is, if Optuna is installed."""
        return importances(self.space, trials, maximized)


class _NoPruning:
    """A search that lets every trial reach its last epoch."""

    def prunes(self, trials: Sequence[TrialRecord], record: TrialRecord) -> str | None:
        """Return `None`."""
        return None


@frozen
class _Grid(_NoPruning):
    space: Space
    first: int

    def suggest(self, number: int, trials: Sequence[TrialRecord]) -> TrialRecord | None:
        """Return the combination with this number; the first one is that of the trial `first`."""
        size, index = self.space.size(), number - self.first
        if size is not None and not 0 <= index < size:
            return None
        return TrialRecord(number=number, values=combination(self.space, index))


@frozen
class _Random(_NoPruning):
    space: Space
    seed: int

    def suggest(self, number: int, trials: Sequence[TrialRecord]) -> TrialRecord | None:
        """Return random values."""
        generator = Random(f"{self.seed}/{number}")  # noqa: S311 - It chooses values, not secrets.
        values = self.space.chosen(lambda parameter: random_value(parameter, generator))
        return TrialRecord(number=number, values=values)


def combination(space: Space, index: int) -> dict[str, Any]:
    """Return a combination of a finite space by its index: the last parameter varies fastest."""
    rest = {path: (index // after) % size for path, (size, after) in _places(space).items()}
    values: dict[str, Any] = {}
    for path, domain in space.items():
        _combine(path, domain, rest[path], values)
    return values


def _places(domains: Mapping[str, Domain]) -> dict[str, tuple[int, int]]:
    """The number of values of each domain, and of all combinations of those after it."""
    places: dict[str, tuple[int, int]] = {}
    after = 1
    for path, domain in reversed(list(domains.items())):
        size = Space({path: domain}).size()
        assert size is not None, "The space is finite."
        places[path] = size, after
        after *= size
    return dict(reversed(list(places.items())))


def _combine(name: str, domain: Domain, index: int, values: dict[str, Any]) -> None:
    if isinstance(domain, Range):
        values[name] = domain.value(index)
        return
    for label, choice in zip(domain.labels, domain.choices, strict=True):
        inside = {inner_name(name, label, place): inner for place, inner in domains_in(choice)}
        size = Space(inside).size()
        assert size is not None, "The space is finite."
        if index < size:
            values[name] = label
            for inner, (count, after) in _places(inside).items():
                _combine(inner, inside[inner], (index // after) % count, values)
            return
        index -= size


def random_value(parameter: Parameter, generator: Random) -> Any:
    """Return a random value of a parameter; of a logarithmic range, its logarithm is uniform."""
    domain = parameter.domain
    if isinstance(domain, Choices):
        return generator.choice(domain.labels)
    if domain.log:
        margin = 0.5 if domain.is_integer else 0.0  # So that each integer has its share.
        number = exp(generator.uniform(log(domain.low - margin), log(domain.high + margin)))
        number = round(number) if domain.is_integer else number
        return min(max(number, domain.low), domain.high)
    if domain.steps is not None:
        return domain.value(generator.randint(0, domain.steps))
    return generator.uniform(domain.low, domain.high)
