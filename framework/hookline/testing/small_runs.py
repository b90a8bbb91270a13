"""Prepare and train a spec on the CPU, in a temporary directory."""

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from hookline.plugins.manager import Plugins
from hookline.plugins.stages import Run
from hookline.plugins.trial import Trial
from hookline.runs import directory
from hookline.spec.training import TrainingSpec
from hookline.training.pipeline import fitted
from hookline.training.preparation import Prepared, prepared
from hookline.training.run_setup import new_run

if TYPE_CHECKING:
    from torch import optim


@frozen
class Trained:
    """A finished training."""

    trial: Trial
    """The result."""
    run: Run
    """The run."""
    optimizer: "optim.Optimizer"
    """The optimizer, after the last step."""


def prepare(spec: TrainingSpec, plugins: Plugins) -> tuple[Run, Prepared]:
    """Build everything that a training needs before its first step."""
    resources = ExitStack()  # They stay open, since the prepared objects may need them.
    with new_run(spec, plugins, device="cpu", closed_by=resources) as run:
        return run, prepared(run)


def train(spec: TrainingSpec, plugins: Plugins) -> Trained:
    """Train; raises the error that ends the training."""
    with tempfile.TemporaryDirectory(prefix="hookline-") as place, new_run(spec, plugins, device="cpu") as run:
        made = prepared(run)
        run.directory = directory.create(Path(place) / "run", numbered=False)
        directory.write_beginning(run, made.data, run.directory)
        trial, failure = fitted(run, made)
        if failure is not None:
            raise failure
        return Trained(trial, run, made.optimizer)
