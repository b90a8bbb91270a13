"""Iterate over the values of a spec with their paths."""

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import fields

from hookline.errors.text import PathElement
from hookline.spec.options import Spec

Keys = tuple[PathElement, ...]


def walk(value: Any, path: Keys = (), *, own: bool = False) -> Iterator[tuple[Keys, Any]]:
    """A value of a spec and all values in it, each with its path, in the order of the options.

    Args:
        value: a component, or a value of an option.
        path: its path.
        own: skip components inside the value.

    """
    yield path, value
    for key, inner in items(value):
        if not (own and isinstance(inner, Spec)):
            yield from walk(inner, (*path, key), own=own)


def items(value: Any) -> Iterator[tuple[PathElement, Any]]:
    """The options of a component, the entries of a table or the elements of an array; nothing for other values."""
    if isinstance(value, Spec):
        for option in fields(type(value)):
            yield option.name, getattr(value, option.name)
    elif isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, (tuple, list)):
        yield from enumerate(value)


def at(value: Any, path: Keys) -> Any:
    """The value at a path in a component; `None` if there is none."""
    for key in path:
        value = dict(items(value)).get(key)
    return value
