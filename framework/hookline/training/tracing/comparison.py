"""Compute batches both ways from the same state, by the layers and by a trace, before the trace alone is used."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from hookline.training.tracing import worth
from hookline.training.tracing.graphs.graph import Untraceable
from hookline.training.tracing.graphs.runners import failure
from hookline.training.tracing.snapshot import Snapshot, difference

if TYPE_CHECKING:
    from torch import Tensor

CHECKS = 3
"""The number of batches that are computed both ways, with the same bits, before the trace alone computes them."""

MOST_CHECKS = 9
"""The largest number of batches to compute both ways, if the trace has not been faster so far."""

LONG = 0.01
"""A time in seconds that is measured well enough at once, so that no further batches are needed to compare it."""

Answer = TypeVar("Answer")
"""What the layers return for a batch."""

Found = TypeVar("Found")
"""What the trace returns for a batch."""

Results: TypeAlias = "Mapping[str, Sequence[Tensor | None]]"
"""What is compared, in groups by their names."""


class Comparison:
    """How the batches of a trace compare with those of the layers so far."""

    def __init__(self) -> None:
        """Begin before any batch."""
        self.checks = 0
        """The number of batches that both computed, with the same bits."""
        self.by_layers = float("inf")
        """The shortest time in seconds of a batch by the layers."""
        self.traced = float("inf")
        """The shortest time of a batch by the trace."""

    @property
    def has_same_bits(self) -> bool:
        """Whether enough batches have the same bits."""
        return self.checks >= CHECKS

    @property
    def is_passed(self) -> bool:
        """Whether the trace has the same bits and is faster, so that it alone computes further batches."""
        return self.has_same_bits and (CHECKS == 0 or worth.is_faster(self.traced, self.by_layers))

    def measured(self, by_layers: Callable[[], Answer]) -> Answer:
        """Compute a batch by the layers, and note its time."""
        started = time.thread_time()
        answer = by_layers()
        self.by_layers = min(self.by_layers, time.thread_time() - started)
        return answer

    def both_ways(
        self,
        traced: Callable[[], Found],
        by_layers: Callable[[], Answer],
        changed: "Iterable[Tensor]",
        of_trace: Callable[[Found], Results],
        of_layers: Callable[[Answer], Results],
    ) -> tuple[Answer, str | None]:
        """Compute a batch both ways from the same state. The answer of the layers counts.

        The tensors that a batch may change and the random numbers are compared, too.

        Args:
            traced: computes the batch by the trace.
            by_layers: computes it by the layers.
            changed: the tensors that a batch may change.
            of_trace: returns what to compare of what the trace found.
            of_layers: returns the same of the answer of the layers.

        Returns:
            The answer, and why the trace must not be used; `None` if nothing says so.

        """
        reason = None
        results: dict[str, Any] = {}
        try:
            before = Snapshot(changed)
        except Untraceable as error:
            return by_layers(), str(error)
        started = time.thread_time()
        try:
            found = traced()
            self.traced = min(self.traced, time.thread_time() - started)
            results = {**of_trace(found), **before.present()}
        except Exception as error:  # noqa: BLE001 - The layers compute the batch.
            reason = failure(error)
        before.restore()
        answer = self.measured(by_layers)
        if reason is not None:
            return answer, reason
        try:
            different = difference({**of_layers(answer), **before.present()}, results)
        except Exception as error:  # noqa: BLE001 - Whatever uses the answer raises it again, at its place.
            return answer, f"the results cannot be compared: {error}"
        if different:
            return answer, f"the trace computes other bits of {different}"
        self.checks += 1
        is_measured = self.checks >= MOST_CHECKS or (self.has_same_bits and self.by_layers > LONG)
        if is_measured and not self.is_passed:
            reason = "the trace takes as long as the layers"
        return answer, reason
