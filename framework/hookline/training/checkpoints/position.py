"""Where a training is, so that it can be saved between any two steps and continued from there."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from hookline.errors.exceptions import CheckpointError
from hookline.plugins.stages import Run
from hookline.training.checkpoints.training_state import load_training_state, training_state
from hookline.training.means import EpochLosses, MeanLosses

if TYPE_CHECKING:
    from torch import nn, optim

    from hookline.data.batches import Batch, Batches


class Position:
    """The position of the loop in the epochs.

    The training can be saved only between two steps, before the evaluation of an epoch, and after its record has been
    logged. Without a component that saves checkpoints, this costs nothing in a step.
    """

    def __init__(self, run: Run, model: "nn.Module", criterion: "nn.Module", optimizer: "optim.Optimizer"):
        """Begin before the first epoch, or where the checkpoint in `run.resumes_from` was saved."""
        self._run = run
        self._trained = model, criterion, optimizer
        self._saving = run.saving
        self._first_step = 0
        """The step at the beginning of the epoch."""
        self._total: EpochLosses | None = None
        self._losses: MeanLosses | None = None
        """The losses of the epoch; `None` once its record has been logged."""
        self._given = 0
        """The number of batches of the epoch that the loop has received."""
        self._generators: Any = None
        """The generators before the evaluation of the epoch, from which it is repeated."""
        self._pending: Mapping[str, Any] | None = None
        if run.resumes_from is not None:
            self._restore(run.resumes_from.state)
            run.resumes_from.restored()
            run.resumes_from = None

    def epochs(self) -> Iterator[int]:
        """Yield the numbers of the epochs to train; the first one may have begun already."""
        first = self._run.state.epoch + (self._pending is None)
        for epoch in range(first, self._run.spec.run.epochs + 1):
            if self._pending is None:
                if self._run.state.stopped:  # By the last epoch.
                    return
                self._first_step = self._run.state.step
            self._run.state.epoch = epoch
            yield epoch

    def losses(self) -> MeanLosses:
        """Return the losses of the current epoch, to which the loop adds."""
        self._total = EpochLosses(self._run.state.epoch, self._first_step + 1)
        self._losses = MeanLosses(self._run.objective, self._total)
        if self._pending is not None:
            self._losses.load_state_dict(self._pending)
            self._pending = None
        return self._losses

    def skip(self) -> None:
        """Count a step whose batch was skipped."""
        assert self._total is not None, "The epoch has begun."
        self._total.skip()

    @property
    def steps(self) -> int:
        """The number of steps that have been made in the current epoch."""
        return self._run.state.step - self._first_step

    def batches(self, split: "Batches") -> "Iterator[Batch]":
        """Return the remaining batches of the current epoch, between which the training is saved."""
        self._given = self.steps
        batches = split.epoch(self._run.state.epoch, self._given)
        return batches if self._saving is None else self._saved_between(batches)

    def _saved_between(self, batches: "Iterator[Batch]") -> "Iterator[Batch]":
        saving = self._saving
        assert saving is not None, "The caller has checked it."
        for batch in batches:
            self._given += 1
            yield batch
            if saving.is_due_after_step(self._run):
                self._save()

    def before_evaluation(self) -> None:
        """Note that all batches of the epoch have been trained."""
        if self._saving is not None:
            self._generators = training_state(self._run, *self._trained)["generators"]

    def logging(self) -> AbstractContextManager[object]:
        """Inside the context, the record is logged: an interruption waits until the epoch is complete."""
        return nullcontext() if self._saving is None else self._run.interruption.postponed()

    def end_epoch(self) -> None:
        """Note that the record of the epoch has been logged."""
        self._losses = self._generators = None
        if self._saving is not None and self._saving.is_due_after_epoch(self._run):
            self._save()

    def save_now(self) -> None:
        """Save the training, which ends here, unless a step is only half done."""
        if self._saving is not None and self._saving.saves_at_end and self._given == self.steps:
            self._save()

    def _save(self) -> None:
        assert self._saving is not None, "The caller has checked it."
        losses = None if self._losses is None else self._losses.state_dict()
        state = training_state(self._run, *self._trained)
        if self._generators is not None:
            state["generators"] = self._generators
        self._saving.save(
            self._run, {"position": {"first_step": self._first_step, "losses": losses, "loss": self._run.loss}, **state}
        )

    def _restore(self, state: Mapping[str, Any]) -> None:
        try:
            position = state["position"]
            self._first_step, self._pending = position["first_step"], position["losses"]
            load_training_state(state, self._run, *self._trained)
            self._run.loss = None if position["loss"] is None else position["loss"].to(self._run.device)
        except (KeyError, TypeError, AttributeError) as error:
            raise CheckpointError(f"The state of the checkpoint is incomplete: {error!r}.") from error
