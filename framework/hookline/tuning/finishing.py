"""What is written when the trials of a study have ended: the best spec, the pictures, and what is deployed."""

from pathlib import Path

from hookline.check.toml import document as documents
from hookline.files import write_file
from hookline.runs import directory as directories
from hookline.runs.liveness import marked_as_running
from hookline.runs.study import BEST, trial_directory
from hookline.spec.dump import dumps
from hookline.spec.training import SEVERAL
from hookline.trained.open_run import open_run
from hookline.tuning.drawing import draw
from hookline.tuning.one_trial import remove_weights
from hookline.tuning.study import Study


def finish(study: Study) -> list[Path]:
    """Write `best.toml`, the picture and the page, keep the weights of the best trials only, and deploy the best one.

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
        text = spec_of(study, best[0].number, study.root) if best else None
        if text is not None:
            write_file(study.root / BEST, text)
        if study.records:
            draw(study, text)
        return _deploy(study) if best and study.is_complete else []


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
