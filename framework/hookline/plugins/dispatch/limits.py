"""Callbacks that run only in some steps or epochs: in which stages, and when they are due."""

import warnings
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import pluggy

from hookline.errors.exceptions import HooklineWarning, MismatchError
from hookline.errors.text import counted
from hookline.plugins.manager import callback_name
from hookline.plugins.stages import INNER, Run
from hookline.spec.families.callback import CallbackSpec, WrapperSpec

OF_AN_EPOCH = frozenset({"evaluate", "log"})
"""The stages that are called once or twice per epoch."""


class Limited(NamedTuple):
    """A plugin that runs only in some steps or epochs."""

    plugin: object
    spec: CallbackSpec
    counts_steps: bool

    def is_due(self, run: Run) -> bool:
        """Whether it runs in the current step or epoch."""
        if run.is_trained:
            return True  # The final evaluation belongs to no epoch.
        return self.spec.is_due(run.step + 1 if self.counts_steps else run.epoch)


def limits_of(callbacks: Iterable[WrapperSpec]) -> dict[str, tuple[int, CallbackSpec]]:
    """The callbacks that run only in some steps or epochs, with their indices, by the names of their plugins."""
    return {
        callback_name(index, callback): (index, callback)
        for index, callback in enumerate(callbacks)
        if isinstance(callback, CallbackSpec) and callback.is_limited
    }


def limits_by_stage(
    manager: pluggy.PluginManager, limits: Mapping[str, tuple[int, CallbackSpec]]
) -> dict[str, list[Limited]]:
    """The limited plugins of each stage.

    A plugin that implements stages of the inner loop is limited to steps, and only in these stages: it may log what it
    gathered at the end of each epoch. Any other plugin is limited to epochs.
    """
    found: dict[str, list[Limited]] = {}
    for name, (index, spec) in limits.items():
        plugin = manager.get_plugin(name)
        stages = {caller.name for caller in manager.get_hookcallers(plugin) or ()}
        counts_steps = bool(stages & INNER)
        limited = stages & (INNER if counts_steps else OF_AN_EPOCH)
        if not limited:
            message = f"{type(spec).__name__} does not run per step or per epoch; remove `every`, `first` and `last`."
            raise MismatchError(message, ("callbacks", index), id="unused-option")
        for stage in limited:
            found.setdefault(stage, []).append(Limited(plugin, spec, counts_steps))
    return found


def warn_of_idle(run: Run) -> None:
    """Warn about callbacks that never run, because the run ends before their first step or epoch."""
    limited = limits_by_stage(run.stages.manager, limits_of(run.spec.callbacks))
    evaluating = {id(one.spec) for one in limited.get("evaluate", ())}  # They run in the final evaluation.
    others = {id(one.spec): one for several in limited.values() for one in several if id(one.spec) not in evaluating}
    for _, spec, counts_steps in others.values():
        total = run.last_step if counts_steps else run.last_epoch
        if total is not None and spec.first_due > total:
            what = "step" if counts_steps else "epoch"
            message = f"{type(spec).__name__} never runs: the run has {counted(total, what)}"
            message = f"{message}, but the first {what} in which it runs is {spec.first_due}."
            warnings.warn(HooklineWarning(message, run.spec.place_of(spec), id="no-effect"), stacklevel=2)
