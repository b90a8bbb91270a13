"""The losses of many batches, of which nothing but their numbers is kept until somebody wants their mean."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hookline.errors.exceptions import TrainingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor, nn

    from hookline.data.batches import Batch
    from hookline.spec.families.loss import LossSpec

LOOKED_AT_EVERY = 1024
"""After how many batches the losses are looked at: to look at each would be to wait for the device at each."""


class Scalars:
    """The numbers of up to `LOOKED_AT_EVERY` scalar tensors, none of which is kept.

    A small tensor that stays alive among the large ones of its step keeps the C library from reusing the memory around
    it, and one that is a view keeps the whole tensor. A number on the CPU is read at once, which waits for nothing. One
    on an accelerator is copied into a tensor there, which is allocated once and read when somebody asks.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._numbers: list[float] = []
        self._on_device: Tensor | None = None
        self._count = 0

    def add(self, value: "Tensor | float") -> None:
        """Add the number of a scalar tensor, or a number."""
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
        """Go on in a tensor on the device of this value."""
        import torch

        # Every float and every count of rows is exact in float64, which MPS alone does not have.
        dtype = torch.float32 if value.device.type == "mps" else torch.float64
        self._on_device = torch.empty(LOOKED_AT_EVERY, dtype=dtype, device=value.device)
        self._on_device[: self._count] = torch.tensor(self._numbers, dtype=dtype)
        self._on_device[self._count] = value
        self._numbers.clear()

    def __len__(self) -> int:
        """How many there are."""
        return self._count

    def take(self) -> "Tensor":
        """All numbers in their order, float64 on the CPU; then there are none."""
        import torch

        if self._on_device is None:
            taken = torch.tensor(self._numbers, dtype=torch.float64)
        else:
            taken = self._on_device[: self._count].cpu().double()
        self._numbers.clear()
        self._count = 0
        return taken


class MeanLoss:
    """The loss of all rows together, from the losses of batches and what each of them was divided by."""

    def __init__(self) -> None:
        """Begin with no batch."""
        self._losses = Scalars()
        self._divisors = Scalars()
        self._total = 0.0
        self._divisor: float | None = None
        self._has_batches = False

    def add(self, loss: "Tensor", divisor: "Tensor | float | None") -> None:
        """Add the loss of a batch; `divisor` is what `LossSpec.divisor` says, `None` for a sum."""
        self._losses.add(loss)
        if divisor is not None:
            self._divisors.add(divisor)
        if len(self._losses) == LOOKED_AT_EVERY:
            self._add_up()

    def value(self) -> float:
        """The mean, or the sum if the losses are sums; NaN if no batch was added, or no row of any counts."""
        self._add_up()
        if not self._has_batches or self._divisor == 0:
            return math.nan
        return self._total if self._divisor is None else self._total / self._divisor

    def _look(self, losses: "Tensor") -> None:
        """What is to be done with some losses when they are looked at."""

    def _add_up(self) -> None:
        import torch

        if not len(self._losses):
            return
        self._has_batches = True
        losses = self._losses.take()
        if not len(self._divisors):
            self._look(losses)
            self._total += float(losses.sum())
        else:
            divisors = self._divisors.take()
            losses = torch.where(divisors > 0, losses, 0.0)  # A batch in which no row counts has a loss of 0 / 0.
            self._look(losses)
            self._total += float((losses * divisors).sum())
            self._divisor = (self._divisor or 0.0) + float(divisors.sum())


class EpochLosses(MeanLoss):
    """The losses of an epoch's steps, each of which must be finite."""

    def __init__(self, epoch: int, first_step: int):
        """Begin an epoch, whose steps are counted from `first_step`."""
        super().__init__()
        self._epoch = epoch
        self._next_step = first_step

    def leave_out(self) -> None:
        """Count a step whose batch is left out."""
        self._add_up()
        self._next_step += 1

    def _look(self, losses: "Tensor") -> None:
        """Raise a `TrainingError` that names the first step whose loss is NaN or infinite."""
        wrong = losses.isfinite().logical_not_()
        if wrong.any():
            first = int(wrong.nonzero()[0])
            step, what = self._next_step + first, "NaN" if losses[first].isnan() else "infinite"
            raise TrainingError(
                f"The loss is {what} in epoch {self._epoch}, step {step}. Often the learning rate is too high, "
                f"or an input is not finite."
            )
        self._next_step += len(losses)


class PartLosses:
    """The means of the losses of which a combined loss is made, for logging; of any other loss there are none.

    The parts of a sum can be divided by different things: one by its rows, one by their weights, one by nothing. The
    mean over rows of the batches' totals would then depend on the batch size. `with_total` corrects it, so that the
    total is the sum of the parts, each times its factor.
    """

    def __init__(self, spec: "LossSpec"):
        """Begin with no batch."""
        self._spec = spec
        self._means: dict[str, MeanLoss] = {}
        self._over_rows: dict[str, MeanLoss] = {}
        self._is_noting = False
        self._rows = 0
        self._latest: list[tuple[str, Tensor, Tensor | float | None]] = []
        is_mean, factors = spec.divided_by == "rows", spec.factors
        self._corrected = {
            name: factors[name]
            for name, part in spec.parts.items()
            if is_mean and name in factors and part.divided_by != "rows"
        }

    def add(self, criterion: "nn.Module", batch: "Batch") -> None:
        """Keep the parts of the loss that the criterion has just computed for a batch."""
        self._rows = batch.rows
        self._note(criterion, batch)
        self._settle()

    def leave_out(self) -> None:
        """Forget what was kept of the latest step."""
        self._latest = []

    def with_total(self, losses: MeanLoss) -> dict[str, float]:
        """The loss and the mean of each part, by the names under which they are logged; then it begins anew.

        `losses` are the totals of the same batches.
        """
        self._settle()
        total = losses.value()
        means = {name: self._means.get(name, MeanLoss()).value() for name in self._spec.parts}
        for name, factor in self._corrected.items():
            if not math.isnan(means[name]):  # A part for which no row counts has added nothing to the total.
                total += factor * (means[name] - self._over_rows[name].value())
        self._means, self._over_rows = {}, {}
        return {"loss": total, **{f"loss[{name}]": mean for name, mean in means.items()}}

    def _note(self, criterion: "nn.Module", batch: "Batch") -> None:
        divisors = self._spec.latest_divisors(criterion)
        for target, loss in self._spec.latest_parts(criterion).items():
            if target in divisors:
                divisor = divisors[target]
            else:
                part, _, its_batch = self._spec.part(target, criterion, {}, batch)
                divisor = self._spec.of_target(target).divisor(part, its_batch)
            self._latest.append((target, loss, divisor))

    def _settle(self) -> None:
        """Add what was noted of one batch, which may have been computed in several parts."""
        if not self._latest:
            return
        for target, loss, divisor in self._latest:
            self._means.setdefault(target, MeanLoss()).add(loss, divisor)
        for name in self._corrected:
            noted = [(loss, divisor) for target, loss, divisor in self._latest if target == name]
            whole = _whole(noted) if noted else self._latest[0][1].new_zeros(())
            self._over_rows.setdefault(name, MeanLoss()).add(whole, self._rows)
        self._latest = []

    def noting(self, loss: "Callable[..., Tensor]") -> "Callable[..., Tensor]":
        """The stage `loss`, after which the parts are kept, as long as the gradients of a step are first computed."""
        if not self._spec.parts:
            return loss

        def noted(*, criterion: "nn.Module", batch: "Batch", **others: Any) -> "Tensor":
            value = loss(criterion=criterion, batch=batch, **others)
            if self._is_noting:
                self._note(criterion, batch)
            return value

        return noted

    def first(self, gradients: "Callable[[Batch], Tensor]") -> "Callable[[Batch], Tensor]":
        """The function, in whose calls parts are noted: not in those that an optimizer such as LBFGS adds."""
        if not self._spec.parts:
            return gradients

        def first_gradients(batch: "Batch") -> "Tensor":
            self._settle()  # The step before was not left out.
            self._rows = batch.rows
            self._is_noting = True
            try:
                return gradients(batch)
            finally:
                self._is_noting = False

        return first_gradients


def _whole(noted: "Sequence[tuple[Tensor, Any]]") -> "Tensor":
    """The loss of a batch, from the losses of its parts and what each of them was divided by."""
    import torch

    if len(noted) == 1:
        return noted[0][0]
    if noted[0][1] is None:
        return torch.stack([loss for loss, _ in noted]).sum()
    total: Any = sum(divisor for _, divisor in noted)
    mean: Any = sum(loss * divisor for loss, divisor in noted) / total
    # If no row counts it is 0 / 0. Numbers of rows are never 0.
    return torch.where(total > 0, mean, 0.0) if isinstance(total, torch.Tensor) else mean
