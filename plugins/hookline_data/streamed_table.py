"""The options of tables that can be streamed from their files."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from hookline import Run
from hookline.data import Data
from hookline.errors import OptionError
from hookline.spec import Objective, option, spec
from hookline_data.table import Table

if TYPE_CHECKING:
    from hookline_data.streaming.parts.part import PartReader

IN_MEMORY = {
    "stratify": "Stratifying needs the classes of all rows at once",
    "time_column": "Sorting by time needs all rows at once",
    "folds": "Folds need all rows at once",
    "sampler": "A sampler needs the weights of all rows at once",
}
"""The options that need all rows in memory, and why."""

INSTEAD = {
    "sampler": 'Weight the loss instead, such as by `weight = "balanced"`.',
    "time_column": "Write the splits into files of their own, or name them in a column: see `split_column`.",
}
"""What to do instead of these options, if it is not a split by fractions, files or a column."""


@spec
class StreamedTable(Table):
    """A table whose rows are held in memory, or streamed."""

    stream: bool = False
    """Read the rows from the files again in each epoch, instead of holding all of them in memory: for files that are
    larger than the memory. The files are read twice before the training: to learn statistics and classes, and to check
    all rows. In each epoch, parts of the files (row groups of Parquet, some megabytes of CSV) are read in random order,
    and their rows are shuffled in pools; the order follows from the seed and the epoch."""
    pool: int | None = option(default=None, minimum=1, only_with=("stream",))
    """The number of rows to shuffle together, rounded up to whole batches. Default: 1,048,576, or fewer if they take
    more than 256 MiB."""

    def conflicts(self) -> Iterator[OptionError]:
        """Report options that need all rows in memory, too."""
        yield from super().conflicts()
        if not self.stream:
            return
        for name, why in IN_MEMORY.items():
            if getattr(self, name):
                remedy = INSTEAD.get(name, "Use fractions, files of their own, or a column: see `split_column`.")
                message = f"{why}, but `stream` reads some of them after the others. {remedy}"
                yield OptionError(name, message, against=[("stream",)])
        for index, transform in enumerate(self.transforms):
            if transform.needs_statistics:
                message = (
                    f"{type(transform).__name__} computes statistics of all training images, but `stream` does not "
                    "hold them in memory: set its `mean` and `std`."
                )
                yield OptionError("transforms", message, index, against=[("stream",)])

    def parts_of(self, path: Path) -> "PartReader":
        """Return a reader of a file that reads parts of it."""
        raise NotImplementedError

    def prepared(self, run: Run, loss: Objective) -> Data:
        """Read the rows into memory, or prepare to stream them."""
        if not self.stream:
            return Table.prepared(self, run, loss)
        from hookline_data.streaming.make_batches import streamed  # Checking a spec does not need it.

        return streamed(self, run, loss)
