"""The records of a training: each has the mean losses of the steps since the one before, and those of a validation."""

import math
import warnings
from typing import TYPE_CHECKING, Any

from hookline.errors.exceptions import HooklineWarning
from hookline.files import GrowingFile
from hookline.plugins.stages import Run
from hookline.runs.directory import LOG
from hookline.spec.dump import to_json
from hookline.training.means.mean_losses import MeanLosses

if TYPE_CHECKING:
    from torch import nn

    from hookline.data.data import Data


class Records:
    """Validates the model when it is due, and logs a record after each epoch and each validation."""

    def __init__(self, run: Run, data: "Data", model: "nn.Module", criterion: "nn.Module", *, pause: float = 0.0):
        """Begin with the records in `run.history`, to which the log is restored if the run is resumed.

        Records wait for `pause` seconds since the last ones were written.
        """
        assert run.directory is not None, "The directory is created before training begins."
        self._run, self._data, self._model, self._criterion = run, data, model, criterion
        self._file = GrowingFile(run.directory / LOG, pause)
        self._has_warned = False

    def write(self) -> None:
        """Write the records that wait."""
        self._file.write()

    def restore(self) -> None:
        """Make the log equal to the history: a process that was killed may have written less, or more."""
        self._file.replace("".join(f"{to_json(record)}\n" for record in self._run.history))

    @property
    def is_due_after_step(self) -> bool:
        """Whether a validation is due after this step, even inside an epoch."""
        every = self._run.spec.run.validate_every_steps
        return every is not None and self._data.validation is not None and self._run.state.step % every == 0

    @property
    def is_due_after_epoch(self) -> bool:
        """Whether a validation is due after this epoch."""
        spec = self._run.spec.run
        if spec.validate_every_steps is not None:
            return self.is_due_after_step
        return self._data.validation is not None and self._run.state.epoch % (spec.validate_every_epochs or 1) == 0

    def made(self, losses: MeanLosses, *, with_validation: bool) -> dict[str, Any]:
        """Return a new record, which is not logged yet."""
        run, state, validation = self._run, self._run.state, self._data.validation
        record: dict[str, Any] = {"epoch": state.epoch, "step": state.step}
        values = losses.values()
        record |= {f"training/{name}": value for name, value in values.items()}
        if math.isnan(values["loss"]) and not self._has_warned:
            self._has_warned = True
            message = (
                f"No batch of epoch {run.epoch} counts: each was skipped, since it had no gradients, or all of its "
                "rows are ignored. A plugin that answers `backward` must compute the gradients."
            )
            warnings.warn(HooklineWarning(message, id="no-effect"), stacklevel=2)
        if with_validation and validation is not None:
            results = run.stages.evaluate(
                run=run, model=self._model, criterion=self._criterion, batches=validation, split="validation"
            )
            record |= {f"validation/{name}": value for name, value in results.items()}
        return record

    def log(self, record: dict[str, Any]) -> None:
        """Log a record, and add it to the history."""
        run = self._run
        logged = dict(run.stages.log(run=run, record=record))
        run.state.history.append(logged)
        self._file.add(f"{to_json(logged)}\n")
