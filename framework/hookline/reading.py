"""From a document to a spec: cattrs makes attrs classes of tables, strictly, and every problem is found at once.

Nothing is converted, except that an integer is accepted where a float is wanted. Names of types are looked up in the
catalog and nowhere else.
"""

import math
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import NoneType
from typing import Any, get_args

from attrs import Attribute, fields, has
from cattrs import (
    AttributeValidationNote,
    ClassValidationError,
    Converter,
    ForbiddenExtraKeysError,
    IterableValidationError,
    IterableValidationNote,
)
from cattrs.gen import make_dict_structure_fn, override

from hookline.catalog import Catalog, is_family
from hookline.documents import Document
from hookline.errors import OptionError, PathElement, Problem, SpecError, did_you_mean
from hookline.kinds import PRIMITIVES, accepts, expected, found, is_literal, is_mapping, is_tuple, is_union, wrong
from hookline.options import Spec
from hookline.training_spec import TrainingSpec


def structure(document: Document, catalog: Catalog) -> TrainingSpec:
    """The spec that a document says.

    Raises:
        SpecError: with all problems of the document.

    """
    converter = strict_converter(catalog, document.directory)
    try:
        return converter.structure(document.table, TrainingSpec)
    except (ClassValidationError, ValueError) as error:
        raise SpecError(list(_problems(error, TrainingSpec, ())), document.source) from None


def strict_converter(catalog: Catalog, directory: Path) -> Converter:
    """A cattrs converter that converts nothing and knows the families of the catalog."""
    converter = Converter(detailed_validation=True, forbid_extra_keys=True)

    def register(fits: Callable[[Any], bool], make: Callable[[Any, Converter], Callable[[Any, Any], Any]]) -> None:
        converter.register_structure_hook_factory(fits, lambda kind: make(kind, converter))

    # Hooks that are registered later are asked first: the most particular stand last.
    register(is_tuple, _tuple_hook)
    register(is_mapping, _mapping_hook)
    register(is_union, _union_hook)
    converter.register_structure_hook_func(is_literal, _literal)
    for primitive in PRIMITIVES:
        converter.register_structure_hook(primitive, _primitive)
    converter.register_structure_hook(
        Path, lambda value, kind: Path(os.path.normpath(directory / _primitive(value, kind)))
    )
    register(lambda kind: isinstance(kind, type) and issubclass(kind, Spec) and has(kind), _spec_hook)
    converter.register_structure_hook_func(is_family, lambda value, base: _choose(value, base, catalog, converter))
    return converter


def _primitive(value: object, kind: type) -> Any:
    if not accepts(kind, value):
        raise wrong(value, kind)
    if isinstance(value, float) and math.isnan(value):
        raise ValueError("This must be a number, and it is nan.")
    try:
        return float(value) if kind is float and isinstance(value, int) else value
    except OverflowError:
        raise ValueError("This number is too large for a float.") from None


def _literal(value: object, kind: Any) -> Any:
    if not accepts(kind, value):
        choices = [choice for choice in get_args(kind) if isinstance(choice, str)]
        near = did_you_mean(value, choices) if isinstance(value, str) else ""
        raise ValueError(f"{wrong(value, kind)}{near if near.startswith(' Did') else ''}")
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
        if not accepts(kind, value):
            raise wrong(value, kind)
        made, errors = [], []
        for index, element in enumerate(value):
            element_kind = elements[0] if elements[-1] is Ellipsis else elements[index]
            try:
                made.append(converter.structure(element, element_kind))
            except (ClassValidationError, IterableValidationError, ValueError) as error:
                error.add_note(IterableValidationNote(f"element {index}", index, element_kind))
                errors.append(error)
        if errors:
            raise IterableValidationError("", errors, kind)
        return tuple(made)

    return structure_tuple


def _mapping_hook(kind: Any, converter: Converter) -> Callable[[Any, Any], dict[str, Any]]:
    element_kind = get_args(kind)[1]

    def structure_mapping(value: Any, _: Any) -> dict[str, Any]:
        if not accepts(kind, value):
            raise wrong(value, kind)
        made, errors = {}, []
        for key, element in value.items():
            try:
                made[key] = converter.structure(element, element_kind)
            except (ClassValidationError, IterableValidationError, ValueError) as error:
                error.add_note(IterableValidationNote(f"key {key}", key, element_kind))
                errors.append(error)
        if errors:
            raise IterableValidationError("", errors, kind)
        return made

    return structure_mapping


def _spec_hook(kind: type[Spec], converter: Converter) -> Callable[[Any, type], Spec]:
    """A hook for one spec class: each option is of its type and inside its bounds, and there are no others."""

    def checked(attribute: "Attribute[Any]") -> Callable[[Any, Any], Any]:
        def structure_option(value: Any, _: Any) -> Any:
            made = converter.structure(value, kind.option_type(attribute))
            if attribute.validator is not None:
                # attrs would stop at the first option that is out of bounds; here each is told.
                attribute.validator(kind, attribute, made)
            return made

        return structure_option

    hooks: dict[str, Any] = {attribute.name: override(struct_hook=checked(attribute)) for attribute in fields(kind)}
    generated = make_dict_structure_fn(
        kind, converter, _cattrs_forbid_extra_keys=True, _cattrs_detailed_validation=True, **hooks
    )

    def structure_table(value: Any, _: type) -> Spec:
        if not isinstance(value, dict):
            raise ValueError(f"This must be a table, and it is {found(value)}.")
        return generated(value, kind)

    return structure_table


def _choose(value: Any, base: type[Spec], catalog: Catalog, converter: Converter) -> Spec:
    """A component: the class is found by the `type` that the table gives, and reads the rest of it."""
    if not isinstance(value, dict):
        raise ValueError(f"This must be a table with a `type`, and it is {found(value)}.")
    options = dict(value)
    name = options.pop("type", None)
    if name is None:
        raise ValueError(f"The `type` is missing, which says what {base.family} it is.")
    try:
        kind = catalog.find(base, _primitive(name, str))
    except ValueError as error:
        raise OptionError("type", str(error)) from None
    return converter.structure(options, kind)


def _problems(error: BaseException, kind: Any, path: tuple[PathElement, ...]) -> Iterator[Problem]:
    """The problems in what cattrs raised, each with its path."""
    if isinstance(error, (ClassValidationError, IterableValidationError)):
        kind = error.cl
        for part in error.exceptions:
            here, part_kind = path, kind
            for note in getattr(part, "__notes__", ()):
                if isinstance(note, AttributeValidationNote):
                    here, part_kind = (*path, note.name), note.type
                elif isinstance(note, IterableValidationNote):
                    here, part_kind = (*path, note.index), note.type
            yield from _problems(part, kind if isinstance(part, KeyError) else part_kind, here)
    elif isinstance(error, ForbiddenExtraKeysError):
        known = [attribute.name for attribute in fields(error.cl) if attribute.init]
        for key in sorted(error.extra_fields):
            what = f"{error.cl.__name__} has no option" if getattr(error.cl, "family", None) else "There is no key"
            yield Problem(f'{what} "{key}".{did_you_mean(key, known)}', (*path, key), on_key=True)
    elif isinstance(error, KeyError):
        option = getattr(fields(kind), str(error.args[0]))
        yield Problem(f"This is missing. It must be {expected(option.type)}.", path)
    elif isinstance(error, OptionError):
        yield Problem(str(error), (*path, *error.path))
    else:
        yield Problem(str(error), path)
