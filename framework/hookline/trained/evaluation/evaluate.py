"""Call the stage `evaluate` for a finished run."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hookline.check.toml.document import Document
from hookline.data.batches import Batches, in_order
from hookline.data.data import Data
from hookline.data.description import DataDescription
from hookline.errors.exceptions import MismatchError, RunError
from hookline.errors.suggestions import did_you_mean
from hookline.errors.text import enumerate_names
from hookline.plugins.stages import Run
from hookline.trained.evaluation.batches import NewRows, Rebatched

if TYPE_CHECKING:
    from torch import nn

ROWS_PER_BLOCK = 4096
"""About how many new rows are read at once."""


def split_of(data: Data, split: str, batch_size: int | None) -> Batches:
    """Return a split by its name, as the trained model was evaluated on it, in batches of another size if one is given.

    Raises:
        RunError: If the data has no such split.

    """
    splits = data.splits()
    if split not in splits:
        near = did_you_mean(split, splits) or f" There is {enumerate_names(splits)}."
        raise RunError(f'The data of the run has no split "{split}".{near}')
    batches = in_order(splits[split]) if split == "training" else splits[split]
    return batches if batch_size is None else Rebatched(batches, batch_size)


def new_rows(run: Run, description: DataDescription, source: Any, batch_size: int | None) -> Batches:
    """Return new rows with their targets, in batches; the default size is that of the training."""
    size = batch_size or run.spec.data.batch_size
    blocks = run.spec.data.open_rows(
        source,
        description,
        run.objective,
        rows_per_block=size * max(1, ROWS_PER_BLOCK // size),
        with_targets=bool(description.targets),
    )
    name = source if isinstance(source, (str, Path)) else "data"
    return NewRows(run, blocks, size, name, has_weights=description.has_weights)


def evaluated(run: Run, model: "nn.Module", criterion: "nn.Module", batches: Batches, split: str) -> dict[str, float]:
    """Call the stage `evaluate` with all wrappers, and return the loss and the metrics.

    The model and the criterion are in evaluation mode before and afterwards.
    """
    try:
        answer = run.stages.evaluate(run=run, model=model, criterion=criterion, batches=batches, split=split)
    finally:
        model.eval()
        criterion.eval()
    return dict(answer)


@contextmanager
def located(document: Document) -> Iterator[None]:
    """Turn a `MismatchError` of a metric into a `SpecError` that points at the place where the metric was added."""
    try:
        yield
    except MismatchError as error:
        if error.diagnostic.path[:1] != ("metrics",):
            raise
        raise document.spec_error(error) from error
