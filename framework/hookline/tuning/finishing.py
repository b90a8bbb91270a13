"""What is written when the trials of a study have ended: the best spec, the picture, and what is deployed."""

import json
import warnings
from pathlib import Path

from hookline.check.toml import document as documents
from hookline.errors.exceptions import FileError, HooklineWarning
from hookline.files import write_file
from hookline.plots.curves import LOSSES, draw_curves
from hookline.runs import directory as directories
from hookline.runs.liveness import marked_as_running
from hookline.runs.study import BEST, trial_directory
from hookline.spec.dump import dumps
from hookline.spec.training import SEVERAL
from hookline.trained.open_run import open_run
from hookline.tuning.one_trial import remove_weights
from hookline.tuning.pictures.picture import PICTURE, draw_study
from hookline.tuning.pictures.trials import Trials
from hookline.tuning.study import Study


def finish(study: Study) -> list[Path]:
    """Write `best.toml` and the picture, keep the weights of the best trials only, and deploy the best one.

    Nothing is done if another process does it at this moment. An incomplete study is not deployed.

    Returns:
        The paths of the files that were deployed.

    Raises:
        DeploymentError: if the best trial cannot be deployed.

    """
    with marked_as_running(study.root) as is_alone:
        if not is_alone:
            return []
        study.refresh()
        best = study.best
        if study.tuner.keep == "best":
            kept = {record.number for record in best}
            for record in study.records:
                if record.number not in kept:
                    remove_weights(trial_directory(study.root, record.number))
        if best:
            write_file(study.root / BEST, spec_of(study, best[0].number, study.root))
        if study.records:
            _draw(study)
        return _deploy(study) if best and study.is_complete else []


def _draw(study: Study) -> None:
    """Draw the study, and the losses of its best trials. A picture that cannot be drawn must not cost its results."""
    path = study.root / PICTURE
    try:
        importances = study.tuner.importances(study.records, study.plan.maximized)
        trials = Trials(records=study.records, plan=study.plan, space=study.tuner.space, importances=importances)
        draw_study(trials, study.spec.run.name, path)
        for record in study.best:
            path = trial_directory(study.root, record.number) / directories.PLOT
            if not path.exists():
                _draw_losses(study, path)
    except FileError:
        raise
    except Exception as error:  # noqa: BLE001
        message = f"{path}: The picture cannot be drawn: {type(error).__name__}: {error}."
        warnings.warn(HooklineWarning(message, id="unwritten-file"), stacklevel=2)


def _draw_losses(study: Study, path: Path) -> None:
    """Draw the losses of a trial, as a training does."""
    lines = (path.parent / directories.LOG).read_text(encoding="utf-8").splitlines()
    weights = json.loads((path.parent / directories.RESULT).read_text(encoding="utf-8"))["weights"]
    kept = {"kept_epoch": weights["epoch"], "kept_step": weights["step"]}
    draw_curves([json.loads(line) for line in lines], LOSSES, study.spec.run.name, path, **kept)


def _deploy(study: Study) -> list[Path]:
    """Deploy the best trial as its spec says, unless it has been deployed before."""
    home = trial_directory(study.root, study.best[0].number)
    targets = [target for target in study.spec.deploy if not target.place_in(home).exists()]
    if not targets:
        return []
    run = open_run(home, plugins=study.extra)
    return [path for target in run.spec.deploy if target in targets for path in run.deploy(target).files]


def spec_of(study: Study, number: int, home: Path) -> str:
    """The text of the spec of a trial, as a file in a directory."""
    document = documents.read(trial_directory(study.root, number) / directories.SPEC, lists=SEVERAL)
    catalog = study.loader.plugins(document).catalog
    return dumps(study.loader.load(document), home, name=catalog.name)
