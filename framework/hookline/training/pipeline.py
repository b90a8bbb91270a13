"""The pipeline: calls the stages in their order and passes the product of each to the next. Read it from the top."""

import signal
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from hookline.errors.exceptions import DeploymentError, HooklineError, RunError
from hookline.plugins.dispatch.attribution import naming_plugins
from hookline.plugins.manager import Plugins
from hookline.plugins.signals import Interruption
from hookline.plugins.stages import Run
from hookline.plugins.trial import Trial
from hookline.runs import directory, lock as locking
from hookline.runs.liveness import marked_as_running
from hookline.runs.trials import directory_of_trial
from hookline.spec.training import TrainingSpec
from hookline.training.build.initialize_from import beginning_from, sentence
from hookline.training.checkpoints.resumed import Resumed
from hookline.training.interrupted import Interrupted, noting_results, reported_with_trial, with_late_numbers
from hookline.training.outcome import (
    evaluate_splits,
    free_memory,
    outcome,
    refuse_not_finite,
    splits_to_evaluate,
    where_weights_are,
)
from hookline.training.preparation import Parts, Prepared, prepared, refuse_other_specs
from hookline.training.run_setup import new_run

NOT_RESTORED = "A plugin answers the stage `fit` without loading the checkpoint in `run.resumes_from`."


@frozen
class Start:
    """Where a training begins."""

    place: Path
    """The directory for the results; that of the run itself when it is resumed."""
    is_numbered: bool = False
    """Whether to take the next number if another run has taken this one."""
    locked: Path | None = None
    """The directory of a run that is repeated."""
    given: Any = None
    """The rows to train with, instead of those of the data source."""
    resumed: Resumed | None = None
    """The run that is resumed, in its own directory."""


def train(
    spec: TrainingSpec,
    *,
    data: Any = None,
    plugins: Iterable[object] = (),
    out: str | Path | None = None,
    locked: str | Path | None = None,
    from_run: str | Path | None = None,
) -> Trial:
    """Train a spec and return the result.

    Args:
        spec: what to train, from `hookline.load`.
        data: the rows, in place of the files that the spec names: a DataFrame of pandas or polars or another table with
            the Arrow PyCapsule interface, a mapping from names to NumPy arrays, tensors or lists, or a mapping with
            such rows for each split, `{"training": …, "validation": …}`. Default: the files.
        plugins: modules or objects with hook implementations, in addition to the installed plugins that the spec
            lists. The wrappers of the first are outermost; those of the callbacks in the spec are innermost.
        out: the directory for the results, which must not exist. Default: `runs/<name>/<number>`.
        locked: the directory of a run of this spec, to repeat it. An error is raised if anything has changed that the
            bits of the result depend on.
        from_run: begin with the weights of this run, such as "runs/digits/1", or with those of one of its checkpoints:
            "runs/digits/1:best" or "runs/digits/1:1200". It replaces the section `initialize_from` of the spec, except
            for the parameters and layers that it selects.

    In the main thread, Ctrl-C, SIGTERM and SIGHUP end the training after the current step, unless the program has its
    own handlers for them. However a training ends, its results so far are written to the directory first.

    Raises:
        LockError: if something has changed since the run in `locked`.
        HooklineError: if the data or the model does not fit, if a plugin fails, if the loss is NaN, or if the results
            cannot be written.
        Interrupted: a `KeyboardInterrupt`, after Ctrl-C or another signal, with the trial and the number of the signal.

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
    refuse_other_specs(spec)
    if spec.tune is not None:
        raise HooklineError("The spec has a section [tune]: pass it to `hookline.tune`, which trains its trials.")
    if from_run is not None:
        spec = beginning_from(spec, from_run)
    start = Start(
        directory.plan(out, spec.run.name),
        is_numbered=out is None,
        locked=None if locked is None else Path(locked),
        given=data,
    )
    return train_trials(spec, Plugins(spec.plugins, plugins), start)


def train_trials(spec: TrainingSpec, loaded: Plugins, start: Start) -> Trial:
    """Train a spec, then what the stage `tune` answers, and deploy the best trial. See `train`."""
    runs: list[Run] = []
    trials: list[Trial] = []
    next_spec: TrainingSpec | None = spec
    interruption = Interruption()
    with (
        reported_with_trial(trials, interruption),
        interruption,
        ExitStack() as open_resources,
        noting_results(trials),
    ):
        while next_spec is not None:
            with new_run(
                next_spec, loaded, interruption=interruption, closed_by=open_resources, given=start.given
            ) as run:
                place = Start(directory_of_trial(trials[0].directory, len(trials) + 1)) if trials else start
                trials.append(train_once(run, place))
                runs.append(run)
                try:
                    next_spec = run.stages.tune(run=run, trials=tuple(trials))
                finally:
                    trials[-1] = with_notes(run, trials[-1])
            # The resources of the best trial stay open until it is deployed.
            trial, best = min(zip(trials, runs, strict=True), key=lambda pair: pair[0].objective)
            for other in runs:
                if other is not best:
                    other.resources.close()
        best.raise_if_interrupted()
        try:
            with naming_plugins(best.stages.manager):
                trial = evolve(trial, deployed=tuple(best.stages.deploy(run=best, trial=trial)))
        except DeploymentError as error:
            trial = evolve(trial, deployed=error.deployed)
            raise
        finally:
            trial = with_notes(best, trial)
        best.raise_if_interrupted()
        return trial


def with_notes(run: Run, trial: Trial) -> Trial:
    """Add the reports of `tune` and `deploy` to the trial, and write them and the deployed files to its results."""
    if len(run.notes) > len(trial.notes) or trial.deployed:
        directory.write_notes(trial.directory, run.notes, trial.deployed)
    return evolve(trial, notes=tuple(run.notes))


def train_once(run: Run, start: Start) -> Trial:
    """Call the stages once, from `prepare_data` to the final evaluation, and write the results.

    However the training ends, even with an error, its results so far are written.
    """
    if start.resumed is not None:  # The state that is loaded later contains the weights of the other run.
        run.state.initialized_from = start.resumed.state["run"].get("initialized_from")
    made = prepared(run)
    if start.locked is not None:
        locking.refuse_changes(start.locked, made.plan, directory.spec_text(run, start.locked))
    if start.resumed is None:
        run.interruption.listen()
        if run.state.initialized_from is not None:
            run.note(sentence(run.state.initialized_from))
        run.directory = directory.create(start.place, numbered=start.is_numbered)
        write_beginning(run, made)
    else:
        start.resumed.refuse_changes(run, made.plan)
        run.directory = start.resumed.directory
        run.resumes_from = start.resumed.resuming(run, made.plan, lambda: write_beginning(run, made))
    with marked_as_running(run.directory) as is_alone:
        if start.resumed is not None and not is_alone:
            raise RunError(f"{run.directory}: Another process is training this run.")
        trial, failure = fitted(run, made)
        if run.resumes_from is not None:  # Its state could not be loaded, so its files stay as they are.
            raise failure or (KeyboardInterrupt() if run.interrupted else RunError(NOT_RESTORED))
        try:
            if not run.directory.is_dir():  # It was removed during training.
                directory.create(run.directory, numbered=False)
                write_beginning(run, made)
            directory.write_results(run, trial)
        except HooklineError as error:
            if failure is None:
                raise
            failure.add_note(f"Not all results could be written. {error}")
        else:
            if failure is not None:
                failure.add_note(where_weights_are(trial))
    if failure is not None:
        raise failure
    if run.interrupted:
        trial = with_late_numbers(run, trial)
        raise Interrupted(trial, run.interruption.number or signal.SIGINT)
    return trial


def write_beginning(run: Run, made: Prepared) -> None:
    """Write what is known before training: the spec, the description of the data, the plugin files and the lock."""
    assert run.directory is not None
    directory.write_beginning(run, made.data, run.directory)
    locking.write(made.plan, directory.spec_text(run, run.directory), run.directory)


def fitted(run: Run, made: Parts) -> tuple[Trial, BaseException | None]:
    """Train and test.

    Args:
        run: the run, whose directory exists.
        made: the data, model, criterion and optimizer.

    Returns:
        The result, and the error that ended the training, if any.

    """
    stages = run.stages
    data, model, criterion = made.data, made.model, made.criterion
    evaluated: dict[str, Mapping[str, float]] = {}
    failure: BaseException | None = None
    try:
        with naming_plugins(stages.manager):
            model = stages.fit(run=run, data=data, model=model, criterion=criterion, optimizer=made.optimizer)
            run.state.is_trained = True
            run.raise_if_interrupted()
            refuse_not_finite(run, model, criterion)
            evaluate_splits(run, model, criterion, splits_to_evaluate(run, data), evaluated)
    except KeyboardInterrupt:
        run.interrupt()
    except BaseException as error:  # noqa: BLE001 - It is raised again after the results are written.
        if run.interrupted:  # The same signal may have ended a forked process.
            run.interrupt()
            run.note(f"An error occurred while the training was ending: {error}")
        else:
            failure = error
            free_memory(error)
    model.eval()
    criterion.eval()
    return outcome(run, data, model, criterion, evaluated, failure), failure
