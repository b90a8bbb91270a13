"""Batches: what the model and the loss are given in a step, and the splits that yield them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import repeat
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from attrs import frozen

from hookline.errors.text import enumerate_names

if TYPE_CHECKING:
    from torch import Tensor

Outputs: TypeAlias = "Tensor | Mapping[str, Tensor]"
"""The outputs of a model: a tensor, or several by name."""

NOTHING_MORE: Mapping[str, Any] = MappingProxyType({})
"""An empty mapping, for a batch without targets or lengths."""


@frozen
class Batch:
    """Rows for one step of the model and the loss."""

    inputs: "Mapping[str, Tensor]"
    """The model's inputs by name. The first dimension of each is the rows."""
    targets: "Mapping[str, Tensor]" = NOTHING_MORE
    """The targets of the loss by name; empty if the loss only compares outputs with one another."""
    lengths: "Mapping[str, Tensor]" = NOTHING_MORE
    """The lengths of padded input sequences by input name: the number of steps of each row, int64."""
    weights: "Tensor | None" = None
    """The weight of each row in the loss, float `(N,)`, not negative; `None` if all rows count equally. It is not an
    input of the model."""

    @property
    def input(self) -> "Tensor":
        """The only group of inputs."""
        return _only(self.inputs, "input")

    @property
    def target(self) -> "Tensor":
        """The only target."""
        return _only(self.targets, "target")

    @property
    def rows(self) -> int:
        """The number of rows."""
        return next(iter(self.inputs.values())).shape[0]  # `len` of a tensor takes longer.

    def parts(self, count: int) -> "list[Batch]":
        """Split the batch into `count` parts of equal size, of which the last may be smaller; fewer if rows are few."""
        size = -(-self.rows // count)
        number = -(-self.rows // size)
        groups = (_split(group, size, number) for group in (self.inputs, self.targets, self.lengths))
        weights = repeat(None, number) if self.weights is None else self.weights.split(size)
        return [Batch(*parts) for parts in zip(*groups, weights, strict=True)]

    def slice(self, start: int, stop: int) -> "Batch":
        """Return the rows from `start` up to, but not including, `stop`."""
        return self.changed(lambda tensor: tensor[start:stop])

    def changed(self, change: "Callable[[Tensor], Tensor]") -> "Batch":
        """Return the batch with `change` applied to each tensor."""
        return Batch(
            {name: change(tensor) for name, tensor in self.inputs.items()},
            {name: change(tensor) for name, tensor in self.targets.items()},
            {name: change(tensor) for name, tensor in self.lengths.items()},
            None if self.weights is None else change(self.weights),
        )


def _only(group: "Mapping[str, Tensor]", called: str) -> "Tensor":
    """Return the only tensor of a group, or raise a `ValueError` if there are several or none."""
    try:
        [tensor] = group.values()
    except ValueError:
        names = f": {enumerate_names(group)}" if group else ""
        raise ValueError(
            f"`{called}` is for batches with one {called}, but this one has {len(group)}{names}."
        ) from None
    return tensor


def _split(group: "Mapping[str, Tensor]", size: int, number: int) -> "Iterable[Mapping[str, Tensor]]":
    """Split all tensors into parts of `size` rows; a group without tensors becomes `number` empty groups."""
    if not group:
        return repeat(NOTHING_MORE, number)
    # `split` makes all parts of a tensor in one call, unlike a slice for each.
    if len(group) == 1:  # The common case, without a zip for each part.
        [(name, tensor)] = group.items()
        return [{name: part} for part in tensor.split(size)]
    splits = zip(*(tensor.split(size) for tensor in group.values()), strict=True)
    return [dict(zip(group, parts, strict=True)) for parts in splits]


class Batches(Protocol):
    """A split of the data, in batches.

    `train --locked` compares the data with that of the locked run. It compares all rows if the split has them as a
    `Batch` in `all`, or the result of a method `fingerprint() -> str` if there is one. Otherwise it compares the number
    of rows and the first 16 batches of the first epoch, for which it calls `epoch(1)` once more before the training.

    A training split that shuffles its rows or leaves some out should have a method `in_order() -> Batches`, which
    returns all rows in a fixed order: they are those that the trained model is evaluated on.

    A split that knows the number of its batches per epoch before they are read has a method `__len__() -> int`. Without
    it, the number of steps is unknown: a schedule that needs it must be given its length, and progress has no end.
    A split that does not hold its rows may have a method `sample(rows) -> Batch`, which returns at most this many rows,
    all equally likely, and always the same ones: layers that learn from the training rows use it.
    """

    @property
    def rows(self) -> int:
        """The number of rows; 0 if it is unknown before they are read."""

    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch, counted from 1, beginning with batch `start`.

        The order depends only on the seed and the epoch, so that two integers describe the position of a run in its
        data.
        """


def length_of(batches: Batches) -> int | None:
    """Return the number of batches per epoch; `None` if the split does not know it before they are read."""
    try:
        return len(batches)  # type: ignore[arg-type]
    except TypeError:  # It has no length, or wraps batches without one.
        return None


def in_order(batches: Batches) -> Batches:
    """Return a split as the trained model is evaluated on it: all rows in a fixed order, if it offers this."""
    ordered = getattr(batches, "in_order", None)
    return batches if ordered is None else ordered()
