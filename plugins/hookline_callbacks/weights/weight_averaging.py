"""Stochastic weight averaging."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from hookline import Run, Weights, hookimpl
from hookline.data import Batch, Data
from hookline.errors import OptionError, counted
from hookline.script import Code, Script, cannot_be_written, constructor, indented
from hookline.spec import CallbackSpec, OptimizerSpec, RunSpec, WrapperSpec, option, spec
from hookline.training import SchedulerSpec
from hookline_callbacks.weights.averaging import Averaging
from hookline_callbacks.weights.early_stopping import EarlyStopping
from hookline_callbacks.weights.weight_averaging_lines import SWAP, averaged_modules, lines_of_statistics

if TYPE_CHECKING:
    from torch import nn, optim


NOT_AVERAGED = "Interrupted: the weights are those of the last step, not the mean."
"""The message about a training that was interrupted after the mean had started."""


@spec
class StochasticWeightAveraging(CallbackSpec):
    """Average the weights at the end of each of the last epochs, and recompute BatchNorm's statistics.

    During training the unaveraged weights are evaluated; the test results and the deployed model use the mean. A
    constant high learning rate, `swa_lr`, makes the epochs differ. If the training is interrupted before the statistics
    are recomputed, the model keeps the unaveraged weights and their statistics.

    Source: https://docs.pytorch.org/docs/stable/optim.html#weight-averaging-swa-and-ema; Izmailov, Podoprikhin,
    Garipov, Vetrov and Wilson, https://arxiv.org/abs/1803.05407
    """

    logs = ()
    writes_to = ()
    connects_to = ()
    replaces_weights = True
    unlimited = "Use `start` to set the epochs to average."

    start: int | None = option(default=None, minimum=1)
    """The first epoch to average. By default the last quarter of the epochs is averaged, rounded up."""
    swa_lr: float | None = option(default=None, minimum=0)
    """The learning rate to anneal to from `start` on. By default the learning rate does not change."""
    anneal_epochs: int = option(default=10, minimum=0, only_with=("swa_lr",))
    """The number of epochs in which to anneal to `swa_lr`."""
    anneal_strategy: Literal["cos", "linear"] = option(default="cos", only_with=("swa_lr",))
    """Whether to anneal along a cosine or linearly."""

    def check(self, run: RunSpec, optimizer: OptimizerSpec, callbacks: Sequence[WrapperSpec]) -> None:
        """Refuse a start after the last epoch, and two callbacks that change the learning rate."""
        if self.start is not None and self.start > run.epochs:
            raise OptionError("start", f"The run has {run.epochs} epochs, so none is averaged.")
        others = [callback for callback in callbacks if isinstance(callback, SchedulerSpec)]
        if self.swa_lr is not None and others:
            raise OptionError("swa_lr", f"{type(others[0]).__name__} also changes the learning rate.")
        if self.swa_lr is not None:
            optimizer.refuse_changed_lr("swa_lr", "remove it")

    def doubts(self, run: Run) -> Iterator[OptionError]:
        """Warn if `swa_lr` is never reached, or not by all parts of the optimizer."""
        if self.swa_lr is None:
            return
        yield from run.spec.optimizer.doubt_changed_lr("swa_lr")
        epochs = run.last_epoch
        start = self.first_epoch(epochs)
        if start + self.anneal_epochs > epochs:
            takes = f"that takes {counted(self.anneal_epochs, 'epoch')} from epoch {start} on, but the last is {epochs}"
            yield OptionError("anneal_epochs", f"`swa_lr` is never reached: {takes}.")

    def first_epoch(self, epochs: int) -> int:
        """Return the first epoch to average in a run of this many epochs.

        >>> [StochasticWeightAveraging().first_epoch(epochs) for epochs in (1, 3, 4, 5, 8, 9)]
        [1, 3, 4, 4, 7, 7]
        """
        return self.start or epochs - (epochs - 1) // 4

    def eject(self, script: Script, run: Run) -> None:
        """Add torch's AveragedModel, which is updated after each of the last epochs and is the model at the end."""
        loop = script.loop
        if loop.has_periods and any(isinstance(one, EarlyStopping) for one in run.spec.callbacks):
            raise cannot_be_written("An average of epochs that EarlyStopping may end early has no lines.")
        script.use("from torch.optim.swa_utils import AveragedModel")
        script.define(SWAP)
        averaged = averaged_modules(script)
        loop.before.append(f"average = AveragedModel({averaged})")
        update = [f"if epoch >= {self.first_epoch(run.last_epoch)}:", f"    average.update_parameters({averaged})"]
        if self.swa_lr is not None:
            from torch.optim.swa_utils import SWALR

            script.use("from torch.optim.swa_utils import SWALR")
            options = {name: getattr(self, name) for name in ("swa_lr", "anneal_epochs", "anneal_strategy")}
            made = constructor("SWALR", SWALR, {"optimizer": Code("optimizer"), **options})
            loop.before.append(f"scheduler = {made}")
            update.append("    scheduler.step()")
        loop.after_epoch[:0] = update
        swap = [f"swap({averaged}, average.module)", *lines_of_statistics(script)]
        may_end = loop.limits or any(isinstance(one, EarlyStopping) for one in run.spec.callbacks)
        loop.after[:0] = ["if average.n_averaged:", *indented(swap)] if may_end else swap

    def build(self) -> object:
        """Return the callback, which keeps the mean."""
        return _StochasticWeightAveraging(self)


class _StochasticWeightAveraging(Averaging):
    def __init__(self, spec: StochasticWeightAveraging):
        super().__init__()
        self._spec = spec
        self._scheduler: Any = None
        self._first_epoch = 0

    @hookimpl(wrapper=True)
    def fit(
        self, run: Run, data: Data, model: "nn.Module", criterion: "nn.Module", optimizer: "optim.Optimizer"
    ) -> "Generator[None, nn.Module, nn.Module]":
        """Start the mean, and at the end move it into the model and recompute the statistics."""
        from torch.optim.swa_utils import SWALR

        self._begin(model, criterion)
        self._first_epoch = self._spec.first_epoch(run.last_epoch)
        if self._spec.swa_lr is not None:
            options: Any = {"anneal_epochs": self._spec.anneal_epochs, "anneal_strategy": self._spec.anneal_strategy}
            self._scheduler = SWALR(optimizer, self._spec.swa_lr, **options)
        try:
            trained = yield
        finally:
            run.state.weights = Weights(epoch=run.epoch, step=run.step)
        if self._has_begun and run.interrupted:
            run.note(NOT_AVERAGED)
        elif self._has_begun:
            self._use_mean(run, data, trained)
        else:
            run.note(
                f"StochasticWeightAveraging averaged no epochs: the run ended in epoch {run.epoch}, but averaging "
                f"starts in epoch {self._spec.first_epoch(run.last_epoch)}."
            )
        return trained

    def _use_mean(self, run: Run, data: Data, model: "nn.Module") -> None:
        """Move the mean into the model and recompute its statistics, or leave both unchanged."""
        from torch.nn.modules.batchnorm import _BatchNorm
        from torch.optim.swa_utils import update_bn

        momenta = [(module, module.momentum) for module in model.modules() if isinstance(module, _BatchNorm)]
        is_renewed = False
        self._swap()
        try:
            update_bn(data.training.epoch(run.epoch), _applied(run, model))
            is_renewed = True
            name = "StochasticWeightAveraging"
            run.state.weights = Weights(source=name, epoch=run.epoch, step=run.step, is_mean=True)
        finally:
            # torch restores it only if no error is raised.
            for module, momentum in momenta:
                module.momentum = momentum
            if not is_renewed:
                self._swap()
                run.note(NOT_AVERAGED)

    @hookimpl(wrapper=True)
    def log(self, run: Run) -> Generator[None, Mapping[str, Any], Mapping[str, Any]]:
        """Add the weights of this epoch to the mean."""
        record = yield
        if not run.is_inside_epoch and run.epoch >= self._spec.first_epoch(run.last_epoch):
            self._update()
            if self._scheduler is not None:
                self._scheduler.step()
        return record

    def state_dict(self) -> dict[str, Any]:
        """Return the mean, the number of averaged epochs, and the state of the schedule."""
        schedule = {} if self._scheduler is None else {"scheduler": self._scheduler.state_dict()}
        return {**super().state_dict(), **schedule, "first_epoch": self._first_epoch}

    def lengths_differ(self, run: Run, state: Mapping[str, Any]) -> bool:
        """Return whether epochs have been averaged that would not be averaged in a run of this length."""
        has_begun = int(state["averaged"]["n_averaged"]) > 0
        return has_begun and bool(state["first_epoch"] != self._spec.first_epoch(run.last_epoch))

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Load the mean and the schedule of another run."""
        super().load_state_dict(state)
        if self._scheduler is not None:
            self._scheduler.load_state_dict(state["scheduler"])


def _applied(run: Run, model: "nn.Module") -> Any:
    """Return the model as a module that takes whole batches and calls the stage `forward`."""
    from torch import nn

    class Applied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, batch: Batch) -> Any:
            run.raise_if_interrupted()
            return run.stages.forward(run=run, model=self.model, batch=batch)

    return Applied()
