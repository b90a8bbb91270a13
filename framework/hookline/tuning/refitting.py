"""Train once more after the search, with the best values, on training and validation rows."""

import json
import shutil
from pathlib import Path
from statistics import fmean
from typing import Any

from attrs import frozen

from hookline.check.space.refit import refit_document
from hookline.check.toml import document as documents
from hookline.errors.text import counted
from hookline.files.atomic import write_file
from hookline.plugins.dispatch.attribution import naming_plugins
from hookline.plugins.signals import Interruption
from hookline.runs import directory as directories
from hookline.runs.liveness import marked_as_running
from hookline.runs.study import REFIT, REFIT_SPEC, trial_directory
from hookline.spec.dump import dumps
from hookline.spec.space.record import TrialRecord
from hookline.spec.training import SEVERAL
from hookline.training.pipeline import Start, train_once
from hookline.training.run_setup import new_run
from hookline.tuning.study import Study


@frozen
class Refit:
    """The last training of a study."""

    directory: Path
    """Its directory, that of an ordinary run."""
    trial: int
    """The number of the trial whose values it has."""
    epochs: int
    """The number of epochs."""
    metrics: dict[str, float]
    """Its final numbers by split and name."""
    deployed: tuple[Path, ...]
    """What was deployed."""

    def __str__(self) -> str:
        """The training in a sentence."""
        numbers = ", ".join(f"{name} {number:.6g}" for name, number in self.metrics.items())
        how = f"the values of trial {self.trial}, {counted(self.epochs, 'epoch')} of training and validation rows"
        return f"Refit: {how}: {numbers}; in {self.directory}"


def refit(study: Study, interruption: Interruption, *, given: Any = None) -> Refit | None:
    """Train the best values of a complete study on training and validation rows, unless this has been done.

    The training is that of the ordinary spec `refit.toml`, and is in the directory `refit`.

    Args:
        study: the study.
        interruption: records whether to end.
        given: the rows in place of those of the data source.

    Returns:
        The training; `None` if the spec wants none, if the study is not complete or has no best trial, if its best
        trial was trained on another machine, or if another process does it at this moment.

    Raises:
        HooklineError: if the training fails.
        KeyboardInterrupt: if it is interrupted. It begins anew when the study is continued.

    """
    best = study.best
    if not study.tuner.refit or not study.is_complete or not best or interruption.number is not None:
        return None
    result = trial_directory(study.root, best[0].number) / directories.RESULT
    if not result.is_file():
        return None
    with marked_as_running(study.root) as is_alone:
        if not is_alone:
            return None
        text = _spec_text(study, best[0], has_test=_has_test(result))
        home, file = study.root / REFIT, study.root / REFIT_SPEC
        if not _is_done(home, file, text):
            shutil.rmtree(home, ignore_errors=True)
            write_file(file, text)
            _train(study, home, file, interruption, given)
        return _described(home, best[0], epochs_of(best[0]))


def epochs_of(record: TrialRecord) -> int:
    """The number of epochs after which a trial had the weights that it keeps; the mean over its trainings, rounded."""
    return max(1, round(fmean(training.epoch for training in record.trainings)))


def _spec_text(study: Study, record: TrialRecord, *, has_test: bool) -> str:
    loader = study.loader
    document = refit_document(
        study.document,
        study.tuner,
        record.values,
        lambda made: loader.reader(made).sections(made),
        epochs=epochs_of(record),
        has_test=has_test,
    )
    return dumps(loader.load(document), study.root, name=loader.plugins(document).catalog.name)


def _has_test(result: Path) -> bool:
    """Whether a trial was tested."""
    table = json.loads(result.read_text(encoding="utf-8"))
    return "test" in table["metrics"] or "test" in table["logged"]


def _is_done(home: Path, file: Path, text: str) -> bool:
    """Whether the training of this spec has ended."""
    if not file.is_file() or file.read_text(encoding="utf-8") != text or not (home / directories.RESULT).is_file():
        return False
    state = json.loads((home / directories.RESULT).read_text(encoding="utf-8"))["state"]
    return state in ("finished", "stopped")


def _train(study: Study, home: Path, file: Path, interruption: Interruption, given: Any) -> None:
    document = documents.read(file, lists=SEVERAL)
    spec, plugins = study.loader.load(document), study.loader.plugins(document)
    with new_run(spec, plugins, interruption=interruption, given=given) as run:
        trial = train_once(run, Start(home, given=given))
        with naming_plugins(run.stages.manager):
            deployed = run.stages.deploy(run=run, trial=trial)
        directories.write_notes(home, run.notes, tuple(deployed))


def _described(home: Path, best: TrialRecord, epochs: int) -> Refit:
    table = json.loads((home / directories.RESULT).read_text(encoding="utf-8"))
    metrics = {f"{split}/{name}": number for split, of in table["metrics"].items() for name, number in of.items()}
    deployed = tuple(home / path for path in table["deployed"])
    return Refit(home, best.number, epochs, metrics, deployed)
