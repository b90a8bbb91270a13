"""A run: what stays the same during a training, where it is, how it is stopped, and what it tells."""

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import define, field

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from hookline.asking import Stages
    from hookline.plugins import Plugins
    from hookline.training_spec import TrainingSpec


@define(eq=False, kw_only=True)
class Run:
    """One training of one spec, as every stage is given it."""

    spec: "TrainingSpec"
    """What is trained."""
    stages: "Stages"
    """Asks the other stages: `run.stages.forward(run=run, model=model, batch=batch)`."""
    plugins: "Plugins"
    """The plugins that are used."""
    device: "torch.device"
    """Where it is computed."""
    directory: Path | None = None
    """Where the results are written; `None` until training begins, so that a mistake leaves nothing behind."""
    resources: ExitStack = field(factory=ExitStack)
    """What must be closed when the run ends, whatever happens: `run.resources.enter_context(...)`. That is after
    `deploy`, if this run is the one that is handed on."""
    steps_per_epoch: int = 0
    """How many batches an epoch has; 0 until training begins."""
    epoch: int = 0
    """The epoch that is being trained, counted from 1."""
    step: int = 0
    """How many steps have been made, over all epochs."""
    loss: "Tensor | None" = None
    """The loss of the latest step, detached. To read its number is to wait for the device."""
    is_stepping: bool = False
    """Whether the gradients of a step are being computed: `forward` and `loss` are then asked for rows that are trained
    with, and otherwise for an evaluation, or for statistics of layers."""
    history: list[dict[str, Any]] = field(factory=list)
    """What has been logged, a record for each epoch."""
    is_trained: bool = False
    """Whether the training has ended: what is judged from then on is the model that is handed on."""
    stopped: str | None = None
    """Why the run is to end before its last epoch, or `None`."""
    told: list[str] = field(factory=list)
    """What callbacks have told of the run, in sentences."""

    interrupted: bool = False
    """Whether it was stopped from the keyboard, so that nothing more is computed than what was asked to stop."""

    def stop(self, reason: str) -> None:
        """End the training after this epoch, and go on with the test and what follows; the first reason counts."""
        self.stopped = self.stopped or reason or "A callback stopped it."

    def tell(self, sentence: str) -> None:
        """Tell the person something that is in no number of the log: it is shown, and kept in `result.json`.

        In every stage. What is told in `tune` and in `deploy` is added to the result of the run that was given there.
        """
        self.told.append(sentence)

    def interrupt(self) -> None:
        """End the training at once, since somebody pressed Ctrl-C."""
        self.interrupted = True
        self.stop("It was interrupted from the keyboard.")
