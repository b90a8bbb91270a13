"""A trial: one spec trained, and what came of it."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

if TYPE_CHECKING:
    from torch import nn

    from hookline.data import Data
    from hookline.training_spec import TrainingSpec


@frozen(kw_only=True, eq=False, repr=False)
class Trial:
    """What `hookline.train` returns."""

    spec: "TrainingSpec"
    """What was trained."""
    directory: Path
    """Where the results are."""
    data: "Data"
    """What it was trained on."""
    model: "nn.Module"
    """The trained model."""
    criterion: "nn.Module"
    """The loss, with its trained parameters, if it has any."""
    metrics: Mapping[str, float]
    """The final loss and metrics of each split: `{"training/loss": …, "validation/Accuracy": …, "test/loss": …}`. Those
    of validation and test are of the model as it is handed on."""
    history: Sequence[Mapping[str, Any]]
    """The record of each epoch, as in `metrics.jsonl`."""
    epochs: int
    """How many epochs were trained."""
    steps: int
    """How many steps were made."""
    seconds: float
    """How long it took, from the data to the test."""
    stopped: str | None = None
    """Why it ended before its last epoch, if it did."""
    told: Sequence[str] = ()
    """What callbacks have told of it, in sentences."""
    deployed: Sequence[Path] = field(default=())
    """What was deployed."""

    def __repr__(self) -> str:
        """What came of it, in a line."""
        numbers = ", ".join(f"{name} {value:.5g}" for name, value in self.metrics.items())
        return f"<Trial {self.spec.run.name}: {self.epochs} epochs, {self.steps} steps; {numbers}; in {self.directory}>"

    @property
    def objective(self) -> float:
        """What the trial is compared with others by, the less the better: its validation loss, or its training loss.

        A loss that is not finite is worse than any other.
        """
        names = [name for name in ("validation/loss", "training/loss") if name in self.metrics]
        loss = self.metrics[names[0]] if names else math.inf
        return loss if math.isfinite(loss) else math.inf
