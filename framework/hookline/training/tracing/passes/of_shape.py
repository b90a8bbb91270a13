"""What is known about the batches of one shape."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from attrs import define, field

from hookline.training.tracing.calls import most_in_call
from hookline.training.tracing.comparison import Comparison, Results
from hookline.training.tracing.passes.evaluated_batch import EvaluatedBatch
from hookline.training.tracing.passes.traced_batch import TracedBatch
from hookline.training.tracing.traced_step import tensors_of

if TYPE_CHECKING:
    from torch import Tensor

    from hookline.data.batches import Batch


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
    decides_at: int = 0
    """The number of batches at which it is next decided whether a trace earns back its cost."""
    is_ready: bool = False
    """Whether the trace alone evaluates further batches."""

    def settle(self) -> None:
        """Decide whether the trace alone evaluates further batches, after a batch was recorded or compared."""
        self.is_ready = self.trace is not None and self.comparison.is_passed

    def leave(self) -> None:
        """Let the layers evaluate all further batches."""
        self.is_left, self.is_ready, self.trace = True, False, None

    def most(self, size: int) -> int:
        """The number of batches to evaluate in one call, each of this size in bytes."""
        trace = self.trace
        if trace is None or not self.is_ready or trace.changes_state:
            return 1
        return most_in_call(size + trace.size, min(self.comparison.traced, self.comparison.by_layers))

    def both_ways(
        self, batch: "Batch", by_layers: Callable[[], EvaluatedBatch], changed: "Sequence[Tensor]"
    ) -> tuple[EvaluatedBatch, str | None]:
        """Evaluate a batch both ways: see `Comparison.both_ways`."""
        trace, columns = self.trace, [[tensor] for tensor in tensors_of(batch)]
        assert trace is not None

        def results(found: "Sequence[Tensor]") -> Results:
            return {"the loss or a prediction": [tensor.clone() for tensor in found]}  # It may be a part of the state.

        return self.comparison.both_ways(
            lambda: trace.run(columns, 1),
            by_layers,
            changed,
            results,
            lambda evaluated: results(trace.values_of(evaluated)),
        )
