"""The graph of a function of batches: the inputs that are the same for all batches come before those of a batch."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from hookline.training.tracing.graphs.builder import GraphBuilder
from hookline.training.tracing.graphs.graph import Graph, Value
from hookline.training.tracing.graphs.recording import Recorded
from hookline.training.tracing.graphs.simplified import simplified

if TYPE_CHECKING:
    from torch import Tensor


class Arranged(NamedTuple):
    """A graph, and the tensors that it takes."""

    graph: Graph
    """The fixed inputs come first."""
    fixed: "Sequence[Tensor]"
    """The tensors of the fixed inputs: known ones and constants."""
    of_batch: Sequence[int]
    """The index among the tensors of a batch of each other input."""
    builder: GraphBuilder
    """What it was built with, which knows the tensors of the values."""

    @property
    def fixed_inputs(self) -> Sequence[Value]:
        """The inputs that are the same for all batches."""
        return self.graph.inputs[: len(self.fixed)]


def arranged(
    operations: Iterable[Recorded],
    known: "Sequence[Tensor]",
    of_batch: "Sequence[Tensor]",
    outputs: "Sequence[Tensor]",
) -> Arranged:
    """Return the simplified graph of recorded operations.

    Args:
        operations: the operations.
        known: the tensors that are the same for all batches, such as parameters.
        of_batch: the tensors of the batch with which the operations were recorded.
        outputs: the tensors that the graph returns.

    Raises:
        Untraceable: If the operations cannot be repeated.

    """
    builder, first = GraphBuilder([*known, *of_batch]), len(known)
    for operation in operations:
        builder.add(operation)
    graph, constants = simplified(builder.graph(outputs), builder.memory)
    indices = builder.indices
    fixed = [value for value in graph.inputs if value in constants or indices[value] < first]
    others = [value for value in graph.inputs if value not in constants and indices[value] >= first]
    return Arranged(
        graph=Graph([*fixed, *others], graph.calls, graph.outputs, graph.written),
        fixed=[constants[value] if value in constants else known[indices[value]] for value in fixed],
        of_batch=[indices[value] - first for value in others],
        builder=builder,
    )
