"""Early stopping."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from copy import deepcopy
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Literal

from hookline import Run, Weights, hookimpl
from hookline.data import Data
from hookline.errors import OptionError, counted
from hookline.script import Script, indented
from hookline.spec import CallbackSpec, DataSpec, MetricSpec, Objective, WrapperSpec, option, spec
from hookline.training import Logging, check_monitor, check_monitored, ejected_number, monitored

if TYPE_CHECKING:
    from torch import nn


@spec
class EarlyStopping(CallbackSpec):
    """Stop the run when the monitored number has not improved for some epochs."""

    logs = ()
    writes_to = ()
    connects_to = ()
    unlimited = {"last": "It would not monitor later epochs."}

    monitor: str = "validation/loss"
    """The name of the monitored number in `metrics.jsonl`."""
    patience: int = option(default=10, minimum=1)
    """The number of epochs without improvement after which the run stops, or of validations if the spec sets
    `validate_every_steps` or `validate_every_epochs`. A validation inside an epoch stops the run at once."""
    min_delta: float = option(default=0.0, minimum=0)
    """The minimum change that counts as an improvement."""
    mode: Literal["min", "max"] | None = None
    """Whether lower ("min") or higher ("max") numbers are better. Default: according to the metric."""
    restore_best: bool = True
    """Restore the weights of the best epoch at the end, instead of keeping those of the last."""

    @property
    def replaces_weights(self) -> bool:  # type: ignore[override]
        """Whether it restores the weights of the best epoch."""
        return self.restore_best

    @property
    def least_epochs(self) -> int:  # type: ignore[override]
        """The patience."""
        return self.patience

    @property
    def follows_validation(self) -> bool:  # type: ignore[override]
        """Whether it monitors a number of the validation split."""
        return self.monitor.startswith("validation/")

    def build(self) -> object:
        """Return the callback, which remembers the best number."""
        return _EarlyStopping(self)

    def eject(self, script: Script, run: Run) -> None:
        """Add the comparison after each epoch, and restore the best weights at the end."""
        loop, number = script.loop, ejected_number(self.monitor)
        counts = loop.has_periods  # Epochs say how long it has not improved, unless they have several records.
        higher = _EarlyStopping(self)._higher_is_better(run)
        delta = f" {'+' if higher else '-'} {self.min_delta}" if self.min_delta else ""
        names, values = ["best", "waited" if counts else "best_epoch"], [number, "0" if counts else "epoch"]
        start = [f'{"-" if higher else ""}float("inf")', "0"]
        if self.restore_best:
            script.use("from copy import deepcopy")
            names += [f"best_{name}" for name in script.modules]
            values += [f"deepcopy({name}.state_dict())" for name in script.modules]
            start += ["None"] * len(script.modules)
            restored = [f"{name}.load_state_dict(best_{name})" for name in script.modules]
            if self.is_limited or loop.validated_if:
                restored = ["if best_model is not None:", *indented(restored)]
            loop.after[:0] = restored
        loop.before.append(f"{', '.join(names)} = {', '.join(start)}")
        better = [f"    {', '.join(names[:2])} = {', '.join(values[:2])}"]
        better += [f"    {name} = {value}" for name, value in zip(names[2:], values[2:], strict=True)]
        due = self.ejected_condition("epoch")
        lines = [f"if {due}{' and ' if due else ''}{number} {'>' if higher else '<'} best{delta}:", *better]
        lines = ["waited += 1", *lines] if counts else lines
        is_of_validation = self.monitor.startswith("validation/")
        loop.after_record[:0] = loop.if_validated(lines) if is_of_validation else lines
        every = run.spec.run.validate_every_epochs or 1
        patience = self.patience * (every if is_of_validation and not counts else 1)
        waited = f"{'waited' if counts else 'epoch - best_epoch'} >= {patience}"
        if due:
            validated = f" and {loop.validated_if}" if is_of_validation and loop.validated_if else ""
            waited = f"{due}{validated} and {waited}"
        loop.stop.append(waited)

    def check(
        self,
        plugins: Sequence[str],
        data: DataSpec,
        objective: Objective,
        metrics: Sequence[MetricSpec],
        callbacks: Sequence[WrapperSpec],
    ) -> None:
        """Refuse to monitor a number that is never logged."""
        check_monitored(self, self.monitor, Logging(objective, metrics, callbacks), data, plugins)

    def doubts(self, run: Run) -> Iterator[OptionError]:
        """Warn if it can never stop the run before the last epoch."""
        if run.spec.run.validates_otherwise:
            return
        every, epochs = self.every or 1, run.last_epoch
        earliest = self.first_due + -(-self.patience // every) * every
        if earliest >= epochs >= self.first_due:  # A callback that starts later is reported as a whole.
            message = (
                f"This never stops the run: it could stop after epoch {earliest} at the earliest, but the last is "
                f"{epochs}."
            )
            restored = " It still restores the weights of the best epoch." if self.restore_best else ""
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
        """Refuse to monitor a number that will not exist, before training."""
        data = yield
        check_monitor(self._spec, self._spec.monitor, run, data)
        return data

    @hookimpl(wrapper=True)
    def fit(self, run: Run, model: "nn.Module", criterion: "nn.Module") -> "Generator[None, nn.Module, nn.Module]":
        """Restore the weights of the best epoch when the training ends for any reason."""
        self._modules = model, criterion
        try:
            return (yield)
        finally:
            if self._spec.restore_best:
                self._restore(run)

    def _restore(self, run: Run) -> None:
        """Restore the best weights, even if the training was interrupted or failed."""
        if not self._weights:  # No epoch was ever the best.
            run.state.weights = Weights(epoch=run.epoch, step=run.step)
            return
        # Restore them even without a step since then: an uncounted update or a `forward` may have changed them.
        for module, weights in zip(self._modules, self._weights, strict=True):
            module.load_state_dict(weights)
        run.state.weights = Weights(source="EarlyStopping", epoch=self._best_epoch, step=self._best_step)

    @hookimpl(wrapper=True)
    def log(self, run: Run) -> Generator[None, Mapping[str, Any], Mapping[str, Any]]:
        """Compare the number of this epoch with the best one."""
        record = yield
        number = monitored("EarlyStopping", self._spec.monitor, record)
        if number is None:
            return record
        if self._is_better(number, run):
            self._best, self._best_epoch, self._best_step = number, run.epoch, run.step
            if self._spec.restore_best:
                self._weights = list(map(_copied_state, self._modules))
        elif self._validations_since_best(run) >= self._spec.patience:
            is_per_epoch = not run.spec.run.validates_otherwise
            unit, place = ("epoch", self._best_epoch) if is_per_epoch else ("validation", self._best_step)
            kept = ", whose weights are kept" if self._spec.restore_best else ""
            best = f"it was best in {'epoch' if is_per_epoch else 'step'} {place}{kept}"
            best = best if place else "it was never a number"
            run.stop(
                f"{self._spec.monitor} has not improved for {counted(self._spec.patience, unit)}; {best}.",
                now=run.is_inside_epoch,
            )
        return record

    def _validations_since_best(self, run: Run) -> int:
        """Return the number of records with the monitored number since the best one, including the current one."""
        since = takewhile(lambda record: record["step"] > self._best_step, reversed(run.history))
        return 1 + sum(self._spec.monitor in record for record in since)

    def _is_better(self, number: float, run: Run) -> bool:
        if self._best is None:
            return number == number  # NaN cannot be compared.
        if self._higher_is_better(run):
            return number > self._best + self._spec.min_delta
        return number < self._best - self._spec.min_delta

    def _higher_is_better(self, run: Run) -> bool:
        if self._spec.mode is not None:
            return self._spec.mode == "max"
        label = self._spec.monitor.partition("/")[2]
        return any(metric.label == label and metric.higher_is_better for metric in run.spec.metrics)

    def state_dict(self) -> dict[str, Any]:
        """Return the best number, its epoch and its weights."""
        return {
            "best": self._best,
            "best_epoch": self._best_epoch,
            "best_step": self._best_step,
            "weights": self._weights,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Resume after the epochs of another run."""
        self._best, self._weights = state["best"], state["weights"]
        self._best_epoch, self._best_step = state["best_epoch"], state["best_step"]


def _copied_state(module: "nn.Module") -> dict[str, Any]:
    """Return a copy of the state of a module; `deepcopy` would take several times as long."""
    import torch

    state = module.state_dict()
    for name, value in state.items():
        state[name] = value.clone() if isinstance(value, torch.Tensor) else deepcopy(value)
    return state
