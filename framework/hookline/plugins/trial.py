"""A trial: a trained spec and its results."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from attrs import field, frozen

from hookline.plugins.weights import Weights

if TYPE_CHECKING:
    from torch import nn

    from hookline.data.data import Data
    from hookline.spec.training import TrainingSpec


SAVED = "saved weights"
"""How `Trial.measured` names the saved weights."""

State = Literal["finished", "stopped", "interrupted", "failed"]


@frozen(kw_only=True, eq=False, repr=False)
class Trial:
    """The result of a training: what `hookline.train` returns."""

    spec: "TrainingSpec"
    """The spec that was trained."""
    directory: Path
    """The directory of the results."""
    data: "Data"
    """The data that it was trained on."""
    model: "nn.Module"
    """The trained model."""
    criterion: "nn.Module"
    """The loss, with its trained parameters if it has any."""
    metrics: Mapping[str, float]
    """The final loss and metrics of each split: `{"training/loss": …, "validation/Accuracy": …, "test/loss": …}`.
    `measured` says which weights they belong to."""
    measured: Mapping[str, str] = field(factory=dict)
    """Which weights the numbers of a split belong to: "saved weights" for those of `model`, "during epoch 3" for a mean
    over the steps of an epoch, "after epoch 3" for the weights at its end."""
    weights: Weights
    """Which weights `model` has."""
    not_finite: Sequence[str] = ()
    """The names of parameters and buffers that are infinite or NaN."""
    state: State = "finished"
    """How the training ended: after all epochs, by `run.stop`, by Ctrl-C or another signal, or by an error."""
    error: str | None = None
    """The error that ended it, as a sentence."""
    history: Sequence[Mapping[str, Any]]
    """The record of each epoch, as in `metrics.jsonl`."""
    epochs: int
    """The number of epochs that were trained."""
    steps: int
    """The number of steps."""
    seconds: float
    """The time in seconds, from reading the data to the final evaluation."""
    stopped: str | None = None
    """Why it ended before its last epoch, if it did."""
    notes: Sequence[str] = ()
    """What callbacks reported with `run.note`."""
    deployed: Sequence[Path] = field(default=())
    """The paths of the deployed files."""

    def __repr__(self) -> str:
        """The result in one line."""
        numbers = ", ".join(f"{name} {value:.5g}" for name, value in self.metrics.items())
        return f"<Trial {self.spec.run.name}: {self.epochs} epochs, {self.steps} steps; {numbers}; in {self.directory}>"

    @property
    def objective(self) -> float:
        """The number to minimize when trials are compared: the validation loss, or the training loss without one.

        A loss that is not finite is worse than any other.
        """
        return compared_by(self.metrics)[1]


def compared_by(metrics: Mapping[str, float]) -> tuple[str | None, float]:
    """Return the name and the value of the number by which trials are compared, given their final numbers.

    The smallest value is the best. One that is not finite, or missing, is infinite.
    """
    name = next((name for name in ("validation/loss", "training/loss") if name in metrics), None)
    value = math.inf if name is None else metrics[name]
    return name, value if math.isfinite(value) else math.inf
