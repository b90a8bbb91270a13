"""Train one trial of a study, and write what is kept of it."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from hookline.check.load import Loader
from hookline.check.space.variants import trial_document
from hookline.check.toml.document import Document
from hookline.errors.exceptions import FileError, HooklineError, StorageError, TrainingError
from hookline.files.atomic import write_file
from hookline.plugins.manager import Named, Plugins
from hookline.plugins.origin import Origin
from hookline.plugins.signals import Interruption
from hookline.plugins.stages import Run
from hookline.plugins.trial import Trial
from hookline.runs import directory as directories, lock as locking, manifest
from hookline.runs.checkpoints import store
from hookline.runs.study import RECORD, StudyPlan, trial_directory
from hookline.spec.families.tuner import TunerSpec
from hookline.spec.space.record import TrialRecord
from hookline.spec.training import TrainingSpec
from hookline.training.pipeline import fitted
from hookline.training.preparation import Parts, Prepared, built_parts, prepared
from hookline.training.run_setup import new_run
from hookline.tuning.observers import Curve, SharedData
from hookline.tuning.trainings import Training, note, note_other, trainings_of

WEIGHTS = (directories.MODEL, directories.CRITERION)
"""The files that are removed of trials that are not the best."""


@frozen(kw_only=True)
class Trainer:
    """Trains the trials of a study in this process."""

    root: Path
    """The directory of the study."""
    spec: TrainingSpec
    """The spec with its tuner."""
    plan: StudyPlan
    """What the study monitors."""
    document: Document
    """The document of the spec."""
    loader: Loader
    """The loader with the plugins."""
    interruption: Interruption
    """Whether Ctrl-C or another signal requested to end."""
    added: Sequence[object] = ()
    """Plugins of the process, such as a display, outside of all others."""
    given: Any = None
    """The rows in place of those of the data source."""
    shared: SharedData
    """The data, which the trials of this process share."""

    def train(
        self,
        record: TrialRecord,
        write: Callable[[TrialRecord], bool],
        prunes: Callable[[TrialRecord], str | None],
        is_kept: Callable[[TrialRecord], bool],
    ) -> bool:
        """Train a trial whose directory is claimed, and write its record. Return whether it has ended.

        Args:
            record: its number and values, to which the results are added.
            write: keeps the record, and returns false if another process has claimed the trial since.
            prunes: returns why to end the trial after an epoch, or `None`.
            is_kept: whether to keep the weights of the trial with these results.

        """
        if not self.begun(record, write):
            return False
        curve = Curve(self.plan.monitors[0], record, prunes)
        try:
            trainings = self.trainings(record)
            with self.opened(trainings[0], curve) as run:
                made = prepared(run)
                self.begin_directory(run, record)
                trial, failure = fitted(run, made)
                if run.interrupted:
                    return False
                note(record, trainings[0], trial, failure, curve.pruned, self.plan.monitors)
                if failure is None and not self._train_others(record, trainings[1:], prunes):
                    return False
                self.write_files(run, made, trial, is_kept=failure is None and is_kept(record))
        except (FileError, StorageError):
            raise
        except KeyboardInterrupt:
            self.interruption.request(2)
            return False
        except HooklineError as error:
            record.state, record.reason = "failed", str(error)
        return self.ended(record, write)

    def trained_again(self, record: TrialRecord) -> TrialRecord | None:
        """Train a trial alone that was trained together with others; return its record with exact results.

        Its directory is then that of a trial whose weights are kept. `None` means that it was interrupted.

        Raises:
            TrainingError: if it fails.

        """
        again = evolve(record, curve={}, trainings=[], results=None, reason=None)
        trial_directory(self.root, record.number).mkdir(exist_ok=True)
        if not self.train(again, lambda _: True, lambda _: None, lambda _: True):
            return None
        if again.results is None:
            message = f"Trial {record.number} has no result when it is trained again alone. {again.reason or ''}"
            raise TrainingError(message.rstrip())
        return evolve(record, results=again.results, trainings=again.trainings, rounded=record.results)

    def begun(self, record: TrialRecord, write: Callable[[TrialRecord], bool]) -> bool:
        """Write the record of a trial that begins. Return false if another process has claimed the trial since."""
        remove_all_but_record(trial_directory(self.root, record.number))
        return write(record)

    def trainings(self, record: TrialRecord) -> list[Training]:
        """The trainings of a trial with these values."""
        return trainings_of(
            self.loader.load(trial_document(self.document, self.tuner.space, record.values)), self.tuner
        )

    @contextmanager
    def opened(self, training: Training, curve: Curve | None = None, *inner: Named) -> Iterator[Run]:
        """Open the run of a training, with more plugins inside of all others. The first one of a trial has a curve."""
        outer: list[Named] = [] if curve is None else [(Origin("the study"), curve)]
        shared: Named = (Origin("the data of the study"), self.shared)
        plugins = self.plugins.arranged(lambda named: [*outer, *named, shared, *inner])
        with new_run(training.spec, plugins, interruption=self.interruption, given=self.given) as run:
            yield run

    def begin_directory(self, run: Run, record: TrialRecord) -> None:
        """Give the run the directory of its trial, and write its spec there."""
        run.directory = home = trial_directory(self.root, record.number)
        write_file(home / directories.SPEC, directories.spec_text(run, home))

    def write_files(self, run: Run, made: Parts, trial: Trial, *, is_kept: bool) -> None:
        """Write the results of a trial, and everything else of a run if its weights are kept, which needs its plan."""
        home = trial.directory
        if is_kept:
            assert isinstance(made, Prepared), "The caller has made a plan."
            directories.write_beginning(run, made.data, home)
            locking.write(made.plan, directories.spec_text(run, home), home)
            directories.write_results(run, trial, with_plot=False)  # `finish` draws that of the best trial.
        else:
            directories.write_result(run, trial)
            remove_weights(home)

    def ended(self, record: TrialRecord, write: Callable[[TrialRecord], bool]) -> bool:
        """Write the record of a trial that has ended. Return false if another process has claimed the trial since."""
        if write(record):
            return True
        shutil.rmtree(trial_directory(self.root, record.number))  # The results are those of another process.
        return False

    def _train_others(
        self, record: TrialRecord, trainings: Sequence[Training], prunes: Callable[[TrialRecord], str | None]
    ) -> bool:
        """Train a trial with the other seeds and folds: its results become the means. Return false if interrupted."""
        for training in trainings:
            if record.state == "pruned" or record.results is None:
                return True
            if (reason := prunes(record)) is not None:
                record.state, record.reason = "pruned", reason
                return True
            with self.opened(training) as run:
                made = built_parts(run)
                self.begin_other(run, record, training)
                trial, failure = fitted(run, made)
                if run.interrupted:
                    return False
                note_other(record, training, trial, failure, self.plan.monitors)
                directories.write_result(run, trial)
        return True

    def begin_other(self, run: Run, record: TrialRecord, training: Training) -> None:
        """Give the run of a training that is not the first one a directory in that of its trial."""
        run.directory = trial_directory(self.root, record.number) / training.name
        run.directory.mkdir()

    @property
    def tuner(self) -> TunerSpec:
        """The tuner of the spec."""
        assert self.spec.tune is not None, "A study has a tuner."
        return self.spec.tune

    @property
    def plugins(self) -> Plugins:
        """The plugins of the spec, and those of the process."""
        return self.loader.plugins(self.document).inside(*self.added)


def remove_all_but_record(home: Path) -> None:
    """Remove what a killed process has left of a trial, except its record."""
    for path in home.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != RECORD:
            path.unlink()


def remove_weights(home: Path) -> None:
    """Remove the weights and the checkpoints of a trial that is not the best."""
    shutil.rmtree(home / store.NAME, ignore_errors=True)
    present = [home / name for name in WEIGHTS if (home / name).is_file()]
    for path in present:
        path.unlink()
    if present:
        manifest.write(home)
