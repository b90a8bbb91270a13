"""The inputs of a deployed model that was trained with arrays: the arrays by name."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hookline.data import DataDescription
from hookline.spec import Graph, GraphInputs, RawInput, RawInputs, Value
from hookline_data.new_rows.roles import groups_of
from hookline_data.raw_inputs.columns import LENGTHS
from hookline_data.raw_inputs.group_graph import GroupInGraph, array_in_graph, joined_in_graph, padded_in_graph

if TYPE_CHECKING:
    from numpy.typing import NDArray


class ArrayInputs(RawInputs):
    """The arrays of an NPZ file."""

    def __init__(self, description: DataDescription, lengths: str | Mapping[str, str] | None):
        """Take the description of the data before its transforms, and the arrays of lengths."""
        super().__init__(description)
        self._groups = groups_of(description, "array")
        arrays = [group.columns[0] for group in self._groups.values()]
        self._lengths = dict.fromkeys(arrays, lengths) if isinstance(lengths, str) else dict(lengths or {})

    @property
    def inputs(self) -> Sequence[RawInput]:
        """The arrays, and those of lengths."""
        found: dict[str, RawInput] = {}
        for group in self._groups.values():
            [name] = group.columns
            shape: tuple[int | str, ...] = ("steps", *group.shape[1:]) if group.padded else group.shape
            dtype: Any = "float64" if group.mean is not None else group.dtype
            meaning = (
                f"A row of the array, padded with 0; `{self._lengths[name]}` has its length."
                if group.padded
                else "A row of the array."
            )
            found[name] = RawInput(name=name, dtype=dtype, shape=shape, meaning=meaning)
            if group.padded:
                of = self._lengths[name]
                found[of] = RawInput(name=of, dtype="int64", shape=(), meaning=f"The number of steps of `{name}`.")
        return list(found.values())

    def to_onnx(self, graph: Graph, values: Mapping[str, Value]) -> GraphInputs:
        """Add the groups of inputs, prepared as in training."""
        import numpy

        tensors: dict[str, Value] = {}
        groups: list[GroupInGraph] = []
        for name, group in self._groups.items():
            [array] = group.columns
            if group.padded:
                lengths = values[self._lengths[array]]
                one = padded_in_graph(graph, group, values[array], lengths)
                tensors[f"{name}{LENGTHS}"] = graph.op("Where", one.is_readable, lengths, numpy.int64(1))
            else:
                one = array_in_graph(graph, group, values[array])
            tensors[name] = one.tensor
            groups.append(one)
        return joined_in_graph(graph, groups, tensors)

    def arrays(self, rows: Any) -> "dict[str, NDArray[Any]]":
        """Return arrays by name in the types of the inputs."""
        import numpy

        return {one.name: numpy.asarray(rows[one.name]).astype(one.dtype) for one in self.inputs}

    def variants(self, rows: Any) -> Any:
        """Return the rows, followed by one for each array of floats, in which a number is missing."""
        import numpy

        found = dict(rows)
        for group in self._groups.values():
            [name] = group.columns
            if numpy.asarray(rows[name]).dtype.kind != "f":
                continue
            found = {other: numpy.concatenate([array, array[:1]]) for other, array in found.items()}
            found[name][-1].reshape(-1)[:1] = numpy.nan
        return found
