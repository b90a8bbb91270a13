"""A study: the trials of a spec with a tuner, in a directory or another storage that several processes may share."""

import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attrs import Factory, define, evolve, field

from hookline.check.load import Loader
from hookline.check.space.own_values import own_values
from hookline.check.toml.document import Document
from hookline.errors.exceptions import HooklineError, HooklineWarning, StorageError, TrainingError
from hookline.errors.text import counted
from hookline.plugins.signals import Interruption
from hookline.runs.liveness import marked_as_running
from hookline.runs.study import StudyPlan, write_plan, write_record
from hookline.spec.families.tuner import Search, TunerSpec
from hookline.spec.space.record import TrialRecord
from hookline.spec.space.storage import TrialStore
from hookline.spec.training import TrainingSpec
from hookline.tuning.choosing.choices import Choices
from hookline.tuning.choosing.tasks import claimed_tasks
from hookline.tuning.directory_store import DirectoryStore
from hookline.tuning.observers import SharedData
from hookline.tuning.one_trial import Trainer
from hookline.tuning.stacked.together import StackedTrainer

ALL_FAILING = 5
"""The number of first trials that may fail without any success."""


@define(eq=False, kw_only=True, repr=False)
class Study:
    """A study, with a directory on this machine."""

    root: Path
    """Its directory."""
    spec: TrainingSpec
    """The spec, with its tuner."""
    document: Document
    """The document of the spec in the directory, from which those of the trials are made."""
    loader: Loader
    """The loader with the plugins."""
    plan: StudyPlan
    """What it monitors, and the total number of trials."""
    extra: tuple[object, ...] = ()
    """The plugins in addition to those that the spec lists."""
    store: TrialStore = Factory(lambda self: DirectoryStore(self.root), takes_self=True)
    """The trials, which other processes may share: those in the directory, or those of another storage."""
    ended: dict[int, TrialRecord] = field(factory=dict)
    """The records of the trials that are known to have ended, by number."""
    running: dict[int, TrialRecord] = field(factory=dict)
    """The records of the trials that have begun and are not known to have ended, by number."""
    _unreported: list[TrialRecord] = field(factory=list, init=False)
    """Trials of other processes that ended during the last one of this process."""
    _own: list[Mapping[str, Any] | None] = field(factory=list, init=False)
    """The own values of the spec, once they are known."""

    def __repr__(self) -> str:
        """Return the name, how many trials have ended, the best one, and the directory."""
        ended = f"{len(self.ended)} of {counted(self.plan.trials, 'trial')} ended"
        best = ""
        for record in self.best[:1]:
            pairs = zip(self.plan.monitors, record.results or (), strict=True)
            numbers = ", ".join(f"{name} {number:.6g}" for name, number in pairs)
            which = "best" if len(self.plan.monitors) == 1 else "first of the best"
            best = f"; {which}: trial {record.number}, {numbers}"
        return f"<Study {self.spec.run.name}: {ended}{best}; in {self.root}>"

    @property
    def tuner(self) -> TunerSpec:
        """The tuner of the spec."""
        assert self.spec.tune is not None, "A study has a tuner."
        return self.spec.tune

    @property
    def own_values(self) -> Mapping[str, Any] | None:
        """The values with which a trial equals the spec itself; `None` if the space does not contain them."""
        if not self._own:
            self._own.append(own_values(self.document, self.tuner.space, self.loader.load))
        return self._own[0]

    @property
    def baseline(self) -> TrialRecord | None:
        """The trial with the spec's own values, if there is one that has ended."""
        if self.tuner.baseline:
            return self.ended.get(1)
        own = self.own_values
        return None if own is None else next((one for one in self.records if one.values == own), None)

    @property
    def best(self) -> list[TrialRecord]:
        """The best trials that have ended: one, or with several monitored numbers those that no other beats."""
        return self.plan.best(self.records)

    @property
    def records(self) -> list[TrialRecord]:
        """The records of the trials that are known to have ended, in the order of their numbers."""
        return [self.ended[number] for number in sorted(self.ended)]

    @property
    def is_complete(self) -> bool:
        """Whether all trials are known to have ended."""
        return len(self.ended) >= self.plan.trials

    @property
    def is_remote(self) -> bool:
        """Whether the trials are in another storage than the directory, which has only those of this machine."""
        return self.plan.storage is not None

    def refresh(self) -> list[TrialRecord]:
        """Read the records of trials that have ended since, and return them.

        Raises:
            StorageError: if the connection to the storage is lost and the user does not want to wait.

        """
        # Another process may have changed the total, or found that all values were tried.
        self.plan = evolve(self.plan, trials=StudyPlan.from_json(self.store.read_plan()).trials)
        records = [record for record in self.store.records(self.ended) if record.number <= self.plan.trials]
        new = [record for record in records if record.has_ended]
        self.ended |= {record.number: record for record in new}
        self.running = {record.number: record for record in records if not record.has_ended}
        return new

    def change_total(self, trials: int) -> None:
        """Change the total number of trials, for all processes that open the study from now on."""
        self.plan = evolve(self.plan, trials=trials)
        self.store.write_plan(evolve(self.plan, storage=None, study=None).to_json())
        if self.is_remote:
            write_plan(self.root, self.plan)

    @property
    def choices(self) -> Choices:
        """What is known when a trial is chosen."""
        return Choices(self.tuner.chosen_together, self.ended, self.running)

    def work(
        self,
        interruption: Interruption,
        *,
        added: tuple[object, ...] = (),
        given: Any = None,
        on_end: Callable[[TrialRecord], None] = lambda _: None,
    ) -> None:
        """Train trials until all have ended, those of other processes included, or until an interruption.

        Args:
            interruption: records whether to end.
            added: plugins outside of all others, such as a display.
            given: the rows in place of those of the data source.
            on_end: called for each trial that has ended, also in another process.

        Raises:
            HooklineError: if the first trials all fail.

        """
        trainer = Trainer(
            root=self.root,
            spec=self.spec,
            plan=self.plan,
            document=self.document,
            loader=self.loader,
            interruption=interruption,
            added=added,
            given=given,
            shared=SharedData(),
        )
        stacked = StackedTrainer(trainer=trainer)
        search = self.tuner.build(self.spec.run.seed, self.plan.maximized)
        with self.ending_with(interruption):
            self.report(on_end)
            while not self.is_complete and interruption.number is None:
                if not self._train_next(stacked, search):
                    time.sleep(self.store.pause)
                self.report(on_end)
            if self.is_complete:
                self._train_best_alone(trainer)

    def _train_best_alone(self, trainer: Trainer) -> None:
        """Train the best trials again alone if they were trained together with others, so that their results are exact.

        Nothing is done if another process does it at this moment.
        """
        with marked_as_running(self.root) as is_alone:
            while is_alone and (record := next((one for one in self.best if one.is_rounded), None)) is not None:
                try:
                    exact = trainer.trained_again(record)
                except TrainingError as error:
                    warnings.warn(HooklineWarning(str(error), id="training-failure"), stacklevel=2)
                    return
                if exact is None:  # After an interruption.
                    return
                self.ended[record.number] = exact
                self.store.correct(exact)
                if self.is_remote:
                    write_record(self.root, exact)

    @contextmanager
    def ending_with(self, interruption: Interruption) -> Iterator[None]:
        """Do not wait for a lost storage after an interruption, which ends the context."""
        self.store.is_over = lambda: interruption.number is not None
        try:
            yield
        except StorageError:
            if interruption.number is None:
                raise

    def report(self, on_end: Callable[[TrialRecord], None]) -> None:
        """Call a function for each new trial that has ended. Raises a `HooklineError` if the first trials all fail."""
        new, self._unreported = [*self._unreported, *self.refresh()], []
        for record in new:
            on_end(record)
        self._refuse_failures()

    def _train_next(self, trainer: StackedTrainer, search: Search) -> bool:
        """Train the first trials that no process has claimed; return false if there are none."""
        with claimed_tasks(self, search, self.tuner.vectorize) as tasks:
            if tasks:
                trainer.train(tasks, self._is_kept, is_first=not self.ended)
            return tasks is None or bool(tasks)

    def not_ended(self) -> Iterator[int]:
        """The numbers of the trials that are not known to have ended."""
        return (number for number in range(1, self.plan.trials + 1) if number not in self.ended)

    def _is_kept(self, record: TrialRecord) -> bool:
        """Whether the weights of a trial that has just ended are kept."""
        if self.tuner.keep == "all":
            return True
        self._unreported += self.refresh()
        records = sorted([*self.records, record], key=lambda one: one.number)
        return any(one is record for one in self.plan.best(records))

    def _refuse_failures(self) -> None:
        """Raise a `HooklineError` if all of the first trials have failed."""
        failed = [record for record in self.records if record.state == "failed"]
        if len(failed) == len(self.ended) and len(failed) >= min(ALL_FAILING, self.plan.trials):
            raise HooklineError(
                f"All {len(failed)} trials have failed. The first one: {failed[0].reason} The study is in {self.root}."
            )
