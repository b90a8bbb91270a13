"""The values of a search space with which a trial is the spec itself."""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from hookline.check.space.variants import domain_nodes, place_of, trial_document
from hookline.check.toml.document import Document
from hookline.spec.compare import differences
from hookline.spec.dump import plain
from hookline.spec.space.domains import Choices, Domain, Range
from hookline.spec.space.space import Space, inner_name
from hookline.spec.training import TrainingSpec

MOST_READ = 64
"""The maximum number of combinations of equal choices to read."""

Values = dict[str, Any]


def own_values(document: Document, space: Space, load: Callable[[Document], TrainingSpec]) -> Mapping[str, Any] | None:
    """The values by parameter with which a trial equals the spec, options with default values included.

    Returns:
        The values; `None` if the space does not contain them.

    """
    own = load(trial_document(document, space, {}))
    written, nodes = plain(own, document.directory), domain_nodes(document)
    fitting: Iterator[Values] = iter([{}])
    for path, domain in space.items():
        value = _along(written, place_of(path, document, nodes))
        fitting = _joined(fitting, list(_fitting(path, domain, value)))
    for values in islice(fitting, MOST_READ):
        # Options that a choice does not set must have their default values in the spec, too.
        if not any(differences(own, load(trial_document(document, space, values)))):
            return values
    return None


def _joined(before: Iterator[Values], after: list[Values]) -> Iterator[Values]:
    return ({**one, **other} for one in before for other in after)


def _along(value: Any, path: tuple[str | int, ...]) -> Any:
    """The value at a path of plain tables and arrays; `None` if there is none."""
    for element in path:
        try:
            value = value[element]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _fitting(name: str, domain: Domain, own: Any) -> Iterator[Values]:
    """The values of a parameter, and of those inside its choices, that lead to a value of the spec."""
    if isinstance(domain, Range):
        if _is_in(domain, own):
            yield {name: own if domain.is_integer else float(own)}
        return
    for label, choice in zip(domain.labels, domain.choices, strict=True):
        for inside in _inside(inner_name(name, label, ()), choice, own):
            yield {name: label, **inside}


def _is_in(domain: Range, own: Any) -> bool:
    if not isinstance(own, (int, float)) or isinstance(own, bool) or not domain.low <= own <= domain.high:
        return False
    return domain.steps is None or domain.value(round((own - domain.low) / (domain.step or 1))) == own


def _inside(name: str, template: Any, own: Any) -> Iterator[Values]:
    """The values of the domains inside a choice that lead to a value of the spec."""
    if isinstance(template, (Range, Choices)):
        yield from _fitting(name, template, own)
        return
    found: Iterator[Values] = iter([{}])
    if isinstance(template, Mapping):
        if not isinstance(own, Mapping):
            return
        for key, inner in template.items():
            found = _joined(found, list(_inside(f"{name}.{key}", inner, own.get(key))))
    elif isinstance(template, (list, tuple)):
        if not isinstance(own, list) or len(own) != len(template):
            return
        for index, pair in enumerate(zip(template, own, strict=True)):
            found = _joined(found, list(_inside(f"{name}.{index}", *pair)))
    elif template != own or isinstance(template, bool) != isinstance(own, bool):
        may_be_path = isinstance(template, str) and isinstance(own, str) and ("/" in template or "." in template)
        if not may_be_path:  # A path may be written in several ways: reading decides.
            return
    yield from found
