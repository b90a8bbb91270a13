"""The inputs of a deployed model that are columns of a table."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from attrs import frozen

from hookline.spec import MISSING_TIME, Graph, RawInput, Value
from hookline_data.layout.kinds import FittedKind
from hookline_data.new_rows.roles import Group

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray

LENGTHS = "_lengths"
"""The end of the name of the input with the lengths of sequences."""


@frozen(kw_only=True, eq=False)
class Column:
    """A column of a table, as an input of a deployed model."""

    name: str
    """Its name."""
    dtype: Literal["float64", "int64"]
    """The type of its numbers."""
    shape: tuple[int, ...] = (1,)
    """The shape of the numbers of a cell."""
    is_sequence: bool = False
    """Whether cells are lists of any length; `shape` is then that of a step, empty for a single number."""
    kind: FittedKind | None = None
    """Its kind, fitted to the training rows."""
    missing: Sequence[str] = ()
    """The texts that count as missing cells."""

    @property
    def cells(self) -> Literal["number", "text", "time"] | None:
        """The type of the cells that the kind takes; `None` for columns without a kind."""
        return None if self.kind is None else self.kind.spec.cells_of_graph

    @property
    def inputs(self) -> list[RawInput]:
        """The inputs: the cells, and the lengths of sequences."""
        found = [RawInput(name=self.name, dtype=self._dtype, shape=self._shape, meaning=self._meaning)]
        if self.is_sequence:
            meaning = f'The number of steps of "{self.name}" that are not padding.'
            found.append(RawInput(name=f"{self.name}{LENGTHS}", dtype="int64", shape=(), meaning=meaning))
        return found

    @property
    def _dtype(self) -> Literal["float64", "int64", "string"]:
        types: dict[str | None, Literal["float64", "int64", "string"]]
        types = {"number": "float64", "text": "string", "time": "int64", None: self.dtype}
        return types[self.cells]

    @property
    def _shape(self) -> tuple[int | str, ...]:
        if self.cells is not None:
            return (1,)
        return ("steps", *self.shape) if self.is_sequence else self.shape

    @property
    def _meaning(self) -> str:
        """How to make the input from a cell."""
        can_be_missing = self.kind is not None and self.kind.spec.takes_missing
        if self.cells == "text":
            known = " A missing cell is an empty string." if can_be_missing else ""
            return f"The cell as text, without whitespace around it.{known}"
        if self.cells == "time":
            missing = f" A missing cell is {MISSING_TIME}, as for `NaT` of NumPy." if can_be_missing else ""
            zone = getattr(self.kind.spec if self.kind else None, "timezone", "UTC")
            return f"The microseconds since the beginning of 1970, on the clocks of {zone}.{missing}"
        if self.is_sequence:
            return f"The sequence, padded with 0; `{self.name}{LENGTHS}` has its length."
        what = "The numbers of the list." if self.cells is None and self.shape != (1,) else "The number."
        return f"{what} A missing cell is NaN." if can_be_missing else what

    def to_onnx(self, graph: Graph, value: Value) -> Value:
        """Add the transformed column to a graph, `(N, n)`: float64 or int64."""
        import numpy

        if self.kind is not None and self.cells is not None:
            return self.kind.spec.to_onnx(graph, value, self.kind.fitted, self.missing)
        if self.is_sequence or len(self.shape) == 1:
            return value
        return graph.op("Reshape", value, numpy.array([-1, self.size]))

    @property
    def size(self) -> int:
        """How many numbers of the group of inputs it becomes, unless it is a sequence."""
        import math

        return math.prod(self.shape)

    def array(self, cells: "pyarrow.Array") -> "dict[str, NDArray[Any]]":
        """Return the inputs for cells of a table."""
        from hookline_data.raw_inputs import cells as of_cells

        if self.kind is None:
            if self.is_sequence:
                values, lengths = of_cells.sequences(cells, self.shape, self.dtype)
                return {self.name: values, f"{self.name}{LENGTHS}": lengths}
            return {self.name: of_cells.numbers(cells, self.dtype).reshape(-1, *self.shape)}
        made = {"number": of_cells.kind_numbers, "text": of_cells.texts, "time": of_cells.times}[str(self.cells)]
        return {self.name: made(cells, self.kind, self.missing).reshape(-1, 1)}


def columns_of(groups: Mapping[str, Group], sizes: Mapping[str, Sequence[int]], missing: Sequence[str]) -> list[Column]:
    """Return the columns of groups of inputs, each once.

    Args:
        groups: the groups.
        sizes: how many numbers each column of a group is; those of a group without lists are missing.
        missing: the texts that count as missing cells.

    """
    found: dict[str, Column] = {}
    # A column of two groups is read as integers if either needs them.
    for name, group in sorted(groups.items(), key=lambda item: item[1].dtype == "int64"):
        dtype: Literal["float64", "int64"] = "int64" if group.dtype == "int64" else "float64"
        for index, column in enumerate(group.columns):
            kind = group.kinds.get(column)
            shape: tuple[int, ...]
            if group.padded:
                shape = group.shape[1:]
            elif kind is not None:
                shape = (len(kind.names(column)),)
            else:
                size = sizes[name][index] if name in sizes else 1
                shape = group.shape if len(group.columns) == 1 else (size,)
            found[column] = Column(
                name=column,
                dtype=dtype,
                shape=shape,
                is_sequence=group.padded and kind is None,
                kind=kind,
                missing=missing,
            )
    return list(found.values())
