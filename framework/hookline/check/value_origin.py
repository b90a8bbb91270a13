"""Explain a value of a spec: where it is set, what is allowed, and what it does."""

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import Attribute, fields, frozen

from hookline.check.toml.document import Document
from hookline.check.toml.tree import Setting
from hookline.errors.exceptions import HooklineError
from hookline.errors.suggestions import did_you_mean
from hookline.errors.text import PathElement, dotted, shortened, valid_indices
from hookline.spec.docs import OptionDocumentation, documentation, summary
from hookline.spec.options import Spec
from hookline.spec.training import TrainingSpec


@frozen(kw_only=True)
class Explanation:
    """The explanation of a value of a spec."""

    path: tuple[PathElement, ...]
    """Its path, with an index for each element of an array."""
    value: Any
    """The value; a component is an instance of its spec class."""
    owner: type[Spec]
    """The class that has the option."""
    option: OptionDocumentation
    """The option that the value belongs to."""
    sentence: str
    """What the option does, or what the component is."""
    settings: tuple[Setting, ...]
    """The places that set it, of which the last one takes effect; empty for a default."""


def explained(document: Document, spec: TrainingSpec, words: Sequence[str]) -> Explanation:
    """Explain the value at a path: names of options, and for elements of arrays the index, `name` or `type`.

    Raises:
        HooklineError: if there is no such value.

    """
    value: Any = spec
    owner: type[Spec] = TrainingSpec
    option: Attribute[Any] | None = None
    path: tuple[PathElement, ...] = ()
    *before, last = words
    is_type = last == "type" and bool(before)  # It chooses the component and is not an option.
    for word in before if is_type else words:
        if isinstance(value, Spec):
            owner, option, value = _option(value, word, path)
            path = (*path, word)
        else:
            element = _element(value, word, path)
            path, value = (*path, element), value[element]
    if option is None:
        raise HooklineError("Only a component has a type, for example optimizer.type or callbacks.0.type.")
    known = {known.name: known for known in documentation(owner).options}
    is_component = isinstance(value, Spec) and bool(value.family)
    if is_type and not is_component:
        raise HooklineError(f'{dotted(path)} is not a component and has no "type".')
    settings = _settings(document, path)
    if is_component:
        chosen = _settings(document, (*path, "type"))
        sources = [setting.source for setting in settings]
        # A change of the type alone does not set the table.
        settings = chosen if is_type else (*settings, *(one for one in chosen if one.source not in sources))
    return Explanation(
        path=path,
        value=value,
        owner=owner,
        option=known[option.name],
        sentence=summary(type(value)) if is_component else known[option.name].description,
        settings=settings,
    )


def _settings(document: Document, path: tuple[PathElement, ...]) -> tuple[Setting, ...]:
    nodes = list(document.root.along(path))
    return nodes[-1].settings if len(nodes) == len(path) + 1 else ()


def _option(value: Spec, word: str, path: Sequence[PathElement]) -> "tuple[type[Spec], Attribute[Any], Any]":
    attributes = {attribute.name: attribute for attribute in fields(type(value))}
    if word not in attributes:
        name = type(value).__name__ if value.family or path else "A spec"
        raise HooklineError(f'{name} has no option "{shortened(word)}".{did_you_mean(word, attributes)}')
    return type(value), attributes[word], getattr(value, word)


def _element(value: Any, word: str, path: Sequence[PathElement]) -> Any:
    """The key or index of the element with this name."""
    if isinstance(value, Mapping):
        if word not in value:
            raise HooklineError(f'There is no "{shortened(word)}" in {dotted(path)}.{did_you_mean(word, value)}')
        return word
    if not isinstance(value, tuple):
        raise HooklineError(f'{dotted(path)} is a single value and contains no "{shortened(word)}".')
    if word.isdecimal() and int(word) < len(value):
        return int(word)
    named = [index for index, element in enumerate(value) if word in _names(element)]
    if len(named) == 1:
        return named[0]
    if named:
        raise HooklineError(f'Several elements of {dotted(path)} are called "{shortened(word)}"; use an index instead.')
    names = {name for element in value for name in _names(element)}
    raise HooklineError(
        f'There is no "{shortened(word)}" in {dotted(path)}: {valid_indices(len(value))}.{did_you_mean(word, names)}'
    )


def _names(element: Any) -> tuple[str, ...]:
    """The names of an element of an array."""
    name = getattr(element, "name", None)
    return (*((type(element).__name__,) if isinstance(element, Spec) else ()), *((name,) if name else ()))
