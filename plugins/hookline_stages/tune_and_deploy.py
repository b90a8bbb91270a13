"""The stages after training: choose the next spec to try, and deploy the best trial."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hookline import HooklineError, hookimpl
from hookline.errors import DeploymentError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hookline import Run, TrainingSpec, Trial


@hookimpl(trylast=True)
def tune(run: Run, trials: Sequence[Trial]) -> TrainingSpec | None:
    """Return `None`, since one trial is enough."""
    return None


@hookimpl(trylast=True)
def deploy(run: Run, trial: Trial) -> Sequence[Path]:
    """Write the model in each format of the spec. If one fails, the others are still written."""
    if not trial.spec.deploy:
        return ()
    from hookline.training import Deployment, deploy as write_target  # Not needed to check a spec, and it imports much.

    deployment = Deployment.of_data(
        *(run, trial.data, trial.model, trial.criterion),
        metrics=trial.metrics,
        weights=trial.weights,
        directory=trial.directory,
    )
    paths: list[Path] = []
    places: set[Path] = set()
    failures: list[str] = []
    for target in trial.spec.deploy:
        run.raise_if_interrupted()
        place = target.place_in(trial.directory)
        try:
            # A run that is resumed replaces what it has deployed before.
            made = write_target(target, deployment, place, force=place not in places)
        except HooklineError as error:
            failures.append(str(error))
        else:
            places.add(place)
            run.note(str(made))
            paths += made.files
    if failures:
        raise DeploymentError("\n".join(failures), paths)
    return paths
