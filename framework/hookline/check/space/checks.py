"""Check a search space: its values are read where they will be, by the same reader as a spec.

Each bound and each choice is read with all other parameters at their first value, and then some combinations. So the
type and the limits of every option apply, and the conflicts between options.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from attrs import evolve

from hookline.check.space.variants import SECTION, domain_nodes, path_keys, place_of, trial_document
from hookline.check.toml.document import Document
from hookline.check.toml.tree import Node
from hookline.errors.diagnostic import Diagnostic
from hookline.errors.option_errors import OptionError
from hookline.errors.source import Place
from hookline.errors.suggestions import nearest
from hookline.errors.text import PathElement
from hookline.spec.families.tuner import OF_TRIALS, TunerSpec
from hookline.spec.space.domains import Choices, Range
from hookline.spec.space.space import Parameter, Space

MOST_READ = 400
"""The maximum number of values of a space that are read."""

COMBINATIONS = 32
"""The number of combinations of extreme values that are read."""

OF_STUDIES = ("tune", "plugins")
"""The sections that are the same for all trials."""

Read = Callable[[Document], list[Diagnostic]]
"""Reads a document, and returns its problems."""


def problems_of_space(document: Document, tuner: TunerSpec, read: Read) -> list[Diagnostic]:
    """The problems that trials would have, each at its place in the search space."""
    space, nodes = tuner.space, domain_nodes(document)
    if refused := list(_not_of_trials(space, nodes)):
        return refused
    found: dict[tuple[Any, ...], Diagnostic] = {}
    conflicts = {problem.place: problem for problem in _twice(document, space, nodes)}

    def add(values: Mapping[str, Any], *, is_combination: bool = False) -> bool:
        problems = read(trial_document(document, space, values))
        for problem in map(_with_hint, problems):
            key = (problem.id, tuple(problem.path), problem.place)
            if problem.place not in conflicts:
                found.setdefault(key, _with_values(problem, document, values) if is_combination else problem)
        return bool(problems)

    for values in islice(_one_at_a_time(space), MOST_READ):
        add(values)
    if found or conflicts:
        return [*conflicts.values(), *found.values()]
    truncated = list(_truncated(document, space, read))
    generator = random.Random(0)  # noqa: S311 - It chooses which values to read.
    tried = [space.chosen(lambda one: generator.choice(extremes(one))) for _ in range(COMBINATIONS)]
    for values in tried:
        if add(values, is_combination=True):
            break
    return [*truncated, *found.values()]


def extremes(parameter: Parameter) -> tuple[Any, ...]:
    """The bounds of a range, or all choices."""
    domain = parameter.domain
    if isinstance(domain, Choices):
        return domain.labels
    return _number(domain, domain.low), _number(domain, domain.high)


def _number(domain: Range, bound: float) -> int | float:
    """A bound as a value of its range. Of bounds of two types, only the one of a wrong type is a problem."""
    are_integers = isinstance(domain.low, int) and isinstance(domain.high, int)
    return float(bound) if are_integers and not domain.is_integer else bound


def _one_at_a_time(space: Space) -> Iterator[dict[str, Any]]:
    """Each bound and each choice once, with all other parameters at their first value."""
    for parameter in space.parameters():
        wanted = space.choices_around(parameter.name)
        for value in extremes(parameter):
            forced = {**wanted, parameter.name: value}
            yield space.chosen(lambda one, forced=forced: forced.get(one.name, extremes(one)[0]))  # type: ignore[misc]


def _not_of_trials(space: Space, nodes: Mapping[str, Node]) -> Iterator[Diagnostic]:
    """The paths to what is the same for all trials."""
    for path in space:
        section = path_keys(path)[0]
        if section in OF_STUDIES:
            message = f"A search cannot change `{section}`, which is the same for all trials."
            yield Diagnostic("conflicting-options", message, (*SECTION, path), place=_key_of(nodes[path]))


def _twice(document: Document, space: Space, nodes: Mapping[str, Node]) -> Iterator[Diagnostic]:
    """The paths that lead to a value that another one replaces, such as an index and the type of the same layer."""
    known: dict[tuple[PathElement, ...], str] = {}
    for path in space:
        place = place_of(path, document, nodes)
        if not place:  # Reading the path says why.
            continue
        found = next((one for one in known if place[: len(one)] == one[: len(place)]), None)
        if found is not None:
            other, help_text = known[found], ""
            message = f'"{path}" and "{other}" lead to the same value.'
            if found != place:
                outer, inner = (other, path) if len(found) < len(place) else (path, other)
                message = f'"{outer}" already replaces "{inner}".'
                help_text = f'Search "{inner}" inside the choices of "{outer}".'
            place_of_key = _key_of(nodes[path])
            yield Diagnostic("conflicting-options", message, (*SECTION, path), help_text, place=place_of_key)
        known[place] = path


def _key_of(node: Node) -> Place | None:
    """The place of the key of a domain; `None` if it is from Python."""
    return node.settings[-1].key if node.settings else None


def _truncated(document: Document, space: Space, read: Read) -> Iterator[Diagnostic]:
    """The ranges of integers for options that take any number, of which only the integers would be tried."""
    for parameter in space.parameters():
        domain = parameter.domain
        if not isinstance(domain, Range) or not domain.is_integer or domain.step is not None:
            continue
        around = space.choices_around(parameter.name)
        values = space.chosen(lambda one, around=around: around.get(one.name, extremes(one)[0]))  # type: ignore[misc]
        if not read(trial_document(document, space, {**values, parameter.name: domain.low + 0.5})):
            only = f'Only the integers from {domain.low} to {domain.high} would be tried for "{parameter.name}"'
            help_text = f"Write {float(domain.low)} and {float(domain.high)}, or add `step = 1`."
            path = (*SECTION, *space.keys_of(parameter))
            found = Diagnostic("invalid-value", f"{only}, which takes any number.", path, help_text)
            yield document.locate(found)


def _with_hint(problem: Diagnostic) -> Diagnostic:
    """The problem; for an array inside of a choice, with how to search its elements."""
    if problem.id != "wrong-type" or problem.help or "but it is an array" not in problem.message:
        return problem
    return evolve(problem, help="To try several values inside of a choice, write { choices = […] }.")


def _with_values(problem: Diagnostic, document: Document, values: Mapping[str, Any]) -> Diagnostic:
    """The problem of a combination, with its values."""
    listed = ", ".join(f"{name} = {value}" for name, value in values.items())
    return evolve(problem, help=f"{problem.help} This is so in trials with {listed}.".lstrip())


def monitor_problems(document: Document, sections: Mapping[str, Any]) -> list[Diagnostic]:
    """The problems of the monitored numbers of the tuner: names that nothing logs."""
    from hookline.spec.conflicts.conflicts import objective_of
    from hookline.training.callbacks.logged_numbers import Logging
    from hookline.training.callbacks.monitor import check_monitored

    tuner, objective = sections["tune"], objective_of(sections)
    assert objective is not None, "The spec is valid."
    logging = Logging(objective, sections["metrics"], sections["callbacks"])
    found = []
    for index, name in enumerate(tuner.monitors):
        if name in OF_TRIALS:
            continue
        try:
            check_monitored(tuner, name, logging, sections["data"], sections["plugins"])
        except OptionError as error:
            help_text = error.diagnostic.help
            if (near := nearest(name, OF_TRIALS)) is not None:
                help_text = f'Did you mean "{near}"?'
            path = ("tune", "monitor") if isinstance(tuner.monitor, str) else ("tune", "monitor", index)
            found.append(document.locate(evolve(error.diagnostic, path=path, help=help_text)))
    return found
