"""The lines of a scheduler in a training loop: it is built, stepped, and its learning rates are recorded."""

from collections.abc import Sequence
from typing import Any

from hookline.script.script import Script
from hookline.script.written import cannot_be_written


def add_scheduler(
    script: Script, scheduler: Any, length: int | None, schedulers: Sequence[Any], names: Sequence[str]
) -> None:
    """Add a scheduler to the training loop of a script.

    Args:
        script: the script.
        scheduler: the `SchedulerSpec`.
        length: the number of times it is stepped.
        schedulers: all schedulers of the spec.
        names: the names of the learning rates in the log.

    """
    loop = script.loop
    place = next(index for index, one in enumerate(schedulers, start=1) if one is scheduler)
    variable = "scheduler" if len(schedulers) == 1 else f"scheduler_{place}"
    loop.before.insert(0, f"{variable} = {scheduler.eject_scheduler(script, length)}")
    rates, rate = '[group["lr"] for group in optimizer.param_groups]', 'optimizer.param_groups[0]["lr"]'
    is_one = list(names) == ["lr"]
    if scheduler.is_per_step:  # Those of the step, which it then changes.
        loop.batch.append(f"rate = {rate}" if is_one else f"rates = {rates}")
        loop.after_batch.insert(0, f"{variable}.step()")
        rates, rate = "rates", "rate"
    record = f'record["lr"] = {rate}'
    if not is_one:
        record = f'record |= {{f"lr[{{index}}]": rate for index, rate in enumerate({rates})}}'
    loop.record.insert(0, record)  # The numbers of an outer scheduler replace those of an inner one.
    if scheduler.is_per_step:
        return
    if not scheduler.needs_record:
        loop.after_epoch.insert(0, f"{variable}.step()")
        return
    if loop.has_periods and len(schedulers) > 1:
        raise cannot_be_written(f"{type(scheduler).__name__} beside another scheduler has no lines for validations.")
    loop.after_record[:0] = scheduler.ejected_advance(variable, loop)
