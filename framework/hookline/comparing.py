"""Two specs compared by what they mean: order, comments and spelled-out defaults make no difference."""

from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from typing import Any

from attrs import fields, frozen

from hookline.options import Spec
from hookline.wording import PathElement

Keys = tuple[PathElement, ...]


class Absent:
    """Stands for a value that one of two specs does not have."""

    def __repr__(self) -> str:
        return "absent"


ABSENT = Absent()


@frozen
class Difference:
    """A value in which two specs differ."""

    path: Keys
    """Where it is in the second spec; of what only the first one has, where it is there."""
    first: Any
    """What the first spec says, or `ABSENT`."""
    second: Any
    """What the second spec says, or `ABSENT`."""


def differences(first: Any, second: Any, path: Keys = ()) -> Iterator[Difference]:
    """What differs between two specs, or two values of specs, in the order of their options."""
    if isinstance(first, Spec) and type(first) is type(second):
        for attribute in fields(type(first)):
            name = attribute.name
            yield from differences(getattr(first, name), getattr(second, name), (*path, name))
    elif isinstance(first, Mapping) and isinstance(second, Mapping):
        for key in {**first, **second}:
            yield from differences(first.get(key, ABSENT), second.get(key, ABSENT), (*path, key))
    elif _has_components(first) and _has_components(second):
        yield from _of_components(first, second, path)
    elif first != second:
        yield Difference(path, first, second)


def _has_components(value: Any) -> bool:
    return isinstance(value, tuple) and all(isinstance(element, Spec) for element in value)


def _of_components(first: tuple[Spec, ...], second: tuple[Spec, ...], path: Keys) -> Iterator[Difference]:
    """What differs between two lists of components, of which those of one type go together, in their order."""
    types, others = ([type(element).__name__ for element in elements] for elements in (first, second))
    for kind, begin, end, other_begin, other_end in SequenceMatcher(None, types, others, autojunk=False).get_opcodes():
        if kind == "equal":
            for index, other in zip(range(begin, end), range(other_begin, other_end), strict=True):
                yield from differences(first[index], second[other], (*path, other))
            continue
        both = min(end - begin, other_end - other_begin)
        for offset in range(both):
            yield Difference((*path, other_begin + offset), first[begin + offset], second[other_begin + offset])
        for index in range(begin + both, end):
            yield Difference((*path, index), first[index], ABSENT)
        for index in range(other_begin + both, other_end):
            yield Difference((*path, index), ABSENT, second[index])
