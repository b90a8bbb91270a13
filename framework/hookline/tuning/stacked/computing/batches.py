"""The batches of all members of a stack: the same ones for all, or one of each member, stacked."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from hookline.data.batches import Batch, in_order
from hookline.data.data import Data

if TYPE_CHECKING:
    from torch import Tensor

    from hookline.data.batches import Batches


class Together(NamedTuple):
    """A batch of each member."""

    batch: Batch
    """The batch that all share, or their batches, stacked: each tensor is `(members, rows, …)`."""
    own: Sequence[Batch]
    """The batch of each member."""
    is_shared: bool
    """Whether all members share it."""

    @property
    def distinct(self) -> Sequence[Batch]:
        """The batch of each member, or the only one."""
        return [self.batch] if self.is_shared else self.own

    def inputs(self) -> "list[Tensor]":
        """The inputs, `(members, rows, …)`; those that all share are expanded."""
        several = self.batch.inputs.values()
        return [one.expand(len(self.own), *one.shape) for one in several] if self.is_shared else list(several)


def splits_of(data: Sequence[Data], name: str) -> "list[Batches]":
    """The split of each member as it is evaluated. Members with the same data have the same split."""
    made: dict[int, Batches] = {}
    for one in data:
        if id(one) not in made:
            split = one.splits()[name]
            made[id(one)] = in_order(split) if name == "training" else split
    return [made[id(one)] for one in data]


def epoch_of(batches: "Sequence[Batches]", number: int) -> Iterator[Together]:
    """Yield the batches of an epoch of all members, given the split of each."""
    first = batches[0]
    if all(other is first for other in batches):
        for batch in first.epoch(number):
            yield Together(batch, [batch] * len(batches), is_shared=True)
        return
    # Members with the same split get the same batches.
    distinct = {id(one): one for one in batches}
    for several in zip(*(one.epoch(number) for one in distinct.values()), strict=True):
        by_split = dict(zip(distinct, several, strict=True))
        own = [by_split[id(one)] for one in batches]
        yield Together(_stacked(own), own, is_shared=False)


def _stacked(own: Sequence[Batch]) -> Batch:
    import torch

    def stacked(groups: "Sequence[dict[str, Tensor]]") -> "dict[str, Tensor]":
        return {name: torch.stack([group[name] for group in groups]) for name in groups[0]}

    weights = [one.weights for one in own if one.weights is not None]
    return Batch(
        stacked([dict(one.inputs) for one in own]),
        stacked([dict(one.targets) for one in own]),
        weights=torch.stack(weights) if weights else None,
    )
