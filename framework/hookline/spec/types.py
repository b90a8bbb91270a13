"""The types that options have: whether a value of TOML is of one, and how both are called in messages."""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from hookline.errors.exceptions import InvalidValueError
from hookline.errors.text import enumerate_names

PRIMITIVES = {
    bool: "true or false",
    int: "an integer",
    float: "a number",
    str: "a string",
    Path: "a string with the path of a file",
}


def is_tuple(kind: Any) -> bool:
    """Whether it is a tuple of something: an array in TOML."""
    return get_origin(kind) is tuple


def is_mapping(kind: Any) -> bool:
    """Whether it is a table whose keys are chosen by whoever writes the spec."""
    return get_origin(kind) is Mapping


def is_union(kind: Any) -> bool:
    """Whether it is one of several types."""
    return get_origin(kind) in (Union, UnionType)


def is_literal(kind: Any) -> bool:
    """Whether it is one of a few values."""
    return get_origin(kind) is Literal


def expected(kind: Any) -> str:
    """The type of an option in words: "an integer or an array of 2 integers"."""
    if is_union(kind):
        # Arrays and then tables last, with what is in them, and a comma where that ends.
        arms = sorted((arm for arm in get_args(kind) if arm is not NoneType), key=_depth)
        words = expected(arms[0])
        for before, arm in pairwise(arms):
            words += f"{', or' if _depth(before) else ' or'} {expected(arm)}"
        return words
    if is_literal(kind):
        return enumerate_names(get_args(kind), "or")
    if is_tuple(kind):
        elements = get_args(kind)
        number = "" if elements[-1] is Ellipsis else f"{len(elements)} "
        return f"an array of {number}{_several(elements[0])}"
    if is_mapping(kind):
        return f"a table of {_several(get_args(kind)[1])}"
    family = getattr(kind, "family", None)
    return f"{article(family)} {family} (a table with a `type`)" if family else PRIMITIVES.get(kind, "a table")


PLURALS = {bool: "booleans", int: "integers", float: "numbers", str: "strings", Path: "paths"}


def _several(kind: Any) -> str:
    """The type of the elements of an array, in the plural."""
    if is_union(kind) or is_literal(kind) or is_tuple(kind) or is_mapping(kind):
        return f"elements, each {expected(kind)}"
    family = getattr(kind, "family", None)
    if family:
        return f"{plural(family)} (tables with a `type`)"
    return PLURALS.get(kind, "tables")


def article(noun: str) -> str:
    """The article before the noun.

    >>> article("loss"), article("optimizer")
    ('a', 'an')
    """
    return "an" if noun[0] in "aeiou" else "a"


def plural(noun: str) -> str:
    """The noun in the plural.

    >>> plural("loss"), plural("layer")
    ('losses', 'layers')
    """
    return f"{noun}es" if noun.endswith("s") else f"{noun}s"


def _depth(kind: Any) -> int:
    """How much there is to say of a type in words."""
    return 2 if is_mapping(kind) else int(is_tuple(kind))


def found(value: object) -> str:
    """A value of TOML in words: `the string "x"`."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return f"the number {value}"
    if isinstance(value, str):
        return f'the string "{value}"' if len(value) <= 60 else "a long string"
    if isinstance(value, list):
        return f"an array of {len(value)} elements" if len(value) != 1 else "an array of one element"
    return "a table" if isinstance(value, dict) else f"the {type(value).__name__} {value}"


def wrong(value: object, kind: Any, help: str = "") -> InvalidValueError:  # noqa: A002
    """The error that says what was expected and what was found."""
    return InvalidValueError("wrong-type", f"This must be {expected(kind)}, and it is {found(value)}.", help)


def accepts(kind: Any, value: object) -> bool:
    """Whether the value is of this kind at its outside, so that a union knows which of its arms is meant."""
    if isinstance(value, bool) or kind is bool:
        return kind is bool and isinstance(value, bool)
    if is_literal(kind):
        return value in get_args(kind)
    if is_tuple(kind):
        return isinstance(value, list) and (get_args(kind)[-1] is Ellipsis or len(value) == len(get_args(kind)))
    if kind is float:
        return isinstance(value, (int, float))
    if kind is Path:
        return isinstance(value, str)
    return isinstance(value, kind if kind in PRIMITIVES else dict)


def holds(kind: Any, value: object) -> bool:
    """Whether a value of Python is of this kind.

    >>> holds(float, 1), holds(tuple[float, ...] | None, [0.1]), holds(Literal["mean", "sum"], "men")
    (True, False, False)
    """
    if is_union(kind):
        return any(holds(arm, value) for arm in get_args(kind))
    if is_literal(kind):
        return value in get_args(kind)
    if is_tuple(kind):
        elements = get_args(kind)
        if not isinstance(value, tuple):
            return False
        if elements[-1] is Ellipsis:
            return all(holds(elements[0], element) for element in value)
        return len(value) == len(elements) and all(map(holds, elements, value))
    if is_mapping(kind):
        return isinstance(value, Mapping) and all(holds(get_args(kind)[1], element) for element in value.values())
    if isinstance(value, bool):
        return kind in (bool, object, Any)
    if kind is float:
        return isinstance(value, (int, float))
    if kind is None:
        return value is None
    return kind is Any or (isinstance(value, kind) if isinstance(kind, type) else True)
