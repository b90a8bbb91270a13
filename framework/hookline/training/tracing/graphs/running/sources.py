"""What the sources of a graph share, in TorchScript and in Python: its variables and its numbers."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

OTHER_VALUES = "the layers look at values, which lead to other operations now"
"""The error of a trace whose operations are not those of the layers for the present values."""


MOST_COMPILED = 128
"""The largest number of functions to keep, for other batches and other trials with the same operations."""


class Name(str):
    """A variable that is not a value of the graph, as an argument."""

    __slots__ = ()


def lines_of(statements: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of statements."""
    return [line for lines in statements for line in lines]


class Number(NamedTuple):
    """The value of a parameter, and its type as TorchScript writes it."""

    type: str
    value: Any


NUMBERS = {
    (int, "int"): "int",
    (int, "number"): "int",
    (int, "float"): "float",
    (float, "float"): "float",
    (float, "number"): "float",
}
"""How a number is passed, by its type and by the type that a schema declares."""


class Source:
    """The statements of a graph, and what they name besides the values of the graph.

    Numbers are parameters of the function. So the functions of batches of another shape, and of another trial of a
    study, have the same text, which is compiled only once.
    """

    def __init__(self) -> None:
        """Begin without statements."""
        self.statements: list[list[str]] = []
        """The lines of each call."""
        self.numbers: dict[str, Number] = {}
        """The numbers by the names of their parameters."""

    def number(self, argument: Any, kind: str) -> str | None:
        """Return the parameter of a number or a list of numbers; `None` if it must be written in the statement."""
        if (written := NUMBERS.get((type(argument), kind))) is not None:
            return self.parameter(Number(written, float(argument) if written == "float" else argument))
        if not isinstance(argument, (list, tuple)) or not argument:
            return None
        types = set(map(type, argument))
        if kind == "List[int]" and types == {int}:
            return self.parameter(Number("int[]", list(argument)))
        if kind == "List[float]" and types <= {int, float}:
            return self.parameter(Number("float[]", list(map(float, argument))))
        return None

    def parameter(self, number: Number) -> str:
        """Return the name of a new parameter."""
        name = f"n{len(self.numbers)}"
        self.numbers[name] = number
        return name
