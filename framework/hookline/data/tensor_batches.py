"""Batches of tensors in memory: the rows of an epoch are gathered in its order."""

from collections.abc import Iterator, Mapping
from copy import copy
from typing import TYPE_CHECKING

from hookline.data.batches import NOTHING_MORE, Batch, Batches
from hookline.data.rows.sampling import WeightedSampler

if TYPE_CHECKING:
    import torch
    from torch import Tensor

WINDOW = 16 * 2**20
"""How many bytes of shuffled rows to gather at once: enough for fast indexing, and little compared to the data."""


class TensorBatches:
    """Batches of tensors in memory."""

    def __init__(
        self,
        inputs: "Mapping[str, Tensor]",
        targets: "Mapping[str, Tensor]" = NOTHING_MORE,
        lengths: "Mapping[str, Tensor]" = NOTHING_MORE,
        *,
        batch_size: int,
        seed: int | None = None,
        drop_last: bool = False,
        weights: "Tensor | None" = None,
        sampler: WeightedSampler | None = None,
    ):
        """Keep the tensors. With a `seed` the rows are shuffled anew in each epoch, otherwise they keep their order.

        With a `sampler`, which needs a seed, the rows of an epoch are drawn with replacement instead.
        """
        self.all = Batch(inputs, targets, lengths, weights)
        self._tensors = [*inputs.values(), *targets.values(), *lengths.values()]
        if weights is not None:
            self._tensors.append(weights)
        self._batch_size = batch_size
        self._seed = seed
        self._drop_last = drop_last
        self.sampler = sampler
        if sampler is not None and (seed is None or len(sampler.weights) != len(self._tensors[0])):
            raise ValueError("A sampler needs a seed and a weight for each row.")
        if len({len(tensor) for tensor in self._tensors}) != 1:
            raise ValueError("All inputs, targets, lengths and weights must have the same number of rows.")

    @property
    def rows(self) -> int:
        """The number of rows."""
        return self._tensors[0].shape[0]

    @property
    def batch_size(self) -> int:
        """The number of rows per batch; the last batch of an epoch may be smaller."""
        return self._batch_size

    @property
    def is_in_order(self) -> bool:
        """Whether all epochs have the same batches, in the order of the rows."""
        return self._seed is None

    @property
    def rows_per_epoch(self) -> int:
        """The number of rows in an epoch, with those of an incomplete batch."""
        return self.rows if self.sampler is None else self.sampler.num_samples

    @property
    def full_batches(self) -> int:
        """The number of batches per epoch that have the whole batch size; they come first."""
        return self.rows_per_epoch // self._batch_size

    def __len__(self) -> int:
        """Return the number of batches per epoch."""
        whole, rest = divmod(self.rows_per_epoch, self._batch_size)
        return whole + bool(rest and not self._drop_last)

    @property
    def batched_rows(self) -> int:
        """The number of rows in the batches of an epoch."""
        return min(self.rows_per_epoch, len(self) * self._batch_size)

    def order(self, number: int) -> "Tensor | None":
        """Return the row numbers of an epoch in its order, int64 `(rows_per_epoch,)`; `None` for that of the rows."""
        if self._seed is None:
            return None
        if self.sampler is None:
            return permutation(self._seed, number, self.rows)
        return self.sampler.order(self._seed, number)

    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch; shuffled rows are in the order of `permutation(seed, number, rows)`."""
        orders = None
        if (order := self.order(number)) is not None:
            order = order.to(self._tensors[0].device)
            orders = dict.fromkeys([*self.all.inputs, *self.all.targets, *self.all.lengths], order)
        return gathered(self.all, orders, self._batch_size, start * self._batch_size, self.batched_rows)

    def with_batch_size(self, batch_size: int) -> "TensorBatches":
        """Return the same rows in batches of another size."""
        made = copy(self)
        made._batch_size = batch_size
        return made

    def in_order(self) -> "TensorBatches":
        """Return all rows once, in the order of the source."""
        rows = self.all
        return TensorBatches(rows.inputs, rows.targets, rows.lengths, batch_size=self._batch_size, weights=rows.weights)


def are_in_memory(batches: Batches) -> bool:
    """Whether batches are those of tensors in memory, and not of a plugin that yields others."""
    return type(batches) is TensorBatches and "epoch" not in vars(batches)


def gathered(
    rows: Batch, orders: "Mapping[str, Tensor] | None", batch_size: int, start: int, stop: int
) -> Iterator[Batch]:
    """Yield copies of rows in batches, which in-place layers may overwrite.

    Args:
        rows: All rows.
        orders: For the names of inputs, targets and lengths, their row numbers in the order of the batches; `None` to
        keep all rows in order. Weights have the order of the first group of inputs.
        batch_size: The number of rows per batch; the last batch may be smaller.
        start: The position in the order to begin at.
        stop: The position in the order to end before.

    """
    names = tuple(rows.inputs), tuple(rows.targets), tuple(rows.lengths)
    inputs, targets, lengths = names
    tensors = [*rows.inputs.values(), *rows.targets.values(), *rows.lengths.values()]
    own = [None if orders is None else orders[name] for group in names for name in group]
    if rows.weights is not None:
        tensors.append(rows.weights)
        own.append(own[0])
    # One indexing operation gathers many batches, which `unsafe_split` divides: as `split`, but without what autograd
    # notes for each part in case that the rows need gradients, which takes longer than the rest.
    size = sum(tensor.nbytes for tensor in tensors) // max(1, rows.rows) * batch_size
    window = max(1, WINDOW // max(1, size)) * batch_size
    for first in range(start, stop, window):
        place = slice(first, min(first + window, stop))
        columns = [
            (tensor[place].clone() if order is None else selected(tensor, order[place])).unsafe_split(batch_size)
            for tensor, order in zip(tensors, own, strict=True)
        ]
        if len(inputs) == len(targets) == 1 and not lengths and rows.weights is None:
            # The common case, without a slice and a zip for each batch.
            [[input_name], [target_name]] = inputs, targets
            for input_rows, target_rows in zip(*columns, strict=True):
                yield Batch({input_name: input_rows}, {target_name: target_rows})
        else:
            for batch in zip(*columns, strict=True):
                yield Batch(
                    dict(zip(inputs, batch, strict=False)),
                    dict(zip(targets, batch[len(inputs) :], strict=False)),
                    dict(zip(lengths, batch[len(inputs) + len(targets) :], strict=False)),
                    None if rows.weights is None else batch[-1],
                )


def selected(tensor: "Tensor", order: "Tensor") -> "Tensor":
    """Return the rows with these numbers, `tensor[order]`, in less time if the strides are the usual ones.

    The result of `index_select` has the usual strides. Those of indexing follow the tensor, such as in `channels_last`,
    and the kernels of convolutions depend on them.
    """
    return tensor.index_select(0, order) if has_usual_strides(tensor) else tensor[order]


def has_usual_strides(tensor: "Tensor") -> bool:
    """Whether the rows follow one another without gaps, each with its elements in order."""
    usual = 1
    for length, stride in zip(reversed(tensor.shape), reversed(tensor.stride()), strict=True):
        if stride != usual:
            return False
        usual *= length
    return True


def permutation(seed: int, epoch: int, rows: int) -> "torch.Tensor":
    """Return the order of the rows in an epoch, `numpy.random.default_rng((seed, epoch)).permutation(rows)`.

    NumPy's generator takes both numbers as the seed. torch's takes a single number, of which it uses 32 bits.

    >>> permutation(seed=0, epoch=1, rows=5).tolist()
    [1, 4, 3, 0, 2]
    """
    import numpy
    import torch

    # What `default_rng` and `permutation` do, in less time. NumPy divides larger numbers into several of 32 bits.
    numbers = numpy.array([seed, epoch], numpy.uint32) if max(seed, epoch) < 2**32 else (seed, epoch)
    generator = numpy.random.Generator(numpy.random.PCG64(numpy.random.SeedSequence(numbers)))
    order = numpy.arange(rows)
    generator.shuffle(order)
    return torch.from_numpy(order)
