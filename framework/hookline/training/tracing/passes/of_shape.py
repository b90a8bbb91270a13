"""What is known about the batches of one shape."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from attrs import define, field

from hookline.training.tracing.calls import most_in_call
from hookline.training.tracing.comparison import Comparison, Results
from hookline.training.tracing.passes.evaluated_batch import EvaluatedBatch
from hookline.training.tracing.passes.groups import Group
from hookline.training.tracing.passes.traced_batch import TracedBatch

if TYPE_CHECKING:
    from torch import Tensor


@define(eq=False, repr=False)
class OfShape:
    """What is known about the batches of one shape, and the comparison of their trace with the layers."""

    count: int = 0
    """The number of its batches."""
    comparison: Comparison = field(factory=Comparison)
    """How the trace compares with the layers."""
    trace: TracedBatch | None = None
    is_left: bool = False
    """Whether the layers evaluate all further batches."""

    @property
    def is_ready(self) -> bool:
        """Whether the trace alone evaluates further batches."""
        return self.trace is not None and self.comparison.is_passed

    def most(self, size: int) -> int:
        """The number of batches to evaluate in one call, each of this size in bytes."""
        trace = self.trace
        if trace is None or not self.is_ready or trace.changes_state:
            return 1
        return most_in_call(size + trace.size, min(self.comparison.traced, self.comparison.by_layers))

    def both_ways(
        self, group: Group, by_layers: Callable[[], EvaluatedBatch], changed: "Sequence[Tensor]"
    ) -> tuple[EvaluatedBatch, str | None]:
        """Evaluate the only batch of a group both ways: see `Comparison.both_ways`."""
        trace = self.trace
        assert trace is not None

        def results(found: "Sequence[Tensor]") -> Results:
            return {"the loss or a prediction": [tensor.clone() for tensor in found]}  # It may be a part of the state.

        return self.comparison.both_ways(
            lambda: trace.run(group),
            by_layers,
            changed,
            results,
            lambda evaluated: results(trace.values_of(evaluated)),
        )
