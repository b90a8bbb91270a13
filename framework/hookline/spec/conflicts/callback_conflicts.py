"""Conflicts of callbacks with one another, and with the other sections of a spec."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hookline.errors.exceptions import PluginError
from hookline.errors.failures import attributed_to
from hookline.errors.option_errors import FaultError, OptionError
from hookline.spec.families.callback import CallbackSpec, WrapperSpec

MOST_CALLBACKS = 500
"""The maximum number of callbacks in a spec, since each is checked against all others."""


def callback_conflicts(callbacks: Sequence[WrapperSpec], sections: Mapping[str, Any]) -> Iterator[OptionError]:
    """Yield the errors of callbacks that concern others; `sections` has the valid sections."""
    if len(callbacks) > MOST_CALLBACKS:
        message = f"A spec has at most {MOST_CALLBACKS} callbacks, not {len(callbacks):,}."
        yield OptionError("callbacks", message, id="size-limit")
        return
    yield from _conflicts_of_weights(callbacks)
    for index, callback in enumerate(callbacks):
        if isinstance(callback, CallbackSpec):
            yield from _conflicts_of_limits(callback, index)
        try:
            with attributed_to(type(callback)):
                callback.check_in(sections)
        except OptionError as error:
            yield error.at("callbacks", index)
        except ValueError as error:
            yield OptionError("callbacks", str(error), index)
        except PluginError as error:
            yield FaultError("callbacks", str(error), index)


def _conflicts_of_limits(callback: CallbackSpec, index: int) -> Iterator[OptionError]:
    try:
        with attributed_to(type(callback)):
            refused = list(callback.refused_limits())
    except PluginError as error:
        yield FaultError("callbacks", str(error), index)
        return
    for refusal in refused:
        yield refusal.at("callbacks", index)
    first, last = callback.first_due, callback.last
    if last is not None and last < first and not refused:
        name = "every" if callback.first is None else "first"
        message = f"`last` ({last}) is before the first step or epoch ({first}), so this callback would never run."
        yield OptionError("callbacks", message, index, "last", against=[("callbacks", index, name)])


def _conflicts_of_weights(callbacks: Sequence[WrapperSpec]) -> Iterator[OptionError]:
    first: int | None = None
    for index, callback in enumerate(callbacks):
        try:
            with attributed_to(type(callback)):
                replaces_weights = callback.replaces_weights
        except PluginError as error:
            yield FaultError("callbacks", str(error), index)
            continue
        if not replaces_weights or (first is not None and callback == callbacks[first]):
            continue  # The repetition has been reported.
        if first is None:
            first = index
            continue
        names = type(callback).__name__, type(callbacks[first]).__name__
        restoring = [name for one, name in zip((callback, callbacks[first]), names, strict=True) if _restores(one)]
        remedy = f", or set `restore_best` of {restoring[0]} to false" if restoring else ""
        message = f"{names[0]} and {names[1]} both replace the weights of the model at the end of training: "
        yield OptionError("callbacks", f"{message}remove one{remedy}.", index, against=[("callbacks", first)])


def _restores(callback: WrapperSpec) -> bool:
    """Return whether it has an option, which is set, to restore the best weights."""
    return bool(getattr(callback, "restore_best", False))
