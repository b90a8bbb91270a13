"""The mean loss of many batches, computed without keeping their tensors alive."""

import math
from typing import TYPE_CHECKING, Any

from hookline.errors.exceptions import TrainingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from torch import Tensor

    from hookline.spec.objective.objective import Objective, Term

READ_EVERY = 1024
"""The number of batches between reads of their losses: each read synchronizes with the device."""


class Scalars:
    """A buffer for the values of up to `READ_EVERY` scalar tensors, which it does not keep alive.

    A small tensor that stays alive among the large ones of its step prevents the C library from reusing the memory
    around it, and a view keeps its whole base tensor alive. A value on the CPU is read immediately, without
    synchronization. A value on an accelerator is copied into a tensor there, allocated once and read by `take`.
    """

    def __init__(self) -> None:
        """Create an empty buffer."""
        self._numbers: list[float] = []
        self._on_device: Tensor | None = None
        self._count = 0

    def add(self, value: "Tensor | float") -> None:
        """Append the value of a scalar tensor, or a number."""
        if self._on_device is not None:
            self._on_device[self._count] = value
        elif isinstance(value, (int, float)):
            self._numbers.append(value)
        elif value.is_cpu:
            self._numbers.append(value.item())
        else:
            self._allocate(value)
        self._count += 1

    def _allocate(self, value: "Tensor") -> None:
        """Move the values to a new tensor on the device of this value."""
        import torch

        # float64 holds every loss and row count exactly; only MPS lacks it.
        dtype = torch.float32 if value.device.type == "mps" else torch.float64
        self._on_device = torch.empty(READ_EVERY, dtype=dtype, device=value.device)
        self._on_device[: self._count] = torch.tensor(self._numbers, dtype=dtype)
        self._on_device[self._count] = value
        self._numbers.clear()

    def __len__(self) -> int:
        """The number of values."""
        return self._count

    def values(self) -> list[float]:
        """Return all values in order, without removing them."""
        return list(self._numbers) if self._on_device is None else self._on_device[: self._count].tolist()

    def load(self, values: "list[float]") -> None:
        """Replace all values."""
        self._numbers, self._on_device, self._count = list(values), None, len(values)

    def take(self) -> "Tensor":
        """Remove and return all values in order, as float64 on the CPU."""
        import torch

        if self._on_device is None:
            taken = torch.tensor(self._numbers, dtype=torch.float64)
        else:
            taken = self._on_device[: self._count].cpu().double()
        self._numbers.clear()
        self._count = 0
        return taken


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
        if len(self._losses) == READ_EVERY:
            self._add_up()

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

    def _check(self, losses: "Tensor") -> None:
        """Check losses whose sum is not finite."""

    def _add_up(self) -> None:
        import torch

        if not len(self._losses):
            return
        self._has_batches = True
        losses = self._losses.take()
        if not len(self._divisors):
            total = float(losses.sum())
            if not math.isfinite(total):
                self._check(losses)
        else:
            divisors = self._divisors.take()
            total = float((losses * divisors).sum())
            if not math.isfinite(total):
                # If every row of a batch is ignored, its loss is 0 / 0.
                losses = torch.where(divisors > 0, losses, 0.0)
                self._check(losses)
                total = float((losses * divisors).sum())
            self._divisor = (self._divisor or 0.0) + float(divisors.sum())
        self._total += total


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

    def _check(self, losses: "Tensor") -> None:
        """Raise a `TrainingError` that names the first step whose loss is NaN or infinite."""
        wrong = losses.isfinite().logical_not_()
        if wrong.any():
            first = int(wrong.nonzero()[0])
            step, what = self._next_step + first, "NaN" if losses[first].isnan() else "infinite"
            raise TrainingError(
                f"The loss is {what} in epoch {self._epoch}, step {step}. Often the learning rate is too high, "
                f"or an input is not finite."
            )

    def _add_up(self) -> None:
        count = len(self._losses)
        super()._add_up()
        self._next_step += count


class MeanLosses:
    """The mean of the objective over a split, and that of each loss of `[losses]`, as they are logged.

    The losses of a sum can have different divisors, such as the number of rows, their weights or none. The mean over
    rows of the objective would then depend on the batch size. `values` corrects it: the result is the sum of the means,
    each times its factor, plus the mean over rows of what wrappers around the stage `loss` add.
    """

    def __init__(self, objective: "Objective", total: MeanLoss | None = None):
        """Start without batches; `total` accumulates the values of the objective."""
        self.total = MeanLoss() if total is None else total
        self._means = {name: MeanLoss() for name in objective.names}
        self._factors = objective.corrected
        self._over_rows = {name: MeanLoss() for name in self._factors}

    def add(self, loss: "Tensor | float", divisor: "Tensor | float | None", terms: "Iterable[Term]" = ()) -> None:
        """Add a batch: the value of the objective, its divisor, and its terms, from `Objective`."""
        self.total.add(loss, divisor)
        for term in terms:
            self._means[term.name].add(term.value, term.divisor)
            if term.name in self._over_rows:
                self._over_rows[term.name].add(term.weighted, term.rows)

    def state_dict(self) -> dict[str, Any]:
        """Return what was added so far."""
        return {
            "total": self.total.state_dict(),
            "means": {name: mean.state_dict() for name, mean in self._means.items()},
            "over_rows": {name: mean.state_dict() for name, mean in self._over_rows.items()},
        }

    def load_state_dict(self, state: "Mapping[str, Any]") -> None:
        """Restore a state that `state_dict` returned."""
        self.total.load_state_dict(state["total"])
        for name, mean in self._means.items():
            mean.load_state_dict(state["means"][name])
        for name, mean in self._over_rows.items():
            mean.load_state_dict(state["over_rows"][name])

    def values(self) -> dict[str, float]:
        """The means by the names under which they are logged: "loss", and "loss[size]" for each loss with a name."""
        total = self.total.value()
        means = {name: mean.value() for name, mean in self._means.items()}
        for name, factor in self._factors.items():
            if not math.isnan(means[name]):  # A loss that ignores every row adds nothing to the total.
                total += factor * (means[name] - self._over_rows[name].value())
        return {"loss": total, **{f"loss[{name}]": mean for name, mean in means.items()}}
