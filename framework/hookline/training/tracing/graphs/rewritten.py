"""Replace slow operations of a graph by faster ones, with the same bits."""

import time
from collections.abc import Collection, Iterator
from itertools import count
from typing import Any

from hookline.training.tracing.graphs.alternatives import REPLACED, Described, Way
from hookline.training.tracing.graphs.builder import GraphBuilder
from hookline.training.tracing.graphs.fastest import Faster, fastest, own_numbers
from hookline.training.tracing.graphs.graph import Call, Graph, Value
from hookline.training.tracing.graphs.memory import Memory
from hookline.training.tracing.graphs.recording import with_recording

MOST_SECONDS = 0.3
"""After this time, further operations are kept as they are."""


def rewritten(graph: Graph, memory: Memory) -> tuple[Graph, float]:
    """Return a graph that computes the same, with the same bits and memory formats, and the seconds that it saves.

    Args:
        graph: the graph.
        memory: the tensors of its values.

    """
    if REPLACED.isdisjoint([call.schema.name for call in graph.calls]):
        return graph, 0.0
    fresh = map(Value, count(memory.size))
    calls: list[Call] = []
    used = {*graph.outputs, *(value for call in graph.calls for value in call.values)}
    saved = 0.0
    end = time.perf_counter() + MOST_SECONDS
    for call in graph.calls:
        faster = None
        if call.schema.name in REPLACED and time.perf_counter() < end:
            faster = _faster(call, memory)
        if faster is None:
            calls.append(call)
        else:
            calls += _written_out(faster.way, call, memory, used, fresh)
            saved += faster.saved * memory.tensor(call.values[0]).numel()
    return graph.with_calls(calls), saved


def _faster(call: Call, memory: Memory) -> Faster | None:
    import torch

    given = list(map(memory.tensor, call.values))
    if call.keywords or any(value in memory.reshaped for value in call.values):
        return None
    if not all(one.is_contiguous() and one.is_floating_point() for one in given):
        return None

    def described(argument: Any) -> Any:
        if isinstance(argument, Value):
            one = memory.tensor(argument)
            return Described(one.shape, one.dtype)
        return tuple(argument) if isinstance(argument, list) else argument

    return fastest(call.operation, tuple(map(described, call.arguments)), torch.get_num_threads())


def _written_out(way: Way, call: Call, memory: Memory, used: Collection[Value], fresh: Iterator[Value]) -> list[Call]:
    """Return the operations of a way as calls that have the results of another call, as far as these are used."""
    import torch

    taken = call.values
    given = {value: torch.empty_like(memory.tensor(value), requires_grad=False) for value in taken}
    with torch.no_grad(), own_numbers():
        arguments = [given[one] if isinstance(one, Value) else one for one in call.arguments]
        results, operations = with_recording(lambda: way(*arguments))
    builder = GraphBuilder(list(given.values()))
    for operation in operations:
        builder.add(operation)
    part = builder.graph(results if isinstance(results, tuple) else [results])
    names = {value: list(given)[index] for value, index in builder.indices.items()}
    for value, result in zip(part.outputs, call.results, strict=True):
        if result is not None:
            names.setdefault(value, result)
    needed = {value for value in part.outputs if names.get(value) in used}
    calls: list[Call] = []
    for one in reversed(part.calls):
        if needed.intersection(one.results) or one.schema.writes:
            needed.update(one.values)
            calls.append(one)

    calls.reverse()
    for one in calls:
        names |= {value: next(fresh) for value in one.results if value is not None and value not in names}
    return [one.with_values(names) for one in calls]
