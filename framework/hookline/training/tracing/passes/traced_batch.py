"""The trace of the evaluation of a batch."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from attrs import Factory, field, frozen

from hookline.training.metrics import Part
from hookline.training.tracing.graphs.graph import Graph, Program
from hookline.training.tracing.passes.evaluated_batch import EvaluatedBatch
from hookline.training.tracing.traced_step import Output

if TYPE_CHECKING:
    from torch import Tensor


class Ends:
    """The tensors that a program returns, collected in a fixed order."""

    def __init__(self) -> None:
        """Begin without tensors."""
        self.tensors: list[Tensor] = []

    def replaced(self, part: Any) -> Any:
        """Add the tensors of a part, and return the part with an `Output` in place of each."""
        import torch

        if isinstance(part, Mapping):
            return {name: self.replaced(one) for name, one in part.items()}
        if isinstance(part, (list, tuple)):
            return [self.replaced(one) for one in part]
        if not isinstance(part, torch.Tensor):
            return part
        self.tensors.append(part)
        return Output(len(self.tensors) - 1)


@frozen(eq=False, repr=False)
class Returned:
    """What the program of a batch returns after the loss, with an `Output` in place of each tensor."""

    divisor: Any
    """The divisor of the loss. A number does not depend on the values of a batch."""
    terms: Sequence[Sequence[Any]]
    """The terms of `[losses]`."""
    parts: Mapping[Part, Output] | None
    """The parts of the predictions that metrics evaluate; `None` if these are computed from the outputs."""
    outputs: Any
    """The outputs of the model, if there are no parts."""

    is_plain: bool = field(
        init=False,
        default=Factory(lambda self: not self.terms and not isinstance(self.divisor, Output), takes_self=True),
    )
    """Whether there is only one loss, divided by a number or by nothing."""


def returned(evaluated: EvaluatedBatch, parts: "Mapping[Part, Tensor] | None", ends: Ends) -> Returned:
    """Collect what the program of a batch returns."""
    ends.replaced(evaluated.loss)
    return Returned(
        divisor=ends.replaced(evaluated.divisor),
        terms=[ends.replaced(term) for term in evaluated.terms],
        parts=None if parts is None else ends.replaced(parts),
        outputs=ends.replaced(evaluated.outputs) if parts is None else None,
    )


@frozen(eq=False, repr=False)
class TracedBatch:
    """The program that evaluates batches, and what it takes and returns."""

    graph: Graph
    program: Program
    fixed: "Sequence[Tensor]"
    """The parameters, buffers and constants that the program takes before the tensors of a batch."""
    of_batch: Sequence[int]
    """The indices of the tensors of a batch that the program takes."""
    returned: Returned
    changes_state: bool
    """Whether it changes buffers or the batch, or draws random numbers."""
    size: int
    """The size in bytes of what it returns for a batch."""
    is_rewritten: bool = False
    """Whether it has faster operations than the layers."""

    @cached_property
    def of_inputs(self) -> "frozenset[int]":
        """The indices of the tensors that it returns in the memory of its inputs, such as a target of the batch."""
        inputs = {value.storage for value in self.graph.inputs}
        return frozenset(index for index, value in enumerate(self.graph.outputs) if value.storage in inputs)

    def run(self, columns: "Sequence[list[Tensor]]", count: int) -> "Sequence[Tensor]":
        """Compute the outputs of several batches, one batch after the other.

        Args:
            columns: the tensors of the batches: a list for each tensor of a batch.
            count: the number of batches.

        """
        empty: list[Tensor] = []
        return self.program(*self.fixed, *[columns[index] for index in self.of_batch], count, empty)

    def values_of(self, evaluated: EvaluatedBatch) -> "list[Tensor]":
        """The tensors that the program returns, of a batch that the layers evaluated."""
        ends, parts = Ends(), None
        if self.returned.parts is not None:
            parts = {(key, name): getattr(evaluated.predicted[key], name) for key, name in self.returned.parts}
        returned(evaluated, parts, ends)
        return ends.tensors
