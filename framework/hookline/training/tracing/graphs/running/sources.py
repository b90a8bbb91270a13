"""What the sources of a graph share, in TorchScript and in Python: its variables and its numbers."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from attrs import field, frozen

from hookline.training.tracing.graphs.graph import Value

MOST_COMPILED = 128
"""The largest number of functions to keep, for other batches and other trials with the same operations."""

OTHER_VALUES = "the layers look at values, which lead to other operations now"
"""The error of a trace whose operations are not those of the layers for the present values."""


@frozen(repr=False)
class Name:
    """A variable that is not a value of the graph, as an argument."""

    text: str


def name_of(value: Value) -> str:
    """Return the variable of a value."""
    return f"t{value.number}"


def lines_of(statements: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of statements."""
    return [line for lines in statements for line in lines]


class Number(NamedTuple):
    """The value of a parameter, and its type as TorchScript writes it."""

    type: str
    value: Any


@frozen(eq=False, repr=False)
class Source:
    """The statements of a graph, and what they name besides the values of the graph.

    Numbers are parameters of the function. So the functions of batches of another shape, and of another trial of a
    study, have the same text, which is compiled only once.
    """

    statements: list[list[str]] = field(factory=list)
    """The lines of each call."""
    numbers: dict[str, Number] = field(factory=dict)
    """The numbers by the names of their parameters."""

    def number(self, argument: Any, kind: str) -> str | None:
        """Return the parameter of a number or a list of numbers; `None` if it must be written in the statement."""
        number = _number(argument, kind)
        return None if number is None else self.parameter(number)

    def parameter(self, number: Number) -> str:
        """Return the name of a new parameter."""
        name = f"n{len(self.numbers)}"
        self.numbers[name] = number
        return name


def without_optional(kind: str) -> str:
    """Return the type of an argument that is not `None`."""
    return kind.removeprefix("Optional[").removesuffix("]") if kind.startswith("Optional[") else kind


def _number(argument: Any, kind: str) -> Number | None:
    """Return a number as a schema takes it; `None` if it is not clear that it is one."""
    kind = without_optional(kind)
    if type(argument) is int and kind in ("int", "number"):
        return Number("int", argument)
    if (type(argument) in (int, float) and kind == "float") or (type(argument) is float and kind == "number"):
        return Number("float", float(argument))
    if not isinstance(argument, (list, tuple)) or not argument:
        return None
    types = set(map(type, argument))
    if kind == "List[int]" and types == {int}:
        return Number("int[]", list(argument))
    if kind == "List[float]" and types <= {int, float}:
        return Number("float[]", list(map(float, argument)))
    return None
