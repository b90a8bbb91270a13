"""Where objects keep their attributes: in slots, or in memory that only C can read."""

from types import SimpleNamespace

HEAP = 1 << 9
"""The flag of types that are made while Python runs: https://docs.python.org/3/c-api/typeobj.html#c.Py_TPFLAGS_HEAPTYPE."""

MOST_BYTES = 16
"""How many bytes an object of a class in Python has besides its slots: for its attributes and its weak references."""


def slots_of(kind: type) -> list[str]:
    """The names of the slots of objects of a class."""
    return [name for one in kind.__mro__ for name in _own_slots(one)]


def _own_slots(kind: type) -> list[str]:
    slots = vars(kind).get("__slots__", ())
    names = [slots] if isinstance(slots, str) else list(slots)
    hidden = {name: f"_{kind.__name__.lstrip('_')}{name}" for name in names if name.startswith("__")}
    return [
        hidden.get(name, name) if not name.endswith("__") else name
        for name in names
        if name not in ("__weakref__", "__dict__")
    ]


def is_made_in_python(kind: type) -> bool:
    """Whether a class was made while Python runs, so that it may have methods in Python, and its objects slots."""
    return bool(kind.__flags__ & HEAP)


def hides_state(kind: type) -> bool:
    """Whether objects of this class have a state that is no attribute, as classes that are written in C may have."""
    if kind in (object, SimpleNamespace) or kind.__base__ is None:
        return False
    bytes_of_slots = 8 * len(_own_slots(kind))
    more = kind.__basicsize__ - kind.__base__.__basicsize__
    return not is_made_in_python(kind) or more > MOST_BYTES + bytes_of_slots
