"""What saves checkpoints during a training, as the loop calls it."""

from collections.abc import Mapping
from typing import Any, Protocol


class Saving(Protocol):
    """Saves the state of a training: a callback puts one into `run.saving` before the `yield` of its `fit`.

    `run` is the `Run`, whose class imports this one.
    """

    @property
    def saves_at_end(self) -> bool:
        """Whether to save when a signal ends the training."""

    def is_due_after_step(self, run: Any) -> bool:
        """Return whether to save now. Called after each step, when `run.step` includes it."""

    def is_due_after_epoch(self, run: Any) -> bool:
        """Return whether to save now. Called when the record of an epoch has been logged."""

    def save(self, run: Any, state: Mapping[str, Any]) -> None:
        """Save a state, or copy it and save it later: its tensors change with the next step."""
