"""Indices as one-hot numbers."""

from typing import TYPE_CHECKING, Any

from hookline.spec import Graph, Value

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray


def one_hot(indices: "NDArray[Any]", size: int) -> "pyarrow.Array":
    """Return a list of `size` numbers for each index: 1 at the index, and 0 elsewhere; only 0 for an index below 0."""
    import numpy
    import pyarrow

    numbers = numpy.zeros((len(indices), size), dtype=numpy.uint8)
    rows = numpy.flatnonzero(indices >= 0)
    numbers[rows, indices[rows]] = 1
    return pyarrow.FixedSizeListArray.from_arrays(numbers.reshape(-1), size)


def one_hot_in_graph(graph: Graph, indices: Value, size: int) -> Value:
    """Add the same to a graph: indices `(N, 1)` become float64 `(N, size)`."""
    import numpy

    return graph.cast(graph.op("Equal", indices, numpy.arange(size)[None]), "float64")


def places_in_graph(graph: Graph, numbers: Value, edges: "NDArray[Any]", *, is_right: bool = True) -> Value:
    """Add `numpy.searchsorted` to a graph: for numbers `(N, 1)`, how many of the edges are not greater, int64 `(N, 1)`.

    With `is_right=False`, it is how many are less.
    """
    import numpy

    comparison = "GreaterOrEqual" if is_right else "Greater"
    is_beyond = graph.cast(graph.op(comparison, numbers, edges[None]), "int64")
    return graph.op("ReduceSum", is_beyond, numpy.array([1]), keepdims=1)
