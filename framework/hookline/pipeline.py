"""The pipeline: asks the stages in their order and hands the product of each to the next. Read it from the top."""

import time
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from hookline import devices, directory, locking
from hookline.asking import Stages
from hookline.errors import HooklineError
from hookline.layers import noted_layers
from hookline.limiting import warn_of_idle
from hookline.planning import Plan, plan
from hookline.plugins import Plugins, built
from hookline.rehearsal import rehearse
from hookline.run import Run
from hookline.specs import CallbackSpec
from hookline.training_spec import TrainingSpec
from hookline.trial import Trial

if TYPE_CHECKING:
    from torch import nn, optim

    from hookline.data import Batches, Data


class Interrupted(KeyboardInterrupt):
    """A training that was interrupted from the keyboard, when its results so far have been written."""

    def __init__(self, trial: Trial):
        super().__init__("interrupted")
        self.trial = trial


def train(
    spec: TrainingSpec,
    *,
    plugins: Iterable[object] = (),
    out: str | Path | None = None,
    locked: str | Path | None = None,
) -> Trial:
    """Train what a spec says, and return what came of it.

    Args:
        spec: what to train, from `hookline.load`.
        plugins: modules or objects with hook implementations, beside the installed plugins that the spec lists. The
            wrappers of the first are outermost, and those of the spec's callbacks are inside of them.
        out: the directory for the results, which must not exist; left out, it is `runs/<name>/<number>`.
        locked: the directory of a run of this spec, which is trained again: refused if anything has changed on which
            its bits depend.

    Raises:
        LockError: if something has changed since the run that is to be trained again.
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
    if not isinstance(spec, TrainingSpec):
        raise HooklineError(f"A spec is wanted, and this is a {type(spec).__name__}: read one with `hookline.load`.")
    loaded = Plugins(spec.plugins, plugins)
    planned = directory.plan(out, spec.run.name)
    runs: list[Run] = []
    trials: list[Trial] = []
    next_spec: TrainingSpec | None = spec
    with ExitStack() as is_open:
        while next_spec is not None:
            run = new_run(next_spec, loaded)
            runs.append(run)
            is_open.enter_context(run.resources)
            place = trials[0].directory / f"trial-{len(trials) + 1}" if trials else planned
            with run.stages.naming_plugins(), devices.reproducible(run.device):
                again = Path(locked) if locked is not None and not trials else None
                trials.append(train_once(run, place, numbered=out is None and not trials, locked=again))
                try:
                    next_spec = run.stages.tune(run=run, trials=tuple(trials))
                finally:
                    trials[-1] = with_told(run, trials[-1])
            # What the best has opened stays open until it is deployed.
            trial, best = min(zip(trials, runs, strict=True), key=lambda pair: pair[0].objective)
            for other in runs:
                if other is not best:
                    other.resources.close()
        try:
            with best.stages.naming_plugins():
                trial = evolve(trial, deployed=tuple(best.stages.deploy(run=best, trial=trial)))
        finally:
            trial = with_told(best, trial)
        return trial


def with_told(run: Run, trial: Trial) -> Trial:
    """The trial with what the stages `tune` and `deploy` told of its run, which is added to `result.json`, too."""
    if len(run.told) > len(trial.told):
        directory.write_told(trial.directory, run.told)
    return evolve(trial, told=tuple(run.told))


def new_run(spec: TrainingSpec, plugins: Plugins, device: str | None = None) -> Run:
    """A run of the spec that has not begun, with a plugin manager of its own, on another device if one is named."""
    callbacks = built(spec.callbacks)
    limits = {
        name: (index, callback)
        for index, ((name, _), callback) in enumerate(zip(callbacks, spec.callbacks, strict=True))
        if isinstance(callback, CallbackSpec) and callback.is_limited
    }
    stages = Stages(plugins.manager(callbacks), limits)
    chosen = devices.select(device or spec.run.device)
    return Run(spec=spec, stages=stages, plugins=plugins, device=chosen, resources=stages.resources())


@frozen(kw_only=True)
class Prepared:
    """What has been made before training, and fits."""

    data: "Data"
    model: "nn.Module"
    criterion: "nn.Module"
    optimizer: "optim.Optimizer"
    plan: Plan


def prepared(run: Run) -> Prepared:
    """Go through the stages up to the optimizer. Nothing is written."""
    import torch

    stages = run.stages
    torch.manual_seed(run.spec.run.seed)
    data = stages.prepare_data(run=run)
    run.steps_per_epoch = len(data.training)
    warn_of_idle(stages.limited, run)
    torch.manual_seed(run.spec.run.seed)
    model = stages.build_model(run=run, data=data)
    criterion = stages.select_loss(run=run, data=data)
    with noted_layers(model) as layers:
        rehearse(run, data, model, criterion)
    optimizer = stages.select_optimizer(run=run, model=model, criterion=criterion)
    made = plan(run, data, model, criterion, optimizer, tuple(layers))
    return Prepared(data=data, model=model, criterion=criterion, optimizer=optimizer, plan=made)


def train_once(run: Run, place: Path, *, numbered: bool, locked: Path | None = None) -> Trial:
    """Go through the stages once, from the data to the test, and write the results to `place`."""
    started = time.perf_counter()
    made = prepared(run)
    if locked is not None:
        locking.refuse_changes(locked, made.plan, directory.spec_text(run, locked))
    run.directory = directory.create(place, numbered=numbered)
    directory.write_beginning(run, run.directory)
    locking.write(made.plan, directory.spec_text(run, run.directory), run.directory)
    trial = fitted(run, made, started)
    try:
        directory.write_results(run, trial)
    except OSError as error:
        raise HooklineError(f"The results cannot be written to {trial.directory}: {error.strerror}.") from error
    if run.interrupted:
        raise Interrupted(trial)
    return trial


def fitted(run: Run, made: Prepared, started: float) -> Trial:
    """Train and test what has been prepared, when `run.directory` is there; `started` is when it began, in seconds."""
    assert run.directory is not None
    stages = run.stages
    data, model, criterion = made.data, made.model, made.criterion
    metrics: dict[str, float] = {}
    try:
        model = stages.fit(run=run, data=data, model=model, criterion=criterion, optimizer=made.optimizer)
        run.is_trained = True
        for split, batches in _judged_in_the_end(run, data).items():
            judged = stages.evaluate(run=run, model=model, criterion=criterion, batches=batches, split=split)
            metrics |= {f"{split}/{name}": value for name, value in judged.items()}
    except KeyboardInterrupt:
        run.interrupt()

    model.eval()
    criterion.eval()
    last = run.history[-1] if run.history else {}
    return Trial(
        spec=run.spec,
        directory=run.directory,
        data=data,
        model=model,
        criterion=criterion,
        metrics={**{name: value for name, value in last.items() if name.partition("/")[0] in data.splits()}, **metrics},
        history=tuple(run.history),
        epochs=len(run.history),
        steps=run.step,
        seconds=time.perf_counter() - started,
        stopped=run.stopped,
        told=tuple(run.told),
    )


def _judged_in_the_end(run: Run, data: "Data") -> "dict[str, Batches]":
    """The splits that are judged when training has ended: validation only if the weights are others than at its end."""
    if run.interrupted:
        return {}
    are_others = any(callback.replaces_weights for callback in run.spec.callbacks)
    names = ("validation", "test") if are_others else ("test",)
    return {split: batches for split, batches in data.splits().items() if split in names}
