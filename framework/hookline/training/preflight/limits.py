"""Options of the run and its data that have no effect in a run of this length, or with so few rows."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from attrs import fields_dict

from hookline.errors.text import counted
from hookline.plugins.stages import Run

if TYPE_CHECKING:
    from hookline.data.data import Data


def unused_limits(run: Run, data: "Data") -> Iterator[tuple[tuple[str, str], str]]:
    """Yield the path of each option that has no effect, with a sentence that says why."""
    spec, last_step = run.spec.run, run.last_step
    whole = None if run.steps_per_epoch is None else spec.epochs * run.steps_per_epoch
    if spec.max_steps is not None and whole is not None and spec.max_steps > whole:
        epochs = counted(spec.epochs, "epoch")
        yield (
            ("run", "max_steps"),
            f"This step is never reached: the run has {epochs}, which are {counted(whole, 'step')}.",
        )
    for path, every, last, unit in (
        (("run", "validate_every_steps"), spec.validate_every_steps, last_step, "step"),
        (("run", "validate_every_epochs"), spec.validate_every_epochs, run.last_epoch, "epoch"),
    ):
        if every is None:
            continue
        if data.validation is None:
            yield path, "This has no effect, since the data has no validation split."
        elif last is not None and every > last:
            yield path, f"The validation split is only evaluated at the end: the run has {counted(last, unit)}."
    if (rows := _rows_of_only_step(run, data)) is not None:
        message = f"This is more than the {rows:,} training rows, so each epoch is a single step."
        yield ("data", "batch_size"), message
    rows = min(run.spec.data.batch_size, _rows_of_epoch(data) or run.spec.data.batch_size)
    if spec.accumulate > rows:
        yield ("run", "accumulate"), f"This is more than the {counted(rows, 'row')} of a batch: each row is a part."


def _rows_of_only_step(run: Run, data: "Data") -> int | None:
    """The number of training rows in an epoch if `batch_size` is larger; `None` if it is not, or may be on purpose."""
    source = run.spec.data
    is_default = source.batch_size == fields_dict(type(source))["batch_size"].default
    if is_default or any(optimizer.for_full_batches for optimizer in run.spec.optimizer.members):
        return None
    rows = _rows_of_epoch(data)
    return rows if run.steps_per_epoch == 1 and 0 < rows < source.batch_size else None


def _rows_of_epoch(data: "Data") -> int:
    """The number of training rows in an epoch; 0 if the data does not know it."""
    return int(getattr(data.training, "rows_per_epoch", data.training.rows) or 0)
