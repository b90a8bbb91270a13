"""Numbers of the log that callbacks monitor: check that a name is logged, and look up its value."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hookline.data.data import Data
from hookline.errors.exceptions import HooklineError, MismatchError
from hookline.errors.option_errors import OptionError
from hookline.errors.text import PathElement, enumerate_names
from hookline.plugins.stages import Run
from hookline.script.python import literal
from hookline.script.written import cannot_be_written
from hookline.spec.families.callback import WrapperSpec
from hookline.spec.families.data import DataSpec
from hookline.spec.options import Spec
from hookline.spec.training import TrainingSpec
from hookline.training.callbacks.logged_numbers import (
    Logging,
    hint,
    meant_number,
    refusal,
    refusal_of_one,
    selected_numbers,
)

WITH_RECORDS = ("fit", "evaluate", "log")
"""The stages in which a plugin can add numbers to what is logged."""


def check_monitored(callback: Spec, monitor: str, logging: Logging, data: DataSpec, plugins: Sequence[str]) -> None:
    """Raise an `OptionError` if the option `monitor` of a callback names a number that nothing in the spec logs.

    Call this in `check` of the callback. If another callback does not declare what it logs, every name is accepted. If
    the spec lists plugins, which may add numbers, only names that look like a number of a split are checked.
    """
    has_validation = data.has_validation is not False
    message = refusal_of_one(logging, monitor, has_validation=has_validation, has_others=bool(plugins))
    if message is not None:
        against = [] if has_validation else [("data",)]
        help_text = message.lstrip()
        raise OptionError(
            "monitor", f'"{monitor}" is not logged.', against=against, id="unlogged-number", help=help_text
        )
    _refuse_what_is_outside(callback, monitor, logging, "monitor")


def check_logged(callback: WrapperSpec, option: str, patterns: Sequence[str], logging: Logging) -> None:
    """Raise an `OptionError` if one of the names or patterns of an option selects nothing that is logged.

    Call this in `check` of a callback that accepts missing numbers: those of a validation split that does not exist,
    and those whose name has no split, which a plugin may add.
    """
    for index, pattern in enumerate(patterns):
        message = refusal(logging, pattern, has_validation=True, has_others=True)
        if message is not None:
            help_text = message.lstrip()
            raise OptionError(option, f'"{pattern}" is not logged.', index, id="unlogged-number", help=help_text)
        if "*" not in pattern:
            _refuse_what_is_outside(callback, pattern, logging, option, index)


def _refuse_what_is_outside(callback: Spec, name: str, logging: Logging, option: str, *within: PathElement) -> None:
    """Raise an `OptionError` for a number that only a callback outside this one logs, since this one cannot see it."""
    own = next((index for index, other in enumerate(logging.callbacks) if other is callback), None)
    if own is None or any(selected_numbers(other.logs or (), [name]) for other in logging.callbacks[own:]):
        return
    for index, other in enumerate(logging.callbacks[:own]):
        if selected_numbers(other.logs or (), [name]):
            names = type(other).__name__, type(callback).__name__
            message = f"Only callbacks listed before {names[0]} see what it logs: list it after {names[1]}."
            raise OptionError(option, message, *within, against=[("callbacks", index)], id="unlogged-number")


def unseen(spec: TrainingSpec) -> Iterator[tuple[int, str]]:
    """Yield the index of each callback that saves the log, with a message about the numbers that it cannot see."""
    for index, callback in enumerate(spec.callbacks):
        outside = [other for other in spec.callbacks[:index] if callback.keeps_log and other.logs]
        if outside:
            numbers = enumerate_names(name for other in outside for name in other.logs or () if "*" not in name)
            name, others = type(callback).__name__, " and ".join(type(other).__name__ for other in outside)
            yield index, f"{name} cannot see {numbers} of {others}: list it before."


def check_monitor(callback: WrapperSpec, monitor: str, run: Run, data: Data) -> None:
    """Raise a `MismatchError` if a callback monitors a number that is not logged with this data.

    Call this in a wrapper around `prepare_data`, where all plugins are known.
    """
    from hookline.plugins.dispatch.attribution import implementations  # Here, since `hookline check` does not need it.

    added = {origin.name for origin, _ in run.plugins if not origin.is_built_in}
    called = (one.plugin_name for stage in WITH_RECORDS for one in implementations(run.stages.manager, stage))
    has_others = any(name in added for name in called)
    message = refusal_of_one(
        Logging.of(run.spec), monitor, has_validation=data.validation is not None, has_others=has_others
    )
    if message is not None:
        text = f'{type(callback).__name__} monitors "{monitor}", which is not logged.{message}'
        raise MismatchError(text, (*run.spec.place_of(callback), "monitor"), id="unlogged-number")


def monitored(callback: str, monitor: str, record: Mapping[str, Any]) -> Any:
    """The number that a callback monitors; `None` if it is one of a validation, and none was due for this record.

    Raises:
        HooklineError: If it is missing for another reason.

    """
    if monitor not in record:
        if monitor.startswith("validation/") and not any(name.startswith("validation/") for name in record):
            return None
        known = [name for name in record if name not in ("epoch", "step")]
        names = hint(meant_number(monitor, known), known)
        raise HooklineError(f'{callback} monitors "{monitor}", which is not logged.{names}')
    return record[monitor]


def ejected_number(monitor: str) -> str:
    """The number that a callback monitors as code, for `hookline eject`.

    Raises:
        MismatchError: If the record of a script does not have it.

    """
    if not monitor.startswith(("training/", "validation/")):
        raise cannot_be_written("The record of a script has only the numbers of the splits.", ("monitor",))
    return f"record[{literal(monitor)}]"
