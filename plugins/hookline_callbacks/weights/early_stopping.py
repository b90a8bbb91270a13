"""An end of training when nothing gets better."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Literal

from hookline import Run, Weights, hookimpl
from hookline.data import Data
from hookline.errors import OptionError
from hookline.spec import CallbackSpec, DataSpec, LossSpec, MetricSpec, WrapperSpec, option, spec
from hookline.training import Logging, check_monitor, check_monitored, monitored

if TYPE_CHECKING:
    from torch import nn


@spec
class EarlyStopping(CallbackSpec):
    """Stops the run when the monitored number has not become better for some epochs."""

    logs = ()
    writes_to = ()
    connects_to = ()
    unlimited = {"last": "In later epochs it would not stop the run, nor know the best of them."}

    monitor: str = "validation/loss"
    """The name of the number in `metrics.jsonl`."""
    patience: int = option(default=10, minimum=1)
    """After how many epochs without a better number the run stops."""
    min_delta: float = option(default=0.0, minimum=0)
    """By how much a number must be better to count."""
    mode: Literal["min", "max"] | None = None
    """Which number is better, the lower or the higher; left out, it follows from the metric."""
    restore_best: bool = True
    """Whether in the end the model has the weights of the best epoch, and not those of the last."""

    @property
    def replaces_weights(self) -> bool:  # type: ignore[override]
        """Whether it puts those of the best epoch into the model."""
        return self.restore_best

    def build(self) -> object:
        """The callback, which remembers the best number."""
        return _EarlyStopping(self)

    def check(
        self,
        plugins: Sequence[str],
        data: DataSpec,
        loss: LossSpec,
        metrics: Sequence[MetricSpec],
        callbacks: Sequence[WrapperSpec],
    ) -> None:
        """Refuse to monitor what is never logged."""
        check_monitored(self, self.monitor, Logging(loss, metrics, callbacks), data, plugins)

    def doubts(self, run: Run) -> Iterator[OptionError]:
        """It is to be able to stop the run before its last epoch."""
        every, epochs = self.every or 1, run.spec.run.epochs
        earliest = self.first_due + -(-self.patience // every) * every
        if earliest >= epochs >= self.first_due:  # One that begins later is warned of as a whole.
            message = f"This never stops the run: at the earliest after epoch {earliest}, and the last is {epochs}."
            restored = " The weights of the best epoch are restored all the same." if self.restore_best else ""
            yield OptionError("patience", message + restored)


class _EarlyStopping:
    def __init__(self, spec: EarlyStopping):
        self._spec = spec
        self._best: float | None = None
        self._best_epoch = 0
        self._best_step = 0
        self._modules: tuple[nn.Module, ...] = ()
        self._weights: list[dict[str, Any]] = []

    @hookimpl(wrapper=True)
    def prepare_data(self, run: Run) -> Generator[None, Data, Data]:
        """Refuse to monitor what will not be there, before anything has begun."""
        data = yield
        check_monitor(self._spec, self._spec.monitor, run, data)
        return data

    @hookimpl(wrapper=True)
    def fit(self, run: Run, model: "nn.Module", criterion: "nn.Module") -> "Generator[None, nn.Module, nn.Module]":
        """Put the weights of the best epoch into the model when the training ends, however it does."""
        self._modules = model, criterion
        try:
            return (yield)
        finally:
            if self._spec.restore_best:
                self._restore(run)

    def _restore(self, run: Run) -> None:
        """Put the best weights into the model, also when the training was interrupted or failed."""
        if not self._weights:  # No number has ever been the best.
            run.weights = Weights(epoch=run.epoch, step=run.step)
            return
        # Even with no step in between: an update that was not counted, or a `forward`, may have changed them since.
        for module, weights in zip(self._modules, self._weights, strict=True):
            module.load_state_dict(weights)
        run.weights = Weights(source="EarlyStopping", epoch=self._best_epoch, step=self._best_step)

    @hookimpl(wrapper=True)
    def log(self, run: Run) -> Generator[None, Mapping[str, Any], Mapping[str, Any]]:
        """Compare this epoch's number with the best one."""
        record = yield
        number = monitored("EarlyStopping", self._spec.monitor, record)
        if self._is_better(number, run):
            self._best, self._best_epoch, self._best_step = number, run.epoch, run.step
            if self._spec.restore_best:
                self._weights = [deepcopy(module.state_dict()) for module in self._modules]
        elif run.epoch - self._best_epoch >= self._spec.patience:
            best = f"it was best in epoch {self._best_epoch}" if self._best_epoch else "it was never a number"
            run.stop(f"{self._spec.monitor} has not become better for {self._spec.patience} epochs; {best}.")
        return record

    def _is_better(self, number: float, run: Run) -> bool:
        if self._best is None:
            return number == number  # A NaN is no number to be compared with.
        if self._higher_is_better(run):
            return number > self._best + self._spec.min_delta
        return number < self._best - self._spec.min_delta

    def _higher_is_better(self, run: Run) -> bool:
        if self._spec.mode is not None:
            return self._spec.mode == "max"
        label = self._spec.monitor.partition("/")[2]
        return any(metric.label == label and metric.higher_is_better for metric in run.spec.metrics)

    def state_dict(self) -> dict[str, Any]:
        """The best number, its epoch and its weights."""
        return {
            "best": self._best,
            "best_epoch": self._best_epoch,
            "best_step": self._best_step,
            "weights": self._weights,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on after the epochs of another run."""
        self._best, self._weights = state["best"], state["weights"]
        self._best_epoch, self._best_step = state["best_epoch"], state["best_step"]
