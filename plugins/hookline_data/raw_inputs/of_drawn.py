"""The inputs of a deployed model that was trained with pairs or triplets: single rows, or the rows of each group."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hookline.data import DataDescription
from hookline.spec import Graph, GraphInputs, RawInput, RawInputs, Value
from hookline_data.raw_inputs.group_graph import GroupInGraph, joined_in_graph

if TYPE_CHECKING:
    from numpy.typing import NDArray


class DrawnInputs(RawInputs):
    """The rows of each group of inputs, for a model that takes them together: names begin with that of the group."""

    def __init__(self, description: DataDescription, groups: Mapping[str, RawInputs]):
        """Take the description of the data, and the inputs of each group."""
        super().__init__(description)
        self._groups = groups

    @property
    def inputs(self) -> Sequence[RawInput]:
        """The inputs of all groups."""
        from attrs import evolve

        return [evolve(one, name=f"{name}.{one.name}") for name, group in self._groups.items() for one in group.inputs]

    def refusals(self) -> Sequence[str]:
        """Those of a group; all groups have the same columns."""
        return next(iter(self._groups.values())).refusals()

    def to_onnx(self, graph: Graph, values: Mapping[str, Value]) -> GraphInputs:
        """Add the preparation of each group."""
        made = {
            name: group.to_onnx(graph, {one.name: values[f"{name}.{one.name}"] for one in group.inputs})
            for name, group in self._groups.items()
        }
        tensors = {name: value for one in made.values() for name, value in one.tensors.items()}
        groups: list[GroupInGraph] = []
        for name, one in made.items():
            if one.is_readable is not None and one.refused is not None:
                full = {given.name: f"{name}.{given.name}" for given in self._groups[name].inputs}
                refused = graph.renamed(one.refused, full)
                groups.append(GroupInGraph(tensor=name, is_readable=one.is_readable, refused=refused))
        return joined_in_graph(graph, groups, tensors) if groups else GraphInputs(tensors=tensors)

    def arrays(self, rows: Any) -> "dict[str, NDArray[Any]]":
        """Return the inputs of a mapping with the rows of each group."""
        return {
            f"{name}.{column}": array
            for name, group in self._groups.items()
            for column, array in group.arrays(rows[name]).items()
        }

    def variants(self, rows: Any) -> Any:
        """Return a mapping with the rows of each group: those of each group begin one row later."""
        import numpy

        found = {}
        for shift, (name, group) in enumerate(self._groups.items()):
            own = group.variants(rows)
            is_table = hasattr(own, "num_rows")
            count = own.num_rows if is_table else len(next(iter(own.values())))
            places = numpy.roll(numpy.arange(count), -shift)
            found[name] = own.take(places) if is_table else {one: array[places] for one, array in own.items()}
        return found
