"""Gradient accumulation: split a batch into parts whose shares of the loss add up to the loss of the batch."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from torch import Tensor, nn

    from hookline.data.batches import Batch
    from hookline.spec.objective.objective import Objective

Share: TypeAlias = "Tensor | float"
"""The factor for the loss of a part of a batch."""


def parts(
    objective: "Objective", criterion: "nn.Module", batch: "Batch", count: int
) -> "Iterator[tuple[Batch, Share]]":
    """Yield each part of a batch with its share. Compute the loss of a part before you request the next one.

    If the loss is a sum, the loss of the batch is the sum over its parts. If it is a mean over rows or over their
    weights, it is the mean over the parts, weighted by their divisors.

    A part whose rows are all ignored is skipped, since its loss is 0 / 0. Detecting this synchronizes with the device,
    but only losses with weights or an ignored class need it. If every row of the batch is ignored, the first part is
    used: its loss and gradients equal those of the batch.
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
    """Yield each part of a batch with its share, for `[losses]`, where each loss has its own share.

    The criterion receives the ratio of the share of each loss to that of the objective, and collects the terms of all
    parts. No part is skipped, since a loss that ignores every row adds 0.
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
    """For each part, the ratio of the share of each loss to that of the objective, without those that are exactly 1."""
    ratios: list[dict[str, Share]] = [{} for _ in split]
    for name in objective.names:
        named = objective.named(name)
        its_criterion, _, its_batch = named.given(criterion, {}, batch)
        total = named.loss.divisor(its_criterion, its_batch)
        for part, share, others in zip(split, shares, ratios, strict=True):
            _, _, its_part = named.given(criterion, {}, part)
            ratio = _ratio(_share(named.loss.divisor(its_criterion, its_part), total), share)
            # For equal numbers of rows the ratio is exactly 1. A tensor is not read: that would synchronize.
            if not isinstance(ratio, float) or ratio != 1.0:
                others[name] = ratio
    return ratios


def _ratio(share: Share, of: Share) -> Share:
    """The ratio of two shares, without synchronization; 0 for a part whose rows all have the weight 0."""
    import torch

    return torch.where(of > 0, share / of, 0.0) if isinstance(of, torch.Tensor) else share / of


def _share(divisor: "Tensor | float | None", total: "Tensor | float | None") -> Share:
    """The share of a part with this divisor, without synchronization; 1 if every row of the batch is ignored."""
    import torch

    if divisor is None or total is None:
        return 1.0
    return torch.where(total > 0, divisor / total, 1.0) if isinstance(total, torch.Tensor) else divisor / total
