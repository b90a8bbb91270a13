"""Random partners for rows: from the same group or from another one."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from hookline.data import Batch, Target, gathered, permutation
from hookline.errors import DataError, enumerate_names

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    Draw = Callable[[Generator], Mapping[str, NDArray[Any]]]


class Groups:
    """The rows of a split, grouped by a label such as their class.

    Rows are sorted by group once, so that each group is a contiguous range: drawing for all rows means drawing an array
    of positions and looking them up.
    """

    def __init__(self, labels: "NDArray[Any]"):
        """Sort the rows by their labels."""
        import numpy

        self.labels = labels
        self._sorted = numpy.argsort(labels, kind="stable")
        _, first, group, size = numpy.unique(
            labels[self._sorted], return_index=True, return_inverse=True, return_counts=True
        )
        # For each row: the start of its group, the size of its group, and its own position in the sorted order.
        self._place = numpy.empty_like(self._sorted)
        self._place[self._sorted] = numpy.arange(len(labels))
        self._first = first[group][self._place]
        self._size = size[group][self._place]

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(self.labels)

    @property
    def alone(self) -> "NDArray[Any]":
        """The labels of a single row, sorted."""
        import numpy

        return numpy.sort(self.labels[self._size == 1])

    @property
    def is_one(self) -> bool:
        """Whether all rows have the same label."""
        return bool((self._size == self.rows).all())

    def same(self, random: "Generator") -> "NDArray[Any]":
        """Draw for each row another row of its group, all equally likely; every group must have at least two rows."""
        drawn = self._first + random.integers(self._size - 1)
        return self._sorted[drawn + (drawn >= self._place)]

    def other(self, random: "Generator") -> "NDArray[Any]":
        """Draw for each row a row of another group, all equally likely; there must be at least two groups."""
        drawn = random.integers(self.rows - self._size)
        return self._sorted[drawn + self._size * (drawn >= self._first)]


class DrawnBatches:
    """The rows of a split in batches, each combined with drawn rows.

    Every epoch covers all rows, in the order of `permutation(seed, epoch, rows)` if they are shuffled.
    `numpy.random.default_rng((seed, epoch, 1))` draws the partners of all rows, in the order of the source. Without a
    seed the rows keep their order, and `numpy.random.default_rng(0)` draws the same partners in every epoch.
    """

    def __init__(
        self, draw: "Draw", tensors: Batch, *, batch_size: int, seed: int | None, shuffle: bool, drop_last: bool
    ):
        """Keep the tensors; `draw` returns by name the row numbers to use for each row of the split."""
        self._draw = draw
        self.all = tensors
        self._batch_size = batch_size
        self._seed = seed
        self._shuffle = shuffle
        self._drop_last = drop_last

    @property
    def rows(self) -> int:
        """The number of rows of an epoch."""
        return self.all.rows

    def __len__(self) -> int:
        """Return the number of batches per epoch."""
        whole, rest = divmod(self.rows, self._batch_size)
        return whole + bool(rest and not self._drop_last)

    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch. The whole epoch is drawn at once, even if it is resumed in the middle."""
        import numpy
        import torch

        # With 0 instead of 1, NumPy would return the same numbers as for (seed, epoch), which defines the order.
        random = numpy.random.default_rng(0 if self._seed is None else (self._seed, number, 1))
        drawn = {name: torch.from_numpy(places) for name, places in self._draw(random).items()}
        if self._shuffle and self._seed is not None:
            order = permutation(self._seed, number, self.rows)
            drawn = {name: places[order] for name, places in drawn.items()}
        device = next(iter(self.all.inputs.values())).device
        stop = min(self.rows, len(self) * self._batch_size)
        places = {name: places.to(device) for name, places in drawn.items()}
        return gathered(self.all, places, self._batch_size, start * self._batch_size, stop)

    def in_order(self) -> "DrawnBatches":
        """Return all rows in the order of the source, with the partners of an epoch without a seed."""
        return DrawnBatches(
            self._draw, self.all, batch_size=self._batch_size, seed=None, shuffle=False, drop_last=False
        )


def check_groups(groups: Groups, split: str, source: Target) -> None:
    """Raise a `DataError` if a class has a single row, or if there is a single class."""
    column, classes = ", ".join(source.columns), source.classes
    assert classes is not None
    if len(groups.alone):
        alone = [classes[index] for index in groups.alone.tolist()]
        which, so = ("class", "has one row, so it") if len(alone) == 1 else ("classes", "have one row each, so they")
        raise DataError(
            f'In the {split} split, the {which} {enumerate_names(alone)} of "{column}" {so} cannot be paired.',
            option=("source",),
            columns=[column],
        )
    if groups.is_one:
        raise DataError(
            f'All rows of the {split} split have the same "{column}": there is no other class.',
            option=("source",),
            columns=[column],
        )
