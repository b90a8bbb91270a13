"""The graph of a step with the update of the parameters."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, NamedTuple

from hookline.training.tracing.graphs.graph import Call, Graph, Value
from hookline.training.tracing.graphs.memory import Memory
from hookline.training.tracing.graphs.running.sources import Name

if TYPE_CHECKING:
    from torch import Tensor


class WholeStep(NamedTuple):
    """The graph of a step with the update: its inputs besides the tensors of a batch, and its last outputs."""

    graph: Graph
    """Its outputs are the loss, the gradients and, of `[losses]`, the tensors of the terms."""
    fixed: "Sequence[Tensor]"
    """The tensors of the inputs before those of a batch."""
    lists: "Sequence[Sequence[Tensor]]"
    """The lists of parameters and states that fused operations take, which arguments name `list0`, `list1` and so on. A
    list that is made inside TorchScript would not be changed in place."""
    of_batch: Sequence[int]
    """The indices of the tensors of a batch that are the other inputs."""
    options: int
    """The number of options of the optimizer that may change from step to step, which arguments name `r0` and so on."""
    gradients: int
    """The number of gradients among the outputs of the graph."""
    before: int = 0
    """The number of calls at the beginning of the graph that are made once for several steps."""
    updates: int = 0
    """The number of calls at the end of the graph that update the parameters. They take the gradients as `last`."""
    changed: "Sequence[Tensor]" = ()
    """The tensors among `fixed` that the update changes."""


class Lists:
    """The lists of `WholeStep.lists`."""

    def __init__(self) -> None:
        """Begin without lists."""
        self.tensors: list[Sequence[Tensor]] = []
        self._names: dict[tuple[int, ...], Name] = {}

    def name(self, tensors: "Sequence[Tensor]") -> Name:
        """Return the argument for a list of tensors."""
        key = tuple(map(id, tensors))
        name = self._names.get(key)
        if name is None:
            name = self._names[key] = Name(f"list{len(self.tensors)}")
            self.tensors.append(tensors)
        return name


def with_views_first(calls: Sequence[Call], fixed: Collection[Value]) -> tuple[list[Call], int]:
    """Return the calls, and how many at the beginning need not be repeated: those that return views of fixed inputs.

    Such a view follows all changes of the tensor in place.
    """
    known = set(fixed)
    first, others = [], []
    for call in calls:
        if call.schema.is_view and known.issuperset(call.values):
            known.update(call.results)  # type: ignore[arg-type] # A view has one result.
            first.append(call)
        else:
            others.append(call)
    return [*first, *others], len(first)


def with_constants_first(graph: Graph, fixed: Collection[Value], memory: Memory) -> tuple[list[Call], int]:
    """Return the calls of a graph, and how many at the beginning need not be repeated.

    These return views of fixed inputs, or compute something from inputs and results that no call changes.
    """
    changed = memory.written
    views, same = set(fixed), {value for value in fixed if value.storage not in changed}
    ends = set(graph.outputs)
    first, others = [], []
    for call in graph.calls:
        results = [one for one in call.results if one is not None]
        taken = call.values
        is_view = call.schema.is_view and views.issuperset(taken)
        is_same = not (call.schema.writes or call.schema.is_random) and same.issuperset(taken)
        is_same = is_same and not any(one.storage in changed for one in results)
        if ends.isdisjoint(results) and (is_view or is_same):
            views.update(results)
            same.update(one for one in results if one.storage not in changed)
            first.append(call)
        else:
            others.append(call)
    return [*first, *others], len(first)
