"""Numbers of the log that callbacks monitor: check that a name is logged, and look up its value."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from attrs import frozen

from hookline.data.data import Data
from hookline.errors.exceptions import HooklineError, MismatchError
from hookline.errors.option_errors import OptionError
from hookline.errors.suggestions import nearest
from hookline.errors.text import PathElement, enumerate_names
from hookline.plugins.stages import Run
from hookline.script.python import literal
from hookline.script.written import cannot_be_written
from hookline.spec.families.callback import WrapperSpec
from hookline.spec.families.data import DataSpec
from hookline.spec.families.metric import MetricSpec
from hookline.spec.objective.objective import Objective
from hookline.spec.options import Spec
from hookline.spec.training import TrainingSpec

WRITTEN = {"validation": ("val", "valid"), "training": ("train",)}
"""Other names of the splits, as in "val_loss". A name without a split is looked up in the first split first."""

WITH_RECORDS = ("fit", "evaluate", "log")
"""The stages in which a plugin can add numbers to what is logged."""


@frozen
class Logging:
    """The sections of a spec that determine which numbers are logged."""

    objective: Objective
    metrics: Sequence[MetricSpec]
    callbacks: Sequence[WrapperSpec]

    @classmethod
    def of(cls, spec: TrainingSpec) -> "Logging":
        """The sections of a whole spec."""
        return cls(spec.objective, spec.metrics, spec.callbacks)


def check_monitored(callback: Spec, monitor: str, logging: Logging, data: DataSpec, plugins: Sequence[str]) -> None:
    """Raise an `OptionError` if the option `monitor` of a callback names a number that nothing in the spec logs.

    Call this in `check` of the callback. If another callback does not declare what it logs, every name is accepted. If
    the spec lists plugins, which may add numbers, only names that look like a number of a split are checked.
    """
    has_validation = data.has_validation is not False
    message = _refusal_of_one(logging, monitor, has_validation=has_validation, has_others=bool(plugins))
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
        message = _refusal(logging, pattern, has_validation=True, has_others=True)
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
    message = _refusal_of_one(
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
        hint = _hint(_meant(monitor, known), known)
        raise HooklineError(f'{callback} monitors "{monitor}", which is not logged.{hint}')
    return record[monitor]


def ejected_number(monitor: str) -> str:
    """The number that a callback monitors as code, for `hookline eject`.

    Raises:
        MismatchError: If the record of a script does not have it.

    """
    if not monitor.startswith(("training/", "validation/")):
        raise cannot_be_written("The record of a script has only the numbers of the splits.", ("monitor",))
    return f"record[{literal(monitor)}]"


def selected_numbers(patterns: Iterable[str], names: Iterable[str]) -> list[str]:
    """The names that equal a pattern or match one with "*", without duplicates, in the order of the patterns.

    >>> selected_numbers(["lr", "*/loss[*]"], ["training/loss", "training/loss[size]", "lr"])
    ['lr', 'training/loss[size]']
    """
    found: dict[str, None] = {}
    names = list(names)
    for pattern in patterns:
        # Brackets are part of the names of losses, not a set of characters.
        wanted = pattern.replace("[", "[[]")
        found |= dict.fromkeys(name for name in names if name == pattern or fnmatchcase(name, wanted))
    return list(found)


def _refusal_of_one(logging: Logging, name: str, *, has_validation: bool, has_others: bool) -> str | None:
    """The message for a name, which must not be a pattern; `None` if it is or may be logged."""
    known = _logged(logging, has_validation=has_validation)
    selected = [] if name in known else selected_numbers([name], known)
    if "*" in name and selected:
        return f" It must be the name of one number, not a pattern.{_hint(None, known)}"
    return _refusal(logging, name, has_validation=has_validation, has_others=has_others)


def _refusal(logging: Logging, name: str, *, has_validation: bool, has_others: bool) -> str | None:
    """The message for a name or pattern that selects nothing that is logged; `None` if it selects something, or may.

    `has_others` says whether plugins may log numbers in addition to the spec.
    """
    with_validation = _logged(logging, has_validation=True)
    known = with_validation if has_validation else _logged(logging, has_validation=False)
    if any(callback.logs is None for callback in logging.callbacks):
        return None
    if selected_numbers([name], known) or selected_numbers(known, [name]):
        return None
    if has_others and not ("/" in name or any(other.endswith(f"/{name}") for other in known)):
        return None
    meant = _meant(name, with_validation)
    if meant is not None and meant not in known:
        return f" The data has no validation split.{_hint(None, known)}"
    return _hint(meant, known)


def _logged(logging: Logging, *, has_validation: bool) -> list[str]:
    """The known names of the numbers that are logged; those of callbacks may be patterns."""
    losses = ["loss", *(f"loss[{name}]" for name in logging.objective.names)]
    known = [f"training/{loss}" for loss in losses]
    if has_validation:
        known += [f"validation/{name}" for name in (*losses, *(metric.label for metric in logging.metrics))]
    known += [name for callback in logging.callbacks for name in callback.logs or ()]
    return list(dict.fromkeys(known))


def _meant(name: str, known: Collection[str]) -> str | None:
    """The name that was probably meant: with its split, with another name of the split, or without a split.

    >>> known = ["training/loss", "validation/loss", "validation/Accuracy", "validation/F1Score"]
    >>> [_meant(name, known) for name in ("vall_loss", "validation/acc", "acc", "loss", "trainig/loss")]
    ['validation/loss', 'validation/Accuracy', 'validation/Accuracy', 'validation/loss', 'training/loss']
    >>> [_meant(name, known) for name in ("validation/F1", "training/f1", "val_F1", "F1")] == ["validation/F1Score"] * 4
    True
    """
    labels: dict[str, dict[str, str]] = {split: {} for split in WRITTEN}
    for other in known:
        split, slash, label = other.partition("/")
        if slash:
            labels.setdefault(split, {})[label] = other
    for split in labels:
        for way in (split, *WRITTEN.get(split, ())):
            if name.lower().startswith((f"{way}/", f"{way}_")):
                # The split is known, so its letters say nothing about the label, which may be in another split.
                of_the_splits = [labels[split], *(others for others in labels.values() if others is not labels[split])]
                return next(filter(None, (_called(name[len(way) + 1 :], one) for one in of_the_splits)), None)
    written = {other: other for other in known}
    for split, ways in WRITTEN.items():
        for label, other in labels[split].items():
            forms = [f"{way}{between}{label}" for way in (split, *ways) for between in "_/"]
            written = {**dict.fromkeys((*forms, label), other), **written}
    return _called(name, written)


def _called(name: str, known: Mapping[str, str]) -> str | None:
    """The number with this or a similar name, or one that starts with at least two such letters."""
    near = nearest(name, known)
    begun = [other for other in known if len(name) > 1 and other.lower().startswith(name.lower())]
    near = near or min(begun, key=len, default=None)
    return None if near is None else known[near]


def _hint(meant: str | None, known: Collection[str]) -> str:
    """The name that was meant, and the names that are logged."""
    names = [name for name in known if "*" not in name]
    question = "" if meant is None or "*" in meant else f' Did you mean "{meant}"?'
    return f"{question} Logged: {enumerate_names(names)}."
