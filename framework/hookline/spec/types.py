"""The types of options: one class for each form, with everything that depends on it.

`simple_types` has those whose values contain no others. To add a form, add a class and name it in `option_type`. If its
values contain others, add a hook in `hookline.check.structure`, too.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from attrs import NOTHING, fields

from hookline.spec.options import Bounds, Spec
from hookline.spec.simple_types import PRIMITIVES, Choice, OptionType, Primitive, Schema, TableSchema
from hookline.spec.space.domains import Range
from hookline.spec.space.space import Space
from hookline.spec.words import article, plural


class Array(OptionType):
    """An array of any length, `tuple[int, ...]`, or of a fixed one, `tuple[int, int]`."""

    depth = 1

    def __init__(self, kind: Any):
        self.kind, self.inner = kind, tuple(option_type(arm) for arm in get_args(kind) if arm is not Ellipsis)
        self.is_sayable = bool(self.inner)
        self.length = None if get_args(kind)[-1:] in ((...,), ()) else len(self.inner)
        number = "" if self.length is None else f"{self.length} "
        self.words = f"an array of {number}{self.inner[0].plural}" if self.inner else "an array"
        self.plural = f"elements, each {self.words}"

    def elements(self, number: int) -> tuple[OptionType, ...]:
        """The types of this many elements."""
        return self.inner * number if self.length is None else self.inner

    def accepts(self, value: object) -> bool:
        return isinstance(value, list) and self.length in (None, len(value))

    def holds(self, value: object) -> bool:
        if not isinstance(value, tuple) or self.length not in (None, len(value)):
            return False
        return all(kind.holds(element) for kind, element in zip(self.elements(len(value)), value, strict=False))

    def json_schema(self, bounds: list[Bounds], table: TableSchema) -> Schema:
        items = [element.json_schema(bounds, table) for element in self.inner]
        if self.length is None:
            return {"type": "array", "items": items[0]}
        return {"type": "array", "items": items, "minItems": self.length, "maxItems": self.length}

    def example(self, bounds: list[Bounds]) -> Any:
        return [element.example(bounds) for element in self.inner]


class Table(OptionType):
    """A table whose keys the author of the spec chooses: `Mapping[str, float]`."""

    depth = 2

    def __init__(self, kind: Any):
        self.kind, self.inner = kind, tuple(map(option_type, get_args(kind)))
        self.is_sayable = bool(self.inner) and self.inner[0].kind is str
        if self.inner:
            self.words = f"a table of {self.inner[1].plural}"
            self.plural = f"elements, each {self.words}"

    def holds(self, value: object) -> bool:
        return isinstance(value, Mapping) and all(map(self.inner[1].holds, value.values()))

    def json_schema(self, bounds: list[Bounds], table: TableSchema) -> Schema:
        return {"type": "object", "additionalProperties": self.inner[1].json_schema(bounds, table)}

    def example(self, bounds: list[Bounds]) -> Any:
        return {"name": self.inner[1].example(bounds)}


class OneOf(OptionType):
    """One of several types. An option that also takes `None` can be omitted: TOML has no such value."""

    is_sayable = True

    def __init__(self, kind: Any):
        self.kind = kind
        self.inner = _with_choices_together([option_type(arm) for arm in get_args(kind) if arm is not NoneType])
        self.is_optional = NoneType in get_args(kind)
        arms = sorted(self.inner, key=lambda arm: arm.depth)
        self.words = arms[0].words
        for before, arm in pairwise(arms):  # A comma separates an array or a table from the next type.
            self.words += f"{', or' if before.depth else ' or'} {arm.words}"
        self.plural = f"elements, each {self.words}"

    def accepts(self, value: object) -> bool:
        return any(arm.accepts(value) for arm in self.inner)

    def holds(self, value: object) -> bool:
        return (value is None and self.is_optional) or any(arm.holds(value) for arm in self.inner)

    def json_schema(self, bounds: list[Bounds], table: TableSchema) -> Schema:
        arms = [arm.json_schema(bounds, table) for arm in self.inner]
        return arms[0] if len(arms) == 1 else {"anyOf": arms}

    def example(self, bounds: list[Bounds]) -> Any:
        return self.inner[0].example(bounds)


def _with_choices_together(arms: Sequence[OptionType]) -> tuple[OptionType, ...]:
    """The types of a union with all choices in one of them, so that a message lists or suggests them as one list."""
    choices = [arm for arm in arms if isinstance(arm, Choice)]
    if len(choices) < 2:
        return tuple(arms)
    together = Choice(Literal[tuple(choice for arm in choices for choice in arm.choices)])
    return tuple(together if arm is choices[0] else arm for arm in arms if arm not in choices[1:])


class Options(OptionType):
    """A component of a family, or a table with the options of a spec class."""

    is_sayable = True

    def __init__(self, kind: type[Spec]):
        self.kind, self.inner = kind, ()
        if kind.family:
            self.words = f"{article(kind.family)} {kind.family} (a table with a `type`)"
            self.plural = f"{plural(kind.family)} (tables with a `type`)"

    def example(self, bounds: list[Bounds]) -> Any:
        return {"type": "…"} if self.kind.family else required(self.kind)


class SearchSpace(OptionType):
    """The search space of a tuner: domains by path."""

    depth = 2
    is_sayable = True
    words = "a table with a range or choices for each path"

    def holds(self, value: object) -> bool:
        return isinstance(value, Space)

    def json_schema(self, bounds: list[Bounds], table: TableSchema) -> Schema:
        # Editors complete the keys of a range. Other tables are choices, or further paths, as in `optimizer.lr = …`.
        others: list[Schema] = [{"type": "array", "minItems": 1}, {"type": "object", "minProperties": 1}]
        domain = {"anyOf": [table(Range), *others]}
        return {"type": "object", "minProperties": 1, "additionalProperties": domain}

    def example(self, bounds: list[Bounds]) -> Any:
        return {"optimizer.lr": {"low": 0.001, "high": 0.1, "log": True}}


_FORMS = {Literal: Choice, tuple: Array, Mapping: Table, Union: OneOf, UnionType: OneOf}


def option_type(kind: Any) -> OptionType:
    """The type of an option from its annotation.

    >>> option_type(int | tuple[int, int] | None).words
    'an integer or an array of 2 integers'
    """
    if kind in PRIMITIVES:
        return Primitive(kind)
    if kind is Space:
        return SearchSpace(kind)
    if isinstance(kind, type) and issubclass(kind, Spec):
        return Options(kind)
    return _FORMS.get(get_origin(kind), OptionType)(kind)


def is_form(form: type[OptionType], kind: Any) -> bool:
    """Whether an annotation is of this form."""
    return isinstance(option_type(kind), form)


def is_sayable(kind: Any) -> bool:
    """Whether TOML has values of this type.

    >>> is_sayable(int | tuple[float, ...] | None), is_sayable(list[int])
    (True, False)
    """
    return all(part.is_sayable for part in option_type(kind).parts())


def required(kind: type[Spec]) -> dict[str, Any]:
    """An example of a value for each required option of a class, and for one that is required unless the loss sets it.

    See `ModelSpec.size_option`.
    """
    size = getattr(kind, "size_option", None) if getattr(kind, "needs_size", False) else None
    return {
        option.name: option_type(kind.option_type(option)).example(Bounds.of(option))
        for option in fields(kind)
        if option.default is NOTHING or option.name == size
    }
