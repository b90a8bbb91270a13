"""Add groups of inputs to a graph: standardized in float64 and cast, as `prepared` does it with arrays."""

import math
from collections.abc import Sequence

from hookline.spec import Graph, Value
from hookline_data.new_rows.roles import Group


def prepared_in_graph(graph: Graph, group: Group, parts: Sequence[Value]) -> tuple[Value, Value]:
    """Add a group of inputs to a graph.

    Args:
        graph: the graph.
        group: the group.
        parts: its columns, `(N, n)` each.

    Returns:
        The group, `(N, *shape)`, with 0 in rows that the model cannot take, and which rows it can take, bool `(N,)`.

    """
    import numpy

    dtype = "int64" if group.dtype == "int64" else "float64"
    joined = [graph.cast(part, dtype) for part in parts]
    numbers = joined[0] if len(joined) == 1 else graph.op("Concat", *joined, axis=1)
    numbers = _standardized(graph, group, numbers)
    fits = readable_in_graph(
        graph, numbers, has_indices=bool(group.kinds) and dtype == "int64", is_float=dtype != "int64"
    )
    zero = numpy.zeros((), dtype=group.dtype)
    numbers = graph.op("Where", graph.op("Unsqueeze", fits, numpy.array([1])), numbers, zero)
    if group.shape != (math.prod(group.shape),):
        numbers = graph.op("Reshape", numbers, numpy.array([-1, *group.shape]))
    return numbers, fits


def array_in_graph(graph: Graph, group: Group, array: Value) -> tuple[Value, Value]:
    """Add a group of inputs that is an array, `(N, *shape)`, to a graph. Returns the same as `prepared_in_graph`."""
    import numpy

    made = _standardized(graph, group, array)
    dimensions = 1 + len(group.shape)
    fits = readable_in_graph(graph, made, is_float=group.dtype != "int64", dimensions=dimensions)
    wide = graph.op("Unsqueeze", fits, numpy.arange(1, dimensions)) if group.shape else fits
    return graph.op("Where", wide, made, numpy.zeros((), dtype=group.dtype)), fits


def padded_in_graph(graph: Graph, group: Group, steps: Value, lengths: Value, *, least: int = 0) -> tuple[Value, Value]:
    """Add sequences to a graph, with 0 as padding.

    Args:
        graph: the graph.
        group: the group of inputs.
        steps: the steps, `(N, steps, …)`.
        lengths: their number in each row, int64 `(N,)`.
        least: how many steps there are at least, with padding.

    Returns:
        The group, and which rows the model can take.

    """
    import numpy

    inner = group.shape[1:]
    count = graph.op("Gather", graph.op("Shape", steps), numpy.int64(1))
    places = graph.op("Range", numpy.int64(0), count, numpy.int64(1))
    is_step = graph.op(
        "Less", graph.op("Unsqueeze", places, numpy.array([0])), graph.op("Unsqueeze", lengths, numpy.array([1]))
    )
    dtype = "int64" if group.dtype == "int64" else "float64"
    prepared = _standardized(graph, group, graph.cast(steps, dtype))
    wide = graph.op("Unsqueeze", is_step, numpy.arange(2, 2 + len(inner))) if inner else is_step
    made = graph.op("Where", wide, prepared, numpy.zeros((), dtype=group.dtype))
    fits = readable_in_graph(
        graph,
        made,
        has_indices=bool(group.kinds) and dtype == "int64",
        is_float=dtype != "int64",
        dimensions=2 + len(inner),
    )
    is_inside = graph.op("And", graph.op("Greater", lengths, numpy.int64(0)), graph.op("LessOrEqual", lengths, count))
    fits = graph.op("And", fits, is_inside)
    wide_fits = graph.op("Unsqueeze", fits, numpy.arange(1, 2 + len(inner)))
    made = graph.op("Where", wide_fits, made, numpy.zeros((), dtype=group.dtype))
    if not least:
        return made, fits
    further = graph.op("Max", graph.op("Sub", numpy.int64(least), count), numpy.int64(0))
    none = numpy.zeros(1, dtype=numpy.int64)
    dimensions = 2 + len(inner)
    zeros = [none] * (dimensions + 1), [none] * (dimensions - 2)
    pads = graph.op("Concat", *zeros[0], graph.op("Unsqueeze", further, numpy.array([0])), *zeros[1], axis=0)
    return graph.op("Pad", made, pads, numpy.zeros((), dtype=group.dtype)), fits


def lengths_in_graph(graph: Graph, indices: Value) -> Value:
    """Add the lengths of sequences of indices `(N, steps)` that 0 follows, int64 `(N,)`: at least 1."""
    import numpy

    is_step = graph.op("Not", graph.op("Equal", indices, numpy.int64(0)))
    count = graph.op("ReduceSum", graph.cast(is_step, "int64"), numpy.array([1]), keepdims=0)
    return graph.op("Max", count, numpy.int64(1))


def readable_in_graph(
    graph: Graph, numbers: Value, *, has_indices: bool = False, is_float: bool, dimensions: int = 2
) -> Value:
    """Add which rows have only finite numbers and no index below 0, bool `(N,)`."""
    import numpy

    if is_float:
        is_bad = graph.op("Or", graph.op("IsNaN", numbers), graph.op("IsInf", numbers))
    else:
        least = numpy.int64(0 if has_indices else numpy.iinfo(numpy.int64).min)
        is_bad = graph.op("Less", numbers, least)
    if dimensions == 1:
        return graph.op("Not", is_bad)
    count = graph.op("ReduceSum", graph.cast(is_bad, "int64"), numpy.arange(1, dimensions), keepdims=0)
    return graph.op("Equal", count, numpy.int64(0))


def _standardized(graph: Graph, group: Group, numbers: Value) -> Value:
    if group.mean is not None and group.std is not None:
        numbers = graph.op("Div", graph.op("Sub", numbers, group.mean), group.std)
    return graph.cast(numbers, group.dtype)
