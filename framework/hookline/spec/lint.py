"""Check how a component's class is declared, and say what its author forgot."""

import inspect
from collections.abc import Iterator
from typing import Any, ClassVar, get_args, get_origin

from attrs import NOTHING, Factory, fields

from hookline.spec.class_attributes import misfit, misspelt
from hookline.spec.options import Bounds, Spec, is_option
from hookline.spec.types import is_sayable, option_type


def misdeclared(kind: type[Spec]) -> str | None:
    """What is wrong with the declaration of a component's class, as the rest of a sentence with the place, if any."""
    if "__attrs_attrs__" not in vars(kind):
        return f"is not made by @spec, so that its options would be passed over: put @spec over it. {place(kind)}"
    if not (kind.__doc__ or "").strip():
        return f"has no docstring: say in a sentence below its first line what it is. {place(kind)}"
    for base in kind.__mro__:
        if base.__module__.partition(".")[0] == Spec.__module__.partition(".")[0]:
            continue
        for problem in _of_options(base):
            return f"{problem} {place(base)}"
    wrong = _of_defaults(kind) or misfit(kind)
    return None if wrong is None else f"{wrong} {place(kind)}"


def misnamed(kind: type[Spec]) -> str | None:
    """What is probably misspelled in its class, as the rest of a sentence with the place, if any."""
    problem = misspelt(kind)
    return None if problem is None else f"{problem} {place(kind)}"


def _of_defaults(kind: type[Spec]) -> str | None:
    for option in fields(kind):
        wanted = option_type(kind.option_type(option))
        if option.default is NOTHING or isinstance(option.default, Factory):  # type: ignore[arg-type]
            continue
        if not wanted.holds(option.default):
            return f'has the option "{option.name}" with the default {option.default!r}, which must be {wanted.words}.'
        for bounds in Bounds.of(option):
            try:
                bounds(kind, option, option.default)
            except ValueError as error:
                return f'has the option "{option.name}" with a default that its bounds do not allow. {error}'
    return None


def _of_options(kind: type) -> Iterator[str]:
    annotations = vars(kind).get("__annotations__", {})
    for name, value in vars(kind).items():
        if is_option(value) and name not in annotations:
            yield f'has the option "{name}" without a type: write `{name}: float = …`, or whichever it is of.'
    for name, annotation in annotations.items():
        if isinstance(annotation, str):
            if annotation.startswith(("ClassVar", "typing.ClassVar")):
                continue
            yield (
                f'has the option "{name}", whose type is written as a string: types of options must be there when the '
                f"module is imported, without `from __future__ import annotations` and without quotes."
            )
        elif annotation is not ClassVar and get_origin(annotation) is not ClassVar and not is_sayable(annotation):
            yield (
                f'has the option "{name}" of the type {_shown(annotation)}, which TOML cannot say: a bool, int, float, '
                f"str, Path, Literal, tuple, Mapping with str as keys, a family, or a union of these can be an option."
            )


def place(kind: type) -> str:
    """Where a class is declared, in parentheses; empty if its source code is not available."""
    try:
        _, line = inspect.getsourcelines(kind)
        file = inspect.getsourcefile(kind)
    except (OSError, TypeError):
        return ""
    return f"({file}, line {line})"


def _shown(annotation: Any) -> str:
    return annotation.__name__ if isinstance(annotation, type) and not get_args(annotation) else str(annotation)
