"""Batches: what data sources answer `prepare_data` with, and tensors in memory as the usual source of them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import repeat
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from attrs import field, frozen

from hookline.data.targets.encoding import Target
from hookline.errors.text import enumerate_names

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Outputs: TypeAlias = "Tensor | Mapping[str, Tensor]"
"""What a model gives: a tensor, or several by name."""

NOTHING_MORE: Mapping[str, Any] = MappingProxyType({})
"""What a batch has that has no targets, or no lengths."""

WINDOW = 16 * 2**20
"""How many bytes of shuffled rows are gathered at once: enough to make the indexing cheap, little beside the data."""


@frozen
class Batch:
    """Some rows, as the model and the loss take them."""

    inputs: "Mapping[str, Tensor]"
    """The model's inputs by name, the first dimension of each being the rows."""
    targets: "Mapping[str, Tensor]" = NOTHING_MORE
    """What the loss compares the outputs with, by name; nothing, if it compares them with one another."""
    lengths: "Mapping[str, Tensor]" = NOTHING_MORE
    """Of the inputs that are padded sequences, by their names: how many steps of each row are not padding, int64."""

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
        """How many rows the batch has."""
        return len(next(iter(self.inputs.values())))

    def parts(self, count: int) -> "list[Batch]":
        """The batch in `count` parts of one size, of which the last may be smaller; in fewer if there are few rows."""
        size = -(-self.rows // count)
        number = -(-self.rows // size)
        groups = (_split(group, size, number) for group in (self.inputs, self.targets, self.lengths))
        return [Batch(*parts) for parts in zip(*groups, strict=True)]

    def slice(self, start: int, stop: int) -> "Batch":
        """The rows from `start` to `stop`, without the latter."""
        return self.changed(lambda tensor: tensor[start:stop])

    def changed(self, change: "Callable[[Tensor], Tensor]") -> "Batch":
        """The batch with each of its tensors changed in one way."""
        return Batch(
            {name: change(tensor) for name, tensor in self.inputs.items()},
            {name: change(tensor) for name, tensor in self.targets.items()},
            {name: change(tensor) for name, tensor in self.lengths.items()},
        )


def _only(group: "Mapping[str, Tensor]", called: str) -> "Tensor":
    """The only tensor of a group; a `ValueError` says how many there are."""
    try:
        [tensor] = group.values()
    except ValueError:
        names = f": {enumerate_names(group)}" if group else ""
        raise ValueError(
            f"`{called}` is for batches with one {called}, and this one has {len(group)}{names}."
        ) from None
    return tensor


def _split(group: "Mapping[str, Tensor]", size: int, number: int) -> "Iterable[Mapping[str, Tensor]]":
    """The parts of all tensors, of so many rows; `number` empty ones of a group without tensors."""
    if not group:
        return repeat(NOTHING_MORE, number)
    # `split` gives all parts of a tensor at once, which a slice for each does not.
    if len(group) == 1:  # The usual case, without a zip for each part.
        [(name, tensor)] = group.items()
        return [{name: part} for part in tensor.split(size)]
    splits = zip(*(tensor.split(size) for tensor in group.values()), strict=True)
    return [dict(zip(group, parts, strict=True)) for parts in splits]


class Batches(Protocol):
    """A split of the data, in batches.

    `train --locked` compares the data with that of the run. If a split has its rows as a `Batch` in `all`, all of them
    are compared; if it has a method `fingerprint() -> str`, what that returns. Otherwise only the number of rows and
    the first 16 batches of the first epoch are compared, for which `epoch(1)` is called once more before the training.
    """

    @property
    def rows(self) -> int:
        """How many rows the split has."""

    def __len__(self) -> int:
        """How many batches an epoch has."""

    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]:
        """The batches of an epoch, which is counted from 1, from the batch `start` on.

        The order depends on the seed and on the epoch's number and on nothing else, so that the place of a run in
        its data is two integers.
        """


class TensorBatches:
    """Rows that are held as tensors in memory, taken batch by batch and never row by row."""

    def __init__(
        self,
        inputs: "Mapping[str, Tensor]",
        targets: "Mapping[str, Tensor]" = NOTHING_MORE,
        lengths: "Mapping[str, Tensor]" = NOTHING_MORE,
        *,
        batch_size: int,
        seed: int | None = None,
        drop_last: bool = False,
    ):
        """Hold the tensors; a `seed` shuffles the rows anew for each epoch, without one they keep their order."""
        self.all = Batch(inputs, targets, lengths)
        self._tensors = [*inputs.values(), *targets.values(), *lengths.values()]
        self._batch_size = batch_size
        self._seed = seed
        self._drop_last = drop_last
        if len({len(tensor) for tensor in self._tensors}) != 1:
            raise ValueError("All inputs, targets and lengths must have the same number of rows.")

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self._tensors[0])

    def __len__(self) -> int:
        """How many batches an epoch has."""
        whole, rest = divmod(self.rows, self._batch_size)
        return whole + bool(rest and not self._drop_last)

    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]:
        """The batches of an epoch; shuffled rows come in the order of `permutation(seed, number, rows)`."""
        orders = None
        if self._seed is not None:
            order = permutation(self._seed, number, self.rows).to(self._tensors[0].device)
            orders = dict.fromkeys([*self.all.inputs, *self.all.targets, *self.all.lengths], order)
        stop = min(self.rows, len(self) * self._batch_size)
        return gathered(self.all, orders, self._batch_size, start * self._batch_size, stop)


def gathered(
    rows: Batch, orders: "Mapping[str, Tensor] | None", batch_size: int, start: int, stop: int
) -> Iterator[Batch]:
    """Rows in batches: copies, over which a layer that works in place may write.

    Args:
        rows: all the rows that there are.
        orders: by the names of inputs, targets and lengths, the row numbers of each in the order in which they come;
            `None` for all of them as they stand.
        batch_size: how many rows are in a batch, of which the last may be smaller.
        start: where in the order it begins.
        stop: where in the order it ends.

    """
    names = tuple(rows.inputs), tuple(rows.targets), tuple(rows.lengths)
    inputs, targets, lengths = names
    tensors = [*rows.inputs.values(), *rows.targets.values(), *rows.lengths.values()]
    own = [None if orders is None else orders[name] for group in names for name in group]
    # One indexing operation gathers many batches, and `split` makes views of it.
    size = sum(tensor[:1].nbytes for tensor in tensors) * batch_size
    window = max(1, WINDOW // max(1, size)) * batch_size
    for first in range(start, stop, window):
        place = slice(first, min(first + window, stop))
        columns = [
            (tensor[place].clone() if order is None else tensor[order[place]]).split(batch_size)
            for tensor, order in zip(tensors, own, strict=True)
        ]
        if len(inputs) == len(targets) == 1 and not lengths:
            # The usual case, without a slice and a zip for each batch.
            [[input_name], [target_name]] = inputs, targets
            for input_rows, target_rows in zip(*columns, strict=True):
                yield Batch({input_name: input_rows}, {target_name: target_rows})
        else:
            for batch in zip(*columns, strict=True):
                yield Batch(
                    dict(zip(inputs, batch, strict=False)),
                    dict(zip(targets, batch[len(inputs) :], strict=False)),
                    dict(zip(lengths, batch[len(inputs) + len(targets) :], strict=True)),
                )


def permutation(seed: int, epoch: int, rows: int) -> "torch.Tensor":
    """The order of the rows in an epoch, `numpy.random.default_rng((seed, epoch)).permutation(rows)`.

    NumPy's generator takes the pair as it is. torch's would have to be given one number, of which it uses 32 bits.

    >>> permutation(seed=0, epoch=1, rows=5).tolist()
    [1, 4, 3, 0, 2]
    """
    import numpy
    import torch

    return torch.from_numpy(numpy.random.default_rng((seed, epoch)).permutation(rows))


@frozen(kw_only=True)
class Data:
    """What a data source answers with: its splits, and what is known of them."""

    training: Batches
    """What the model learns from."""
    validation: Batches | None = None
    """What it is judged by after each epoch, if there is such a split."""
    test: Batches | None = None
    """What it is judged by at the end, if there is such a split."""
    example: Batch
    """Two rows, or fewer, of the training split, for shapes and types."""
    targets: Mapping[str, Target]
    """What is known of each target, by its name."""
    preparation: Mapping[str, Any] = field(factory=dict)
    """How each group of inputs is made of a row of the source (columns, statistics, shape), as JSON can say it: it is
    deployed."""

    @property
    def target(self) -> Target:
        """What is known of the only target."""
        [target] = self.targets.values()
        return target

    def splits(self) -> "Mapping[str, Batches]":
        """The splits that there are, by name."""
        splits = {"training": self.training, "validation": self.validation, "test": self.test}
        return {name: batches for name, batches in splits.items() if batches is not None}
