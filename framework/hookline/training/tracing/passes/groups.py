"""Batches of one shape that are evaluated in one call."""

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from hookline.data.batches import Batch
from hookline.training.tracing.passes.of_shape import OfShape
from hookline.training.tracing.traced_step import tensors_of

if TYPE_CHECKING:
    from torch import Tensor


class Group:
    """Batches of one shape."""

    def __init__(self, batches: list[Batch], shape: OfShape, *, are_kept: bool, are_reused: bool = False):
        """Take the batches.

        Args:
            batches: the batches.
            shape: what is known about their shape.
            are_kept: whether nothing overwrites them before the end of the pass.
            are_reused: whether the next pass uses their memory again, so that layers and metrics must not get it: they
                may keep a tensor, or overwrite it.

        """
        self.batches, self.shape, self.are_kept, self.are_reused = batches, shape, are_kept, are_reused

    def copies(self) -> list[Batch]:
        """The batches, with memory of their own if the next pass uses theirs again."""
        if not self.are_reused:
            return self.batches
        return [batch.changed(lambda tensor: tensor.clone()) for batch in self.batches]

    @cached_property
    def columns(self) -> "list[list[Tensor]]":
        """The tensors of the batches: a list for each tensor of a batch."""
        return list(map(list, zip(*map(tensors_of, self.batches), strict=True)))


def groups_of(
    batches: Iterable[Batch],
    shape_of: Callable[[Batch], OfShape],
    *,
    most: int | None = None,
    are_kept: bool,
    are_reused: bool = False,
) -> Iterator[Group]:
    """Yield the batches in groups.

    Args:
        batches: the batches. Those that follow one another and have the same number of rows must have one shape.
        shape_of: returns what is known about the shape of a batch.
        most: the largest number of batches in a group. Default: as many as are evaluated in one call.
        are_kept: whether nothing overwrites the batches before the end of the pass.
        are_reused: whether the next pass uses their memory again.

    """
    following = iter(batches)
    batch = next(following, None)
    while batch is not None:
        group, rows, shape = [batch], batch.rows, shape_of(batch)
        largest = most or shape.most(sum(tensor.nbytes for tensor in tensors_of(batch)))
        batch = None
        while len(group) < largest and (batch := next(following, None)) is not None and batch.rows == rows:
            group.append(batch)
            batch = None
        yield Group(group, shape, are_kept=are_kept, are_reused=are_reused)
        batch = next(following, None) if batch is None else batch
