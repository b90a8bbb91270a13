"""A search space: domains by the paths of the values that they replace."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from attrs import frozen

from hookline.spec.space.domains import Choices, Domain, Range

KEYS = frozenset({"low", "high", "log", "step", "choices"})
"""The keys of domains."""

BOUNDS = frozenset({"low", "high", "choices"})
"""The keys by which a table is recognized as a domain."""


@frozen
class Parameter:
    """What a search chooses for a trial. A parameter inside a choice exists only in trials with this choice."""

    name: str
    """The path of the value, with the label of each choice that it is in: "optimizer.SGD.lr"."""
    domain: Domain
    """The values to choose from; of `Choices`, the label."""

    def text(self, value: object) -> str:
        """Return a value as a text: a number with four digits, or a choice."""
        if isinstance(self.domain, Choices):
            return self.domain.text(value)
        return f"{value:.4g}" if isinstance(value, float) else str(value)

    @property
    def size(self) -> int | None:
        """The number of values; `None` if there are infinitely many."""
        if isinstance(self.domain, Choices):
            return len(self.domain.choices)
        return None if self.domain.steps is None else self.domain.steps + 1


class Space(Mapping[str, Domain]):
    """The domains of a search by path, such as "optimizer.lr"."""

    def __init__(self, domains: Mapping[str, Domain], keys: Mapping[str, tuple[str, ...]] | None = None):
        """Keep the domains, in their order, and the keys that lead to each in a spec, if they are not its path."""
        self._domains = dict(domains)
        self._keys = dict(keys or {})

    def __getitem__(self, path: str) -> Domain:
        return self._domains[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._domains)

    def __len__(self) -> int:
        return len(self._domains)

    def __hash__(self) -> int:
        return hash(tuple(self._domains))

    def __repr__(self) -> str:
        return f"Space({self._domains!r})"

    def keys_of(self, parameter: Parameter) -> tuple[str, ...]:
        """Return the keys that lead to the domain of a parameter, or to the choice that it is in."""
        path = next(path for path in self if f"{parameter.name}.".startswith(f"{path}."))
        return self._keys.get(path, (path,))

    def chosen(self, choose: Callable[[Parameter], Any]) -> dict[str, Any]:
        """Choose a value for each parameter of a trial, and return the values by name.

        `choose` is called for each parameter in order; for one inside a choice only if the choice was chosen.
        """
        values: dict[str, Any] = {}
        for path, domain in self.items():
            _choose(path, domain, choose, values)
        return values

    def parameters(self) -> Iterator[Parameter]:
        """All parameters, in order; those inside choices follow their choice."""
        for path, domain in self.items():
            yield from parameters_in(path, domain)

    def choices_around(self, name: str) -> dict[str, Any]:
        """The choices that a trial must have for a parameter to exist, by the parameter of each."""
        return {
            parameter.name: label
            for parameter in self.parameters()
            if isinstance(parameter.domain, Choices)
            for label in parameter.domain.labels
            if name.startswith(f"{inner_name(parameter.name, label, ())}.")
        }

    def are_exclusive(self, one: Parameter, other: Parameter) -> bool:
        """Whether no trial has both parameters, since they belong to different choices.

        >>> lr = Range(low=0.0, high=1.0)
        >>> space = Space({"optimizer": Choices(choices=({"type": "SGD", "lr": lr}, {"type": "Adam", "lr": lr}))})
        >>> choice, first, second = space.parameters()
        >>> space.are_exclusive(first, second), space.are_exclusive(choice, first)
        (True, False)
        """
        around, others = self.choices_around(one.name), self.choices_around(other.name)
        return any(others[name] != label for name, label in around.items() if name in others)

    def size(self) -> int | None:
        """The number of different trials; `None` if there are infinitely many.

        >>> optimizers = Choices(choices=({"type": "SGD", "lr": Choices(choices=(0.1, 0.2))}, {"type": "Adam"}))
        >>> Space({"optimizer": optimizers, "data.batch_size": Range(low=1, high=4)}).size()
        12
        """
        return _product(_size(domain) for domain in self.values())


def _size(domain: Domain) -> int | None:
    if isinstance(domain, Range):
        return None if domain.steps is None else domain.steps + 1
    sizes = [_product(_size(inner) for _, inner in domains_in(choice)) for choice in domain.choices]
    return None if None in sizes else sum(size for size in sizes if size is not None)


def _product(sizes: Iterator[int | None]) -> int | None:
    product = 1
    for size in list(sizes):
        if size is None:
            return None
        product *= size
    return product


def _choose(name: str, domain: Domain, choose: Callable[[Parameter], Any], values: dict[str, Any]) -> None:
    values[name] = value = choose(Parameter(name, domain))
    if isinstance(domain, Choices):
        for place, inner in domains_in(domain.choices[domain.index(value)]):
            _choose(inner_name(name, value, place), inner, choose, values)


def parameters_in(name: str, domain: Domain) -> Iterator[Parameter]:
    """The parameter of a domain, and those inside its choices."""
    yield Parameter(name, domain)
    if isinstance(domain, Choices):
        for label, choice in zip(domain.labels, domain.choices, strict=True):
            for place, inner in domains_in(choice):
                yield from parameters_in(inner_name(name, label, place), inner)


def inner_name(name: str, label: object, place: tuple[str | int, ...]) -> str:
    """The name of a parameter inside a choice of another."""
    return ".".join(map(str, (name, label, *place)))


def domains_in(template: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Domain]]:
    """The domains in a choice, with their paths in it; not those inside of them."""
    if isinstance(template, (Range, Choices)):
        yield path, template
    elif isinstance(template, Mapping):
        for key, inner in template.items():
            yield from domains_in(inner, (*path, key))
    elif isinstance(template, (list, tuple)):
        for index, inner in enumerate(template):
            yield from domains_in(inner, (*path, index))


def is_domain(table: Mapping[str, Any]) -> bool:
    """Whether a table of TOML is a domain, rather than a component or a table of further paths."""
    return "type" not in table and any(key in BOUNDS and not isinstance(table[key], Mapping) for key in table)


def flattened(table: Mapping[str, Any], keys: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The domains of a table, as TOML has them, with the keys that lead to each.

    >>> dict(flattened({"optimizer": {"lr": {"low": 1, "high": 2}}, "data.batch_size": [8, 16]}))
    {('optimizer', 'lr'): {'low': 1, 'high': 2}, ('data.batch_size',): [8, 16]}
    """
    for key, value in table.items():
        if isinstance(value, Mapping) and value and not is_domain(value):
            yield from flattened(value, (*keys, key))
        else:
            yield (*keys, key), value
