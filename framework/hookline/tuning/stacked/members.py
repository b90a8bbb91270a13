"""The members of a stack: each is the run of a trial, with its own callbacks, schedulers, log and optimizer."""

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from attrs import Factory, define, field

from hookline.errors.exceptions import HooklineError
from hookline.plugins.dispatch.attribution import implementations, is_wrapper, naming_plugins
from hookline.plugins.dispatch.dispatcher import Dispatcher
from hookline.plugins.dispatch.entered import Entered
from hookline.plugins.dispatch.located_manager import LocatedManager
from hookline.plugins.stages import Run
from hookline.plugins.trial import Trial
from hookline.training.loop.position import Position
from hookline.training.outcome import evaluate_splits, outcome, refuse_not_finite, splits_to_evaluate
from hookline.training.preparation import Parts
from hookline.tuning.stacked.computing.evaluation import Evaluator
from hookline.tuning.stacked.computing.losses import LossTable
from hookline.tuning.stacked.computing.rows import Rows
from hookline.tuning.stacked.refusals import NotStackable

if TYPE_CHECKING:
    from torch import Tensor, nn

LOG_PAUSE = 0.5
"""The number of seconds between writes to the log of a member: to open a file for each epoch of each takes time."""


@define(eq=False, kw_only=True)
class Member:
    """A run in a stack."""

    run: Run
    parts: Parts
    evaluator: Evaluator
    """Its plugin, which evaluates its model together with those of the other members."""
    generator: "Tensor"
    """The state of torch's generator of the CPU in which its training begins."""
    preparation: float
    """How long it has taken to open and prepare the run, in seconds."""
    wraps_steps: bool = field(
        default=Factory(
            lambda self: any(map(is_wrapper, implementations(self.stages.manager, "step"))), takes_self=True
        )
    )
    """Whether a plugin wraps the stage `step`, such as a schedule of steps."""
    has_ended: bool = False
    """Whether it makes no more steps."""
    failure: BaseException | None = None
    """The error that has ended it."""
    _fit: Entered | None = None
    _position: Position | None = None
    _epochs: Iterator[int] = field(factory=lambda: iter(()))
    _model: "nn.Module | None" = None

    @property
    def stages(self) -> Dispatcher:
        """The stages of the run, with its plugins."""
        assert isinstance(self.run.stages, Dispatcher), "Runs are made by `new_run`."
        return self.run.stages

    @property
    def needs_outputs(self) -> bool:
        """Whether its evaluation needs more than the losses."""
        return self.evaluator.needs_outputs(self.run)

    def begin(self) -> None:
        """Run what comes before the training, up to the first step."""
        import torch

        parts = self.parts
        self.run.started = time.perf_counter() - self.preparation  # Others may have been trained since.
        own: dict[str, Any] = {"model": parts.model, "criterion": parts.criterion, "optimizer": parts.optimizer}
        torch.set_rng_state(self.generator)

        def begin() -> None:
            wrappers = self.stages.wrappers("fit", self.run)
            self._fit = Entered(wrappers, {"run": self.run, "data": parts.data, **own})
            if self.run.saving is not None:
                raise NotStackable("A callback saves the training, which is that of several trials.")
            self._position = Position(self.run, parts.data, **own, pause=LOG_PAUSE)
            self._epochs = self._position.epochs()

        self._guarded(begin)
        self.generator = torch.get_rng_state()

    def begin_epoch(self) -> None:
        """Begin the next epoch; the member has ended if there is none."""
        if next(self._epochs, None) is None:
            self.has_ended = True

    def enter_step(self, loss: "Tensor", rows: Rows, index: int) -> Entered | None:
        """Run what comes before a step, such as clipping the gradients in its row, and return what follows."""
        self.run.loss = loss
        wrappers = self.stages.wrappers("step", self.run)

        def enter() -> Entered:
            rows.set_gradients(index)
            entered = Entered(wrappers, {"run": self.run, "optimizer": self.parts.optimizer, "closure": _no_closure})
            rows.take_gradients(index)
            return entered

        return self._guarded(enter) if wrappers else None

    def leave_step(self, entered: Entered | None) -> None:
        """Run what follows a step."""
        if entered is not None:
            self._guarded(lambda: entered.answered(answer=True))
        self.run.state.step += 1

    def end_epoch(self, table: LossTable, index: int) -> None:
        """Validate and log. `table` has the losses of all steps of the epoch, and `index` says which are its own."""

        def end() -> None:
            assert self._position is not None, "The member has begun."
            self.run.loss = table.last(index)
            if not self.wraps_steps:
                self.run.state.step += len(table)
            table.add_to(self._position.losses, index)
            self._position.end_epoch()

        self._guarded(end)

    def end_fit(self) -> None:
        """Run what follows the training, such as restoring the best weights."""

        def end() -> None:
            fit, self._fit = self._fit, None
            if fit is not None:
                self._model = fit.answered(self.parts.model)
                self.run.state.is_trained = True

        self._end_log()
        if self.failure is None:
            self._guarded(end)

    def trial(self) -> Trial:
        """Evaluate the trained model, and return the result."""
        run, data, criterion = self.run, self.parts.data, self.parts.criterion
        model = self.parts.model if self._model is None else self._model
        evaluated: dict[str, Any] = {}

        def evaluate() -> None:
            refuse_not_finite(run, model, criterion)
            splits = splits_to_evaluate(run, data)
            self.evaluator.training_rows = splits.get("training")
            evaluate_splits(run, model, criterion, splits, evaluated)

        if self.failure is None:
            self._guarded(evaluate)
        model.eval()
        criterion.eval()
        for module in (model, criterion):
            for tensor in (*module.parameters(), *module.buffers()):  # Weights in a larger tensor cannot be saved.
                tensor.data = tensor.data.clone()
        return outcome(run, data, model, criterion, evaluated, self.failure)

    def fail(self, error: BaseException) -> None:
        """End with an error, which the wrappers around `fit` receive."""
        self.failure = error
        self._end_log()
        fit, self._fit = self._fit, None
        if fit is None:
            return
        try:
            self._model = fit.raised(error)
            self.failure = None  # A wrapper has handled it.
            self.run.state.is_trained = True
        except KeyboardInterrupt:
            raise
        except BaseException as raised:  # noqa: BLE001 - It is the failure of this trial only.
            self.failure = raised

    def abandon(self) -> None:
        """End without a result, since none is needed."""
        self.has_ended = True
        self.fail(HooklineError("The trial has ended without this training."))

    def _end_log(self) -> None:
        self.has_ended = True
        if self._position is not None:
            self._position.end()

    def _guarded(self, action: Callable[[], Any]) -> Any:
        """Run an action of the member. An error ends this member only."""
        try:
            return action()
        except (KeyboardInterrupt, NotStackable):
            raise
        except Exception as error:  # noqa: BLE001 - It is the failure of this trial only.
            self.fail(_named(error, self.stages.manager))
            return None


def _named(error: Exception, manager: LocatedManager) -> Exception:
    """The error, or one that names the plugin that has raised it."""
    try:
        with naming_plugins(manager):
            raise error
    except Exception as named:  # noqa: BLE001 - It is returned.
        return named


def _no_closure() -> Any:
    """Refuse to evaluate the loss again."""
    raise HooklineError("The loss of a trial that is trained together with others cannot be evaluated again in a step.")
