"""The progress of a run at its checkpoint, the epochs that remain, and its next learning rates."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline.plugins.stages import Run
from hookline.training.callbacks.scheduler import Schedule
from hookline.training.checkpoints.optimizer_names import load_named_state
from hookline.training.checkpoints.resumed import Resumed

if TYPE_CHECKING:
    from torch import nn, optim

MOST_EPOCHS = 5
"""The number of epochs whose learning rates are computed."""

MOST_STEPS = 100_000
"""The largest number of steps to compute the learning rates of."""


@frozen(kw_only=True)
class NextRate:
    """The learning rate of a step."""

    epoch: int
    step: int
    rates: tuple[float, ...]
    """The rate of each parameter group, or a single one if all are equal."""


@frozen(kw_only=True)
class Remaining:
    """What a run has done, and what remains."""

    directory: Path
    """The directory of the run."""
    step: int
    """The number of completed steps."""
    epoch: int
    """The epoch of the last step."""
    steps_of_epoch: int | None
    """The number of steps that this epoch has made; `None` if it has ended."""
    steps_per_epoch: int | None
    """The number of steps of an epoch, if it is known."""
    seconds: float
    """How long it has taken."""
    stopped: str | None
    """Why it ended before its last epoch, if it did: then no step remains."""
    record: Mapping[str, Any] | None
    """The last record of the log."""
    last_epoch: int
    """The last epoch."""
    last_step: int | None
    """The last step, if it is known."""
    rates: tuple[NextRate, ...]
    """The learning rates of the next step, and of the first step of some later epochs."""
    monitoring: tuple[str, ...]
    """The schedulers that may change these, since they depend on what will be logged."""


def remaining(
    resumed: Resumed, run: Run, model: "nn.Module", criterion: "nn.Module", optimizer: "optim.Optimizer"
) -> Remaining:
    """Say what remains. The state of the optimizer and of the schedulers is loaded for this, and changed."""
    state = resumed.state
    progress, position = state["run"], state["position"]
    is_inside = position["losses"] is not None
    load_named_state(state["optimizer"], optimizer, model, criterion, changed=resumed.changed_of_groups(run))
    schedules = []
    for name, plugin in run.stages.manager.list_name_plugin():
        if isinstance(plugin, Schedule) and name in state["plugins"]:
            plugin.load_state_dict(state["plugins"][name])
            schedules.append(plugin)
    steps_of_epoch = resumed.step - position["first_step"] if is_inside else None
    ends = progress["stopped"] or (run.last_step is not None and resumed.step >= run.last_step)
    rates = () if ends else tuple(_rates(run, progress["epoch"], resumed.step, steps_of_epoch, optimizer, schedules))
    return Remaining(
        directory=resumed.directory,
        step=resumed.step,
        epoch=progress["epoch"],
        steps_of_epoch=steps_of_epoch,
        steps_per_epoch=run.steps_per_epoch,
        seconds=progress["seconds"],
        stopped=progress["stopped"],
        record=progress["history"][-1] if progress["history"] else None,
        last_epoch=run.last_epoch,
        last_step=run.last_step,
        rates=rates,
        monitoring=tuple(schedule.name for schedule in schedules if schedule.needs_record),
    )


def _rates(
    run: Run, epoch: int, step: int, done: int | None, optimizer: "optim.Optimizer", schedules: list[Schedule]
) -> Iterator[NextRate]:
    per_epoch, last = run.steps_per_epoch, step + MOST_STEPS
    if done is None or done == per_epoch:
        if done is not None:
            _advance(schedules, "epoch")
        epoch, done = epoch + 1, 0
    for _ in range(MOST_EPOCHS):
        if epoch > run.last_epoch:
            return
        rates = tuple(float(group["lr"]) for group in optimizer.param_groups if "lr" in group)
        yield NextRate(epoch=epoch, step=step + 1, rates=rates[:1] if len(set(rates)) == 1 else rates)
        if per_epoch is None:
            return
        for _ in range(per_epoch - done):
            step += 1
            if step > last or (run.last_step is not None and step >= run.last_step):
                return
            _advance(schedules, "step")
        _advance(schedules, "epoch")
        epoch, done = epoch + 1, 0


def _advance(schedules: list[Schedule], unit: str) -> None:
    for schedule in schedules:
        schedule.advance_after(unit)
