"""Views of what contains other objects: each iterates over what it contains at that moment."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import repeat
from operator import attrgetter, is_
from types import CellType, FunctionType
from typing import Any

PARTS_OF_FUNCTION = attrgetter("__code__", "__defaults__", "__kwdefaults__")

MISSING = object()
"""In place of a name that has no value, and of a variable before it gets its first one."""


class View:
    """Iterates over what something contains at that moment."""

    read: Callable[[], Iterable[Any]]
    """Returns the contents. Most of these functions are written in C, since they are called in each epoch."""

    def __iter__(self) -> Iterator[Any]:
        return iter(self.read())


class Others(View):
    """The values of a dictionary, without some."""

    def __init__(self, values: dict[str, Any], ignored: Collection[str]):
        """Take the dictionary and the names to leave out."""
        self.read = lambda: [value for name, value in values.items() if name not in ignored]


class Slots(View):
    """The attributes of an object that has slots."""

    def __init__(self, one: object, names: Sequence[str]):
        """Take the object and the names."""
        self.read = partial(map, getattr, repeat(one), names, repeat(None))


class Named(View):
    """The values of some names in a namespace, such as the global variables that functions read."""

    def __init__(self, namespace: Mapping[str, Any], names: Collection[str]):
        """Take the namespace and the names."""
        self.read = partial(map, namespace.get, sorted(names), repeat(MISSING))


class OfFunction(View):
    """What belongs to a function: its code, its defaults, and the variables of the functions that enclose it."""

    def __init__(self, function: FunctionType):
        """Take the function. Its cells never change, only what they contain."""
        cells = function.__closure__
        if cells:
            self.read = lambda: [*PARTS_OF_FUNCTION(function), *map(content, cells)]
        else:
            self.read = partial(PARTS_OF_FUNCTION, function)


class OfObjects(View):
    """One thing of each object, such as its type."""

    def __init__(self, objects: Sequence[Any], of: Callable[[Any], Any]):
        """Take the objects and what returns the thing."""
        self.read = partial(map, of, objects)


def are_same_objects(objects: Sequence[Any], others: Sequence[Any]) -> bool:
    """Whether both are the same objects in the same order."""
    return len(objects) == len(others) and all(map(is_, objects, others))


def content(cell: CellType) -> Any:
    """The value of a variable of an enclosing function."""
    try:
        return cell.cell_contents
    except ValueError:
        return MISSING
