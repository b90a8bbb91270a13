"""Two specs compared by what they mean: order, comments and spelled-out defaults make no difference."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

from attrs import fields, frozen

from hookline.spec.families.metric import MetricSpec
from hookline.spec.options import Spec
from hookline.spec.types import OneOf, OptionType, Table, option_type
from hookline.spec.walk import Keys


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
            values = getattr(first, name), getattr(second, name)
            if _is_one_or_several(option_type(type(first).option_type(attribute))):
                values = _plainly(values[0]), _plainly(values[1])
            yield from differences(*values, (*path, name))
    elif isinstance(first, Mapping) and isinstance(second, Mapping):
        for key in {**first, **second}:
            yield from differences(first.get(key, ABSENT), second.get(key, ABSENT), (*path, key))
    elif _has_metrics(first) and _has_metrics(second):
        yield from _of_metrics(first, second, path)
    elif _has_components(first) and _has_components(second):
        yield from _of_components(list(enumerate(first)), list(enumerate(second)), path)
    elif first != second:
        yield Difference(path, first, second)


def _has_components(value: Any) -> bool:
    return isinstance(value, tuple) and all(isinstance(element, Spec) for element in value)


def _is_one_or_several(kind: OptionType) -> bool:
    """Whether an option takes a name or an array of names, and a table takes both for each of its keys, too.

    Then an array of one name means what the name does. Where a table takes names alone, several are told apart.
    """
    arms = kind.inner if isinstance(kind, OneOf) else ()
    tables = [arm.inner[1] for arm in arms if isinstance(arm, Table)]
    return {str, tuple[str, ...]} <= {arm.kind for arm in arms} and all(map(_is_one_or_several, tables))


def _plainly(value: Any) -> Any:
    """A name for an array of one name."""
    if isinstance(value, Mapping):
        return {key: _plainly(inner) for key, inner in value.items()}
    return value[0] if isinstance(value, tuple) and len(value) == 1 else value


def _has_metrics(value: Any) -> bool:
    """Whether these are metrics, which are known by their names."""
    return isinstance(value, tuple) and all(isinstance(element, MetricSpec) for element in value)


def _of_metrics(first: tuple[MetricSpec, ...], second: tuple[MetricSpec, ...], path: Keys) -> Iterator[Difference]:
    """What differs between two lists of metrics: those of one name go together, and the others in their order."""
    names, others = ([metric.label for metric in metrics] for metrics in (first, second))
    for index, name in enumerate(others):
        if name in names:
            yield from differences(first[names.index(name)], second[index], (*path, index))
    left = [(index, metric) for index, metric in enumerate(first) if names[index] not in others]
    other_left = [(index, metric) for index, metric in enumerate(second) if others[index] not in names]
    yield from _of_components(left, other_left, path)


def _of_components(
    first: Sequence[tuple[int, Spec]], second: Sequence[tuple[int, Spec]], path: Keys
) -> Iterator[Difference]:
    """What differs between components with their places, of which those of one type go together, in their order."""
    types, others = ([type(element) for _, element in elements] for elements in (first, second))
    for kind, begin, end, other_begin, other_end in SequenceMatcher(None, types, others, autojunk=False).get_opcodes():
        if kind == "equal":
            for (_, one), (index, other) in zip(first[begin:end], second[other_begin:other_end], strict=True):
                yield from differences(one, other, (*path, index))
            continue
        both = min(end - begin, other_end - other_begin)
        for (_, one), (index, other) in zip(first[begin : begin + both], second[other_begin:other_end], strict=False):
            yield Difference((*path, index), one, other)
        for index, one in first[begin + both : end]:
            yield Difference((*path, index), one, ABSENT)
        for index, other in second[other_begin + both : other_end]:
            yield Difference((*path, index), ABSENT, other)
