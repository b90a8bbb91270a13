"""Turn values of TOML into values of the types of options, strictly, with cattrs hooks."""

import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from attrs import has
from cattrs import Converter, IterableValidationError, IterableValidationNote

from hookline.check.components import component, spec_hook
from hookline.check.problems import INVALID, HeaderError
from hookline.check.space.structure import space
from hookline.check.toml.tree import PathText
from hookline.plugins.catalog import Catalog, is_family
from hookline.spec.options import Spec
from hookline.spec.simple_types import PRIMITIVES, Choice, Primitive
from hookline.spec.space.space import Space
from hookline.spec.types import Array, OneOf, Options, Table, is_form, option_type
from hookline.spec.words import rewritten, wrong


def strict_converter(catalog: Catalog, directory: Callable[[], Path]) -> Converter:
    """A strict cattrs converter that knows the families of the catalog.

    `directory` returns the directory for relative paths.
    """
    converter = Converter(detailed_validation=True, forbid_extra_keys=True)

    def register(fits: Callable[[Any], bool], make: Callable[[Any, Converter], Callable[[Any, Any], Any]]) -> None:
        converter.register_structure_hook_factory(fits, lambda kind: make(kind, converter))

    def path(value: object, kind: type) -> Path:
        text = option_type(kind).structure(value)
        if "\0" in text:
            raise ValueError("This is not a path: it contains a NUL character.")
        home = text.directory if isinstance(text, PathText) else directory()
        return Path(os.path.normpath(home / text))

    # Hooks that are registered later take precedence, so the most specific ones come last.
    register(partial(is_form, Choice), _simple_hook)
    register(partial(is_form, Array), _tuple_hook)
    register(partial(is_form, Table), _mapping_hook)
    register(partial(is_form, OneOf), _union_hook)
    register(partial(is_form, Primitive), _simple_hook)
    for primitive in PRIMITIVES:  # cattrs has its own hooks for these classes, which would take precedence.
        if isinstance(primitive, type):
            converter.register_structure_hook(primitive, _simple_hook(primitive, converter))
    converter.register_structure_hook(Path, path)
    converter.register_structure_hook(Space, lambda value, _: space(value, converter))
    register(lambda kind: isinstance(kind, type) and issubclass(kind, Spec) and has(kind), spec_hook)
    converter.register_structure_hook_func(is_family, lambda value, base: component(value, base, catalog, converter))
    return converter


def _simple_hook(kind: Any, _: Converter) -> Callable[[Any, Any], Any]:
    form = option_type(kind)
    return lambda value, _: form.structure(value)


def _union_hook(kind: Any, converter: Converter) -> Callable[[Any, Any], Any]:
    form = option_type(kind)

    def structure_union(value: Any, _: Any) -> Any:
        fitting = [arm for arm in form.inner if arm.accepts(value)]
        if not fitting and len(form.inner) > 1:
            near = next((arm.suggestion(value) for arm in form.inner if isinstance(arm, Choice)), "")
            raise wrong(value, form.words, near or rewritten(value, form.accepts))
        return converter.structure(value, (fitting or form.inner)[0].kind)

    return structure_union


def _tuple_hook(kind: Any, converter: Converter) -> Callable[[Any, Any], tuple[Any, ...]]:
    form = Array(kind)

    def structure_tuple(value: Any, _: Any) -> tuple[Any, ...]:
        if isinstance(value, dict) and isinstance(form.inner[0], Options):
            raise HeaderError(wrong(value, form.words).diagnostic.message, are_several=True)
        if not form.accepts(value):
            raise wrong(value, form.words)
        kinds = [element.kind for element in form.elements(len(value))]
        each = dict(enumerate(zip(value, kinds, strict=True)))
        return tuple(_structured(each, kind, "element", converter).values())

    return structure_tuple


def _mapping_hook(kind: Any, converter: Converter) -> Callable[[Any, Any], dict[str, Any]]:
    form = Table(kind)

    def structure_mapping(value: Any, _: Any) -> dict[str, Any]:
        if not form.accepts(value):
            raise wrong(value, form.words)
        each = {key: (element, form.inner[1].kind) for key, element in value.items()}
        return _structured(each, kind, "key", converter)

    return structure_mapping


def _structured(each: Mapping[Any, tuple[Any, Any]], kind: Any, noun: str, converter: Converter) -> dict[Any, Any]:
    """Structure the elements of an array or a table, given by index or name with their types.

    Raises:
        IterableValidationError: if elements are invalid; it contains the errors of all of them.

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
            errors.append(error.with_traceback(None))  # A traceback would keep every frame alive.
    if errors:
        raise IterableValidationError("", errors, kind)
    return made
