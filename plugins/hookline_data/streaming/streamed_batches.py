"""Batches of rows that are read from files in each epoch."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from attrs import evolve, field, frozen

from hookline import Run
from hookline.data import Batch, UniformSample, gathered, permutation
from hookline.errors import DataError
from hookline_data.streaming.parts.part import CHANGED, Part
from hookline_data.streaming.pool import Pool, together
from hookline_data.streaming.preparing import Preparing
from hookline_data.streaming.source import Source

if TYPE_CHECKING:
    from numpy.typing import NDArray

UNSHUFFLED = 2**14
"""About how many rows are held at once if they keep their order."""


@frozen(kw_only=True, eq=False)
class StreamedBatches:
    """The rows of a split in batches.

    With a seed, the parts of the files are read in the order of `permutation(seed, epoch, parts)`, and the rows are
    shuffled in pools: pool number `p`, counted from 1, has the next `pool` rows, in the order of
    `numpy.random.default_rng((seed, epoch, p)).permutation(pool)`.
    """

    source: Source
    """The files."""
    split: str
    """The split."""
    preparing: Preparing
    """Prepares the rows."""
    run: Run
    """The run, which has the device."""
    batch_size: int
    """The number of rows in a batch."""
    pool: int
    """The number of rows in a pool: a multiple of the batch size."""
    row_bytes: int
    """The size of a row on the device."""
    seed: int | None = None
    """The seed of the order; `None` to keep the order of the files."""
    drop_last: bool = False
    """Whether to leave out a last batch with fewer rows."""
    digest: str = ""
    """The fingerprint of all rows."""
    extremes: Batch | None = None
    """Rows with the smallest and the greatest integers among the inputs, on the CPU; `None` without integers."""
    parts: Sequence[Part] = field(init=False)
    """The parts of the files that have rows of the split."""

    @parts.default
    def _parts_of_split(self) -> tuple[Part, ...]:
        return tuple(part for part in self.source.parts if part.rows_of_split.get(self.split))

    @property
    def rows(self) -> int:
        """The number of rows."""
        return self.source.rows[self.split]

    def __len__(self) -> int:
        """Return the number of batches per epoch."""
        whole, rest = divmod(self.rows, self.batch_size)
        return whole + bool(rest and not self.drop_last)

    @property
    def held_bytes(self) -> int:
        """How many bytes a pool takes."""
        return min(self.pool, self.rows) * self.row_bytes if self.seed is not None else 0

    def fingerprint(self) -> str:
        """Return the fingerprint of all rows, as they were when they were first read."""
        return self.digest

    def in_order(self) -> "StreamedBatches":
        """Return all rows once, in the order of the files."""
        return evolve(self, seed=None, drop_last=False, pool=-(-UNSHUFFLED // self.batch_size) * self.batch_size)

    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch, beginning with batch `start`.

        Raises:
            DataError: If a file has been changed.

        """
        stop = min(self.rows, len(self) * self.batch_size)
        skipped = start * self.batch_size // self.pool
        at = skipped * self.pool
        for index, rows in enumerate(self._pools(number, at), skipped + 1):
            order = None
            if self.seed is not None:
                places = _order(self.seed, number, index, rows.rows).to(self.run.device)
                order = dict.fromkeys([*rows.inputs, *rows.targets, *rows.lengths], places)
            begin = max(0, start * self.batch_size - at)
            yield from gathered(rows, order, self.batch_size, begin, min(rows.rows, stop - at))
            at += rows.rows
        if at != self.rows:
            raise DataError(CHANGED, file=self.source.path)

    def sample(self, rows: int) -> Batch:
        """Return at most this many rows, all equally likely, in the order of the files, on the CPU."""
        sample: UniformSample[Batch] = UniformSample(rows, take=_taken, join=partial(together, dtype=self.run.dtype))
        for _, batch in self.preparing.batches(self.source, self.parts, [self.split]):
            sample.add(batch, batch.rows)
        return sample.rows()

    def _pools(self, epoch: int, skipped: int) -> Iterator[Batch]:
        """Yield the rows of one pool after the other, without the first ones. The next one overwrites its tensors."""
        parts = self.parts
        if self.seed is not None:
            parts = [parts[place] for place in permutation(self.seed, epoch, len(parts)).tolist()]
        while parts and skipped >= parts[0].rows_of_split[self.split]:
            skipped -= parts[0].rows_of_split[self.split]
            parts = parts[1:]
        pool = Pool(min(self.pool, self.rows), self.run.device, self.run.dtype)
        for _, batch in self.preparing.batches(self.source, parts, [self.split]):
            rest: Batch | None = batch
            if skipped:
                rest = batch.slice(skipped, batch.rows) if skipped < batch.rows else None
                skipped -= min(skipped, batch.rows)
            while rest is not None:
                rest = pool.add(rest)
                if pool.is_full:
                    yield pool.batch()
                    pool.clear()
        if pool.rows:
            yield pool.batch()


def _order(seed: int, epoch: int, pool: int, rows: int) -> Any:
    """Return the order of the rows in a pool."""
    import numpy
    import torch

    return torch.from_numpy(numpy.random.default_rng((seed, epoch, pool)).permutation(rows))


def _taken(batch: Batch, places: "NDArray[Any]") -> Batch:
    import torch

    rows = torch.from_numpy(places)
    return batch.changed(lambda tensor: tensor[rows])
