"""The inputs of a deployed model that was trained with a table: its columns by name."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hookline.data import DataDescription
from hookline.spec import Graph, GraphInputs, RawInput, RawInputs, Value
from hookline_data.new_rows.of_table import opened
from hookline_data.new_rows.roles import groups_of
from hookline_data.raw_inputs.columns import LENGTHS, columns_of
from hookline_data.raw_inputs.group_graph import (
    GroupInGraph,
    joined_in_graph,
    lengths_in_graph,
    padded_in_graph,
    prepared_in_graph,
)
from hookline_data.raw_inputs.variants import variants_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hookline_data.rows.named_columns import NamedColumns


class TableInputs(RawInputs):
    """The columns of a table."""

    def __init__(self, table: "NamedColumns", description: DataDescription):
        """Take the table, and the description of the data before its transforms."""
        super().__init__(description)
        self._groups = groups_of(description, "columns", table.columns)
        sizes = {name: known["sizes"] for name, known in description.preparation.items() if "sizes" in known}
        self._columns = columns_of(self._groups, sizes, ("", *table.missing_marks))

    @property
    def inputs(self) -> Sequence[RawInput]:
        """The columns."""
        return [one for column in self._columns for one in column.inputs]

    def refusals(self) -> Sequence[str]:
        """Name the columns whose kinds have no graph."""
        return [
            f'There are no ONNX operators for the kind {column.kind.kind.type} of the column "{column.name}" with its '
            "options."
            for column in self._columns
            if column.kind is not None and column.cells is None
        ]

    def to_onnx(self, graph: Graph, values: Mapping[str, Value]) -> GraphInputs:
        """Add the groups of inputs, prepared as in training."""
        import numpy

        known = {column.name: column for column in self._columns}
        made = {name: column.to_onnx(graph, values[name]) for name, column in known.items()}
        tensors: dict[str, Value] = {}
        groups: list[GroupInGraph] = []
        for name, group in self._groups.items():
            if group.padded:
                [column] = group.columns
                lengths = values.get(f"{column}{LENGTHS}") or lengths_in_graph(graph, made[column])
                one = padded_in_graph(graph, group, made[column], lengths, least=group.shape[0])
                tensors[f"{name}{LENGTHS}"] = graph.op("Where", one.is_readable, lengths, numpy.int64(1))
            else:
                names = [column for column in group.columns for _ in range(known[column].size)]
                one = prepared_in_graph(graph, group, [made[column] for column in group.columns], names)
            tensors[name] = one.tensor
            groups.append(one)
        return joined_in_graph(graph, groups, tensors)

    def arrays(self, rows: Any) -> "dict[str, NDArray[Any]]":
        """Return the columns of a table, a file or another source of rows."""
        import pyarrow

        found: dict[str, NDArray[Any]] = {}
        with ExitStack() as opening:
            parts = [chunk.kept for chunk in opened(rows, opening).chunks({}, self._names)]
        for column in self._columns:
            cells = pyarrow.chunked_array([chunk for part in parts for chunk in part[column.name].chunks])
            found |= column.array(cells.combine_chunks())
        return found

    def variants(self, rows: Any) -> Any:
        """Return the rows of a table, followed by copies with unseen categories and missing cells."""
        return variants_of(rows, self._columns)

    @cached_property
    def _names(self) -> list[str]:
        return [column.name for column in self._columns]
