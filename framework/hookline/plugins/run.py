"""A run: what stays the same during a training, where it is, how it is stopped, and what it tells."""

import signal
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import Factory, define, field

from hookline.plugins.signals import Interruption, reason
from hookline.plugins.weights import Weights
from hookline.spec.objective import Objective

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from hookline.plugins.dispatch.dispatcher import Stages
    from hookline.plugins.manager import Plugins
    from hookline.spec.training import TrainingSpec


@define(eq=False, kw_only=True)
class Run:
    """One training of one spec, as every stage is given it."""

    spec: "TrainingSpec"
    """What is trained."""
    objective: Objective = field(init=False, default=Factory(lambda self: self.spec.objective, takes_self=True))
    """What is minimized: the loss of the spec, or the sum of several."""
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

    weights: Weights | None = None
    """Which weights the model has when training has ended; `None` for those of the last step. A callback that puts
    others into the model sets it."""

    interruption: Interruption = field(factory=Interruption)
    """Whether Ctrl-C was pressed, or another signal asks the process to end."""

    @property
    def interrupted(self) -> bool:
        """Whether the training was interrupted, so that nothing more is computed."""
        return self.interruption.number is not None

    @property
    def dtype(self) -> "torch.dtype":
        """The floating-point type of inputs, targets, model and loss, which is torch's default type during the run."""
        import torch

        chosen: torch.dtype = getattr(torch, self.spec.run.dtype)
        return chosen

    @property
    def seed(self) -> int:
        """The seed of the spec."""
        return self.spec.run.seed

    def moved(self, tensor: "Tensor") -> "Tensor":
        """The tensor on the run's device; floating-point numbers in the run's type, all others as they are."""
        return tensor.to(self.device, self.dtype if tensor.is_floating_point() else None)

    def stop(self, reason: str) -> None:
        """End the training after this epoch, and go on with the test and what follows; the first reason counts."""
        self.stopped = self.stopped or reason or "A callback stopped it."

    def tell(self, sentence: str) -> None:
        """Tell the person something that is in no number of the log: it is shown, and kept in `result.json`.

        In every stage. What is told in `tune` and in `deploy` is added to the result of the run that was given there.
        """
        self.told.append(sentence)

    def interrupt(self) -> None:
        """End the training after the step that is being made, as Ctrl-C does. The results so far are saved."""
        self.interruption.request(signal.SIGINT)
        self.stop(reason(self.interruption.number or signal.SIGINT))

    def raise_if_interrupted(self) -> None:
        """Raise a `KeyboardInterrupt` if the training was interrupted.

        The loop looks after each step, and the stage `evaluate` before each batch. A callback with a long computation
        of its own calls this where it can be left.
        """
        if self.interruption.number is not None:
            raise KeyboardInterrupt(reason(self.interruption.number))
