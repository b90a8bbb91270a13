"""How the kit prepares and trains a spec: on the CPU, in a directory that is removed afterwards."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from hookline.plugins.manager import Plugins
from hookline.plugins.run import Run
from hookline.plugins.trial import Trial
from hookline.runs import devices, directory
from hookline.spec.training import TrainingSpec
from hookline.training.pipeline import Prepared, fitted, new_run, prepared

if TYPE_CHECKING:
    from torch import optim


@frozen
class Trained:
    """A finished training."""

    trial: Trial
    """Its result."""
    run: Run
    """The run."""
    optimizer: "optim.Optimizer"
    """The optimizer, after the last step."""


def prepare(spec: TrainingSpec, plugins: Plugins) -> tuple[Run, Prepared]:
    """Build everything that a training needs before its first step."""
    run = new_run(spec, plugins, "cpu")
    with run.stages.naming_plugins(), devices.reproducible(run.device, run.dtype):
        return run, prepared(run)


def train(spec: TrainingSpec, plugins: Plugins) -> Trained:
    """Train; raises what ends the training."""
    run = new_run(spec, plugins, "cpu")
    with (
        tempfile.TemporaryDirectory(prefix="hookline-") as place,
        run.resources,
        run.stages.naming_plugins(),
        devices.reproducible(run.device, run.dtype),
    ):
        made = prepared(run)
        run.directory = directory.create(Path(place) / "run", numbered=False)
        directory.write_beginning(run, run.directory)
        trial, failure = fitted(run, made, 0.0)
        if failure is not None:
            raise failure
        return Trained(trial, run, made.optimizer)
