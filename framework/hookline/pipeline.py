"""The pipeline: asks the stages in their order and hands the product of each to the next. Read it from the top."""

import time
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import evolve

from hookline import devices, directory
from hookline.asking import Stages
from hookline.building import unchanged_embeddings
from hookline.errors import HooklineError, HooklineWarning, MisfitError, StageError
from hookline.plugins import Plugins, built
from hookline.products import shown
from hookline.run import Run
from hookline.specs import CallbackSpec
from hookline.training_spec import TrainingSpec
from hookline.trial import Trial

if TYPE_CHECKING:
    from torch import nn

    from hookline.data import Data


class Interrupted(KeyboardInterrupt):
    """A training that was interrupted from the keyboard, when its results so far have been written."""

    def __init__(self, trial: Trial):
        super().__init__("interrupted")
        self.trial = trial


def train(spec: TrainingSpec, *, plugins: Iterable[object] = (), out: str | Path | None = None) -> Trial:
    """Train what a spec says, and return what came of it.

    Args:
        spec: what to train, from `hookline.load`.
        plugins: modules or objects with hook implementations, beside the installed plugins that the spec lists. The
            wrappers of the first are outermost, and those of the spec's callbacks are inside of them.
        out: the directory for the results, which must not exist; left out, it is `runs/<name>/<number>`.

    Raises:
        HooklineError: if the data or the model does not fit, if a plugin fails, or if the loss is NaN.
        KeyboardInterrupt: if interrupted, after the results so far have been written.

    >>> import hookline
    >>> spec = hookline.load("specs/iris.toml", ["run.epochs=3"])
    >>> result = hookline.train(spec, out=getfixture("tmp_path") / "iris")
    >>> [record["epoch"] for record in result.history]
    [1, 2, 3]
    >>> sorted(result.metrics)[:2]
    ['test/Accuracy', 'test/F1Score']
    >>> result.model
    Sequential(
      (0): Linear(in_features=4, out_features=16, bias=True)
      (1): ReLU()
      (2): Linear(in_features=16, out_features=3, bias=True)
    )

    """
    loaded = Plugins(spec.plugins, plugins)
    planned = directory.plan(out, spec.run.name)
    runs: list[Run] = []
    trials: list[Trial] = []
    next_spec: TrainingSpec | None = spec
    while next_spec is not None:
        run = new_run(next_spec, loaded)
        place = trials[0].directory / f"trial-{len(trials) + 1}" if trials else planned
        with run.stages.naming_plugins(), run.resources, devices.reproducible(run.device):
            runs.append(run)
            trials.append(train_once(run, place, numbered=out is None and not trials))
            next_spec = run.stages.tune(run=run, trials=tuple(trials))
    trial, run = min(zip(trials, runs, strict=True), key=lambda pair: pair[0].objective)
    with run.stages.naming_plugins():
        return evolve(trial, deployed=tuple(run.stages.deploy(run=run, trial=trial)))


def new_run(spec: TrainingSpec, plugins: Plugins, device: str | None = None) -> Run:
    """A run of the spec that has not begun, with a plugin manager of its own, on another device if one is named."""
    callbacks = built(spec.callbacks)
    limits = {
        name: (index, callback)
        for index, ((name, _), callback) in enumerate(zip(callbacks, spec.callbacks, strict=True))
        if isinstance(callback, CallbackSpec) and callback.is_limited
    }
    stages = Stages(plugins.manager(callbacks), limits)
    return Run(spec=spec, stages=stages, plugins=plugins, device=devices.select(device or spec.run.device))


def train_once(run: Run, place: Path, *, numbered: bool) -> Trial:
    """Go through the stages once, from the data to the test, and write the results to `place`."""
    import torch

    started = time.perf_counter()
    stages = run.stages
    torch.manual_seed(run.spec.run.seed)
    data = stages.prepare_data(run=run)
    run.steps_per_epoch = len(data.training)
    torch.manual_seed(run.spec.run.seed)
    model = stages.build_model(run=run, data=data)
    criterion = stages.select_loss(run=run, data=data)
    rehearse(run, data, model, criterion)
    optimizer = stages.select_optimizer(run=run, model=model, criterion=criterion)

    run.directory = directory.create(place, numbered=numbered)
    directory.write_spec(run, run.directory)
    metrics: dict[str, float] = {}
    try:
        model = stages.fit(run=run, data=data, model=model, criterion=criterion, optimizer=optimizer)
        if data.test is not None and not run.interrupted:
            judged = stages.evaluate(run=run, model=model, criterion=criterion, batches=data.test, split="test")
            metrics = {f"test/{name}": value for name, value in judged.items()}
    except KeyboardInterrupt:
        run.interrupt()

    model.eval()
    criterion.eval()
    last = run.history[-1] if run.history else {}
    trial = Trial(
        spec=run.spec,
        directory=run.directory,
        data=data,
        model=model,
        criterion=criterion,
        metrics={**{name: value for name, value in last.items() if "/" in name}, **metrics},
        history=tuple(run.history),
        epochs=len(run.history),
        steps=run.step,
        seconds=time.perf_counter() - started,
        stopped=run.stopped,
    )
    try:
        directory.write_results(run, trial)
    except OSError as error:
        raise HooklineError(f"The results cannot be written to {trial.directory}: {error.strerror}.") from error
    if run.interrupted:
        raise Interrupted(trial)
    return trial


def rehearse(run: Run, data: "Data", model: "nn.Module", criterion: "nn.Module") -> None:
    """Ask `forward` and `loss` once with two rows, so that what does not fit is told before anything is written."""
    import torch

    batch = data.example.changed(lambda tensor: tensor.clone())  # A layer that works in place is to have a copy.
    model.eval()
    with torch.no_grad(), devices.forked_generators(run.device), unchanged_embeddings(model):
        outputs = run.stages.forward(run=run, model=model, batch=batch)
        try:
            run.spec.loss.check(outputs, batch, data)
        except ValueError as error:
            raise MisfitError(str(error), ("loss",)) from None
        for doubt in run.spec.loss.doubts(model, outputs):
            warnings.warn(f"loss: {doubt}", HooklineWarning, stacklevel=2)
        value = run.stages.loss(run=run, criterion=criterion, outputs=outputs, batch=batch)
    if not isinstance(value, torch.Tensor) or value.dim() != 0:
        raise StageError(f'The stage "loss" must be answered with a scalar tensor, and it is {shown(value)}.')
    refuse_unfit_splits(run, data, model)
    model.train()


def refuse_unfit_splits(run: Run, data: "Data", model: "nn.Module") -> None:
    """Raise a `MisfitError` for data whose splits cannot be trained with, or judged by, as the spec says."""
    _refuse_lonely_row(run, data, model)
    if run.spec.metrics and data.validation is None and data.test is None:
        raise MisfitError("The data has neither a validation nor a test split that they could judge.", ("metrics",))


def _refuse_lonely_row(run: Run, data: "Data", model: "nn.Module") -> None:
    """Refuse a last batch of one row where BatchNorm1d would fail on it, at the end of the first epoch."""
    from torch import nn

    full = run.spec.data.batch_size
    is_lonely = data.training.rows == (len(data.training) - 1) * full + 1
    rows_are_flat = all(rows.dim() == 2 for rows in data.example.inputs.values())
    if is_lonely and rows_are_flat and any(isinstance(module, nn.BatchNorm1d) for module in model.modules()):
        raise MisfitError(
            "The last batch of an epoch has one row, with which BatchNorm1d cannot be trained: set `drop_last`, or "
            "another `batch_size`.",
            ("data",),
        )
