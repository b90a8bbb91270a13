"""Gradient accumulation: a batch in parts, each with its share of the loss, so that they add up to the whole."""

from typing import TYPE_CHECKING, TypeAlias

from attrs import evolve

if TYPE_CHECKING:
    from torch import Tensor, nn

    from hookline.data.batches import Batch
    from hookline.spec.families.loss import LossSpec

Share: TypeAlias = "Tensor | float | None"
"""What the loss of a part of a batch is multiplied by; `None` if no row of the part counts."""


def shares(
    loss: "LossSpec", criterion: "nn.Module", batch: "Batch", count: int
) -> "list[tuple[Batch, Tensor | float]]":
    """The parts of the batch, and what the loss of each is multiplied by.

    A loss that is a sum is the sum of those of the parts. One that is a mean over rows, or over their weights, is
    their mean, in which each part counts as much as what its own mean was divided by. Of a loss that is made of several
    each has a share of its own: `Batch.shares` of a part says which of them count more or less there than the whole.

    A part in which no row counts, whose loss would be 0 / 0, is left out; to find it is to wait for the device, and
    only losses with weights or an ignored class ask for it. If no row of the whole batch counts, the first part stands
    for it: its loss and its gradients are what those of the batch would be.
    """
    parts = batch.parts(count)
    own = _shares(loss, criterion, batch, parts)
    if len(loss.parts) > 1:
        several = _shares_of_each(loss, criterion, batch, parts)
        parts = [
            part if share is None else evolve(part, shares=_beside(share, several, index))
            for index, (part, share) in enumerate(zip(parts, own, strict=True))
        ]
        own = [
            share if any(its[index] is not None for its in several.values()) else None
            for index, share in enumerate(own)
        ]
    counted = [(part, share) for part, share in zip(parts, own, strict=True) if share is not None]
    return counted or [(batch.parts(count)[0], 1.0)]


def _shares(loss: "LossSpec", criterion: "nn.Module", batch: "Batch", parts: "list[Batch]") -> list[Share]:
    """What the loss of each part is multiplied by."""
    total = loss.divisor(criterion, batch)
    if total is None:
        return [1.0] * len(parts)
    divisors = [loss.divisor(criterion, part) for part in parts]
    return [divisor / total if divisor is not None and divisor else None for divisor in divisors]


def _shares_of_each(
    loss: "LossSpec", criterion: "nn.Module", batch: "Batch", parts: "list[Batch]"
) -> dict[str, list[Share]]:
    """The same by the names of the losses of which it is made; none for those for which no row of the batch counts."""
    several = {}
    for name, one in loss.parts.items():
        its_criterion, _, its_batch = loss.part(name, criterion, {}, batch)
        its = _shares(one, its_criterion, its_batch, [loss.part(name, criterion, {}, part)[2] for part in parts])
        if any(share is not None for share in its):
            several[name] = its
    return several


def _beside(own: "Tensor | float", several: dict[str, list[Share]], index: int) -> dict[str, Share]:
    """By what each loss is multiplied in a part beside the share of the whole; those that are not are left out."""
    beside: dict[str, Share] = {}
    for name, its in several.items():
        share = its[index]
        ratio = None if share is None else share / own
        # Equal numbers of rows have a ratio of exactly 1. That of tensors is not looked at.
        if not isinstance(ratio, float) or ratio != 1.0:
            beside[name] = ratio
    return beside
