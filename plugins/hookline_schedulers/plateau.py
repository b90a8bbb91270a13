"""A learning rate that is reduced on a plateau."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from hookline import Run, hookimpl
from hookline.data import Data
from hookline.errors import OptionError, counted
from hookline.script import Loop
from hookline.spec import DataSpec, MetricSpec, Objective, OptimizerSpec, WrapperSpec, option, spec
from hookline.training import Logging, Schedule, check_monitor, check_monitored, ejected_number, monitored
from hookline_schedulers.base import TorchScheduler

if TYPE_CHECKING:
    from torch.optim.lr_scheduler import LRScheduler


@spec
class ReduceLROnPlateau(TorchScheduler):
    """Multiplies the learning rate by `factor` when the monitored number has not improved for some epochs.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ReduceLROnPlateau.html
    """

    logs = ("lr", "lr[*]")
    needs_record = True
    of_groups = ("min_lr",)

    monitor: str = "validation/loss"
    """The name of the monitored number in `metrics.jsonl`."""
    mode: Literal["min", "max"] = "min"
    """Whether lower ("min") or higher ("max") numbers are better."""
    factor: float = option(default=0.1, minimum=0, below=1)
    """The factor of the learning rate."""
    patience: int = option(default=10, minimum=0)
    """The number of epochs without improvement to tolerate."""
    threshold: float = option(default=0.0001, minimum=0)
    """The minimum change that counts as an improvement."""
    threshold_mode: Literal["rel", "abs"] = "rel"
    """Whether the threshold is relative to the best number or absolute."""
    cooldown: int = option(default=0, minimum=0)
    """The number of epochs to wait after a reduction."""
    min_lr: float | tuple[float, ...] = option(default=0.0, minimum=0)
    """The minimum learning rate, or one for each parameter group."""
    eps: float = option(default=1e-08, minimum=0)
    """The smallest reduction; smaller ones are skipped."""

    def conflicts(self) -> Iterator[OptionError]:
        """Report an interval other than the epoch."""
        if self.interval == "step":
            yield OptionError("interval", "The monitored number is only known at the end of an epoch.")

    def check(  # type: ignore[override]
        self,
        plugins: Sequence[str],
        data: DataSpec,
        objective: Objective,
        optimizer: OptimizerSpec,
        metrics: Sequence[MetricSpec],
        callbacks: Sequence[WrapperSpec],
    ) -> None:
        """Refuse a `mode` that contradicts the loss or the metric."""
        TorchScheduler.check(self, optimizer)
        check_monitored(self, self.monitor, Logging(objective, metrics, callbacks), data, plugins)
        name = self.monitor.partition("/")[2]
        better = {metric.label: "max" if metric.higher_is_better else "min" for metric in metrics}
        wanted = {**better, "loss": "min"}.get(name, self.mode)
        if wanted != self.mode:
            which = "higher" if wanted == "max" else "lower"
            raise OptionError("mode", f'A {which} {name} is better, so `mode` must be "{wanted}".')

    def unfit(self, length: int, unit: str) -> Iterator[OptionError]:
        """Warn if the run is too short for a reduction."""
        yield from TorchScheduler.unfit(self, length, unit)
        # The first epoch is always the best so far, and one more than the tolerated epochs must be worse.
        if (earliest := self.patience + 2) >= length:
            takes = f"it could after {counted(earliest, unit)} at the earliest, but the run has {length}"
            yield OptionError("patience", f"The learning rate never falls: {takes}.")

    def arguments(self, length: int | None) -> dict[str, Any]:
        """Return torch's options, without `monitor`."""
        arguments = TorchScheduler.arguments(self, length)
        del arguments["monitor"]
        return arguments

    def advance(self, scheduler: "LRScheduler", record: Mapping[str, Any]) -> None:
        """Step the scheduler with the monitored number."""
        number = monitored("ReduceLROnPlateau", self.monitor, record)
        if number is not None:
            scheduler.step(number)

    eject = TorchScheduler.eject

    def ejected_advance(self, name: str, loop: Loop) -> list[str]:
        """Return a step with the monitored number."""
        number = ejected_number(self.monitor)
        lines = [f"{name}.step({number})"]
        return loop.if_validated(lines) if self.monitor.startswith("validation/") else lines

    def build(self) -> object:
        """Return the callback, which owns the scheduler."""
        return _Plateau(self)


class _Plateau(Schedule):
    def __init__(self, spec: ReduceLROnPlateau):
        Schedule.__init__(self, spec)
        self._monitor = spec.monitor

    @hookimpl(wrapper=True)
    def prepare_data(self, run: Run) -> Generator[None, Data, Data]:
        """Refuse to monitor a number that will not exist, before training."""
        data = yield
        check_monitor(self._spec, self._monitor, run, data)
        return data
