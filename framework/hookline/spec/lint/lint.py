"""Check the declaration of a component's class."""

import inspect
from collections.abc import Iterator
from typing import Any, ClassVar, get_args, get_origin

from attrs import NOTHING, Factory, fields

from hookline.errors.suggestions import did_you_mean
from hookline.spec.families.callback import WrapperSpec
from hookline.spec.lint.class_attributes import misspelled, wrong_attribute
from hookline.spec.options import Bounds, Spec, is_option
from hookline.spec.training import TrainingSpec
from hookline.spec.types import is_sayable, option_type


def misdeclared(kind: type[Spec]) -> str | None:
    """The problem in a class declaration, as the rest of a sentence with the place; `None` if it is valid."""
    if "__attrs_attrs__" not in vars(kind):
        return f"is not decorated with @spec, so its options would be ignored; add @spec above the class. {place(kind)}"
    if not (kind.__doc__ or "").strip():
        return f"has no docstring; describe the component in a sentence. {place(kind)}"
    for base in kind.__mro__:
        if base.__module__.partition(".")[0] == Spec.__module__.partition(".")[0]:
            continue
        for problem in _of_options(base):
            return f"{problem} {place(base)}"
    wrong = _of_defaults(kind) or wrong_attribute(kind) or _of_check(kind)
    return None if wrong is None else f"{wrong} {place(kind)}"


def misnamed(kind: type[Spec]) -> str | None:
    """The attribute that is probably misspelled, as the rest of a sentence with the place; `None` if there is none."""
    problem = misspelled(kind)
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


def _of_check(kind: type[Spec]) -> str | None:
    if not issubclass(kind, WrapperSpec):
        return None
    known = [*(section.name for section in fields(TrainingSpec)), "objective"]
    unknown = next((name for name in kind.sections_of_check()[0] if name not in known), None)
    if unknown is None:
        return None
    return f'has a `check` that takes "{unknown}", which is not a section of a spec.{did_you_mean(unknown, known)}'


def _of_options(kind: type) -> Iterator[str]:
    annotations = vars(kind).get("__annotations__", {})
    for name, value in vars(kind).items():
        if is_option(value) and name not in annotations:
            yield f'has the option "{name}" without a type; annotate it, for example `{name}: float = …`.'
    for name, annotation in annotations.items():
        if name == "type" and issubclass(kind, Spec) and kind.family:
            yield 'has the option "type", which names the component in a spec: choose another name.'
        if isinstance(annotation, str):
            if annotation.startswith(("ClassVar", "typing.ClassVar")):
                continue
            yield (
                f'has the option "{name}", whose type is a string. Types of options must exist when the module is '
                f"imported; remove `from __future__ import annotations` and quotes."
            )
        elif annotation is not ClassVar and get_origin(annotation) is not ClassVar and not is_sayable(annotation):
            yield (
                f'has the option "{name}" of the type {_shown(annotation)}, which TOML cannot express. Use bool, int, '
                f"float, str, Path, Literal, tuple, Mapping with str as keys, a family, or a union of these."
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
