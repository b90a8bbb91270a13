"""The types that options have: whether a value of TOML is of one, and how both are called in messages."""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from hookline.errors import enumerate_names

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
        if elements[-1] is Ellipsis:
            return f"an array, each element of which is {expected(elements[0])}"
        return f"an array of {len(elements)} elements, each of which is {expected(elements[0])}"
    if is_mapping(kind):
        return f"a table, each value of which is {expected(get_args(kind)[1])}"
    return PRIMITIVES.get(kind, "a table")


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


def wrong(value: object, kind: Any) -> ValueError:
    """The error that says what was expected and what was found."""
    return ValueError(f"This must be {expected(kind)}, and it is {found(value)}.")


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
