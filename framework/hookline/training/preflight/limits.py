"""Options of `[run]` that have no effect in a run of this length."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hookline.errors.text import counted
from hookline.plugins.stages import Run

if TYPE_CHECKING:
    from hookline.data.data import Data


def unused_limits(run: Run, data: "Data") -> Iterator[tuple[str, str]]:
    """Yield the name of each option that has no effect, with a sentence that says why."""
    spec, last_step = run.spec.run, run.last_step
    whole = None if run.steps_per_epoch is None else spec.epochs * run.steps_per_epoch
    if spec.max_steps is not None and whole is not None and spec.max_steps > whole:
        epochs = counted(spec.epochs, "epoch")
        yield "max_steps", f"This step is never reached: the run has {epochs}, which are {counted(whole, 'step')}."
    for name, every, last, unit in (
        ("validate_every_steps", spec.validate_every_steps, last_step, "step"),
        ("validate_every_epochs", spec.validate_every_epochs, run.last_epoch, "epoch"),
    ):
        if every is None:
            continue
        if data.validation is None:
            yield name, "This has no effect, since the data has no validation split."
        elif last is not None and every > last:
            yield name, f"The validation split is only evaluated at the end: the run has {counted(last, unit)}."
