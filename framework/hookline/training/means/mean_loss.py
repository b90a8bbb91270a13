"""The mean loss of many batches."""

import math
from typing import TYPE_CHECKING, Any

from hookline.errors.exceptions import TrainingError
from hookline.training.means.scalars import READ_EVERY, Scalars, sum_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor


class MeanLoss:
    """The loss over all rows, from the loss of each batch and its divisor."""

    def __init__(self) -> None:
        """Start without batches."""
        self._losses = Scalars()
        self._divisors = Scalars()
        self._total = 0.0
        self._divisor: float | None = None
        self._has_batches = False

    def add(self, loss: "Tensor | float", divisor: "Tensor | float | None") -> None:
        """Add the loss of a batch. `divisor` is what `LossSpec.divisor` returned: `None` for a sum."""
        self._losses.add(loss)
        if divisor is not None:
            self._divisors.add(divisor)
        if self._losses.count == READ_EVERY:
            self._add_up()

    def add_several(self, losses: "Sequence[float]", divisors: "Sequence[float]") -> None:
        """Add the losses of several batches, as `add` does for each; there are no divisors if the losses are sums."""
        free = self.unread
        self._losses.extend(losses[:free])
        self._divisors.extend(divisors[:free])
        if len(losses) >= free:
            self._add_up()
            self.add_several(losses[free:], divisors[free:])

    @property
    def unread(self) -> int:
        """The number of batches before the losses are read."""
        return READ_EVERY - self._losses.count

    def add_sum(self, total: float, divisor: float | None, batches: int) -> None:
        """Add several batches: the sum of their losses, each times its divisor, and the sum of the divisors.

        The sums must be finite. `divisor` is `None` for losses that are sums.
        """
        self._add_up()
        self._has_batches = True
        self._total += total
        if divisor is not None:
            self._divisor = (self._divisor or 0.0) + divisor

    def value(self) -> float:
        """The mean, or the sum if the losses are sums. NaN if no batch was added or every row is ignored."""
        self._add_up()
        if not self._has_batches or self._divisor == 0:
            return math.nan
        return self._total if self._divisor is None else self._total / self._divisor

    def state_dict(self) -> dict[str, Any]:
        """Return what was added so far. Values that are not added up yet stay so: the order affects the bits."""
        return {
            "losses": self._losses.values(),
            "divisors": self._divisors.values(),
            "total": self._total,
            "divisor": self._divisor,
            "has_batches": self._has_batches,
        }

    def load_state_dict(self, state: "Mapping[str, Any]") -> None:
        """Restore a state that `state_dict` returned."""
        self._losses.load(state["losses"])
        self._divisors.load(state["divisors"])
        self._total, self._divisor, self._has_batches = state["total"], state["divisor"], state["has_batches"]

    def _check(self, losses: "Sequence[float]") -> None:
        """Check losses whose sum is not finite."""

    def _add_up(self) -> None:
        if not self._losses.count:
            return
        self._has_batches = True
        losses, divisors = self._losses.take(), self._divisors.take()
        if not divisors:
            total = sum_of(losses)
            if not math.isfinite(total):
                self._check(losses)
        else:
            total = sum_of(_products(losses, divisors))
            if not math.isfinite(total):
                # If every row of a batch is ignored, its loss is 0 / 0.
                losses = [loss if divisor > 0 else 0.0 for loss, divisor in zip(losses, divisors, strict=True)]
                self._check(losses)
                total = sum_of(_products(losses, divisors))
            self._divisor = (self._divisor or 0.0) + sum_of(divisors)
        self._total += total


def _products(losses: "Sequence[float]", divisors: "Sequence[float]") -> list[float]:
    return [loss * divisor for loss, divisor in zip(losses, divisors, strict=True)]


class EpochLosses(MeanLoss):
    """The losses of the steps of an epoch, each of which must be finite."""

    def __init__(self, epoch: int, first_step: int):
        """Start an epoch whose first step is `first_step`."""
        super().__init__()
        self._epoch = epoch
        self._next_step = first_step

    def skip(self) -> None:
        """Count a step whose batch was skipped."""
        self._add_up()
        self._next_step += 1

    def add_sum(self, total: float, divisor: float | None, batches: int) -> None:
        """Add several steps: see `MeanLoss.add_sum`."""
        super().add_sum(total, divisor, batches)
        self._next_step += batches

    def state_dict(self) -> dict[str, Any]:
        """Return what was added so far, and the step of the next loss that is read."""
        return {**super().state_dict(), "next_step": self._next_step}

    def load_state_dict(self, state: "Mapping[str, Any]") -> None:
        """Restore a state that `state_dict` returned."""
        super().load_state_dict(state)
        self._next_step = state["next_step"]

    def _check(self, losses: "Sequence[float]") -> None:
        """Raise a `TrainingError` that names the first step whose loss is NaN or infinite."""
        for step, loss in enumerate(losses, self._next_step):
            if not math.isfinite(loss):
                raise TrainingError(
                    f"The loss is {'NaN' if math.isnan(loss) else 'infinite'} in epoch {self._epoch}, step {step}. "
                    f"Often the learning rate is too high, or an input is not finite."
                )

    def _add_up(self) -> None:
        count = self._losses.count
        super()._add_up()
        self._next_step += count
