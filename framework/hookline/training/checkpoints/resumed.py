"""A run that is resumed: its checkpoint, and what may differ from the run that saved it."""

import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from attrs import field, frozen

from hookline.errors.exceptions import HooklineWarning, LockError, RunError
from hookline.errors.text import dotted
from hookline.files.atomic import refusing
from hookline.plugins.manager import callback_name
from hookline.plugins.saving import Resuming
from hookline.plugins.sources.fingerprint import of_text
from hookline.plugins.stages import Run
from hookline.runs import directory, lock as locking, manifest
from hookline.runs.checkpoints import store
from hookline.runs.plan.plan import Plan
from hookline.spec.compare import Difference, differences
from hookline.spec.durations import seconds_of
from hookline.spec.training import TrainingSpec
from hookline.training.callbacks.scheduler import SchedulerSpec

LENGTHS = (("run", "epochs"), ("run", "max_steps"), ("run", "max_time"))
"""The options that may always grow or be removed: the run becomes longer."""

INITIAL = ("initialize", "initialize_from")
"""The sections that only matter before the first step."""


@frozen(eq=False)
class Resumed:
    """A run that is resumed from a checkpoint."""

    directory: Path
    """The directory of the run."""
    step: int
    """The number of completed steps."""
    state: Mapping[str, Any]
    """The state of the training."""
    before: TrainingSpec
    """The spec that was trained until then."""
    allowed: Collection[str] = field(factory=tuple)
    """The paths of the options, and the names of other things, that may differ."""

    def resuming(self, run: Run, plan: Plan, write_beginning: Callable[[], None]) -> Resuming:
        """Return what the loop resumes from.

        Args:
            run: the run, whose state is that of the beginning.
            plan: its plan.
            write_beginning: writes the spec, the lock and what else is known before training. It is called if they
                differ from those of the run so far.

        """
        changed = self.changed_of_groups(run)
        is_changed = any(differences(self.before, run.spec)) or any(self._differences_from_lock(run, plan))

        def restored() -> None:
            if is_changed:
                write_beginning()
            # They describe an earlier end of the run.
            for path in (self.directory / manifest.NAME, self.directory / directory.RESULT):
                with refusing(path):
                    path.unlink(missing_ok=True)
            store.remove_unfinished(self.directory)
            run.interruption.listen()

        return Resuming({**self.state, "changed": changed}, restored)

    def changed_of_groups(self, run: Run) -> list[str]:
        """The options of the optimizer that differ, which its state must not restore."""
        found = differences(self.before, run.spec)
        return [str(difference.path[-1]) for difference in found if _is_of_groups(difference)]

    def refuse_changes(self, run: Run, plan: Plan) -> None:
        """Raise an error for changes that were not allowed, since the run would not continue as the same one.

        Raises:
            LockError: With all of them.
            RunError: If the run would be shorter than it already is.

        """
        limits = run.spec.run
        for name, there, most in (
            ("epoch", self.state["run"]["epoch"], limits.epochs),
            ("step", self.step, limits.max_steps),
        ):
            if most is not None and most < there:
                raise RunError(
                    f"{self.directory}: The run has reached {name} {there} already, so it cannot end after {name} "
                    f"{most}."
                )
        of_lock = self._differences_from_lock(run, plan)
        changed = [
            *self._changes_of_spec(run.spec, has_same_rows=all(kind != "data" for kind, _ in of_lock)),
            *self._changes_of_schedules(run),
            *self._other_changes(of_lock),
        ]
        if changed:
            raise LockError(self.directory, changed, "resumed")
        self._warn_of_unused(run, plan)

    def _warn_of_unused(self, run: Run, plan: Plan) -> None:
        """Issue a warning for names in `allowed` that allow nothing, such as misspelled ones."""
        paths = [dotted(difference.path) for difference in differences(self.before, run.spec)]
        kinds = {kind for kind, _ in self._differences_from_lock(run, plan)}
        for name in self.allowed:
            if name not in kinds and not any(_is_below(path, name) for path in paths):
                message = f"`--allow {name}` has no effect: nothing with this name has changed."
                warnings.warn(HooklineWarning(message, id="no-effect"), stacklevel=3)

    def _changes_of_schedules(self, run: Run) -> Iterator[str]:
        """Changes that cannot be allowed: the checkpoint contains the options of a schedule and its learning rates."""
        for place, callback in enumerate(run.spec.callbacks):
            name = callback_name(place, callback)
            state = self.state["plugins"].get(name)
            differ = getattr(run.stages.manager.get_plugin(name), "lengths_differ", None)
            if state is not None and differ is not None and differ(run, state):
                yield (
                    f"{type(callback).__name__} has another length than before, since it depends on that of the run: "
                    "train a new run, or set the length in its options from the beginning."
                )
        schedulers = [(place, one) for place, one in enumerate(run.spec.callbacks) if isinstance(one, SchedulerSpec)]
        for difference in differences(self.before, run.spec):
            path = dotted(difference.path)
            is_of_schedule = any(path.startswith(f"callbacks[{place}].") for place, _ in schedulers)
            if is_of_schedule or (schedulers and _is_learning_rate(difference)):
                yield f"{path} cannot be changed: {type(schedulers[0][1]).__name__} continues with its learning rates."
            elif difference.path[0] in INITIAL:
                yield f"{path} cannot be changed: the run continues with the weights of its checkpoint."

    def _changes_of_spec(self, now: TrainingSpec, *, has_same_rows: bool) -> Iterator[str]:
        for difference in differences(self.before, now):
            path = dotted(difference.path)
            if (
                difference.path[0] in INITIAL
                or _is_longer(difference)
                or (has_same_rows and _is_moved_file(difference))
                or any(_is_below(path, name) for name in self.allowed)
            ):
                continue
            before, after = _shown(difference.first), _shown(difference.second)
            yield (
                f"{path} was {before}; now it is {after}: allow this with `--allow {path}`. It would be used from step "
                f"{self.step + 1:,} on."
            )

    def _other_changes(self, differing: Iterable[tuple[str, str]]) -> Iterator[str]:
        for kind, sentence in differing:
            if kind not in self.allowed and kind != "stages":
                yield f"{sentence} Allow this with `--allow {kind}`."

    def _differences_from_lock(self, run: Run, plan: Plan) -> list[tuple[str, str]]:
        """What differs from the lock, except for the spec, which is compared option by option."""
        text = directory.spec_text(run, self.directory)
        return locking.changes_by_kind({**locking.read(self.directory), "spec": of_text(text)}, plan, text)


def _is_below(path: str, name: str) -> bool:
    """Whether a path is that of an option or is inside it."""
    return path == name or path.startswith((f"{name}.", f"{name}["))


def _shown(value: object) -> str:
    if value is None:
        return "not set"
    return repr(str(value)) if isinstance(value, Path) else repr(value)


def _is_of_groups(difference: Difference) -> bool:
    """Whether an option of the optimizer differs, which torch keeps in its parameter groups."""
    return difference.path[0] == "optimizer"


def _is_learning_rate(difference: Difference) -> bool:
    return _is_of_groups(difference) and difference.path[-1] == "lr"


def _is_moved_file(difference: Difference) -> bool:
    """Whether the data is read from another path."""
    values = (difference.first, difference.second)
    return difference.path[0] == "data" and all(isinstance(value, Path) for value in values)


def _is_longer(difference: Difference) -> bool:
    before, now = difference.first, difference.second
    if difference.path not in LENGTHS or before is None:
        return False
    if now is None:
        return True
    return seconds_of(now) > seconds_of(before) if isinstance(now, str) else now > before
