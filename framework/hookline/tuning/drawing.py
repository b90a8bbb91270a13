"""Draw a study when its trials have ended: the picture, the page, and the losses of the best trials."""

import json
import warnings
from pathlib import Path
from typing import Any, cast

from attrs import evolve

from hookline.errors.exceptions import FileError, HooklineWarning
from hookline.files.atomic import write_file
from hookline.plots.curves import LOSSES, draw_curves
from hookline.runs import directory as directories
from hookline.runs.study import trial_directory
from hookline.spec.dump import dumps
from hookline.tuning.findings import findings
from hookline.tuning.page.page import PAGE, StudyTexts, page
from hookline.tuning.pictures.picture import PICTURE, draw_study
from hookline.tuning.pictures.trials import Trials
from hookline.tuning.study import Study


def draw(study: Study, best: str | None) -> None:
    """Draw a study with the spec of its best trial. A picture that cannot be drawn must not cost its results."""
    path = study.root / PICTURE
    try:
        importances = study.tuner.importances(study.records, study.plan.maximized)
        trials = Trials(records=study.records, plan=study.plan, space=study.tuner.space, importances=importances)
        draw_study(trials, study.spec.run.name, path)
        path = study.root / PAGE
        write_file(path, page(trials, _texts(study, best)))
        for record in study.best:
            path = trial_directory(study.root, record.number) / directories.PLOT
            is_here = (path.parent / directories.RESULT).is_file()  # A trial may have run on another machine.
            if is_here and not path.exists():
                _draw_losses(study, path)
    except FileError:
        raise
    except Exception as error:  # noqa: BLE001
        message = f"{path}: The picture cannot be drawn: {type(error).__name__}: {error}."
        warnings.warn(HooklineWarning(message, id="unwritten-file"), stacklevel=2)


def _texts(study: Study, best: str | None) -> StudyTexts:
    name = study.loader.plugins(study.document).catalog.name
    return StudyTexts(
        title=study.spec.run.name,
        directory=str(study.root),
        findings=list(findings(study)),
        before=dumps(evolve(cast("Any", study.spec), tune=None), study.root, name=name),
        best=best,
    )


def _draw_losses(study: Study, path: Path) -> None:
    """Draw the losses of a trial, as a training does."""
    lines = (path.parent / directories.LOG).read_text(encoding="utf-8").splitlines()
    weights = json.loads((path.parent / directories.RESULT).read_text(encoding="utf-8"))["weights"]
    kept = {"kept_epoch": weights["epoch"], "kept_step": weights["step"]}
    draw_curves([json.loads(line) for line in lines], LOSSES, study.spec.run.name, path, **kept)
