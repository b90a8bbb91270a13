"""The interfaces of the loop to the saving of checkpoints, and to the checkpoint that it resumes from."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from attrs import frozen


class Saving(Protocol):
    """Saves the state of a training: a callback puts one into `run.saving` before the `yield` of its `fit`.

    `run` is the `Run`, whose class imports this one.

    It may have a method `steps_before_due(run) -> int | None`, which returns how many steps can be made before
    `is_due_after_step` is called again, so that these may be made in one call of at most about 50 ms; `None` if nothing
    depends on the number of steps. Without it, each step is a call of its own.
    """

    @property
    def saves_at_end(self) -> bool:
        """Whether to save when a signal ends the training."""

    def is_due_after_step(self, run: Any) -> bool:
        """Return whether to save now. Called after each step, when `run.step` includes it."""

    def is_due_after_record(self, run: Any) -> bool:
        """Return whether to save now. Called when the record of an epoch has been logged, or, if `run.is_inside_epoch`
        is true, that of a validation inside an epoch.
        """

    def save(self, run: Any, state: Mapping[str, Any]) -> None:
        """Save a state, or copy it and save it later: its tensors change with the next step."""


@frozen(eq=False)
class Resuming:
    """What the loop resumes a training from."""

    state: Mapping[str, Any]
    """The state of a checkpoint."""
    restored: Callable[[], None]
    """Call this once, when the whole state has been loaded and before anything is written to the run directory. Until
    then, the files of the run stay as they are: an error leaves them unchanged."""
