"""Views of what contains other objects: each iterates over what it contains at that moment."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from operator import attrgetter, itemgetter
from types import CellType, FunctionType
from typing import Any

PARTS_OF_FUNCTION = attrgetter("__code__", "__defaults__", "__kwdefaults__")

MISSING = object()
"""In place of a name that has no value, and of a variable before it gets its first one."""


class Others:
    """The values of a dictionary, without some."""

    def __init__(self, values: dict[str, Any], ignored: Collection[str]):
        """Take the dictionary and the names to leave out."""
        self._values, self._ignored = values, ignored

    def __iter__(self) -> Iterator[Any]:
        return iter([value for name, value in self._values.items() if name not in self._ignored])


class Slots:
    """The attributes of an object that has slots."""

    def __init__(self, one: object, names: Sequence[str]):
        """Take the object and the names."""
        self._one, self._names = one, names

    def __iter__(self) -> Iterator[Any]:
        return iter([getattr(self._one, name, None) for name in self._names])


class Named:
    """The values of some names in a namespace, such as the global variables that functions read."""

    def __init__(self, namespace: Mapping[str, Any], names: Collection[str]):
        """Take the namespace and the names."""
        self._namespace, self._names = namespace, sorted(names)
        # The first name once more, since the values of a single one would be no tuple.
        self._values = itemgetter(*self._names, self._names[0])

    def __iter__(self) -> Iterator[Any]:
        try:
            return iter(self._values(self._namespace))
        except KeyError:
            return iter([self._namespace.get(name, MISSING) for name in [*self._names, self._names[0]]])


class OfFunction:
    """What belongs to a function: its code, its defaults, and the variables of the functions that enclose it."""

    def __init__(self, function: FunctionType):
        """Take the function. Its cells never change, only what they contain."""
        self._function, self._cells = function, function.__closure__ or ()

    def __iter__(self) -> Iterator[Any]:
        parts = PARTS_OF_FUNCTION(self._function)
        return iter((*parts, *map(content, self._cells)) if self._cells else parts)


class OfObjects:
    """One thing of each object, such as its type."""

    def __init__(self, objects: Sequence[Any], of: Callable[[Any], Any]):
        """Take the objects and what returns the thing."""
        self._objects, self._of = objects, of

    def __iter__(self) -> Iterator[Any]:
        return map(self._of, self._objects)


def content(cell: CellType) -> Any:
    """The value of a variable of an enclosing function."""
    try:
        return cell.cell_contents
    except ValueError:
        return MISSING
