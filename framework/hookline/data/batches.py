"""Batches: the data that `prepare_data` returns, and the usual implementation with tensors in memory."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from itertools import repeat
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

from attrs import evolve, field, frozen

from hookline.data.prepared_column import PreparedColumn
from hookline.data.sampling import WeightedSampler
from hookline.data.targets.encoding import Target
from hookline.errors.text import enumerate_names

if TYPE_CHECKING:
    import pyarrow
    import torch
    from numpy.typing import NDArray
    from torch import Tensor

T = TypeVar("T")

Outputs: TypeAlias = "Tensor | Mapping[str, Tensor]"
"""The outputs of a model: a tensor, or several by name."""

NOTHING_MORE: Mapping[str, Any] = MappingProxyType({})
"""An empty mapping, for a batch without targets or lengths."""

WINDOW = 16 * 2**20
"""How many bytes of shuffled rows to gather at once: enough for fast indexing, and little compared to the data."""


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
    """The weight of each row in the loss, float `(N,)`, not negative; `None` if all rows count equally. It is no input
    of the model."""

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

    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch; shuffled rows are in the order of `permutation(seed, number, rows)`."""
        orders = None
        if self._seed is not None:
            if self.sampler is None:
                order = permutation(self._seed, number, self.rows)
            else:
                order = self.sampler.order(self._seed, number)
            order = order.to(self._tensors[0].device)
            orders = dict.fromkeys([*self.all.inputs, *self.all.targets, *self.all.lengths], order)
        stop = min(self.rows_per_epoch, len(self) * self._batch_size)
        return gathered(self.all, orders, self._batch_size, start * self._batch_size, stop)

    def with_batch_size(self, batch_size: int) -> "TensorBatches":
        """Return the same rows in batches of another size."""
        made = copy(self)
        made._batch_size = batch_size
        return made

    def in_order(self) -> "TensorBatches":
        """Return all rows once, in the order of the source."""
        rows = self.all
        return TensorBatches(rows.inputs, rows.targets, rows.lengths, batch_size=self._batch_size, weights=rows.weights)


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
    usual = 1
    for length, stride in zip(reversed(tensor.shape), reversed(tensor.stride()), strict=True):
        if stride != usual:
            return tensor[order]
        usual *= length
    return tensor.index_select(0, order)


def permutation(seed: int, epoch: int, rows: int) -> "torch.Tensor":
    """Return the order of the rows in an epoch, `numpy.random.default_rng((seed, epoch)).permutation(rows)`.

    NumPy's generator takes both numbers as the seed. torch's takes a single number, of which it uses 32 bits.

    >>> permutation(seed=0, epoch=1, rows=5).tolist()
    [1, 4, 3, 0, 2]
    """
    import numpy
    import torch

    order = numpy.arange(rows)
    numpy.random.default_rng((seed, epoch)).shuffle(order)  # What `permutation` does, in less time.
    return torch.from_numpy(order)


@frozen(kw_only=True)
class Data:
    """The data that a data source returns: its splits, and what is known about them."""

    training: Batches
    """The training split."""
    validation: Batches | None = None
    """The validation split, evaluated after each epoch; optional."""
    test: Batches | None = None
    """The test split, evaluated at the end; optional."""
    example: Batch
    """At most two rows of the training split, to infer shapes and types."""
    targets: Mapping[str, Target]
    """What is known about each target, by name."""
    row_numbers: Mapping[str, Any] | None = None
    """The number in the source of each row of a split, counted from 0, as NumPy arrays; `None` if they are unknown."""
    left_out: Mapping[str, int] = field(factory=dict)
    """How many rows of the source are in no split, by the reason, such as "gap"."""
    preparation: Mapping[str, Any] = field(factory=dict)
    """How each group of inputs is computed from a row of the source (columns, statistics, shape), as JSON-compatible
    values. It is exported when the model is deployed."""
    dropped: Mapping[str, int] = NOTHING_MORE
    """The number of rows that are in no split because a cell is missing, by its column. A row counts once for each."""
    columns: Sequence[PreparedColumn] = ()
    """What becomes of each column of the source, for `hookline plan`; empty if there are no columns."""
    examples: "Mapping[str, NDArray[Any]] | pyarrow.Table | None" = None
    """Some rows as they are in the source, as `DataSpec.open_rows` takes them: a table, or arrays by name. They are
    kept with the run, and deployed models are compared on them. `None` keeps prepared rows instead."""
    kept: "Mapping[str, pyarrow.Table]" = NOTHING_MORE
    """The columns that predictions contain, such as ids, for each split, in the order of its rows. They are not seen
    by the model."""
    reading: str = ""
    """How the rows are read if they are not held in memory, in a few words for `hookline plan`."""
    _found: dict[Hashable, Any] = field(factory=dict, init=False, eq=False, repr=False)
    """The results of `once`."""

    def once(self, key: Hashable, compute: "Callable[[], T]") -> "T":
        """Return what `compute` returns, which is called once for each key.

        Use it for what takes long and depends on the rows only: several trainings may share the same data.
        """
        if key not in self._found:
            self._found[key] = compute()
        found: T = self._found[key]
        return found

    def with_batch_size(self, batch_size: int) -> "Data | None":
        """Return the same rows in batches of another size; `None` if they are not held in memory, or leave no batch."""
        splits = self.splits()
        if any(type(batches) is not TensorBatches for batches in splits.values()):
            return None
        made = evolve(self, **{split: batches.with_batch_size(batch_size) for split, batches in splits.items()})  # type: ignore[attr-defined]
        made._found.update(self._found)  # What depends on the rows.
        return made if length_of(made.training) else None

    @property
    def target(self) -> Target:
        """What is known about the only target."""
        [target] = self.targets.values()
        return target

    def splits(self) -> "Mapping[str, Batches]":
        """Return the existing splits by name."""
        splits = {"training": self.training, "validation": self.validation, "test": self.test}
        return {name: batches for name, batches in splits.items() if batches is not None}
