"""Gradient accumulation: a batch in parts, each with its share of the loss, so that they add up to the whole."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn

    from hookline.data import Batch
    from hookline.specs import LossSpec


def shares(
    loss: "LossSpec", criterion: "nn.Module", batch: "Batch", count: int
) -> "list[tuple[Batch, Tensor | float]]":
    """The parts of the batch, and what the loss of each is multiplied by.

    A loss that is a sum is the sum of those of the parts. One that is a mean over rows, or over their weights, is
    their mean, in which each part counts as much as what its own mean was divided by. A part in which no row counts,
    whose loss would be 0 / 0, is left out; to find it is to wait for the device, and only losses with weights or an
    ignored class ask for it.
    """
    parts = batch.parts(count)
    divisors = [loss.divisor(criterion, part) for part in parts]
    total = loss.divisor(criterion, batch)
    if total is None:
        return [(part, 1.0) for part in parts]
    return [
        (part, divisor / total)
        for part, divisor in zip(parts, divisors, strict=True)
        if divisor is not None and divisor
    ]
