"""Numbers of the log that callbacks look at: that the one of this name will be there, and what it is."""

from collections.abc import Mapping
from typing import Any

from hookline.data import Data
from hookline.errors import HooklineError, did_you_mean
from hookline.run import Run


def check_monitor(callback: str, monitor: str, run: Run, data: Data) -> None:
    """Raise a `HooklineError` if a callback is to monitor a number that will not be logged.

    A name without a split may be that of a number which another callback adds to the record: it is not looked at.
    """
    known = ["training/loss"]
    if data.validation is not None:
        known += ["validation/loss", *(f"validation/{metric.label}" for metric in run.spec.metrics)]
    is_of_a_split = "/" in monitor or any(name.endswith(f"/{monitor}") for name in known)
    is_of_a_part = monitor.endswith("]")  # Of a loss that is made of several.
    if is_of_a_split and not is_of_a_part and monitor not in known:
        split = "" if data.validation is not None else " The data has no validation split."
        raise HooklineError(
            f'{callback} monitors "{monitor}", which is not logged.{split}{did_you_mean(monitor, known)}'
        )


def monitored(callback: str, monitor: str, record: Mapping[str, Any]) -> Any:
    """The number that a callback monitors; a `HooklineError` if it is not there."""
    if monitor not in record:
        raise HooklineError(f'{callback} monitors "{monitor}", which is not logged.{did_you_mean(monitor, record)}')
    return record[monitor]
