"""Add groups of inputs to a graph: standardized in float64 and cast, as `prepared` does it with arrays."""

import math
from collections.abc import Mapping, Sequence

from attrs import frozen

from hookline.spec import Graph, GraphInputs, Value
from hookline_data.new_rows.roles import Group


@frozen(kw_only=True)
class GroupInGraph:
    """A group of inputs in a graph."""

    tensor: Value
    """The group, `(N, *shape)`, with 0 in rows that the model cannot take."""
    is_readable: Value
    """Which rows it can take, bool `(N,)`."""
    refused: Value
    """The name of the first column that makes a row one of the others, string `(N,)`; empty for rows it can take."""


def joined_in_graph(graph: Graph, groups: Sequence[GroupInGraph], tensors: Mapping[str, Value]) -> GraphInputs:
    """Return the inputs of a model that takes the rows that all groups can take."""
    is_readable, refused = groups[0].is_readable, groups[0].refused
    for one in groups[1:]:
        refused = graph.op("Where", is_readable, one.refused, refused)
        is_readable = graph.op("And", is_readable, one.is_readable)
    return GraphInputs(tensors=tensors, is_readable=is_readable, refused=refused)


def prepared_in_graph(graph: Graph, group: Group, parts: Sequence[Value], names: Sequence[str]) -> GroupInGraph:
    """Add a group of inputs to a graph.

    Args:
        graph: the graph.
        group: the group.
        parts: its columns, `(N, n)` each.
        names: the name of the column of each number of a row.

    """
    import numpy

    dtype = "int64" if group.dtype == "int64" else "float64"
    joined = [graph.cast(part, dtype) for part in parts]
    numbers = joined[0] if len(joined) == 1 else graph.op("Concat", *joined, axis=1)
    numbers = _standardized(graph, group, numbers)
    is_bad = _unreadable(graph, numbers, has_indices=bool(group.kinds) and dtype == "int64", is_float=dtype != "int64")
    fits = _all_good(graph, is_bad)
    first = graph.op("ArgMax", graph.cast(is_bad, "int32"), axis=1, keepdims=0)
    refused = graph.op("Gather", numpy.array(names, dtype=object), first)
    refused = graph.op("Where", fits, numpy.array("", dtype=object), refused)
    zero = numpy.zeros((), dtype=group.dtype)
    numbers = graph.op("Where", graph.op("Unsqueeze", fits, numpy.array([1])), numbers, zero)
    if group.shape != (math.prod(group.shape),):
        numbers = graph.op("Reshape", numbers, numpy.array([-1, *group.shape]))
    return GroupInGraph(tensor=numbers, is_readable=fits, refused=refused)


def array_in_graph(graph: Graph, group: Group, array: Value) -> GroupInGraph:
    """Add a group of inputs that is an array, `(N, *shape)`, to a graph."""
    import numpy

    made = _standardized(graph, group, array)
    dimensions = 1 + len(group.shape)
    fits = _all_good(graph, _unreadable(graph, made, is_float=group.dtype != "int64"), dimensions)
    wide = graph.op("Unsqueeze", fits, numpy.arange(1, dimensions)) if group.shape else fits
    made = graph.op("Where", wide, made, numpy.zeros((), dtype=group.dtype))
    return GroupInGraph(tensor=made, is_readable=fits, refused=_only_column(graph, group, fits))


def padded_in_graph(graph: Graph, group: Group, steps: Value, lengths: Value, *, least: int = 0) -> GroupInGraph:
    """Add sequences to a graph, with 0 as padding.

    Args:
        graph: the graph.
        group: the group of inputs.
        steps: the steps, `(N, steps, …)`.
        lengths: their number in each row, int64 `(N,)`.
        least: how many steps there are at least, with padding.

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
    has_indices = bool(group.kinds) and dtype == "int64"
    is_bad = _unreadable(graph, made, has_indices=has_indices, is_float=dtype != "int64")
    fits = _all_good(graph, is_bad, 2 + len(inner))
    is_inside = graph.op("And", graph.op("Greater", lengths, numpy.int64(0)), graph.op("LessOrEqual", lengths, count))
    fits = graph.op("And", fits, is_inside)
    wide_fits = graph.op("Unsqueeze", fits, numpy.arange(1, 2 + len(inner)))
    made = graph.op("Where", wide_fits, made, numpy.zeros((), dtype=group.dtype))
    refused = _only_column(graph, group, fits)
    if not least:
        return GroupInGraph(tensor=made, is_readable=fits, refused=refused)
    further = graph.op("Max", graph.op("Sub", numpy.int64(least), count), numpy.int64(0))
    none = numpy.zeros(1, dtype=numpy.int64)
    dimensions = 2 + len(inner)
    zeros = [none] * (dimensions + 1), [none] * (dimensions - 2)
    pads = graph.op("Concat", *zeros[0], graph.op("Unsqueeze", further, numpy.array([0])), *zeros[1], axis=0)
    made = graph.op("Pad", made, pads, numpy.zeros((), dtype=group.dtype))
    return GroupInGraph(tensor=made, is_readable=fits, refused=refused)


def lengths_in_graph(graph: Graph, indices: Value) -> Value:
    """Add the lengths of sequences of indices `(N, steps)` that 0 follows, int64 `(N,)`: at least 1."""
    import numpy

    is_step = graph.op("Not", graph.op("Equal", indices, numpy.int64(0)))
    count = graph.op("ReduceSum", graph.cast(is_step, "int64"), numpy.array([1]), keepdims=0)
    return graph.op("Max", count, numpy.int64(1))


def _unreadable(graph: Graph, numbers: Value, *, has_indices: bool = False, is_float: bool) -> Value:
    """Add which numbers are not finite, or an index below 0: bool of the same shape."""
    import numpy

    if is_float:
        return graph.op("Or", graph.op("IsNaN", numbers), graph.op("IsInf", numbers))
    return graph.op("Less", numbers, numpy.int64(0 if has_indices else numpy.iinfo(numpy.int64).min))


def _all_good(graph: Graph, is_bad: Value, dimensions: int = 2) -> Value:
    """Add which rows have nothing bad, bool `(N,)`."""
    import numpy

    if dimensions == 1:
        return graph.op("Not", is_bad)
    count = graph.op("ReduceSum", graph.cast(is_bad, "int64"), numpy.arange(1, dimensions), keepdims=0)
    return graph.op("Equal", count, numpy.int64(0))


def _only_column(graph: Graph, group: Group, fits: Value) -> Value:
    """Add the name of the only column of a group, string `(N,)`; empty in rows that fit."""
    import numpy

    [name] = group.columns
    return graph.op("Where", fits, numpy.array("", dtype=object), numpy.array(name, dtype=object))


def _standardized(graph: Graph, group: Group, numbers: Value) -> Value:
    if group.mean is not None and group.std is not None:
        numbers = graph.op("Div", graph.op("Sub", numbers, group.mean), group.std)
    return graph.cast(numbers, group.dtype)
