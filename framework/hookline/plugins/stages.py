"""The stages of a training, in the order in which they are asked. This page is the manual of the hooks.

A stage is a question put to the plugins: the first answer counts, and the built-in one is asked last. An
implementation that answers `None` says "not mine", and the next one is asked. It takes the arguments that it needs, by
name, and leaves out the others:

    from hookline import hookimpl

    @hookimpl
    def select_loss(run, data): ...

A callback is a wrapper around a stage. What stands before the `yield` is done before the stage, what stands after it
is done after, and what it returns is the stage's answer, so it must return something:

    @hookimpl(wrapper=True)
    def step(run, optimizer, closure):
        answer = yield
        return answer

It can yield once only. One that needs a further answer, such as the loss with other targets, asks
`run.stages.inside(self, "loss")`, with the stage's arguments by name: the stage as it is inside of this wrapper.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pluggy

from hookline.spec.draft import SpecDraft
from hookline.spec.options import Spec
from hookline.spec.training import TrainingSpec

if TYPE_CHECKING:
    from torch import Tensor, nn, optim

    from hookline.data.batches import Batch, Batches, Data, Outputs
    from hookline.plugins.run import Run
    from hookline.plugins.trial import Trial

PROJECT = "hookline"

hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a function or method as an implementation of the stage that bears its name."""
_hookspec = pluggy.HookspecMarker(PROJECT)


@_hookspec
def register_specs() -> Iterable[type[Spec]] | Mapping[str, type[Spec]]:
    """What a plugin adds to the names that a spec may use: its component classes.

    A plugin of many modules returns `Components` instead, a mapping by name, in which a class is looked up, and its
    module imported, when a spec names it.

    This is no stage: every plugin is asked, when it is loaded. The family of a class follows from its base class, its
    name is the class's own.
    """
    raise NotImplementedError


@_hookspec(firstresult=True)
def draft_spec(
    path: Path,
    directory: Path,
    task: Literal["classes", "number"] | None,
    choose_target: Callable[[Mapping[str, str], str], str],
) -> SpecDraft | None:
    """Draft a spec for the data in a file, for `hookline new spec`.

    This is not a stage: no run calls it. A plugin with a data source for another type of file implements it and returns
    `None` for files of all other types. Do not import torch here.

    Args:
        path: the file. It may not exist.
        directory: where the spec will be written; relative paths in a spec start there.
        task: what `--task` says: predict classes or a number. `None` leaves it to the plugin.
        choose_target: call it with a description of each column by name, and the most likely target. It returns the
            column that `--target` names or the user chooses, which may be a name that does not exist.

    Raises:
        DataError: if the file cannot be read, or the target cannot be predicted.

    Built in: a spec for a CSV file.

    """
    raise NotImplementedError


@_hookspec(firstresult=True)
def prepare_data(run: "Run") -> "Data":
    """Read the data and split it into batches. Asked first, once per trial, before anything is written.

    Returns:
        The training, validation and test batches on `run.device`, an example of a batch, and what is known of them.
        `train --locked` compares only the first 16 batches of a split that is not held in memory, unless the split has
        a method `fingerprint() -> str`.

    Built in: `run.spec.data.prepare(run, run.spec.loss)`; the loss says how its targets are encoded.

    """
    raise NotImplementedError


@_hookspec(firstresult=True)
def build_model(run: "Run", data: "Data") -> "nn.Module":
    """Build the model, on `run.device`. Asked once per trial; `run.spec.run.seed` has just been sown.

    Built in: `run.spec.model.build(...)` with one row of `data.example`, from which sizes follow; then what
    `[[initialize]]` says.
    """
    raise NotImplementedError


@_hookspec(firstresult=True)
def select_loss(run: "Run", data: "Data") -> "nn.Module":
    """Build the criterion, on `run.device`. Asked once per trial. Its parameters, if it has any, are trained too.

    Built in: `run.spec.loss.build(data)`.
    """
    raise NotImplementedError


@_hookspec(firstresult=True)
def select_optimizer(run: "Run", model: "nn.Module", criterion: "nn.Module") -> "optim.Optimizer":
    """Build the optimizer over the parameters of model and criterion. Asked once per trial.

    Built in: `run.spec.optimizer.build(parameters)`.
    """
    raise NotImplementedError


@_hookspec(firstresult=True)
def fit(
    run: "Run", data: "Data", model: "nn.Module", criterion: "nn.Module", optimizer: "optim.Optimizer"
) -> "nn.Module":
    """Train. Asked once per trial, when `run.directory` has been made.

    A wrapper has all that belongs to the training before it begins, and when it has ended, whether after the last
    epoch, by `run.stop` or by an interruption: here best or averaged weights are put into the model, and `run.weights`
    says which they are. An error is raised at the `yield`: `try` and `finally` around it do something then, too. What
    the model has then is saved.

    Who goes on with a training loads model, criterion and optimizer, and then the callbacks, inside of all wrappers
    around this stage: what stands before each `yield` has been done, for the first epoch as for one in the middle.
    A callback with a state has `state_dict()` and `load_state_dict(state)`. Both are called there and not before, since
    a callback may know only here what it is about: the one after a step or an epoch, the other once, before the first
    step. What is in the model when the training has ended, such as a mean, is not what it would go on with.

    Returns:
        The trained model, which is tested, saved and deployed.

    Built in: epochs of batches, for each of which `forward`, `loss`, `backward` and `step` are asked; after each epoch
    `evaluate` and `log`. A loop of your own gets the gradients of a batch from `hookline.training.gradients_of`, which
    tells callbacks that a step is being made.

    """
    raise NotImplementedError


@_hookspec(firstresult=True)
def forward(run: "Run", model: "nn.Module", batch: "Batch") -> "Outputs":
    """Apply the model to a batch. Asked for each batch of training and evaluation.

    `model.training` tells which of the two it is. Before training begins the stages `forward` and `loss` are asked
    once, as in an evaluation but with gradients, for `data.example`: shapes that do not fit, and layers that have no
    gradient, are found before anything is written.

    Returns:
        The outputs, as the loss takes them: raw scores, not predictions. A tensor, or several by name.

    Built in: `model(input)` with the batch's one group of inputs. Of several groups whose names are those of arguments
    of the loss (`anchor`, `positive`, `negative`) the model is applied to each; otherwise it is given all at once.

    """
    raise NotImplementedError


@_hookspec(firstresult=True)
def loss(run: "Run", criterion: "nn.Module", outputs: "Outputs", batch: "Batch") -> "Tensor":
    """Compare outputs with targets. Asked after each `forward`.

    Returns:
        The loss, a scalar tensor.

    Built in: `run.spec.loss.compute(criterion, outputs, batch)`, which for most losses is `criterion(outputs, target)`
    with the batch's one target.

    """
    raise NotImplementedError


@_hookspec(firstresult=True)
def backward(run: "Run", loss: "Tensor") -> "Tensor":
    """Compute the gradients. Asked after each `loss` of training; gradients have been cleared before.

    Returns:
        The loss, detached, once its gradients are on the parameters.

    Built in: `loss.backward()`.

    """
    raise NotImplementedError


@_hookspec(firstresult=True)
def step(run: "Run", optimizer: "optim.Optimizer", closure: "Callable[[], Tensor]") -> bool:
    """Update the parameters. Asked once per batch of training, when the gradients are complete.

    A wrapper may change the gradients before its `yield`; it does so once, before the first evaluation, if an
    optimizer such as LBFGS evaluates the loss several times in one step. `closure` evaluates the loss and its gradients
    for the batch; its first call returns what is already computed, unless the optimizer has cleared the
    gradients or changed a parameter or gradient in place before it.

    A wrapper that leaves a batch out takes the gradients away before its `yield` (`parameter.grad = None`, for each in
    `optimizer.param_groups`) and returns what that gives. The built-in answer is `False` then, so that those inside of
    it, such as a moving average, see that nothing was updated, and do not count the step either. Whoever else answers
    this stage does the same. An optimizer that needs the closure computes gradients anew, and its batches cannot be
    left out so.

    Returns:
        `True`, once the parameters are updated; `False` if the batch was left out, whose loss then does not count. An
        epoch in which no batch counts has no loss: it is logged as NaN.

    Built in: `optimizer.step()`, with the closure if its signature requires one, or if the optimizer of the spec says
    `needs_closure`; without any gradient nothing, and `False`.

    """
    raise NotImplementedError


@_hookspec(firstresult=True)
def evaluate(
    run: "Run", model: "nn.Module", criterion: "nn.Module", batches: "Batches", split: str
) -> Mapping[str, float]:
    """Judge the model. Asked after each epoch for the split "validation", and at the end for the split "test".

    A split that the data does not have is not asked for. If a callback has put other weights into the model, it is also
    asked at the end for "training" and "validation", and for an optimizer that evaluates the loss many times in a step,
    such as LBFGS, for "training": what is reported is true of the model that is handed on.

    Returns:
        The loss and the metrics by name, without the name of the split.

    Built in: the loss over all of the split's rows, and the metrics of the spec, which are given predictions.

    """
    raise NotImplementedError


@_hookspec(firstresult=True)
def log(run: "Run", record: dict[str, Any]) -> Mapping[str, Any]:
    """Say what is kept of an epoch. Asked once at the end of each epoch.

    `record` has "epoch" and "step", counted from 1, "training/loss", and what `evaluate` has answered, as
    "validation/loss" and so on. A wrapper that has something to add returns more than it was given; one that keeps the
    record elsewhere too reads the answer.

    Returns:
        The record, which is then kept in `run.history` and written as a line of `metrics.jsonl`. It must have "epoch",
        "step" and "training/loss".

    Built in: the record as it is.

    """
    raise NotImplementedError


@_hookspec(firstresult=True)
def tune(run: "Run", trials: "Sequence[Trial]") -> TrainingSpec | None:
    """Say what to try next. Asked after each trial.

    Returns:
        The next spec to train, or `None`: it is enough.

    Built in: `None`.

    """
    raise NotImplementedError


@_hookspec(firstresult=True)
def deploy(run: "Run", trial: "Trial") -> "Sequence[Path]":
    """Hand on the best trial. Asked last, once.

    Returns:
        The paths of what was written.

    Built in: what each `[[deploy]]` of the spec writes.

    """
    raise NotImplementedError


STAGES = (
    "prepare_data",
    "build_model",
    "select_loss",
    "select_optimizer",
    "fit",
    "forward",
    "loss",
    "backward",
    "step",
    "evaluate",
    "log",
    "tune",
    "deploy",
)
"""The names of the stages, in order."""

INNER = frozenset({"forward", "loss", "backward", "step"})
"""The stages of the inner loop, whose answers are not looked at each time."""
