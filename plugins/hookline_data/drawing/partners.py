"""Rows that are drawn to go with other rows: of the same group or of another one."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from hookline.data import Batch, gathered, permutation

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    Draw = Callable[[Generator], Mapping[str, NDArray[Any]]]


class Groups:
    """The rows of a split by what they have in common, such as their class.

    The rows are sorted by group once, so that a group is a stretch of them: to draw for all rows is to draw an array
    of places, and to look them up.
    """

    def __init__(self, labels: "NDArray[Any]"):
        """Sort the rows by their labels: those with the same one are a group."""
        import numpy

        self.labels = labels
        self._sorted = numpy.argsort(labels, kind="stable")
        _, first, group, size = numpy.unique(
            labels[self._sorted], return_index=True, return_inverse=True, return_counts=True
        )
        # Of each row: where its group begins, how many rows the group has, and where in all of this the row stands.
        self._place = numpy.empty_like(self._sorted)
        self._place[self._sorted] = numpy.arange(len(labels))
        self._first = first[group][self._place]
        self._size = size[group][self._place]

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.labels)

    @property
    def alone(self) -> "NDArray[Any]":
        """The labels that one row alone has, sorted."""
        import numpy

        return numpy.sort(self.labels[self._size == 1])

    @property
    def is_one(self) -> bool:
        """Whether all rows have the same label."""
        return bool((self._size == self.rows).all())

    def same(self, random: "Generator") -> "NDArray[Any]":
        """For each row another one of its group, each of these being as likely; no row may be alone in its group."""
        drawn = self._first + random.integers(self._size - 1)
        return self._sorted[drawn + (drawn >= self._place)]

    def other(self, random: "Generator") -> "NDArray[Any]":
        """For each row one of the other groups, each row of these being as likely; there must be two groups."""
        drawn = random.integers(self.rows - self._size)
        return self._sorted[drawn + self._size * (drawn >= self._first)]


class DrawnBatches:
    """The rows of a split in batches, each with others that are drawn to go with it.

    Every epoch goes through all rows, in the order of `permutation(seed, epoch, rows)` if they are shuffled. What goes
    with each row is drawn by `numpy.random.default_rng((seed, epoch, 1))`, for all rows in the order of the source.
    Without a seed the rows keep their order, and `numpy.random.default_rng(0)` draws the same in every epoch.
    """

    def __init__(
        self, draw: "Draw", tensors: Batch, *, batch_size: int, seed: int | None, shuffle: bool, drop_last: bool
    ):
        """Hold the tensors; `draw` says by name which of their rows are used for each row of the split."""
        self._draw = draw
        self.all = tensors
        self._batch_size = batch_size
        self._seed = seed
        self._shuffle = shuffle
        self._drop_last = drop_last

    @property
    def rows(self) -> int:
        """How many rows an epoch goes through."""
        return self.all.rows

    def __len__(self) -> int:
        """How many batches an epoch has."""
        whole, rest = divmod(self.rows, self._batch_size)
        return whole + bool(rest and not self._drop_last)

    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]:
        """The batches of an epoch. All of it is drawn at once, wherever it starts."""
        import numpy
        import torch

        # With 0 in the place of 1 NumPy would draw the same numbers as for (seed, epoch), which is the order's.
        random = numpy.random.default_rng(0 if self._seed is None else (self._seed, number, 1))
        drawn = {name: torch.from_numpy(places) for name, places in self._draw(random).items()}
        if self._shuffle and self._seed is not None:
            order = permutation(self._seed, number, self.rows)
            drawn = {name: places[order] for name, places in drawn.items()}
        device = next(iter(self.all.inputs.values())).device
        stop = min(self.rows, len(self) * self._batch_size)
        places = {name: places.to(device) for name, places in drawn.items()}
        return gathered(self.all, places, self._batch_size, start * self._batch_size, stop)
