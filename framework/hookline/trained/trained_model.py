"""The parts of a finished run that predictions need, and the number of rows to predict at once."""

from contextlib import AbstractContextManager, ExitStack
from typing import TYPE_CHECKING, Protocol

from hookline.data.description import DataDescription
from hookline.plugins.stages import Run
from hookline.spec.training import TrainingSpec

if TYPE_CHECKING:
    from torch import nn

MOST_ROWS = 4096
"""The largest number of rows in a batch by default."""

NUMBERS_PER_BATCH = 2**16
"""The number of input numbers that a batch has at most by default, unless that of the training has more."""

ROWS_PER_BLOCK, NUMBERS_PER_BLOCK = 2**14, 2**22
"""The number of rows, and of input numbers, that are read at once."""


class Trained(Protocol):
    """What predictions need of a finished run."""

    @property
    def spec(self) -> TrainingSpec:
        """The spec that was trained."""

    @property
    def data(self) -> DataDescription:
        """The description of the data that it was trained on."""

    @property
    def model(self) -> "nn.Module":
        """The trained model."""

    @property
    def criterion(self) -> "nn.Module":
        """The loss, with its trained parameters."""

    def opened(self, *, closed_by: ExitStack) -> AbstractContextManager[Run]:
        """Open a run whose stages can be called, and whose resources a stack closes later."""


def _numbers(finished: Trained) -> int:
    """Return how many input numbers a row has."""
    total = 0
    for group in finished.data.inputs.values():
        size = 1
        for length in group.shape:
            size *= length
        total += size
    return max(1, total)


def default_batch_size(finished: Trained) -> int:
    """Return the number of rows in a batch by default."""
    fitting = NUMBERS_PER_BATCH // _numbers(finished)
    return max(finished.spec.data.batch_size, min(MOST_ROWS, fitting))


def rows_per_block(finished: Trained, batch_size: int) -> int:
    """Return the number of rows to read at once: a multiple of the batch size, so that batches are full."""
    fitting = min(ROWS_PER_BLOCK, NUMBERS_PER_BLOCK // _numbers(finished))
    return batch_size * max(1, fitting // batch_size)
