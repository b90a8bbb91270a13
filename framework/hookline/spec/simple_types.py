"""The type of an option: the base class, and the types of values that contain no others."""

from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any, get_args

from hookline.errors.option_errors import InvalidValueError
from hookline.errors.suggestions import nearest
from hookline.errors.text import enumerate_names
from hookline.spec.durations import Duration
from hookline.spec.options import Bounds, Spec
from hookline.spec.words import rewritten, wrong

Schema = dict[str, Any]
TableSchema = Callable[[type[Spec]], Schema]
"""Gives the schema of a component of a family, or of a table with the options of a class."""

LEAST, GREATEST = -(2**63), 2**63 - 1
"""The range of integers that TOML guarantees and torch accepts."""

PRIMITIVES: dict[Any, tuple[str, str, str, tuple[type, ...]]] = {
    bool: ("true or false", "booleans", "boolean", (bool,)),
    int: ("an integer", "integers", "integer", (int,)),
    float: ("a number", "numbers", "number", (int, float)),
    str: ("a string", "strings", "string", (str,)),
    Duration: ('a duration, such as "12h", "1d6h" or "90s"', "durations", "string", (str,)),
    Path: ("a string with the path of a file", "paths", "string", (str,)),
}
"""Primitive types: in words, in the plural, in JSON Schema, and the Python types of their TOML values."""

_LIMITS = {"minimum": "minimum", "above": "exclusiveMinimum", "maximum": "maximum", "below": "exclusiveMaximum"}


class OptionType:
    """The type of an option. The base class itself is for Python types that TOML does not have."""

    depth = 0
    """The position in the description of a union: arrays follow simple values, and tables follow arrays."""
    is_sayable = False
    """Whether TOML has such values, apart from the types in `inner`."""
    words = "a table"
    """What a value must be, such as "an integer"."""
    plural = "tables"
    """What the elements of an array must be, such as "integers"."""

    def __init__(self, kind: Any):
        self.kind = kind
        """The annotation."""
        self.inner: tuple[OptionType, ...] = ()
        """The types that it consists of."""

    def parts(self) -> "Iterator[OptionType]":
        """The type itself and all types in it."""
        yield self
        for inner in self.inner:
            yield from inner.parts()

    def accepts(self, value: object) -> bool:
        """Whether a TOML value has this form, regardless of its contents. A union uses the first type that does."""
        return isinstance(value, dict)

    def holds(self, value: object) -> bool:
        """Whether a value of Python is of this type, including everything in it."""
        if isinstance(value, bool):
            return self.kind in (bool, object, Any)
        return not isinstance(self.kind, type) or isinstance(value, self.kind)

    def structure(self, value: Any) -> Any:
        """The value of Python for a simple value of TOML, which contains no others.

        Raises:
            ValueError: if it is not of this type.

        """
        if not self.accepts(value):
            raise wrong(value, self.words)
        return value

    def json_schema(self, bounds: list[Bounds], table: TableSchema) -> Schema:
        """The JSON Schema, where `table` gives the schema of a spec class."""
        return table(self.kind)

    def example(self, bounds: list[Bounds]) -> Any:
        """A value of TOML inside the bounds, to show in documentation."""
        return "…"


class Primitive(OptionType):
    """A boolean, a number, a string or a path."""

    is_sayable = True

    def __init__(self, kind: Any):
        self.kind, self.inner = kind, ()
        self.words, self.plural, self.json, self.toml = PRIMITIVES[kind]

    def accepts(self, value: object) -> bool:
        return isinstance(value, self.toml) and (self.kind is bool or not isinstance(value, bool))

    def holds(self, value: object) -> bool:
        return isinstance(value, self.kind) if self.kind is Path else self.accepts(value)

    def structure(self, value: Any) -> Any:
        if not self.accepts(value):
            raise wrong(value, self.words, "" if self.kind in (Duration, Path) else rewritten(value, self.accepts))
        if self.kind is int and not LEAST <= value <= GREATEST:
            message = f"This integer is out of bounds: it must be at least {LEAST} and at most {GREATEST}."
            raise InvalidValueError("out-of-bounds", message)
        try:
            return float(value) if self.kind is float else value
        except OverflowError:
            raise InvalidValueError("out-of-bounds", "This number is too large for a float.") from None

    def json_schema(self, bounds: list[Bounds], table: TableSchema) -> Schema:
        if self.kind not in (int, float):
            return {"type": self.json}
        # JSON has no infinity; editors read that of TOML as null.
        infinite = self.kind is float and any(bound.infinite for bound in bounds)
        made: Schema = {"type": [self.json, "null"] if infinite else self.json}
        for bound, (name, word) in product(bounds, _LIMITS.items()):
            if (limit := getattr(bound, name)) is not None:
                made[word] = limit
        return made

    def example(self, bounds: list[Bounds]) -> Any:
        if self.kind is bool:
            return False
        numbers = (number for number in (1, 0.5, 0, -1) if all(bound.contains(number) for bound in bounds))
        return self.kind(next(numbers, 1)) if self.kind in (int, float) else "…"


class Choice(OptionType):
    """One of a few values: `Literal["mean", "sum"]`."""

    def __init__(self, kind: Any):
        self.kind, self.inner, self.choices = kind, (), get_args(kind)
        self.is_sayable = all(isinstance(choice, (str, int)) for choice in self.choices)
        self.words = enumerate_names(self.choices, "or")
        self.plural = f"elements, each {self.words}"

    def accepts(self, value: object) -> bool:
        return not isinstance(value, bool) and value in self.choices

    def holds(self, value: object) -> bool:
        return value in self.choices

    def structure(self, value: Any) -> Any:
        if not self.accepts(value):
            raise wrong(value, self.words, self.suggestion(value))
        return value

    def suggestion(self, value: object) -> str:
        """Suggest the choice that was probably meant by a string; empty if there is none."""
        choices = [choice for choice in self.choices if isinstance(choice, str)]
        near = nearest(value, choices) if isinstance(value, str) else None
        return "" if near is None else f'Did you mean "{near}"?'

    def json_schema(self, bounds: list[Bounds], table: TableSchema) -> Schema:
        return {"enum": list(self.choices)}

    def example(self, bounds: list[Bounds]) -> Any:
        return self.choices[0]
