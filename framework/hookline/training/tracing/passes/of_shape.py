"""What is known about the batches of one shape, and the comparison of their trace with the layers."""

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from attrs import define

from hookline.training.tracing import worth
from hookline.training.tracing.graphs import runners
from hookline.training.tracing.graphs.graph import Untraceable
from hookline.training.tracing.passes.evaluated_batch import EvaluatedBatch
from hookline.training.tracing.passes.groups import Group
from hookline.training.tracing.passes.traced_batch import TracedBatch
from hookline.training.tracing.snapshot import Snapshot, difference

if TYPE_CHECKING:
    from torch import Tensor

CHECKS = 3
"""The number of batches of each shape that are evaluated both ways before the trace alone evaluates them."""

MOST_MEASURED = 3
"""How many times as many batches to evaluate both ways if the trace has not been faster so far."""

LONGEST = 0.05
"""The longest time in seconds without a look at signals."""

MOST = 512
"""The largest number of batches in one call."""

LARGEST = 16 * 2**20
"""The largest size in bytes of the batches of one call, and of what it returns for them."""


@define
class OfShape:
    """What is known about the batches of one shape."""

    count: int = 0
    """The number of its batches."""
    seconds: float = float("inf")
    """The shortest time in which the layers evaluated one."""
    trace: TracedBatch | None = None
    traced_seconds: float = float("inf")
    """The shortest time in which the trace evaluated one."""
    checks: int = 0
    """The number of batches that both evaluated, with the same bits."""
    is_left: bool = False
    """Whether the layers evaluate all further batches."""

    @property
    def has_same_bits(self) -> bool:
        """Whether enough batches have the same bits."""
        return self.checks >= CHECKS

    @property
    def is_ready(self) -> bool:
        """Whether the trace alone evaluates further batches."""
        is_compared = self.trace is not None and self.has_same_bits
        return is_compared and (CHECKS == 0 or worth.is_faster(self.traced_seconds, self.seconds))

    def most(self, size: int) -> int:
        """The number of batches to evaluate in one call, each of this size in bytes."""
        trace = self.trace
        if trace is None or not self.is_ready or trace.changes_state:
            return 1
        seconds = min(self.traced_seconds, self.seconds)
        return int(max(1, min(MOST, LARGEST / max(1, size + trace.size), LONGEST / max(1e-6, seconds))))

    def measured(self, by_layers: Callable[[], EvaluatedBatch]) -> EvaluatedBatch:
        """Evaluate a batch by the layers, and note the time."""
        started = time.thread_time()
        evaluated = by_layers()
        self.seconds = min(self.seconds, time.thread_time() - started)
        return evaluated

    def both_ways(
        self, group: Group, by_layers: Callable[[], EvaluatedBatch], changed: "Sequence[Tensor]"
    ) -> tuple[EvaluatedBatch, str | None]:
        """Evaluate the only batch of a group both ways from the same state. The result of the layers counts.

        Args:
            group: the group.
            by_layers: evaluates the batch by the layers.
            changed: the tensors that an evaluation may change.

        Returns:
            What the layers computed, and why the trace must not be used; `None` if nothing says so.

        """
        import torch

        trace = self.trace
        assert trace is not None
        try:
            before = Snapshot(changed)
        except Untraceable as error:
            return by_layers(), str(error)

        def results(found: "Sequence[Tensor]") -> dict[str, Any]:
            return {
                "the loss or a prediction": list(found),
                "a parameter or a buffer": [tensor.detach().clone() for tensor in before.tensors],
                "the random numbers": [torch.get_rng_state()],
            }

        reason, of_trace = None, {}
        started = time.thread_time()
        try:
            found = trace.run(group)
            self.traced_seconds = min(self.traced_seconds, time.thread_time() - started)
            of_trace = results([tensor.clone() for tensor in found])
        except Exception as error:  # noqa: BLE001 - The layers evaluate the batch.
            reason = runners.failure(error)
        before.restore()
        evaluated = self.measured(by_layers)
        if reason is not None:
            return evaluated, reason
        try:
            different = difference(of_trace, results(trace.values_of(evaluated)))
        except Exception as error:  # noqa: BLE001 - The metrics raise it again, at their place.
            return evaluated, f"the predictions cannot be compared: {error}"
        if different:
            return evaluated, f"the trace computes other bits of {different}"
        self.checks += 1
        if self.checks == CHECKS * MOST_MEASURED and not self.is_ready:
            reason = "a batch takes as long when it is traced"
        return evaluated, reason
