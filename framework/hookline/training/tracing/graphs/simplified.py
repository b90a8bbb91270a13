"""Simplify a graph without a change of any bit: fewer views, copies and constants."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from attrs import evolve

from hookline.training.tracing.graphs.graph import Call, Graph, Value

if TYPE_CHECKING:
    from torch import Tensor

CONSTANT = frozenset({"full_like", "ones_like", "scalar_tensor", "zeros_like"})
"""Operations whose result depends on the shapes of their arguments and not on values."""

LARGEST_CONSTANT = 16
"""The largest number of elements of a constant to keep."""


def simplified(
    graph: Graph, tensors: "Sequence[Tensor]", reshaped: Collection[Value]
) -> tuple[Graph, "dict[Value, Tensor]"]:
    """Return an equivalent graph, and the constants that became inputs of it.

    Args:
        graph: the graph.
        tensors: the tensor of each value when the operations were recorded, which say what shares memory.
        reshaped: the values whose tensors have another shape now.

    """
    memory = Memory(tensors, reshaped)
    graph = _without_equal_views(graph, memory)
    graph = _without_copies(graph, memory)
    graph, constants = _with_constants(graph, memory)
    graph = _without_unused_views(graph, memory)
    return _without_kept_dimensions(graph, memory), constants


class Memory:
    """Which values of a graph share memory."""

    def __init__(self, tensors: "Sequence[Tensor]", reshaped: Collection[Value]):
        """Take the tensor of each value."""
        self.tensors, self._reshaped = tensors, reshaped
        self._storages = [int(tensor.untyped_storage()._cdata) for tensor in tensors]
        self._users = Counter(self._storages)

    def storage(self, value: Value) -> int:
        """Identify the memory of a value."""
        return self._storages[value.number]

    def place(self, value: Value) -> tuple[Any, ...]:
        """Describe which elements of the memory a value consists of."""
        return self.storage(value), *self.layout(value)

    def is_alone(self, value: Value) -> bool:
        """Whether no other value shares its memory."""
        return self._users[self.storage(value)] == 1

    def is_reshaped(self, value: Value) -> bool:
        """Whether the tensor of a value has another shape now."""
        return value in self._reshaped

    def layout(self, value: Value) -> tuple[Any, ...]:
        """Describe how the elements of a value lie in its memory, and how they are read."""
        if value in self._reshaped:
            return (value,)
        one = self.tensors[value.number]
        return one.storage_offset(), one.shape, one.stride(), one.dtype, one.is_conj(), one.is_neg()

    def written(self, calls: Iterable[Call]) -> set[int]:
        """The memory that calls change in place."""
        return {self.storage(value) for call in calls if call.schema.writes for value in call.written()}

    def is_view(self, call: Call) -> bool:
        """Whether the call only returns another view of a tensor that it takes."""
        if call.is_several or call.results[0] is None or call.schema.writes:
            return False
        storage = self.storage(call.results[0])
        return self._users[storage] > 1 and storage in map(self.storage, call.values)


def _without_equal_views(graph: Graph, memory: Memory) -> Graph:
    """Use the earlier one of two views of the same elements, such as a tensor instead of what `detach` returns.

    Inputs that share memory now, such as a target that is the input itself, may not do so in another batch.
    """
    of_inputs = Counter(map(memory.storage, graph.inputs))
    known = {memory.place(value): value for value in graph.inputs if not memory.is_alone(value)}
    same: dict[Value, Value] = {}
    inputs, ends = set(graph.inputs), set(graph.outputs)
    calls = []
    for call in graph.calls:
        changed = _changed(call, same)
        result = changed.results[0] if changed.results else None
        if result is not None and memory.is_view(changed) and of_inputs[memory.storage(result)] <= 1:
            earlier = known.setdefault(memory.place(result), result)
            # An output must be a tensor of its own.
            if earlier != result and not (result in ends and earlier in inputs):
                same[result] = earlier
                continue
        for one in changed.results:
            if one is not None and not memory.is_alone(one):
                known.setdefault(memory.place(one), one)
        calls.append(changed)
    return evolve(graph, calls=calls, outputs=[same.get(value, value) for value in graph.outputs])


def _changed(call: Call, same: dict[Value, Value]) -> Call:
    if not same or (same.keys().isdisjoint(call.values) and same.keys().isdisjoint(call.results)):
        return call

    def change(value: Value) -> Value:
        return _final(value, same)

    return call.changed(change)


def _without_copies(graph: Graph, memory: Memory) -> Graph:
    """Return gradients instead of copies of them.

    Autograd gives a gradient to the parameter without a copy if nothing else refers to it. While operations are
    recorded something does, so it makes a copy. It is left out if nothing uses the memory of the original later.
    """
    copies = [index for index, call in enumerate(graph.calls) if call.schema.name == "copy_"]
    if not copies:
        return graph
    making = {call.results[0]: i for i, call in enumerate(graph.calls) if call.schema.name == "new_empty_strided"}
    used: dict[Value, list[int]] = {}
    last: dict[int, int] = {}
    for index, call in enumerate(graph.calls):
        for value in call.values:
            used.setdefault(value, []).append(index)
            last[memory.storage(value)] = index
    ends = Counter(graph.outputs)
    kept = {memory.storage(value) for value in (*graph.inputs, *graph.outputs)}
    same: dict[Value, Value] = {}
    left_out: set[int] = set()
    for copying in reversed(copies):
        target, source = graph.calls[copying].arguments[:2]
        begin, storage = making.get(target), memory.storage(source)
        if begin is None or not ends[target] or memory.layout(target) != memory.layout(source):
            continue
        if storage in kept or last[storage] > copying or any(begin < index < copying for index in used[target]):
            continue
        same[target] = source
        left_out |= {begin, copying}
        ends[source] += ends.pop(target)
        kept.add(storage)
        last[storage] = max(copying, last[memory.storage(target)])
    calls = [_changed(call, same) for index, call in enumerate(graph.calls) if index not in left_out]
    return evolve(graph, calls=calls, outputs=[_final(end, same) for end in graph.outputs])


def _final(value: Value, same: dict[Value, Value]) -> Value:
    """What a value has become, in one or several replacements."""
    while value in same:
        value = same[value]
    return value


def _with_constants(graph: Graph, memory: Memory) -> tuple[Graph, "dict[Value, Tensor]"]:
    """Make inputs of small constants, which are then computed only once."""
    unsuitable = {memory.storage(value) for value in graph.outputs} | memory.written(graph.calls)
    constants = {}
    calls = []
    for call in graph.calls:
        result = call.results[0] if len(call.results) == 1 else None
        if (
            result is not None
            and call.schema.name in CONSTANT
            and memory.tensors[result.number].numel() <= LARGEST_CONSTANT
            and memory.storage(result) not in unsuitable
        ):
            constants[result] = memory.tensors[result.number]
        else:
            calls.append(call)
    return evolve(graph, calls=calls, inputs=[*graph.inputs, *constants]), constants


def _without_unused_views(graph: Graph, memory: Memory) -> Graph:
    used = set(graph.outputs)
    calls: list[Call] = []
    for call in reversed(graph.calls):
        if not memory.is_view(call) or used.intersection(call.results):
            used.update(call.values)
            calls.append(call)
    calls.reverse()
    return evolve(graph, calls=calls, inputs=[value for value in graph.inputs if value in used])


def _without_kept_dimensions(graph: Graph, memory: Memory) -> Graph:
    """Sum without the summed dimensions where a view leaves them out of the sum, as in the gradient of a bias."""
    users = Counter(value for call in graph.calls for value in call.values)
    users.update(graph.outputs)
    sums: dict[Value, int] = {}
    calls: list[Call] = []
    for call in graph.calls:
        place = sums.get(call.values[0]) if call.schema.name == "view" else None
        if place is not None and _leaves_out(calls[place], call, memory):
            [rows, dimensions, _] = calls[place].arguments
            calls[place] = evolve(calls[place], arguments=[rows, dimensions, False], results=call.results)
            continue
        if call.schema.name == "sum" and call.arguments[2:] == [True]:
            [result] = call.results
            if result is not None and users[result] == 1:
                sums[result] = len(calls)
        calls.append(call)
    return evolve(graph, calls=calls)


def _leaves_out(total: Call, view: Call, memory: Memory) -> bool:
    """Whether a view of a sum leaves out the summed dimensions, and at most one other is left, with usual strides."""
    [source], [result] = total.values, view.results
    if result is None or memory.is_reshaped(source) or memory.is_reshaped(result):
        return False
    rows, dimensions = memory.tensors[source.number], total.arguments[1]
    summed = {dimension % rows.dim() for dimension in dimensions} if dimensions and rows.dim() else set()
    kept = [length for dimension, length in enumerate(rows.shape) if dimension not in summed]
    return bool(summed) and len(kept) <= 1 and list(memory.tensors[result.number].shape) == kept
