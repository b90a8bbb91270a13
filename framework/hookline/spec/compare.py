"""Compare the meaning of two specs: order, comments and explicit defaults make no difference."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

from attrs import fields, frozen

from hookline.spec.families.metric import MetricSpec
from hookline.spec.options import Spec
from hookline.spec.simple_types import OptionType
from hookline.spec.types import OneOf, Table, option_type
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
    """Its path in the second spec; in the first spec if only that has it."""
    first: Any
    """The value in the first spec, or `ABSENT`."""
    second: Any
    """The value in the second spec, or `ABSENT`."""


def differences(first: Any, second: Any, path: Keys = ()) -> Iterator[Difference]:
    """The differences between two specs, or two values of specs, in the order of their options."""
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
    """Whether an option takes a name or an array of names, and so does each key of a table that it takes.

    If so, an array of one name means the same as the name.
    """
    arms = kind.inner if isinstance(kind, OneOf) else ()
    tables = [arm.inner[1] for arm in arms if isinstance(arm, Table)]
    return {str, tuple[str, ...]} <= {arm.kind for arm in arms} and all(map(_is_one_or_several, tables))


def _plainly(value: Any) -> Any:
    """The value with each array of one name replaced by the name."""
    if isinstance(value, Mapping):
        return {key: _plainly(inner) for key, inner in value.items()}
    return value[0] if isinstance(value, tuple) and len(value) == 1 else value


def _has_metrics(value: Any) -> bool:
    """Whether these are metrics, which are matched by name."""
    return isinstance(value, tuple) and all(isinstance(element, MetricSpec) for element in value)


def _of_metrics(first: tuple[MetricSpec, ...], second: tuple[MetricSpec, ...], path: Keys) -> Iterator[Difference]:
    """The differences between two lists of metrics, matched by name, and otherwise by order."""
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
    """The differences between components with their indices, matched by type and order."""
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
