"""Numbers of the log that callbacks look at: that the one of this name will be there, and what it is."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from hookline.data import Data
from hookline.errors import HooklineError, OptionError
from hookline.run import Run
from hookline.training_spec import TrainingSpec
from hookline.wording import did_you_mean


def check_monitored(spec: TrainingSpec, monitor: str) -> None:
    """Raise an `OptionError` if the option `monitor` names a number of a split that the spec never logs.

    For the `check` of a callback. A name without a split may be that of a number which another callback adds.
    """
    known = _logged(spec, with_validation=True)
    if _is_of_a_split(monitor, known) and monitor not in known:
        raise OptionError("monitor", f'"{monitor}" is not logged.{did_you_mean(monitor, known)}')


def check_logged(spec: TrainingSpec, option: str, patterns: Sequence[str]) -> None:
    """Raise an `OptionError` if one of the names or patterns of an option selects nothing that is logged.

    For the `check` of a callback. As to names without a split, see `check_monitored`.
    """
    known = _logged(spec, with_validation=True)
    for index, pattern in enumerate(patterns):
        if _is_of_a_split(pattern, known) and not selected_numbers([pattern], known):
            raise OptionError(option, f'"{pattern}" is not logged.{did_you_mean(pattern, known)}', index)


def selected_numbers(patterns: Iterable[str], names: Iterable[str]) -> list[str]:
    """The names that are given, or that a pattern with "*" selects, each once, in the order of the patterns.

    >>> selected_numbers(["lr", "*/loss[*]"], ["training/loss", "training/loss[size]", "lr"])
    ['lr', 'training/loss[size]']
    """
    found: dict[str, None] = {}
    names = list(names)
    for pattern in patterns:
        # Brackets are part of the names of losses, and no set of letters.
        wanted = pattern.replace("[", "[[]")
        found |= dict.fromkeys(name for name in names if name == pattern or fnmatchcase(name, wanted))
    return list(found)


def check_monitor(callback: str, monitor: str, run: Run, data: Data) -> None:
    """Raise a `HooklineError` if a callback is to monitor a number that will not be logged with this data."""
    known = _logged(run.spec, with_validation=data.validation is not None)
    if _is_of_a_split(monitor, known) and monitor not in known:
        split = "" if data.validation is not None else " The data has no validation split."
        raise HooklineError(
            f'{callback} monitors "{monitor}", which is not logged.{split}{did_you_mean(monitor, known)}'
        )


def _logged(spec: TrainingSpec, *, with_validation: bool) -> list[str]:
    """The names of the numbers that are logged in any case, and of those that callbacks say that they add."""
    losses = ["loss", *(f"loss[{part}]" for part in spec.loss.parts)]
    known = [f"training/{loss}" for loss in losses]
    if with_validation:
        known += [f"validation/{name}" for name in (*losses, *(metric.label for metric in spec.metrics))]
    return known + [name for callback in spec.callbacks for name in callback.logs]


def _is_of_a_split(monitor: str, known: Collection[str]) -> bool:
    return "/" in monitor or any(name.endswith(f"/{monitor}") for name in known)


def monitored(callback: str, monitor: str, record: Mapping[str, Any]) -> Any:
    """The number that a callback monitors; a `HooklineError` if it is not there."""
    if monitor not in record:
        raise HooklineError(f'{callback} monitors "{monitor}", which is not logged.{did_you_mean(monitor, record)}')
    return record[monitor]
