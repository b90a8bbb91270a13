"""Gradient accumulation: a batch in parts, each with its share of the loss, so that they add up to the whole."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from torch import Tensor, nn

    from hookline.data.batches import Batch
    from hookline.spec.objective.objective import Objective

Share: TypeAlias = "Tensor | float"
"""What the loss of a part of a batch is multiplied by."""


def parts(
    objective: "Objective", criterion: "nn.Module", batch: "Batch", count: int
) -> "Iterator[tuple[Batch, Share]]":
    """The parts of a batch, and what the loss of each is multiplied by. The loss of a part is computed in between.

    The loss of the batch is the sum of those of its parts if the loss is a sum. If it is a mean over rows, or over
    their weights, it is their mean, in which each part counts as much as its own divisor.

    A part of which no row counts, and whose loss would be 0 / 0, is skipped. Finding it waits for the device, which
    only losses with weights or an ignored class do. If no row of the whole batch counts, the first part stands for it:
    its loss and its gradients are those that the batch would have.
    """
    split = batch.parts(count)
    if objective.names:
        yield from _parts_of_several(objective, criterion, batch, split)
        return
    total = objective.divisor(criterion, batch)
    counted = False
    for part in split:
        divisor = None if total is None else objective.divisor(criterion, part)
        if total is None or divisor:
            counted = True
            yield part, 1.0 if total is None or divisor is None else divisor / total
    if not counted:
        yield split[0], 1.0


def _parts_of_several(
    objective: "Objective", criterion: Any, batch: "Batch", split: "Sequence[Batch]"
) -> "Iterator[tuple[Batch, Share]]":
    """The parts of a batch for `[losses]`, each of which has a share of its own.

    The criterion is told the ratio of each share to that of the whole, and adds up the terms of all parts. No part is
    skipped, since a loss of which no row counts adds 0.
    """
    total = objective.divisor(criterion, batch)
    shares = [_share(objective.divisor(criterion, part), total) for part in split]
    ratios = [{} for _ in split] if len(objective.names) == 1 else _ratios(objective, criterion, batch, split, shares)
    terms = []
    try:
        for part, share, criterion.ratios in zip(split, shares, ratios, strict=True):
            yield part, share
            terms += objective.terms(criterion)
    finally:
        criterion.ratios = {}
    criterion.terms = terms


def _ratios(
    objective: "Objective", criterion: Any, batch: "Batch", split: "Sequence[Batch]", shares: "Sequence[Share]"
) -> "list[dict[str, Share]]":
    """For each part and loss, the ratio of its share to that of the whole, unless this is exactly 1."""
    ratios: list[dict[str, Share]] = [{} for _ in split]
    for name in objective.names:
        named = objective.named(name)
        its_criterion, _, its_batch = named.given(criterion, {}, batch)
        total = named.loss.divisor(its_criterion, its_batch)
        for part, share, others in zip(split, shares, ratios, strict=True):
            _, _, its_part = named.given(criterion, {}, part)
            ratio = _share(named.loss.divisor(its_criterion, its_part), total) / share
            # Equal numbers of rows have a ratio of exactly 1. That of tensors is not read.
            if not isinstance(ratio, float) or ratio != 1.0:
                others[name] = ratio
    return ratios


def _share(divisor: "Tensor | float | None", total: "Tensor | float | None") -> Share:
    """The share of a part with this divisor, without waiting for the device; 1 if no row of the whole counts."""
    import torch

    if divisor is None or total is None:
        return 1.0
    return torch.where(total > 0, divisor / total, 1.0) if isinstance(total, torch.Tensor) else divisor / total
