"""Callbacks that do something in some steps or epochs only: in which stages, and when they are due."""

import warnings
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

import pluggy

from hookline.errors.exceptions import HooklineWarning, MisfitError
from hookline.errors.text import counted
from hookline.plugins.stages import INNER

if TYPE_CHECKING:
    from hookline.plugins.run import Run
    from hookline.spec.families.components import CallbackSpec

OF_AN_EPOCH = frozenset({"evaluate", "log"})
"""The stages that are asked once or twice in an epoch."""


class Limited(NamedTuple):
    """A plugin that does something in some steps or epochs only."""

    plugin: object
    spec: "CallbackSpec"
    counts_steps: bool

    def is_due(self, run: "Run") -> bool:
        """Whether it does something now."""
        if run.is_trained:
            return True  # What is judged at the end is in no epoch.
        return self.spec.is_due(run.step + 1 if self.counts_steps else run.epoch)


def limits_by_stage(
    manager: pluggy.PluginManager, limits: "Mapping[str, tuple[int, CallbackSpec]]"
) -> dict[str, list[Limited]]:
    """Which plugins are limited in which stage.

    One that has to do with a stage of the inner loop is limited there, to steps, and nowhere else: what it gathers in
    some steps it may log at the end of each epoch. Any other is limited to epochs.
    """
    found: dict[str, list[Limited]] = {}
    for name, (index, spec) in limits.items():
        plugin = manager.get_plugin(name)
        stages = {caller.name for caller in manager.get_hookcallers(plugin) or ()}
        counts_steps = bool(stages & INNER)
        limited = stages & (INNER if counts_steps else OF_AN_EPOCH)
        if not limited:
            message = (
                f"{type(spec).__name__} has nothing to do with steps and epochs: leave out `every`, `first`, `last`."
            )
            raise MisfitError(message, ("callbacks", index), id="unused-option")
        for stage in limited:
            found.setdefault(stage, []).append(Limited(plugin, spec, counts_steps))
    return found


def warn_of_idle(limited: Mapping[str, Iterable[Limited]], run: "Run") -> None:
    """Warn of callbacks that will do nothing in this run, since it ends before they begin; `limited` are by stage."""
    judging = {id(one.spec) for one in limited.get("evaluate", ())}  # They do something at the end.
    others = {id(one.spec): one for several in limited.values() for one in several if id(one.spec) not in judging}
    for _, spec, counts_steps in others.values():
        there_are = run.spec.run.epochs * (run.steps_per_epoch if counts_steps else 1)
        if spec.first_due > there_are:
            what = "step" if counts_steps else "epoch"
            message = f"{type(spec).__name__} does nothing: the run has {counted(there_are, what)}"
            message = f"{message}, and it begins in {what} {spec.first_due}."
            warnings.warn(HooklineWarning(message, run.spec.place_of(spec), id="no-effect"), stacklevel=2)
