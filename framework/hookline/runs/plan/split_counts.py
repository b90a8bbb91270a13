"""The number of rows of each class in each split, and of rows in no split, for `hookline plan`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from attrs import frozen

from hookline.data.batches import Batch
from hookline.data.data import Data
from hookline.data.targets.counts import counts_in
from hookline.data.targets.encoding import Target

if TYPE_CHECKING:
    from torch import Tensor

MOST_CLASSES = 1000
"""The largest number of classes that are counted in each split."""


@frozen(kw_only=True)
class SplitCounts:
    """The numbers of rows in the splits."""

    classes: Mapping[str, Mapping[str, Mapping[str, int]]]
    """For each target with classes, the number of rows of each class, by split. Of labels, the rows with each label."""
    left_out: Mapping[str, int]
    """How many rows are in no split, by the reason."""
    sampled: int | None = None
    """How many rows are drawn with replacement in each training epoch; `None` if each is used once."""


def split_counts(data: Data) -> SplitCounts:
    """Count the rows of the splits that are in memory, and of the training split."""
    classes: dict[str, dict[str, dict[str, int]]] = {}
    for split, batches in data.splits().items():
        rows = getattr(batches, "all", None)
        targets = (
            rows.targets if isinstance(rows, Batch) else dict.fromkeys(data.targets if split == "training" else ())
        )
        for name, tensor in targets.items():
            if (counts := _counts(data.targets.get(name), tensor)) is not None:
                classes.setdefault(name, {})[split] = counts
    sampler = getattr(data.training, "sampler", None)
    return SplitCounts(
        classes=classes,
        left_out=dict(data.left_out),
        sampled=None if sampler is None else sampler.num_samples,
    )


def _counts(known: Target | None, tensor: "Tensor | None") -> dict[str, int] | None:
    """Return the rows of each class; those of the training split are known without its tensor."""
    if known is None or known.counts is None or len(known.counts) > MOST_CLASSES:
        return None
    names = known.columns if known.classes is None else known.classes
    counts = known.counts if tensor is None else counts_in(tensor, len(known.counts))
    return dict(zip(map(str, names), counts, strict=True))
