"""Write the results of a study: the best spec, the pictures and the deployed model."""

from contextlib import suppress
from pathlib import Path

from hookline.check.space.variants import trial_document
from hookline.errors.exceptions import StorageError
from hookline.errors.text import counted
from hookline.files.atomic import write_file
from hookline.runs import directory as directories
from hookline.runs.liveness import is_running, marked_as_running
from hookline.runs.study import BEST, read_record, trial_directory, write_record
from hookline.spec.dump import dumps
from hookline.spec.space.record import TrialRecord
from hookline.trained.open_run import open_run
from hookline.tuning.drawing import draw
from hookline.tuning.one_trial import remove_all_but_record, remove_weights
from hookline.tuning.study import Study


def finish(study: Study) -> list[Path]:
    """Write `best.toml`, the picture and the page, keep the weights of the best trials only, and deploy the best one.

    Nothing is done if another process does it at this moment. An incomplete study is not deployed, and one with `refit`
    by that training only.

    Returns:
        The paths of the files of the best trial that are deployed, now or before.

    Raises:
        DeploymentError: if the best trial cannot be deployed.

    """
    with marked_as_running(study.root) as is_alone:
        if not is_alone:
            return []
        with suppress(StorageError):  # The connection is lost, and the user does not want to wait.
            study.refresh()
        if study.is_remote:
            _copy_records(study)
        _read_corrections(study)
        best = study.best
        if study.tuner.keep == "best":
            kept = {record.number for record in best}
            for record in study.records:
                if record.number not in kept:
                    remove_weights(trial_directory(study.root, record.number))
        text = _about(best[0]) + spec_of(study, best[0], study.root) if best else None
        if text is not None:
            write_file(study.root / BEST, text)
        if study.records:
            draw(study, text)
        return _deploy(study) if best and study.is_complete and not study.tuner.refit else []


def _read_corrections(study: Study) -> None:
    """Read the records of trials again that another process may have trained alone since."""
    for record in study.records:
        if record.is_rounded and (now := read_record(study.root, record.number)) is not None and not now.is_rounded:
            study.ended[record.number] = now


def _is_here(study: Study, record: TrialRecord) -> bool:
    """Whether a trial was trained in the directory of the study on this machine."""
    return (trial_directory(study.root, record.number) / directories.RESULT).is_file()


def _deploy(study: Study) -> list[Path]:
    """Deploy the best trial as its spec says, unless this or another process has done so before."""
    home = trial_directory(study.root, study.best[0].number)
    if not study.spec.deploy or not _is_here(study, study.best[0]):
        return []
    targets = [target for target in study.spec.deploy if not target.place_in(home).exists()]
    if targets:
        run = open_run(home, plugins=study.extra)
        for target in run.spec.deploy:
            if target in targets:
                run.deploy(target)
    return directories.deployed_files(home)


def _about(record: TrialRecord) -> str:
    """A comment about the numbers of the best trial, if it was trained together with others."""
    stack = f"# Trial {record.number} was trained in a stack of {counted(record.together, 'training')}"
    if record.is_rounded:
        return f"{stack}. Alone, it leads to the\n# numbers of the study up to rounding.\n"
    if record.rounded is not None:
        return f"{stack}, and again alone: its\n# numbers in the study are those that this spec leads to.\n"
    return ""


def spec_of(study: Study, record: TrialRecord, home: Path) -> str:
    """The text of the spec of a trial, as a file in a directory."""
    document = trial_document(study.document, study.tuner.space, record.values)
    catalog = study.loader.plugins(document).catalog
    return dumps(study.loader.load(document), home, name=catalog.name)


def _copy_records(study: Study) -> None:
    """Write the records of the trials of other machines, so that the directory has those of all trials.

    Another process of this machine, which has just ended a trial, writes its record itself: the storage knows it first.
    """
    for record in study.records:
        home = trial_directory(study.root, record.number)
        if not is_running(home) and read_record(study.root, record.number) != record:
            home.mkdir(exist_ok=True)
            remove_all_but_record(home)  # A killed process of this machine may have begun it.
            write_record(study.root, record)
