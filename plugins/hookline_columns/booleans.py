"""Booleans in any spelling."""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from hookline.data import RowField
from hookline.errors import OptionError, enumerate_names, quoted_cell
from hookline.script import literal
from hookline.spec import Graph, UnfitCells, Value, spec
from hookline_columns.arrays.cells import as_floats, unparsed
from hookline_columns.filled import FilledColumn

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray

    from hookline.script import Script

MISSING, UNKNOWN = 2, 3
"""The codes of missing cells and of other texts in a graph."""
MOST_CASES = 256
"""The largest number of combinations of upper and lower case of a text that a graph knows."""


@spec
class Boolean(FilledColumn):
    """Two values, such as yes and no, as 1 and 0.

    Upper and lower case are the same. In a column of numbers, 1 and 0 are allowed.
    """

    true_values: tuple[str, ...] = ("true", "t", "yes", "y", "on", "1", "1.0")
    """The cells that become 1."""
    false_values: tuple[str, ...] = ("false", "f", "no", "n", "off", "0", "0.0")
    """The cells that become 0."""

    def conflicts(self) -> Iterator[OptionError]:
        """Report values that are both true and false."""
        yield from super().conflicts()
        for name, values in (("true_values", self.true_values), ("false_values", self.false_values)):
            if not values:
                yield OptionError(name, "There must be at least one value.")
        true = set(_folded(self.true_values))
        for index, value in enumerate(_folded(self.false_values)):
            if value in true:
                message = f"{quoted_cell(value)} is a true value, too."
                yield OptionError("false_values", message, index, against=[("true_values",)])

    @property
    def reads(self) -> Literal["any"]:
        """Text, booleans and numbers."""
        return "any"

    def parse(self, cells: "pyarrow.Array") -> "tuple[pyarrow.Array, UnfitCells | None]":
        """Convert all spellings to 1 and 0."""
        import pyarrow
        from pyarrow import compute

        if not pyarrow.types.is_string(cells.type):
            numbers = as_floats(cells, "booleans")
            is_known = compute.is_in(numbers, value_set=pyarrow.array([0.0, 1.0]))
            parsed = compute.if_else(is_known, numbers, pyarrow.scalar(None, numbers.type))
            return parsed, unparsed(cells, parsed, lambda cell: f"{cell} is neither 0 nor 1.")
        values = [*_folded(self.true_values), *_folded(self.false_values)]
        places = compute.index_in(compute.utf8_lower(cells), value_set=pyarrow.array(values))
        numbers = [1.0] * len(self.true_values) + [0.0] * len(self.false_values)
        parsed = pyarrow.array(numbers).take(places)
        return parsed, unparsed(cells, parsed, self._unknown)

    def eject(self, script: "Script", cells: str, training: str, fitted: Mapping[str, Any]) -> str:
        """Add a function that looks up the spellings, and return a call of it."""
        from hookline_columns.ejecting.numbers import eject_numbers
        from hookline_columns.ejecting.texts import TEXTS

        script.use("import pyarrow as pa")
        script.define(TEXTS)
        true = f"{{{', '.join(map(literal, _folded(self.true_values)))}}}"
        read = (
            f"true = {true}",
            "numbers = np.array([np.nan if cell is None else float(cell.lower() in true) for cell in texts(cells)])",
        )
        options = {"true_values", "false_values"}
        return eject_numbers(self, script, cells, training, lines=(), made="numbers", options=options, read=read)

    def compute(self, numbers: "NDArray[Any]", fitted: Mapping[str, Any]) -> "NDArray[Any]":
        """Return the numbers."""
        return numbers

    def row_field(self, column: str, fitted: Mapping[str, Any]) -> RowField:
        """Return a boolean, which JSON has."""
        return RowField(name=column, cell="boolean", may_be_missing=self.takes_missing, example=True)

    @property
    def cells_of_graph(self) -> Literal["text"]:
        """Text, in any spelling."""
        return "text"

    def to_onnx(self, graph: Graph, cells: Value, fitted: Mapping[str, Any], missing: Sequence[str]) -> Value:
        """Look up the spelling."""
        import numpy

        codes = {**dict.fromkeys(missing, MISSING), **self._spellings()}
        code = graph.lookup(cells, list(codes), list(codes.values()), UNKNOWN)
        numbers = graph.op("Gather", numpy.array([0.0, 1.0, numpy.nan, numpy.inf]), code)
        is_missing = graph.op("Equal", code, numpy.int64(MISSING))
        return self.filled_in_graph(graph, numbers, is_missing, fitted)

    def graph_of_numbers(self, graph: Graph, numbers: Value, fitted: Mapping[str, Any]) -> Value:
        """Return the numbers."""
        return numbers

    def _spellings(self) -> dict[str, int]:
        """Return 1 or 0 for each text that is a true or false value, in upper and lower case."""
        known = dict.fromkeys(_folded(self.false_values), 0) | dict.fromkeys(_folded(self.true_values), 1)
        if not {"0", "1"} & known.keys():  # In a column of numbers, these are allowed.
            known |= {"0": 0, "0.0": 0, "1": 1, "1.0": 1}
        return {spelled: value for name, value in known.items() for spelled in _cases(name)}

    def _unknown(self, cell: str) -> str:
        known = enumerate_names([*self.true_values, *self.false_values], "or")
        return f"{quoted_cell(cell)} is not one of {known}: add it to `true_values` or `false_values`."


def _folded(values: Sequence[str]) -> list[str]:
    return [value.strip().lower() for value in values]


def _cases(name: str) -> list[str]:
    """Return a text in all combinations of upper and lower case; of a long one, the usual ones."""
    letters = [(letter, letter.upper()) if letter.upper().lower() == letter else (letter,) for letter in name]
    if math.prod(map(len, letters)) > MOST_CASES:
        return list(dict.fromkeys([name, name.upper(), name.capitalize()]))
    return list(dict.fromkeys("".join(chosen) for chosen in itertools.product(*letters)))
