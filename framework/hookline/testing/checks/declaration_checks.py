"""Checks of the declaration of a component: docstrings, types and bounds, and the documentation generated from them."""

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from attrs import Attribute, evolve, fields

from hookline.check.load import Loader
from hookline.check.toml.document import from_source
from hookline.errors.exceptions import HooklineError, StageError
from hookline.errors.source import Source
from hookline.spec.docs import documentation
from hookline.spec.dump import dumps
from hookline.spec.families.callback import WrapperSpec
from hookline.spec.families.initialization import InitializationSpec
from hookline.spec.families.loss.loss import LossSpec
from hookline.spec.families.model import ModelSpec
from hookline.spec.families.optimizer import OptimizerSpec
from hookline.spec.lint.lint import place
from hookline.spec.options import Bounds, Spec
from hookline.spec.types import option_type
from hookline.testing.components_under_test import Component
from hookline.testing.kit_components import Kit
from hookline.testing.outcomes import refuse

LARGE = 1000
"""The largest absolute value of a bound at which a component is tried."""


def is_documented(component: Component) -> None:
    """Check that the class and each of its options have a docstring."""
    kind, known = component.kind, documentation(component.kind)
    if not known.summary.endswith((".", "!", "?")):
        refuse(
            f"The docstring of {component.name} must start with a sentence that ends with a period: "
            f"`hookline list` prints it. {place(kind)}"
        )
    for option in known.options:
        if not option.description:
            refuse(
                f'The option "{option.name}" of {component.name} has no docstring: add one below it, which '
                f"`hookline show` and editors display. {place(kind)}"
            )


def is_bounded(component: Component) -> None:
    """Check that each number has bounds and that the component works at these bounds."""
    for option in _own_options(component.kind):
        types = option_type(component.kind.option_type(option)).parts()
        if any(part.kind in (int, float) for part in types) and not Bounds.of(option):
            refuse(
                f'The option "{option.name}" of {component.name} is a number without bounds: write option(minimum=…), '
                f"above, maximum or below; or option(unbounded=True) if any number is valid. "
                f"{place(component.kind)}"
            )
    if not isinstance(component.example, (LossSpec, ModelSpec, OptimizerSpec, InitializationSpec, WrapperSpec)):
        return
    for option in _own_options(component.kind):
        for number in _numbers_on_the_bounds(option):
            _try(component, option.name, number)


def _own_options(kind: type[Spec]) -> "list[Attribute[Any]]":
    """The options that are not inherited from a class of Hookline."""
    inherited = {
        name
        for base in kind.__mro__
        if base.__module__.partition(".")[0] == Spec.__module__.partition(".")[0]
        for name in vars(base).get("__annotations__", {})
    }
    return [option for option in fields(kind) if option.name not in inherited]


def _numbers_on_the_bounds(option: "Attribute[Any]") -> Iterator[int | float]:
    """The bounds themselves, if the option takes a single number."""
    if option.type not in (int, float):
        return
    for bounds in Bounds.of(option):
        for number in (bounds.minimum, bounds.maximum):
            if number is not None and abs(number) <= LARGE:
                yield option.type(number)


def _try(component: Component, name: str, number: float) -> None:
    """Use the component with this number: it may reject the number with a message, but it must not crash."""
    needed = component.needs()
    try:
        spec = replaced(needed, component.example, evolve(component.example, **{name: number}))
    except ValueError:
        return  # It conflicts with other options or sections of the spec.
    try:
        component.prepare(spec)
    except StageError as error:
        refuse(
            f"{component.name}({name}={number}) is within its bounds but fails: change the bounds of the option, or "
            f"raise a ValueError with a message when the spec is read. {error}"
        )
    except (HooklineError, ValueError):
        pass  # It reports that it does not fit this data or model.


def replaced(value: Any, old: Spec, new: Spec) -> Any:
    """A copy of a spec in which one component is replaced by another."""
    if value is old:
        return new
    if isinstance(value, Spec):
        changed = {option.name: replaced(getattr(value, option.name), old, new) for option in fields(type(value))}
        same = all(changed[option.name] is getattr(value, option.name) for option in fields(type(value)))
        return value if same else evolve(cast("Any", value), **changed)
    if isinstance(value, tuple):
        elements = tuple(replaced(element, old, new) for element in value)
        return value if all(a is b for a, b in zip(elements, value, strict=True)) else elements
    if isinstance(value, dict):
        table = {key: replaced(element, old, new) for key, element in value.items()}
        return value if all(table[key] is value[key] for key in value) else table
    return value


def is_described(component: Component) -> None:
    """Check that the JSON Schema for editors and the output of `hookline show` can be generated."""
    catalog = component.plugin.plugins.catalog
    definitions = component.plugin.schema["definitions"]
    described = [
        definition
        for definition in definitions.values()
        if definition.get("properties", {}).get("type", {}).get("const") == catalog.name(component.kind)
    ]
    wanted = {"type", *(option.name for option in fields(component.kind))}
    if not any(set(definition["properties"]) == wanted for definition in described):
        refuse(f"{component.name} is not in the JSON Schema with all of its options.")
    if component.kind.__doc__ and inspect.cleandoc(component.kind.__doc__).count("```") % 2:
        refuse(f"The docstring of {component.name} has a code block (```) that is not closed.")


def is_written_and_read(component: Component) -> None:
    """Check that a spec that uses the component is the same after it is written and read back."""
    spec = component.needs()
    here = Path.cwd()
    text = dumps(spec, here, name=component.plugin.plugins.catalog.name)
    loader = Loader([Kit(), *component.plugin.beside(spec.plugins)])
    try:
        again = loader.load(from_source(Source("spec.toml", text, here)))
    except HooklineError as error:
        refuse(
            f"A spec with {component.name} cannot be read back after it is written: its defaults must be values that "
            f"its options allow. {error}"
        )
    if again != spec:
        refuse(
            f"A spec with {component.name} is different after it is read back: do not change options when an object is "
            f"created (`__attrs_post_init__`, converters)."
        )
