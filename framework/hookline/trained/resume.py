"""Resume a run that was interrupted, killed or is to become longer, from its newest checkpoint."""

import json
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attrs import frozen

from hookline.check.load import Loader
from hookline.check.toml import document as documents
from hookline.check.toml.document import Document
from hookline.errors.exceptions import DataError, HooklineWarning, RunError
from hookline.errors.source import Source
from hookline.errors.text import as_list
from hookline.plugins.manager import Plugins
from hookline.plugins.trial import Trial
from hookline.runs import directory as directories, lock, manifest, study
from hookline.runs.liveness import is_running
from hookline.runs.plan.plan import Plan
from hookline.runs.run_paths import refuse_other_paths
from hookline.runs.trials import is_later_trial, trials_of
from hookline.spec.compare import differences
from hookline.spec.training import SEVERAL, TrainingSpec
from hookline.trained.original_data import refuse_missing_files
from hookline.trained.run_plugins import load_spec
from hookline.training.checkpoints.moved_callbacks import with_present_names
from hookline.training.checkpoints.remaining import Remaining, remaining
from hookline.training.checkpoints.resumed import Resumed
from hookline.training.checkpoints.writer import newest_state
from hookline.training.pipeline import Start, train_trials
from hookline.training.planning.planning import with_estimates
from hookline.training.preparation import prepared
from hookline.training.run_setup import new_run


def resume(
    directory: str | Path,
    *,
    overrides: Iterable[str] = (),
    allow: Iterable[str] = (),
    plugins: Iterable[object] = (),
    data: Any = None,
) -> Trial:
    """Continue a run from its newest checkpoint, in the same directory, and return the result of the whole run.

    The run becomes exactly what it would have been without the interruption: the same weights, log and metrics. It must
    have saved checkpoints: list the callback `Checkpoint` in the spec.

    Args:
        directory: the directory of the run, such as "runs/iris/1".
        overrides: changes of the spec, such as `run.epochs=50`. A run may always become longer.
        allow: the paths of other options that may change, such as "optimizer.lr", and "data", "plugins" or
            "environment" if these may differ. The run is then no longer what it would have been.
        plugins: modules or objects with hook implementations that the run used in addition to the installed plugins.
        data: the rows, if they were passed to `hookline.train` too.

    Raises:
        RunError: If the directory is not that of a run, if it has no checkpoint, or if another process trains it.
        LockError: If something has changed that was not allowed.
        HooklineError: As for `hookline.train`.

    """
    resumable = resumable_run(directory, overrides=overrides, allow=allow, plugins=plugins, data=data)
    return resumable.train(resumable.loader.plugins(resumable.document))


@frozen(eq=False)
class ResumableRun:
    """A run with a checkpoint from which it can be resumed."""

    start: Start
    """Where it is resumed."""
    spec: TrainingSpec
    """The spec to train, with its changes."""
    document: Document
    """The document of the spec."""
    loader: Loader
    """The loader of the plugins."""

    @property
    def step(self) -> int:
        """The number of steps that have been completed."""
        assert self.start.resumed is not None, "A run that can be resumed has a checkpoint."
        return self.start.resumed.step

    @property
    def has_ended(self) -> bool:
        """Whether the run has ended by itself, and nothing that was changed could make it longer."""
        resumed = self.start.resumed
        assert resumed is not None, "A run that can be resumed has a checkpoint."
        try:
            result = json.loads((self.start.place / directories.RESULT).read_text(encoding="utf-8"))
            has_ended = result["state"] in ("finished", "stopped") and result["steps"] == resumed.step
        except (OSError, ValueError, LookupError, TypeError):
            return False
        is_whole = (self.start.place / manifest.NAME).is_file()  # It is written last.
        return has_ended and is_whole and not resumed.allowed and not any(differences(resumed.before, self.spec))

    def train(self, plugins: Plugins) -> Trial:
        """Continue the training."""
        with self._naming_moved_files():
            return train_trials(self.spec, plugins, self.start)

    @contextmanager
    def _naming_moved_files(self) -> Iterator[None]:
        """Say where to pass the new path if rows cannot be read. All other errors stay as they are."""
        try:
            yield
        except DataError as error:
            if self.start.given is None:
                refuse_missing_files(self.spec.data, self.start.place, "hookline.resume", error)
            raise

    def planned(self, plugins: Plugins) -> tuple[Plan, Remaining]:
        """Return the plan of the run, what it has done, and what remains. Nothing is written.

        Raises:
            LockError: If something has changed that was not allowed.
            HooklineError: As for `hookline.plan`.

        """
        resumed = self.start.resumed
        assert resumed is not None, "A run that can be resumed has a checkpoint."
        with new_run(self.spec, plugins, given=self.start.given) as run:
            run.state.initialized_from = resumed.state["run"].get("initialized_from")
            with self._naming_moved_files():
                made = prepared(run)
            resumed.refuse_changes(run, made.plan)
            plan = with_estimates(run, made)
            return plan, remaining(resumed, run, made.model, made.criterion, made.optimizer)


def resumable_run(
    directory: str | Path,
    *,
    overrides: Iterable[str],
    allow: Iterable[str],
    plugins: Iterable[object],
    data: Any = None,
) -> ResumableRun:
    """Open the newest checkpoint of a run. The arguments and errors are those of `resume`; nothing is changed yet."""
    home = Path(directory)
    if study.is_study(home):
        raise RunError(f"{home}: This is a study. Continue it with `hookline tune --resume {home}`.")
    refuse_other_paths(home)
    if is_running(home):
        raise RunError(f"{home}: Another process is training this run.")
    place = home.resolve()
    if len(trials_of(place)) > 1 or (is_later_trial(place.name) and (place.parent / lock.NAME).is_file()):
        raise RunError(f"{home}: A tuned run cannot be resumed once its first trial has ended: train it again.")
    found = newest_state(home, _warn)
    if found is None:
        raise RunError(
            f"{home}: There is no checkpoint to resume from. Runs save them if the spec lists the callback "
            f"`Checkpoint`. Train it again with `hookline train {home / directories.SPEC}`."
        )
    step, state = found
    loader = Loader(plugins)
    document = documents.read(home / directories.SPEC, overrides=overrides, lists=SEVERAL)
    trained = Source(str(home / directories.SPEC), state["spec"], home.resolve())
    before = load_spec(loader, documents.from_source(trained, lists=SEVERAL), home)
    now = loader.load(document)
    states = with_present_names(state["plugins"], before.callbacks, now.callbacks)
    state = {**state, "plugins": states}
    resumed = Resumed(directory=home, step=step, state=state, before=before, allowed=as_list(allow))
    return ResumableRun(Start(home, resumed=resumed, given=data), now, document, loader)


def _warn(message: str) -> None:
    warnings.warn(HooklineWarning(message, id="damaged-checkpoint"), stacklevel=3)
