"""The losses of an epoch, kept as tensors until somebody wants the number."""

from typing import TYPE_CHECKING

from hookline.errors import TrainingError

if TYPE_CHECKING:
    from torch import Tensor

CHECKED_EVERY = 1024
"""After how many steps the losses are looked at: to look at each would be to wait for the device at each."""


class EpochLosses:
    """Adds up the losses of one epoch's steps and finds the first that is NaN."""

    def __init__(self, epoch: int, first_step: int, *, summed: bool):
        """Begin an epoch; `summed` tells that the loss of a batch is the sum over its rows and not the mean."""
        self._epoch = epoch
        self._next_step = first_step
        self._summed = summed
        self._losses: list[Tensor] = []
        self._rows: list[int] = []
        self._total = 0.0
        self._total_rows = 0

    def add(self, loss: "Tensor", rows: int) -> None:
        """Keep the loss of one step."""
        self._losses.append(loss)
        self._rows.append(rows)
        if len(self._losses) == CHECKED_EVERY:
            self._add_up()

    def mean(self) -> float:
        """The loss of the epoch: the mean over its rows, or the sum if the loss is one.

        Raises:
            TrainingError: if a loss is NaN.

        """
        self._add_up()
        return self._total if self._summed else self._total / max(1, self._total_rows)

    def _add_up(self) -> None:
        import torch

        if not self._losses:
            return
        losses = torch.stack(self._losses).cpu().double()
        if losses.isnan().any():
            step = self._next_step + int(losses.isnan().nonzero()[0])
            raise TrainingError(
                f"The loss is NaN in epoch {self._epoch}, step {step}. Often the learning rate is too high, "
                f"or an input is not finite."
            )
        rows = torch.tensor(self._rows)
        self._total += float(losses.sum() if self._summed else (losses * rows).sum())
        self._total_rows += int(rows.sum())
        self._next_step += len(self._losses)
        self._losses.clear()
        self._rows.clear()
