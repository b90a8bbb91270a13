"""The stages after training: choose the next spec to try, and deploy the best trial."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hookline import hookimpl

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
    """Write the model in each format of the spec."""
    paths: list[Path] = []
    for target in trial.spec.deploy:
        run.raise_if_interrupted()
        paths += target.deploy(run, trial)
    return paths
