"""Where a training is, so that it can be validated, saved and ended between any two steps, and continued from there."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from hookline.data.batches import length_of
from hookline.errors.exceptions import CheckpointError, DataError
from hookline.plugins.stages import Run
from hookline.runs.directory import spec_text
from hookline.training.checkpoints.generators import load_generators, state_of_generators
from hookline.training.checkpoints.training_state import load_training_state, training_state
from hookline.training.loop.limits import Limits
from hookline.training.loop.modes import is_in_training_mode, switch_to_training
from hookline.training.loop.records import Records
from hookline.training.means.mean_loss import EpochLosses
from hookline.training.means.mean_losses import MeanLosses

if TYPE_CHECKING:
    from torch import nn, optim

    from hookline.data.batches import Batch
    from hookline.data.data import Data


class Position:
    """The position of the loop in the epochs.

    Between two steps, the model may be validated, the training saved, and the epoch ended early. If the spec has
    nothing of it, it costs nothing in a step. Validations inside an epoch leave the random number generators as they
    were, so that they do not change what is trained.
    """

    def __init__(
        self,
        run: Run,
        data: "Data",
        model: "nn.Module",
        criterion: "nn.Module",
        optimizer: "optim.Optimizer",
        *,
        pause: float = 0.0,
    ):
        """Begin before the first epoch, or where the checkpoint in `run.resumes_from` was saved.

        The log is written every `pause` seconds, and by `end`.
        """
        self._run = run
        self._training = data.training
        self._trained = model, criterion, optimizer
        self._records = Records(run, data, model, criterion, pause=pause)
        self._saving = run.saving
        assert run.directory is not None, "The directory is created before training begins."
        self._spec = "" if run.saving is None else spec_text(run, run.directory)
        self._limits = Limits(run)
        self.undisturbed_steps = self._limits.undisturbed_steps
        self._is_inside = False
        """Whether an epoch has begun and its record has not been logged."""
        self._first_step = 0
        """The step at the beginning of the epoch."""
        self._logged_step = 0
        """The step of the last record."""
        self._begin_losses()
        self._is_cut = False
        """Whether a limit has ended the epoch before its last batch."""
        self.given = 0
        """The number of batches of the epoch that the loop has received."""
        self._generators: Any = None
        """The generators before a validation, from which it is repeated."""
        if run.resumes_from is not None:
            self._restore(run.resumes_from.state)
            run.resumes_from.restored()
            run.resumes_from = None
            self._records.restore()

    def end(self) -> None:
        """Write the records that wait."""
        self._records.write()

    def epochs(self) -> Iterator[int]:
        """Yield the numbers of the epochs to train; the first one may have begun already."""
        state = self._run.state
        for epoch in range(state.epoch + (not self._is_inside), self._run.spec.run.epochs + 1):
            if not self._is_inside:
                if state.stopped or self._limits.are_reached():
                    break
                state.epoch, self._first_step, self._is_inside = epoch, state.step, True
                self._begin_losses()
            yield epoch
        if self._limits.lacks_time:  # No checkpoint says so: a run that is resumed may have more time.
            self._run.stop(f"The time in `max_time` is over: {self._run.spec.run.max_time}.")

    @property
    def made(self) -> int:
        """The number of steps of the current epoch that have been made."""
        return self._run.state.step - self._first_step

    def batches(self) -> "Iterator[Batch]":
        """Switch the model to training mode, and return the remaining batches of the current epoch."""
        switch_to_training(self._trained[0])
        self.given, self._is_cut = self.made, False
        batches = iter(self._training.epoch(self._run.epoch, self.given))
        return self._with_acts_between(batches) if self.acts_between_steps or self.given else batches

    @property
    def acts_between_steps(self) -> bool:
        """Whether anything may happen between two steps of an epoch."""
        return self._limits.act_between_steps

    def unread_steps(self) -> int:
        """The number of coming steps before their losses are read, which ends the training if one is not finite."""
        return self.losses.total.unread

    def is_validated_next(self) -> bool:
        """Whether the model is evaluated immediately after the last step of the present epoch."""
        return not self._run.state.ends_now and self._records.is_due_after_epoch

    def is_in_training_mode(self) -> bool:
        """Whether all layers of the model are in training mode, and switching to it does nothing else."""
        return is_in_training_mode(self._trained[0])

    @property
    def _is_ahead(self) -> bool:
        """Whether the loop has received batches whose steps are not made yet."""
        return self.given > self.made

    def _with_acts_between(self, batches: "Iterator[Batch]") -> "Iterator[Batch]":
        saving, state, records = self._saving, self._run.state, self._records
        while not (state.ends_now or self._limits.are_reached()):
            is_validated = not self._is_ahead and records.is_due_after_step and state.step > self._logged_step
            if is_validated:
                self._generators = state_of_generators(self._run.device)
            # Only the next batch shows whether the epoch goes on; a validation at its end is that of the epoch.
            batch = next(batches, None)
            if batch is None:
                return
            if is_validated:
                self._validate_inside()
                if state.ends_now:  # Wrappers may have called `run.stop`.
                    break  # type: ignore[unreachable]
            self.given += 1
            yield batch
            if saving is not None and not self._is_ahead and saving.is_due_after_step(self._run):
                self._save()
        self._is_cut = True

    def _validate_inside(self) -> None:
        """Validate and log inside an epoch, after the next batch has been read."""
        run, generators = self._run, state_of_generators(self._run.device)
        run.is_inside_epoch = True
        try:
            self._log(self._records.made(self.losses, with_validation=True))
        finally:
            run.is_inside_epoch = False
        run.raise_if_interrupted()
        load_generators(generators, run.device)
        self._generators = None

    def end_epoch(self) -> None:
        """Validate and log at the end of an epoch, which may have been ended early."""
        run = self._run
        if not self.made:
            length = length_of(self._training)
            expected = "" if length is None else f"; {length} were expected"
            raise DataError(f"Epoch {run.epoch} yielded no training batch{expected}.", option=())
        is_ended_early = run.state.ends_now or self._is_cut
        if is_ended_early:
            # A longer run continues inside the epoch, without the record that follows.
            self.save_now()
            if run.step == self._logged_step:  # The last validation has ended it.
                self._is_inside = False
                return
        if self._saving is not None:
            self._generators = state_of_generators(run.device)
        record = self._records.made(self.losses, with_validation=self._records.is_due_after_epoch)
        self._log(record, ends_epoch=True, is_saved=not is_ended_early)

    def _log(self, record: dict[str, Any], *, ends_epoch: bool = False, is_saved: bool = True) -> None:
        """Log a record and save the training if it is due; an interruption waits until both are complete."""
        saving = self._saving
        if saving is None:
            self._add(record, ends_epoch=ends_epoch)
            return
        with self._run.interruption.postponed():
            self._add(record, ends_epoch=ends_epoch)
            if saving.is_due_after_record(self._run) and is_saved:
                self._save()

    def _add(self, record: dict[str, Any], *, ends_epoch: bool) -> None:
        self._records.log(record)
        self._logged_step = self._run.state.step
        if ends_epoch:  # The next epoch begins its losses.
            self._is_inside, self._generators = False, None
        else:
            self._begin_losses()

    def _begin_losses(self) -> None:
        self._total = EpochLosses(self._run.state.epoch, self._run.state.step + 1)
        self.losses = MeanLosses(self._run.objective, self._total)
        """The losses since the last record, to which the loop adds."""

    def skip(self) -> None:
        """Count a step whose batch was skipped."""
        self._total.skip()

    def save_now(self) -> None:
        """Save the training, which ends here, unless a step is only half done."""
        if self._saving is not None and self._saving.saves_at_end and not self._is_ahead:
            self._save()

    def _save(self) -> None:
        assert self._saving is not None, "The caller has checked it."
        position = {
            "first_step": self._first_step,
            "logged_step": self._logged_step,
            "losses": self.losses.state_dict() if self._is_inside else None,
            "loss": self._run.loss,
        }
        state = training_state(self._run, *self._trained)
        if self._generators is not None:
            state["generators"] = self._generators
        self._saving.save(self._run, {"spec": self._spec, "position": position, **state})

    def _restore(self, state: Mapping[str, Any]) -> None:
        run = self._run
        try:
            position = state["position"]
            self._first_step, self._logged_step = position["first_step"], position["logged_step"]
            load_training_state(state, run, *self._trained)
            self._is_inside = position["losses"] is not None
            if self._is_inside:
                self._begin_losses()
                self.losses.load_state_dict(position["losses"])
            run.loss = None if position["loss"] is None else position["loss"].to(run.device)
        except (KeyError, TypeError, AttributeError) as error:
            raise CheckpointError(f"The state of the checkpoint is incomplete: {error!r}.") from error
