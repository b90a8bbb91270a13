"""The groups of batches in the passes over a split. Those of batches that are kept are kept, too."""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from hookline.data.tensor_batches import are_in_memory
from hookline.training.tracing.passes.groups import Group, groups_of
from hookline.training.tracing.passes.kept_batches import KeptBatches
from hookline.training.tracing.passes.of_shape import OfShape

if TYPE_CHECKING:
    from hookline.data.batches import Batch, Batches


class GroupsOfPasses:
    """Divides the batches of each pass into groups."""

    def __init__(self, shape_of: "Callable[[Batch], OfShape]"):
        """Begin before a pass; `shape_of` returns what is known about the shape of a batch."""
        self._shape_of = shape_of
        self._source: KeptBatches | None = None
        self._kept: list[Group] | None = None
        """The groups of the kept batches, as long as the traces of their shapes are the same."""
        self._new: list[Group] | None = None
        """Those of the present pass, as long as the traces are the same since its beginning."""

    def of(self, batches: "Batches", epoch: int, kept: KeptBatches | None, *, are_single: bool) -> Iterable[Group]:
        """The groups of a pass.

        Args:
            batches: the batches.
            epoch: the number of the epoch.
            kept: the same batches, if they are kept.
            are_single: whether each group has only one batch.

        """
        most = 1 if are_single else None
        if kept is None:
            # Other batches may use the same memory again, or depend on what happened before they are requested.
            is_in_memory = are_in_memory(batches)
            most = most if is_in_memory else 1
            return groups_of(batches.epoch(epoch), self._shape_of, most=most, are_kept=is_in_memory)
        if are_single:
            return groups_of(kept.batches, self._shape_of, most=most, are_kept=True, are_reused=True)
        if self._kept is None or self._source is not kept:
            return self._divided(kept)
        return self._kept

    def forget(self) -> None:
        """Divide the batches of further passes anew, since the trace of a shape has become ready, or was left."""
        self._kept = self._new = None

    def _divided(self, kept: KeptBatches) -> Iterator[Group]:
        """Divide kept batches into groups. A trace that is ready in the middle of a pass has larger ones from then on.

        The groups are kept for further passes unless there is such a trace, or one that was left.
        """
        self.forget()
        self._new = groups = []
        for group in groups_of(kept.batches, self._shape_of, are_kept=True, are_reused=True):
            groups.append(group)
            yield group
        if self._new is groups:
            self._source, self._kept = kept, groups


class OwnBatches:
    """The batches of a pass in memory that is not used again, for layers."""

    def __init__(self, batches: "Batches", epoch: int):
        """Read no batches yet."""
        self._source, self._epoch = batches, epoch
        self._batches: list[Batch] = []

    def of(self, group: Group, position: int) -> Group:
        """Return a group with memory of its own; `position` is the number of batches before it."""
        if not group.are_reused:
            return group
        if not self._batches:  # In the same places as in any pass: the last bits of a product depend on them.
            self._batches = list(self._source.epoch(self._epoch))
        return Group(self._batches[position : position + len(group.batches)], group.shape, are_kept=True)
