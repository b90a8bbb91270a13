"""The batches to evaluate: those of a split, with another size if requested, or new rows from a file or an object."""

import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from hookline.data.batches import Batch, Batches
from hookline.data.new_rows import RowBlock
from hookline.errors.exceptions import DataError, HooklineWarning, UnreadableRowsError
from hookline.errors.text import counted, shortened
from hookline.plugins.stages import Run

if TYPE_CHECKING:
    from torch import Tensor

MOST_PROBLEMS = 10
"""The number of unreadable rows that a message lists."""

TARGET_PADDING, INPUT_PADDING = -1, 0
"""The numbers that pad sequences of targets and of inputs."""


class Rebatched:
    """The rows of a split in the same order, in batches of another size."""

    def __init__(self, batches: Batches, batch_size: int):
        """Take the batches of the split, and the new number of rows in each."""
        self._batches = batches
        self._batch_size = batch_size

    @property
    def rows(self) -> int:
        """The number of rows."""
        return self._batches.rows

    def __len__(self) -> int:
        """Return the number of batches; a `TypeError` if that of the rows is unknown."""
        if not self.rows:
            raise TypeError("The number of rows is unknown.")
        return -(-self.rows // self._batch_size)

    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch, beginning with batch `start`."""
        for index, batch in enumerate(rebatched(self._batches.epoch(number), self._batch_size)):
            if index >= start:
                yield batch


class NewRows:
    """New rows with targets in batches, read once, block by block: memory does not grow with their number."""

    def __init__(
        self, run: Run, blocks: Iterable[RowBlock], batch_size: int, source: object, *, has_weights: bool = False
    ):
        """Take the run that evaluates them, the blocks of `DataSpec.open_rows`, and the name of the source.

        `has_weights` says that the training rows had weights: a warning tells if these have none.
        """
        self._run, self._blocks, self._batch_size, self._source = run, blocks, batch_size, source
        self._has_weights = has_weights
        self.rows = 0
        """The number of rows that were read so far, without those that are dropped."""

    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches.

        Raises:
            DataError: If there are no rows; an `UnreadableRowsError` lists rows that cannot be read.

        Issues a warning about rows that are left out because the training drops such rows.

        """
        for batch in rebatched(self._readable(), self._batch_size):
            if self._has_weights and batch.weights is None and not self.rows:
                message = f"{self._source}: The training rows have weights, but these have none: they count equally."
                warnings.warn(HooklineWarning(message, id="no-effect"), stacklevel=2)
            self.rows += batch.rows
            yield batch.changed(self._run.moved)

    def _readable(self) -> Iterator[Batch]:
        """Yield the rows of each block. After the first row that cannot be read, only count such rows."""
        problems: list[DataError] = []
        dropped: Counter[str] = Counter()
        rows = unreadable = kept = 0
        for block in self._blocks:
            rows += block.rows
            dropped.update({column: int(is_missing.sum()) for column, is_missing in block.dropped.items()})
            batch, others, more = _without_dropped(block)
            unreadable += others
            problems += more[: MOST_PROBLEMS - len(problems)]
            if not unreadable and batch is not None:
                kept += batch.rows
                yield batch
        if unreadable:
            raise UnreadableRowsError(problems, unreadable=unreadable, rows=rows)
        if not rows:
            raise DataError("There are no rows.", file=str(self._source))
        if dropped:
            lacks = ", and ".join(f'"{shortened(column)}" in {count:,}' for column, count in dropped.items())
            what = f"{rows - kept:,} of {counted(rows, 'row')}"
            if not kept:
                raise DataError(
                    f"No row is left: {lacks} of {counted(rows, 'row')} is missing.", file=str(self._source)
                )
            message = f"{self._source}: {what} are left out, as in training: {lacks} of them is missing."
            warnings.warn(HooklineWarning(message, id="dropped-rows"), stacklevel=2)


def _without_dropped(block: RowBlock) -> tuple[Batch | None, int, list[DataError]]:
    """Return the readable rows that the training would not drop, and the number and the errors of unreadable ones."""
    is_dropped = block.is_dropped
    if is_dropped is None:
        return block.batch, block.unreadable, list(block.problems)
    problems = [error for error in block.problems if error.row is None or not is_dropped[error.row - block.first]]
    unreadable, batch, is_kept = 0, block.batch, ~is_dropped
    if block.is_readable is not None:
        unreadable, is_kept = int((is_kept & ~block.is_readable).sum()), is_kept[block.is_readable]
    if batch is not None:
        import torch

        places = torch.from_numpy(is_kept.nonzero()[0])
        batch = batch.changed(lambda rows: rows[places]) if len(places) else None
    return batch, unreadable, problems


def rebatched(batches: Iterable[Batch], batch_size: int) -> Iterator[Batch]:
    """Yield the same rows in batches of this size; the last one may be smaller. They are copies."""
    waiting: list[Batch] = []
    count = 0
    for batch in batches:
        start = 0
        while count + batch.rows - start >= batch_size:
            stop = start + batch_size - count
            yield joined([*waiting, batch.slice(start, stop)])
            waiting, count, start = [], 0, stop
        if start < batch.rows:
            waiting.append(batch.slice(start, batch.rows))
            count += batch.rows - start
    if waiting:
        yield joined(waiting)


def joined(parts: list[Batch]) -> Batch:
    """Return one batch with copies of the rows of several, padded to the same length if they are sequences."""
    if len(parts) == 1:
        return parts[0].changed(lambda tensor: tensor.clone())
    first = parts[0]
    return Batch(
        {name: _joined([part.inputs[name] for part in parts], INPUT_PADDING) for name in first.inputs},
        {name: _joined([part.targets[name] for part in parts], TARGET_PADDING) for name in first.targets},
        {name: _joined([part.lengths[name] for part in parts], INPUT_PADDING) for name in first.lengths},
        None if first.weights is None else _joined([_weights(part) for part in parts], INPUT_PADDING),
    )


def _weights(part: Batch) -> "Tensor":
    assert part.weights is not None, "Either all batches of a split have weights, or none."
    return part.weights


def _joined(tensors: "list[Tensor]", padding: int) -> "Tensor":
    import torch
    from torch.nn.functional import pad

    if len({tensor.shape[1:] for tensor in tensors}) > 1:  # Only sequences have different lengths.
        longest = max(tensor.shape[1] for tensor in tensors)
        after = [0, 0] * (tensors[0].dim() - 2)
        tensors = [pad(tensor, (*after, 0, longest - tensor.shape[1]), value=padding) for tensor in tensors]
    return torch.cat(tensors)
