"""From values of TOML to values of the types that options have: strictly, by hooks of cattrs."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import NoneType
from typing import Any, get_args

from attrs import has
from cattrs import Converter, IterableValidationError, IterableValidationNote

from hookline.check.components import component, spec_hook
from hookline.check.problems import INVALID, HeaderError
from hookline.check.toml.tree import PathText
from hookline.errors.exceptions import InvalidValueError
from hookline.errors.text import nearest
from hookline.plugins.catalog import Catalog, is_family
from hookline.spec.options import Spec
from hookline.spec.types import PRIMITIVES, accepts, is_literal, is_mapping, is_tuple, is_union, wrong

LEAST, GREATEST = -(2**63), 2**63 - 1
"""The integers that TOML promises and torch takes."""


def strict_converter(catalog: Catalog, directory: Callable[[], Path]) -> Converter:
    """A cattrs converter that converts nothing and knows the families of the catalog.

    `directory` gives what relative paths are relative to.
    """
    converter = Converter(detailed_validation=True, forbid_extra_keys=True)

    def register(fits: Callable[[Any], bool], make: Callable[[Any, Converter], Callable[[Any, Any], Any]]) -> None:
        converter.register_structure_hook_factory(fits, lambda kind: make(kind, converter))

    def path(value: object, kind: type) -> Path:
        text = _primitive(value, kind)
        if "\0" in text:
            raise ValueError("This is no path of a file: it has a NUL in it.")
        home = text.directory if isinstance(text, PathText) else directory()
        return Path(os.path.normpath(home / text))

    # Hooks that are registered later are asked first: the most particular stand last.
    register(is_tuple, _tuple_hook)
    register(is_mapping, _mapping_hook)
    register(is_union, _union_hook)
    converter.register_structure_hook_func(is_literal, _literal)
    for primitive in PRIMITIVES:
        converter.register_structure_hook(primitive, _primitive)
    converter.register_structure_hook(Path, path)
    register(lambda kind: isinstance(kind, type) and issubclass(kind, Spec) and has(kind), spec_hook)
    converter.register_structure_hook_func(is_family, lambda value, base: component(value, base, catalog, converter))
    return converter


def _primitive(value: object, kind: type) -> Any:
    is_plain = type(value) is kind or (kind is float and type(value) is int)  # Arrays may have a hundred thousand.
    if not is_plain and not accepts(kind, value):
        raise wrong(value, kind)
    if kind is int and not LEAST <= value <= GREATEST:  # type: ignore[operator]
        message = f"This integer is out of bounds: it must be at least {LEAST} and at most {GREATEST}."
        raise InvalidValueError("out-of-bounds", message)
    try:
        return float(value) if kind is float and isinstance(value, int) else value
    except OverflowError:
        raise InvalidValueError("out-of-bounds", "This number is too large for a float.") from None


def _literal(value: object, kind: Any) -> Any:
    if not accepts(kind, value):
        choices = [choice for choice in get_args(kind) if isinstance(choice, str)]
        near = nearest(value, choices) if isinstance(value, str) else None
        raise wrong(value, kind, "" if near is None else f'Did you mean "{near}"?')
    return value


def _union_hook(kind: Any, converter: Converter) -> Callable[[Any, Any], Any]:
    # `None` is not asked for: TOML has no such value, leaving the option out says it.
    arms = [arm for arm in get_args(kind) if arm is not NoneType]

    def structure_union(value: Any, _: Any) -> Any:
        fitting = [arm for arm in arms if accepts(arm, value)]
        if not fitting and len(arms) > 1:
            raise wrong(value, kind)
        return converter.structure(value, (fitting or arms)[0])

    return structure_union


def _tuple_hook(kind: Any, converter: Converter) -> Callable[[Any, Any], tuple[Any, ...]]:
    elements = get_args(kind)

    def structure_tuple(value: Any, _: Any) -> tuple[Any, ...]:
        if isinstance(value, dict) and isinstance(elements[0], type) and issubclass(elements[0], Spec):
            raise HeaderError(wrong(value, kind).diagnostic.message, are_several=True)
        if not accepts(kind, value):
            raise wrong(value, kind)
        kinds = [elements[0]] * len(value) if elements[-1] is Ellipsis else elements
        each = dict(enumerate(zip(value, kinds, strict=True)))
        return tuple(_structured(each, kind, "element", converter).values())

    return structure_tuple


def _mapping_hook(kind: Any, converter: Converter) -> Callable[[Any, Any], dict[str, Any]]:
    element_kind = get_args(kind)[1]

    def structure_mapping(value: Any, _: Any) -> dict[str, Any]:
        if not accepts(kind, value):
            raise wrong(value, kind)
        each = {key: (element, element_kind) for key, element in value.items()}
        return _structured(each, kind, "key", converter)

    return structure_mapping


def _structured(each: Mapping[Any, tuple[Any, Any]], kind: Any, noun: str, converter: Converter) -> dict[Any, Any]:
    """The elements of an array or a table, by their indices or names, each given with its type.

    Raises:
        IterableValidationError: with the errors of all that are wrong.

    """
    made: dict[Any, Any] = {}
    errors: list[Exception] = []
    hooks: dict[Any, Any] = {}
    for place, (element, element_kind) in each.items():
        if element_kind not in hooks:
            hooks[element_kind] = converter.get_structure_hook(element_kind)
        try:
            made[place] = hooks[element_kind](element, element_kind)
        except INVALID as error:
            error.add_note(IterableValidationNote(f"{noun} {place}", place, element_kind))
            errors.append(error.with_traceback(None))  # Which would keep every frame alive.
    if errors:
        raise IterableValidationError("", errors, kind)
    return made
