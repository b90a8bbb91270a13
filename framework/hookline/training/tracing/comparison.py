"""Compute steps both ways from the same state, by the layers and by a trace, before the trace alone is used."""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from attrs import define

from hookline.training.tracing import worth
from hookline.training.tracing.graphs.graph import Untraceable
from hookline.training.tracing.graphs.runners import failure
from hookline.training.tracing.snapshot import Snapshot, difference

if TYPE_CHECKING:
    from torch import Tensor, nn

CHECKS = 3
"""The number of steps that are computed both ways, with the same bits, before the trace alone computes them."""

MOST_CHECKS = 9
"""The largest number of steps to compute both ways, if the trace has not been faster so far."""

LONG = 0.01
"""A time in seconds that is measured well enough at once, so that no further steps are needed to compare it."""

FIRST_SECONDS = 1e-6
"""A time that no step falls below."""


@define
class Comparison:
    """How the steps of a trace compare with those of the layers so far."""

    checks: int = 0
    """The number of steps that both computed, with the same bits."""
    by_layers: float = float("inf")
    """The shortest time in seconds of a step by the layers."""
    traced: float = float("inf")
    """The shortest time of a step by the trace."""

    @property
    def has_same_bits(self) -> bool:
        """Whether enough steps have the same bits."""
        return self.checks >= CHECKS

    @property
    def is_passed(self) -> bool:
        """Whether the trace has the same bits and is faster, so that it alone computes further steps."""
        return self.has_same_bits and (CHECKS == 0 or worth.is_faster(self.traced, self.by_layers))

    def measured(self, by_layers: "Callable[[], Tensor]") -> "Tensor":
        """Make a step by the layers, and note its time."""
        started = time.thread_time()
        loss = by_layers()
        self.by_layers = min(self.by_layers, time.thread_time() - started)
        return loss

    def both_ways(
        self,
        traced: "Callable[[], Tensor]",
        by_layers: "Callable[[], Tensor]",
        changed: "Iterable[Tensor]",
        parameters: "Sequence[nn.Parameter]",
        terms: "Callable[[], Iterable[Any]]",
    ) -> "tuple[Tensor, str | None]":
        """Make a step both ways. The result of the layers counts.

        Args:
            traced: makes the step by the trace, and returns its loss.
            by_layers: makes it by the layers.
            changed: the tensors that a step may change.
            parameters: the parameters that have gradients after it.
            terms: returns the terms of `[losses]` after it.

        Returns:
            The loss, and why the trace must not be used; `None` if nothing says so.

        """
        import torch

        try:
            before, gradients = Snapshot(changed), [parameter.grad for parameter in parameters]
        except Untraceable as error:
            return by_layers(), str(error)

        def results(loss: "Tensor") -> dict[str, Any]:
            parts = [part for term in terms() for part in term if isinstance(part, torch.Tensor)]
            return {
                "the loss": [loss, *parts],
                "a gradient": [parameter.grad for parameter in parameters],
                "a parameter, a buffer or a state": [tensor.detach().clone() for tensor in before.tensors],
                "the random numbers": [torch.get_rng_state()],
            }

        reason, of_trace = None, {}
        started = time.thread_time()
        try:
            loss = traced()
            self.traced = max(FIRST_SECONDS, min(self.traced, time.thread_time() - started))
            of_trace = results(loss)
        except Exception as error:  # noqa: BLE001 - The layers make the step.
            reason = failure(error)
        before.restore()
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient
        loss = self.measured(by_layers)
        if reason is not None:
            return loss, reason
        try:
            different = difference(results(loss), of_trace)
        except (MemoryError, RuntimeError) as error:
            return loss, f"the results cannot be compared: {error}"
        if different:
            return loss, f"the trace computes other bits of {different}"
        self.checks += 1
        is_measured = self.checks >= MOST_CHECKS or (self.has_same_bits and self.by_layers > LONG)
        if is_measured and not self.is_passed:
            reason = "a step takes as long when it is traced"
        return loss, reason
