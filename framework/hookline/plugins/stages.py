"""The stages of a training, in calling order. This is the reference for hooks.

A stage is a question put to the plugins: the first answer counts, and the built-in answer comes last. An implementation
that returns `None` passes the question on to the next one. It takes the arguments that it needs, by name, and omits the
others:

    from hookline import hookimpl

    @hookimpl
    def select_loss(run, data): ...

A callback is a wrapper around a stage. The code before the `yield` runs before the stage, the code after it runs after
the stage, and what the wrapper returns is the answer of the stage, so it must return something:

    @hookimpl(wrapper=True)
    def step(run, optimizer, closure):
        answer = yield
        return answer

If a stage has only its built-in answer, the steps of a training may be computed without calling it: the operations of
`forward`, `loss` and `backward` are recorded once and repeated, with the same bits. If any plugin answers or wraps one
of the three, all are called for every batch. A wrapper around `step` sees the same gradients either way; without one,
many steps may be made in one call, in which `run.loss` and the parameters do not change. The only wrappers around
`step` that this admits are schedules: objects with an attribute `is_schedule` that is true, which declares that the
wrapper looks at nothing but `run.step` and the options in `optimizer.param_groups`, and changes nothing but these and
its own state, for which it has `state_dict` and `load_state_dict`. It may be called for several steps before they are
made. If one of them fails, its state is loaded again.

A wrapper yields exactly once. If it needs another answer, such as the loss with other targets, it calls
`run.stages.inside(self, "loss")` with the arguments of the stage, by name.
"""

import signal
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pluggy
from attrs import Factory, define, field, setters

from hookline.plugins.dispatch.located_manager import LocatedManager
from hookline.plugins.saving import Resuming, Saving
from hookline.plugins.signals import Interruption, reason
from hookline.plugins.state import RunState
from hookline.plugins.traced_steps import TracedSteps
from hookline.spec.objective.objective import Objective
from hookline.spec.objective.units import Undo, undoing
from hookline.spec.options import Spec
from hookline.spec.training import TrainingSpec

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn, optim

    from hookline.data.batches import Batch, Batches, Outputs
    from hookline.data.data import Data
    from hookline.data.targets.encoding import Target
    from hookline.plugins.catalog import Catalog
    from hookline.plugins.origin import Origin
    from hookline.plugins.trial import Trial
    from hookline.plugins.weights import Weights
    from hookline.spec.draft import SpecDraft
    from hookline.spec.families.data import DataSpec
    from hookline.spec.objective.prediction import Prediction
    from hookline.spec.space.storage import Storage

PROJECT = "hookline"

hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a function or method as an implementation of the stage that bears its name."""
_hookspec = pluggy.HookspecMarker(PROJECT)


@_hookspec
def register_specs() -> Iterable[type[Spec]] | Mapping[str, type[Spec]]:
    """Return the component classes of the plugin, which a spec can name.

    A plugin with many modules returns `Components` instead: a mapping by name that imports a class when a spec names
    it.

    This is not a stage: it is called for every plugin when the plugin is loaded. The family of a class follows from its
    base class; its name in a spec is the name of the class.
    """
    raise NotImplementedError


@_hookspec(firstresult=True)
def draft_spec(
    path: Path,
    files: Mapping[str, Sequence[Path]],
    directory: Path,
    task: Literal["classes", "number"] | None,
    choose_target: Callable[[Mapping[str, str], str], str],
) -> "SpecDraft | None":
    """Draft a spec for the data in a file, or in several, for `hookline new spec`.

    This is not a stage: no run calls it. A plugin with a data source for another type of file implements it and returns
    `None` for files of all other types. Do not import torch here.

    Args:
        path: the file, or the first one. It may be a folder or a pattern such as `part-*.csv`, and it may not exist.
        files: all paths of the command line, by split: those of "training", beginning with `path`, and those of
            "validation" and "test", which are empty unless the options with these names are set.
        directory: where the spec will be written; relative paths in a spec start there.
        task: what `--task` says: predict classes or a number. `None` leaves it to the plugin.
        choose_target: call it with a description of each column by name, and the most likely target. It returns the
            column that `--target` names or the user chooses, which may be a name that does not exist.

    Raises:
        DataError: if the file cannot be read, or the target cannot be predicted.

    Built in: a spec for tables, NPZ files and folders of images.

    """
    raise NotImplementedError


@_hookspec(firstresult=True)
def open_storage(url: str) -> "Storage | None":
    """Connect to a storage of studies, for `hookline tune --storage URL`.

    This is not a stage: no run calls it. A plugin with a storage implements it, with what `hookline.spec.Storage`
    requires, and returns `None` for URLs with other schemes. The URL may contain a password, which must not appear in
    messages.

    Raises:
        StorageError: if the storage cannot be reached.

    Built in: a PostgreSQL database, `postgresql://user@host/database`.

    """
    raise NotImplementedError


class Stages:
    """The stages of a run. `run.stages.forward(run=run, model=model, batch=batch)` calls one of them.

    Pass all arguments by name. The answer is that of the first plugin that has one, with every wrapper around it.
    """

    manager: LocatedManager
    """The plugin manager of the run."""

    @_hookspec(firstresult=True)
    def prepare_data(self, run: "Run") -> "Data":
        """Read the data and split it into batches. Called first, once per trial, before anything is written.

        Returns:
            The training, validation and test batches on `run.device`, an example of a batch, and what is known about
            them. `train --locked` compares only the first 16 batches of a split that is not held in memory, unless the
            split has a method `fingerprint() -> str`.

        Built in: `run.source.prepare(run, run.objective)`; the loss determines how its targets are encoded.

        """
        raise NotImplementedError

    @_hookspec(firstresult=True)
    def build_model(self, run: "Run", data: "Data") -> "nn.Module":
        """Build the model on `run.device`. Called once per trial, right after `torch.manual_seed(run.spec.run.seed)`.

        Built in: `run.spec.model.build(...)` with one row of `data.example`, which determines the sizes; then the
        initializations of `[[initialize]]`.
        """
        raise NotImplementedError

    @_hookspec(firstresult=True)
    def select_loss(self, run: "Run", data: "Data") -> "nn.Module":
        """Build the criterion on `run.device`. Called once per trial. If it has parameters, they are trained too.

        For `[losses]`, its attribute `losses`, an `nn.ModuleDict`, contains the criterion of each loss by name, unless
        the plugin also answers the stage `loss`.

        Built in: `run.objective.build(data)`.
        """
        raise NotImplementedError

    @_hookspec(firstresult=True)
    def select_optimizer(self, run: "Run", model: "nn.Module", criterion: "nn.Module") -> "optim.Optimizer":
        """Build the optimizer over the parameters of model and criterion. Called once per trial.

        Built in: `run.spec.optimizer.build(parameters)`.
        """
        raise NotImplementedError

    @_hookspec(firstresult=True)
    def fit(
        self, run: "Run", data: "Data", model: "nn.Module", criterion: "nn.Module", optimizer: "optim.Optimizer"
    ) -> "nn.Module":
        """Train. Called once per trial, after `run.directory` has been created.

        A wrapper sees everything that belongs to the training before it begins and after it has ended, whether after
        the last epoch, by `run.stop` or by an interruption. After the `yield` it may put the best or averaged weights
        into the model and set `run.state.weights` to say which they are. The weights that the model has then are saved.
        An error is raised at the `yield`, so `try` and `finally` around it also run after an error.

        To resume a training, load the state of model, criterion and optimizer, and then of the callbacks, inside all
        wrappers around this stage: the code before each `yield` has run by then, for the first epoch as for a later
        one. A callback with a state has `state_dict()` and `load_state_dict(state)`. Both are called there and not
        before, since a callback may learn only here what it works on: `state_dict` after a step or an epoch,
        `load_state_dict` once, before the first step. If what the callback does depends on the length of the run, its
        method `lengths_differ(run, state)` says before the training whether a run with such a saved state cannot have
        the present length. Weights that a callback puts into the model at the end, such as a
        mean, are not those to resume from.

        Your own implementation sets `run.state.epoch` before an epoch, `run.loss` after each gradient computation and
        `run.state.step` after each step; it appends each record that `log` returns to `run.history`, ends after an
        epoch if `run.stopped` is set and after a step if `run.state.ends_now` is true, and calls
        `run.raise_if_interrupted()` after each step.

        Returns:
            The trained model, which is tested, saved and deployed.

        Built in: epochs of batches. `forward`, `loss`, `backward` and `step` are called for each batch, `evaluate` and
        `log` after each epoch. A loop of your own computes the gradients of a batch with
        `hookline.training.gradients_of`, which also tells callbacks that a step is being made.

        """
        raise NotImplementedError

    @_hookspec(firstresult=True)
    def forward(self, run: "Run", model: "nn.Module", batch: "Batch") -> "Outputs":
        """Apply the model to a batch. Called for each batch of training and evaluation.

        `model.training` distinguishes the two. Before training begins, the stages `forward` and `loss` are called once
        for `data.example`, as in an evaluation but with gradients: shapes that do not fit and layers without a gradient
        are found before anything is written.

        Returns:
            The outputs as the loss takes them: raw scores, not predictions. A tensor, or several by name.

        Built in: `model(input)` with the only group of inputs of the batch. If there are several groups whose names are
        those of arguments of the loss (`anchor`, `positive`, `negative`), the model is applied to each; otherwise it
        gets all of them at once.

        """
        raise NotImplementedError

    @_hookspec(firstresult=True)
    def loss(self, run: "Run", criterion: "nn.Module", outputs: "Outputs", batch: "Batch") -> "Tensor":
        """Compare outputs with targets. Called after each `forward`.

        Returns:
            The loss, a scalar tensor.

        Built in: `run.objective.compute(criterion, outputs, batch)`, which for most losses is
        `criterion(outputs, target)` with the only target of the batch.

        """
        raise NotImplementedError

    @_hookspec(firstresult=True)
    def backward(self, run: "Run", loss: "Tensor") -> "Tensor":
        """Compute the gradients. Called after each `loss` of training; the gradients have been cleared before.

        Returns:
            The loss, detached, once its gradients are on the parameters.

        Built in: `loss.backward()`.

        """
        raise NotImplementedError

    @_hookspec(firstresult=True)
    def step(self, run: "Run", optimizer: "optim.Optimizer", closure: "Callable[[], Tensor]") -> bool:
        """Update the parameters. Called once per batch of training, when the gradients are complete.

        A wrapper may change the gradients before its `yield`. If an optimizer such as LBFGS evaluates the loss several
        times in one step, the wrapper does so once, before the first evaluation. `closure` evaluates the loss and its
        gradients for the batch; its first call returns what is already computed, unless the optimizer has cleared the
        gradients or changed a parameter or gradient in place before it.

        To skip a batch, a wrapper removes the gradients before its `yield` (`parameter.grad = None` for each parameter
        in `optimizer.param_groups`) and returns what the `yield` gives. The built-in answer is `False` then, so that
        wrappers inside, such as a moving average, see that nothing was updated and do not count the step either. Your
        own implementation of this stage must do the same. An optimizer that needs the closure computes the gradients
        again, so its batches cannot be skipped this way.

        Returns:
            `True` once the parameters are updated; `False` if the batch was skipped. The loss of a skipped batch does
            not count. If every batch of an epoch is skipped, its loss is logged as NaN.

        Built in: `optimizer.step()`, with the closure if its signature requires one or if the optimizer of the spec
        declares `needs_closure`; without any gradient nothing, and `False`.

        """
        raise NotImplementedError

    @_hookspec(firstresult=True)
    def predict(
        self, run: "Run", criterion: "nn.Module", outputs: "Outputs", batch: "Batch"
    ) -> "Mapping[str, Prediction]":
        """Turn outputs into predictions. Called for each batch of an evaluation, after `loss`.

        A wrapper sees the predictions of each batch, and the truth, as the metrics receive them. To change predictions,
        it returns `{**predictions, name: predictions[name].replaced(other)}`.

        Returns:
            A `hookline.spec.Prediction` for each loss of `[losses]`, by its name; that of `[loss]` is called "target".

        Built in: what each loss computes in `predictions`, `scores` and `truth`, when it is first used.

        """
        raise NotImplementedError

    @_hookspec(firstresult=True)
    def evaluate(
        self, run: "Run", model: "nn.Module", criterion: "nn.Module", batches: "Batches", split: str
    ) -> Mapping[str, float]:
        """Evaluate the model. Called after each epoch for "validation", and at the end for "test" and "training".

        With `run.validate_every_steps`, it is called after these steps instead; inside an epoch, `run.is_inside_epoch`
        is true.

        It is not called for a split that the data does not have, nor for "training" with `run.evaluate_training =
        false`. If a callback has put other weights into the model, it is also called at the end for "validation". So
        the reported numbers belong to the model that is saved. The training rows are in a fixed order.
        After an interruption, it is called for the splits whose numbers are missing, for a few seconds at most.

        Returns:
            The loss and the metrics by name, without the name of the split.

        Built in: the loss over all rows of the split, and the metrics of the spec, computed from predictions.

        """
        raise NotImplementedError

    @_hookspec(firstresult=True)
    def log(self, run: "Run", record: dict[str, Any]) -> Mapping[str, Any]:
        """Decide what is logged about an epoch. Called at the end of each epoch.

        `record` has "epoch" and "step", counted from 1, "training/loss", the mean over the steps since the record
        before, and the answer of `evaluate` as "validation/loss" and so on, unless no validation is due. A wrapper that
        adds something returns more than it received; one that writes the record elsewhere too reads the answer.

        With `run.validate_every_steps`, it is also called for each validation inside an epoch, and
        `run.is_inside_epoch` is true then. A wrapper that acts at the end of epochs does nothing in this case.

        Returns:
            The record, which is added to `run.history` and written as a line of `metrics.jsonl`. It must have "epoch",
            "step" and "training/loss".

        Built in: the record, unchanged.

        """
        raise NotImplementedError

    @_hookspec(firstresult=True)
    def tune(self, run: "Run", trials: "Sequence[Trial]") -> TrainingSpec | None:
        """Decide what to try next. Called after each trial.

        Returns:
            The next spec to train, or `None` to end.

        Built in: `None`.

        """
        raise NotImplementedError

    @_hookspec(firstresult=True)
    def deploy(self, run: "Run", trial: "Trial") -> "Sequence[Path]":
        """Deploy the best trial. Called last, once.

        Returns:
            The paths of the files that were written.

        Built in: what each `[[deploy]]` of the spec writes.

        """
        raise NotImplementedError

    def inside(self, plugin: object, stage: str) -> Callable[..., Any]:
        """The stage as it is inside a wrapper: without this wrapper and everything outside it.

        For a wrapper that needs more than the one answer of its `yield`, such as the loss with other targets:
        `run.stages.inside(self, "loss")(run=run, criterion=criterion, outputs=outputs, batch=other)`. It is resolved
        on the first call and then looked up.

        Args:
            plugin: the wrapper, which is usually `self`.
            stage: the name of the stage.

        Raises:
            StageError: if the plugin does not implement the stage.

        """
        raise NotImplementedError

    def seen_by(self, stage: str) -> str | None:
        """The name of a plugin that answers or wraps a stage; `None` if only the built-in answer implements it."""
        raise NotImplementedError

    def schedules(self, stage: str) -> Sequence[Any] | None:
        """The plugins that wrap a stage, if all that implement it are schedules; otherwise `None`."""
        raise NotImplementedError

    def around(self, stage: str, answer: Callable[..., Any]) -> Callable[..., Any]:
        """The stage with another answer inside its wrappers, which takes all arguments of the stage."""
        raise NotImplementedError


STAGES = tuple(name for name, member in vars(Stages).items() if hasattr(member, f"{PROJECT}_spec"))
"""The names of the stages, in order."""

HOOKS = ("register_specs", "draft_spec", "open_storage", *STAGES)
"""The names of all hooks that a plugin can implement."""

INNER = frozenset({"forward", "loss", "backward", "step"})
"""The stages of the inner loop, whose answers are not checked each time."""


@define(eq=False, kw_only=True)
class Run:
    """One training of one spec. Every stage takes it as `run`.

    Attributes:
        spec: the spec to train.
        objective: what is minimized: the loss of the spec, or a weighted sum of losses.
        stages: calls other stages: `run.stages.forward(run=run, model=model, batch=batch)`.
        plugins: the plugins that are used and where each comes from, in the order in which they are called; the
            built-in ones come last.
        catalog: the components of these plugins.
        device: the device on which everything is computed.
        directory: the directory of the results; `None` until training begins, so that a mistake leaves nothing behind.
        resources: an exit stack that is closed when the run ends, even after an error: use
            `run.resources.enter_context(...)`. For the run that is deployed, this is after `deploy`.
        steps_per_epoch: the number of batches in an epoch; `None` if the data does not know it before they are read,
            and 0 until the data is prepared.
        targets: what the training rows say about each target; empty until the data is prepared.
        state: what changes during the run, such as the epoch and the step, as plain data.
        loss: the loss of the latest step, detached. `loss.item()` synchronizes with the device.
        is_inside_epoch: whether the current evaluation and its record are inside an epoch, and not at its end.
        is_stepping: whether the gradients of a step are being computed. `forward` and `loss` then get training rows;
            otherwise they are called for an evaluation or for the statistics of layers.
        interruption: whether Ctrl-C or another signal requested that training ends.
        given: the rows that were passed to `hookline.train` as `data`; `None` if the data source reads its own.
        is_source_read: whether `source` has been read, and with it the rows in `given`.
        started: when the process opened the run, from `time.perf_counter`.
        saving: saves checkpoints; `None` if no component does. A callback sets it before the `yield` of its `fit`.
        resumes_from: what the loop resumes the training from; `None` to begin at the first epoch, and once the state
            has been loaded.
        traced_steps: how many steps of this process were traced, and why others were not.
        traced_evaluation: the same for the batches of evaluations.
        kept: what a part of the pipeline keeps for its next call in this run, by a name of its own.

    """

    spec: TrainingSpec = field(on_setattr=setters.frozen)
    objective: Objective = field(init=False, default=Factory(lambda self: self.spec.objective, takes_self=True))
    stages: Stages
    plugins: "Sequence[tuple[Origin, object]]"
    catalog: "Catalog"
    device: "torch.device"
    directory: Path | None = None
    resources: ExitStack = field(factory=ExitStack)
    steps_per_epoch: int | None = 0
    targets: "Mapping[str, Target]" = field(factory=dict)
    state: RunState = field(factory=RunState)
    loss: "Tensor | None" = None
    is_inside_epoch: bool = False
    is_stepping: bool = False
    interruption: Interruption = field(factory=Interruption)
    given: Any = None
    is_source_read: bool = False
    started: float = field(factory=time.perf_counter)
    saving: Saving | None = None
    resumes_from: Resuming | None = None
    traced_steps: TracedSteps = field(factory=TracedSteps)
    traced_evaluation: TracedSteps = field(factory=TracedSteps)
    kept: dict[str, Any] = field(factory=dict, repr=False)

    @property
    def source(self) -> "DataSpec":
        """The data source of the spec, with the rows that were passed to `hookline.train` if there are any.

        Raises:
            HooklineError: If it does not take these rows.

        """
        self.is_source_read = True
        return self.spec.data if self.given is None else self.spec.data.with_rows(self.given)

    @property
    def seconds(self) -> float:
        """How long the run has taken so far, including the time before it was resumed."""
        return self.state.seconds + time.perf_counter() - self.started

    @property
    def epoch(self) -> int:
        """The current epoch, counted from 1."""
        return self.state.epoch

    @property
    def step(self) -> int:
        """The number of completed steps, over all epochs."""
        return self.state.step

    @property
    def last_epoch(self) -> int:
        """The last epoch of the run, unless it ends earlier. It is shorter than the others if `max_steps` ends it."""
        epochs, most = self.spec.run.epochs, self.spec.run.max_steps
        return min(epochs, -(-most // self.steps_per_epoch)) if most and self.steps_per_epoch else epochs

    @property
    def last_step(self) -> int | None:
        """The last step of the run, unless it ends earlier; `None` if the data does not know its number of batches."""
        most, per_epoch = self.spec.run.max_steps, self.steps_per_epoch
        if per_epoch is None:
            return most
        steps = self.spec.run.epochs * per_epoch
        return steps if most is None else min(most, steps)

    @property
    def ends_now(self) -> bool:
        """Whether the training ends after the current step, because of `stop(…, now=True)`."""
        return self.state.ends_now

    @property
    def initialized_from(self) -> dict[str, Any] | None:
        """Which weights of another run it has begun with; `None` if there are none."""
        return self.state.initialized_from

    @property
    def history(self) -> list[dict[str, Any]]:
        """The log so far: the record of each epoch, and of each validation inside an epoch."""
        return self.state.history

    @property
    def is_trained(self) -> bool:
        """Whether the training has ended. An evaluation from then on is one of the final model."""
        return self.state.is_trained

    @property
    def weights(self) -> "Weights | None":
        """Which weights the model has when training has ended; `None` for those of the last step."""
        return self.state.weights

    @property
    def stopped(self) -> str | None:
        """Why the training ends before its last epoch, or `None`."""
        # An interruption is not in the state: a checkpoint with it would end the resumed training as well.
        number = self.interruption.number
        return self.state.stopped or (None if number is None else reason(number))

    @property
    def notes(self) -> list[str]:
        """What callbacks have reported with `note`."""
        return self.state.notes

    @property
    def interrupted(self) -> bool:
        """Whether the training was interrupted and nothing more should be computed."""
        return self.interruption.number is not None

    @property
    def dtype(self) -> "torch.dtype":
        """The floating-point dtype of inputs, targets, model and loss; torch's default dtype during the run."""
        import torch

        chosen: torch.dtype = getattr(torch, self.spec.run.dtype)
        return chosen

    @property
    def seed(self) -> int:
        """The seed of the spec."""
        return self.spec.run.seed

    @property
    def undo(self) -> Undo:
        """How predictions of each transformed target are returned in its original unit; empty if none is."""
        return undoing(self.spec.data, self.targets)

    def moved(self, tensor: "Tensor") -> "Tensor":
        """Move a tensor to the device of the run; convert a floating-point tensor to the dtype of the run."""
        return tensor.to(self.device, self.dtype if tensor.is_floating_point() else None)

    def stop(self, reason: str, *, now: bool = False) -> None:
        """End the training after this epoch, or after this step, and continue with the final evaluation.

        Only the first reason is kept. After this step, the epoch ends as usual: it is validated and logged.
        """
        self.state.stopped = self.state.stopped or reason or "A callback stopped it."
        self.state.ends_now = self.state.ends_now or now

    def note(self, sentence: str) -> None:
        """Print a sentence and add it to `result.json`.

        Any stage may call it. Sentences from `tune` and `deploy` are added to the result of the run that they receive.
        """
        self.state.notes.append(sentence)

    def interrupt(self) -> None:
        """End the training after the current step, as Ctrl-C does. The results so far are saved."""
        self.interruption.request(signal.SIGINT)

    def raise_if_interrupted(self) -> None:
        """Raise a `KeyboardInterrupt` if the training was interrupted.

        The loop calls this after each step, and the stage `evaluate` before each batch. In a callback with a long
        computation, call it wherever the computation can be interrupted.
        """
        if self.interruption.number is not None:
            raise KeyboardInterrupt(reason(self.interruption.number))
