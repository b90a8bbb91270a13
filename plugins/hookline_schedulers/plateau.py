"""A learning rate that falls when nothing gets better."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from hookline import Run, hookimpl
from hookline.data import Data
from hookline.errors import OptionError, counted
from hookline.spec import DataSpec, LossSpec, MetricSpec, OptimizerSpec, WrapperSpec, option, spec
from hookline.training import Logging, Schedule, check_monitor, check_monitored, monitored
from hookline_schedulers.base import TorchScheduler

if TYPE_CHECKING:
    from torch.optim.lr_scheduler import LRScheduler


@spec
class ReduceLROnPlateau(TorchScheduler):
    """Multiplies the learning rate by `factor` when the monitored number has not become better for some epochs.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ReduceLROnPlateau.html
    """

    logs = ("lr", "lr[*]")
    is_told_the_record = True
    of_groups = ("min_lr",)

    monitor: str = "validation/loss"
    """The name of the number in `metrics.jsonl`."""
    mode: Literal["min", "max"] = "min"
    """Which number is better, the lower or the higher."""
    factor: float = option(default=0.1, minimum=0, below=1)
    """By what the learning rate is multiplied."""
    patience: int = option(default=10, minimum=0)
    """How many epochs without a better number are let pass."""
    threshold: float = option(default=0.0001, minimum=0)
    """By how much a number must be better to count."""
    threshold_mode: Literal["rel", "abs"] = "rel"
    """Whether the threshold is a part of the best number, or a number itself."""
    cooldown: int = option(default=0, minimum=0)
    """How many epochs after a fall are not counted."""
    min_lr: float | tuple[float, ...] = option(default=0.0, minimum=0)
    """The least learning rate, or one for each parameter group."""
    eps: float = option(default=1e-08, minimum=0)
    """A fall by less than this is left out."""

    def conflicts(self) -> Iterator[OptionError]:
        """It is told what is known of an epoch."""
        if self.interval == "step":
            yield OptionError("interval", "What it monitors is known at the end of an epoch.")

    def check(  # type: ignore[override]
        self,
        plugins: Sequence[str],
        data: DataSpec,
        loss: LossSpec,
        optimizer: OptimizerSpec,
        metrics: Sequence[MetricSpec],
        callbacks: Sequence[WrapperSpec],
    ) -> None:
        """Refuse to take the worse number of the loss, or of a metric, for the better one."""
        TorchScheduler.check(self, optimizer)
        check_monitored(self, self.monitor, Logging(loss, metrics, callbacks), data, plugins)
        name = self.monitor.partition("/")[2]
        better = {metric.label: "max" if metric.higher_is_better else "min" for metric in metrics}
        wanted = {**better, "loss": "min"}.get(name, self.mode)
        if wanted != self.mode:
            which = "higher" if wanted == "max" else "lower"
            raise OptionError("mode", f'The {which} {name} is the better one: `mode` must be "{wanted}".')

    def unfit(self, length: int, unit: str) -> Iterator[OptionError]:
        """As for all; and there are to be more epochs than it is patient."""
        yield from TorchScheduler.unfit(self, length, unit)
        # The first epoch is the best at first, and one more than those that are let pass must be worse.
        if (earliest := self.patience + 2) >= length:
            takes = f"at the earliest after {counted(earliest, unit)}, and the run has {length}"
            yield OptionError("patience", f"The learning rate never falls: {takes}.")

    def arguments(self, length: int) -> dict[str, Any]:
        """The options of torch, which does not know what is monitored."""
        arguments = TorchScheduler.arguments(self, length)
        del arguments["monitor"]
        return arguments

    def advance(self, scheduler: "LRScheduler", record: Mapping[str, Any]) -> None:
        """Tell it the monitored number."""
        scheduler.step(monitored("ReduceLROnPlateau", self.monitor, record))

    def build(self) -> object:
        """The callback, which has the scheduler."""
        return _Plateau(self)


class _Plateau(Schedule):
    def __init__(self, spec: ReduceLROnPlateau):
        Schedule.__init__(self, spec)
        self._monitor = spec.monitor

    @hookimpl(wrapper=True)
    def prepare_data(self, run: Run) -> Generator[None, Data, Data]:
        """Refuse to monitor what will not be there, before anything has begun."""
        data = yield
        check_monitor(self._spec, self._monitor, run, data)
        return data
