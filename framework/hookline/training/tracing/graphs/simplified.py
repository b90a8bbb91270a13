"""Simplify a graph without a change of any bit: fewer views, copies and constants."""

from collections import Counter
from typing import TYPE_CHECKING

from hookline.training.tracing.graphs.graph import Call, Graph, Value
from hookline.training.tracing.graphs.memory import Memory

if TYPE_CHECKING:
    from torch import Tensor

CONSTANT = frozenset({"full_like", "ones_like", "scalar_tensor", "zeros_like"})
"""Operations whose result depends on the shapes of their arguments and not on values."""

LARGEST_CONSTANT = 16
"""The largest number of elements of a constant to keep."""


def simplified(graph: Graph, memory: Memory) -> tuple[Graph, "dict[Value, Tensor]"]:
    """Return an equivalent graph, and the constants that became inputs of it.

    Args:
        graph: the graph.
        memory: which of its values share memory.

    """
    graph = _without_equal_views(graph, memory)
    graph = _without_copies(graph, memory)
    graph, constants = _with_constants(graph, memory)
    graph = _without_unused_views(graph, memory)
    return _without_kept_dimensions(graph, memory), constants


def _without_equal_views(graph: Graph, memory: Memory) -> Graph:
    """Use the earlier one of two views of the same elements, such as a tensor instead of what `detach` returns.

    Inputs that share memory now, such as a target that is the input itself, may not do so in another batch.
    """
    of_inputs = Counter([value.storage for value in graph.inputs])
    known = {memory.place(value): value for value in graph.inputs if memory.is_shared(value)}
    same: dict[Value, Value] = {}
    inputs, ends = set(graph.inputs), set(graph.outputs)
    calls = []
    for recorded in graph.calls:
        call = _with_same(recorded, same)
        result = memory.view(call)
        if result is not None and of_inputs[result.storage] <= 1:
            earlier = known.setdefault(memory.place(result), result)
            # An output must be a tensor of its own.
            if earlier is not result and not (result in ends and earlier in inputs):
                same[result] = earlier
                continue
        else:
            for one in call.results:
                if one is not None and memory.is_shared(one):
                    known.setdefault(memory.place(one), one)
        calls.append(call)
    return Graph(graph.inputs, calls, [same.get(value, value) for value in graph.outputs], graph.written)


def _with_same(call: Call, same: dict[Value, Value]) -> Call:
    """Return the call with the same values in place of others."""
    for value in call.values:
        if value in same:
            return call.with_values(same)
    for result in call.results:
        if result in same:
            return call.with_values(same)
    return call


def _without_copies(graph: Graph, memory: Memory) -> Graph:
    """Return gradients instead of copies of them.

    Autograd gives a gradient to the parameter without a copy if nothing else refers to it. While operations are
    recorded something does, so it makes a copy. It is left out if nothing uses the memory of the original later.
    """
    copies = [index for index, call in enumerate(graph.calls) if call.schema.name == "copy_"]
    if not copies:
        return graph
    targets = {graph.calls[index].arguments[0] for index in copies}
    making: dict[Value, int] = {}
    used: dict[Value, list[int]] = {target: [] for target in targets}
    last: dict[int, int] = {}
    for index, call in enumerate(graph.calls):
        if call.schema.name == "new_empty_strided" and (result := call.results[0]) is not None:
            making[result] = index
        for value in call.values:
            last[value.storage] = index
            if value in targets:
                used[value].append(index)
    ends = Counter(graph.outputs)
    kept = {value.storage for value in (*graph.inputs, *graph.outputs)}
    same: dict[Value, Value] = {}
    left_out: set[int] = set()
    for copying in reversed(copies):
        target, source = graph.calls[copying].arguments[:2]
        begin = making.get(target)
        if begin is None or not ends[target] or memory.layout(target) != memory.layout(source):
            continue
        if source.storage in kept or last[source.storage] > copying:
            continue
        if any(begin < index < copying for index in used[target]):
            continue
        same[target] = source
        left_out |= {begin, copying}
        ends[source] += ends.pop(target)
        kept.add(source.storage)
        last[source.storage] = max(copying, last[target.storage])
    for target in same:
        same[target] = _final(target, same)
    calls = [_with_same(call, same) for index, call in enumerate(graph.calls) if index not in left_out]
    return Graph(graph.inputs, calls, [same.get(end, end) for end in graph.outputs], graph.written)


def _final(value: Value, same: dict[Value, Value]) -> Value:
    """What a value has become, in one or several replacements."""
    while value in same:
        value = same[value]
    return value


def _with_constants(graph: Graph, memory: Memory) -> tuple[Graph, "dict[Value, Tensor]"]:
    """Make inputs of small constants, which are then computed only once."""
    unsuitable = {value.storage for value in graph.outputs} | memory.written
    constants: dict[Value, Tensor] = {}
    calls = []
    for call in graph.calls:
        if call.schema.name in CONSTANT and (result := call.results[0]) is not None:
            tensor = memory.tensor(result)
            if tensor.numel() <= LARGEST_CONSTANT and result.storage not in unsuitable:
                constants[result] = tensor
                continue
        calls.append(call)
    return Graph([*graph.inputs, *constants], calls, graph.outputs, graph.written), constants


def _without_unused_views(graph: Graph, memory: Memory) -> Graph:
    used = set(graph.outputs)
    calls: list[Call] = []
    for call in reversed(graph.calls):
        view = memory.view(call)
        if view is None or view in used:
            used.update(call.values)
            calls.append(call)
    calls.reverse()
    return Graph([value for value in graph.inputs if value in used], calls, graph.outputs, graph.written)


def _without_kept_dimensions(graph: Graph, memory: Memory) -> Graph:
    """Sum without the summed dimensions where a view leaves them out of the sum, as in the gradient of a bias."""
    users = dict.fromkeys(graph.outputs, 1)
    for call in graph.calls:
        for value in call.values:
            users[value] = users.get(value, 0) + 1
    sums: dict[Value, int] = {}
    calls: list[Call] = []
    for call in graph.calls:
        place = sums.get(call.values[0]) if call.schema.name == "view" else None
        if place is not None and _leaves_out(calls[place], call, memory):
            [rows, dimensions, _] = calls[place].arguments
            calls[place] = calls[place].with_arguments([rows, dimensions, False], results=call.results)
            continue
        if call.schema.name == "sum" and call.arguments[2:] == [True]:
            [result] = call.results
            if result is not None and users.get(result) == 1:
                sums[result] = len(calls)
        calls.append(call)
    return graph.with_calls(calls)


def _leaves_out(total: Call, view: Call, memory: Memory) -> bool:
    """Whether a view of a sum leaves out the summed dimensions, and at most one other is left, with usual strides."""
    [source], [result] = total.values, view.results
    if result is None or source in memory.reshaped or result in memory.reshaped:
        return False
    rows, dimensions = memory.tensor(source), total.arguments[1]
    summed = {dimension % rows.dim() for dimension in dimensions} if dimensions and rows.dim() else set()
    kept = [length for dimension, length in enumerate(rows.shape) if dimension not in summed]
    return bool(summed) and len(kept) <= 1 and list(memory.tensor(result).shape) == kept
