"""Train a part of a training: from its beginning or a checkpoint until a step."""

import random
import warnings
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline.errors.exceptions import RunError
from hookline.plugins.dispatch.attribution import naming_plugins
from hookline.plugins.manager import Named, Plugins
from hookline.plugins.origin import Origin
from hookline.plugins.saving import Resuming
from hookline.plugins.stages import Run, hookimpl
from hookline.runs.checkpoints import store
from hookline.runs.checkpoints.store import Snapshot
from hookline.runs.devices import forked_generators
from hookline.runs.directory import LOG, write_beginning
from hookline.spec.training import TrainingSpec
from hookline.training.checkpoints.training_state import training_state
from hookline.training.checkpoints.writer import newest_state
from hookline.training.exactness.leaves import Leaves, leaves
from hookline.training.preparation import built_parts
from hookline.training.run_setup import new_run

if TYPE_CHECKING:
    from torch import nn, optim

LastStep = Callable[[Run], int | None]
"""Returns the step after which a part ends, when the number of steps per epoch is known; `None` for the last one."""

Arrange = Callable[[Sequence[Named]], list[Named]]


@frozen(eq=False)
class Part:
    """A part of a training that has ended."""

    snapshot: Snapshot
    """The state at its end."""
    state: Leaves
    """The same, and the model that the training returns."""
    log: tuple[str, ...]
    """The lines of `metrics.jsonl`."""
    is_complete: bool
    """Whether the training has ended by itself."""
    steps_per_epoch: int | None


class Ending:
    """Ends a training after a step, and keeps its state. It is inside all other wrappers."""

    saves_at_end = True

    def __init__(self, last_step: LastStep):
        """Begin without a state."""
        self._choose = last_step
        self._last_step: int | None = None
        self.snapshot: Snapshot | None = None
        self.state: Leaves = {}

    @hookimpl(wrapper=True)
    def fit(
        self, run: Run, model: "nn.Module", criterion: "nn.Module", optimizer: "optim.Optimizer"
    ) -> "Generator[None, nn.Module, nn.Module]":
        """Take the place of what saves checkpoints. If the training ends by itself, keep the state then."""
        run.saving = self
        self._last_step = self._choose(run)
        trained = yield
        if self.snapshot is None:
            self.save(run, training_state(run, model, criterion, optimizer))
        return trained

    @hookimpl(wrapper=True)
    def step(self, run: Run) -> Generator[None, bool, bool]:
        """End the training after the last step of the part, as a signal does."""
        answer = yield
        if run.step + 1 == self._last_step:
            run.interrupt()
        return answer

    def is_due_after_step(self, run: Run) -> bool:
        """Return false: only the end is saved."""
        return False

    def is_due_after_record(self, run: Run) -> bool:
        """Return false: only the end is saved."""
        return False

    def save(self, run: Run, state: Any) -> None:
        """Keep a copy of the state."""
        compared = {name: part for name, part in state.items() if name != "spec"}
        compared["run"] = {**state["run"], "seconds": 0.0}
        self.state, self.snapshot = leaves(compared), store.snapshot(run.step, state)


def train_part(
    spec: TrainingSpec,
    plugins: Plugins,
    directory: Path,
    *,
    last_step: LastStep,
    seed: int,
    arrange: Arrange = list,
    data: Any = None,
) -> Part:
    """Train from the newest checkpoint in a directory, or from the beginning, and save a checkpoint at the end.

    Args:
        spec: the spec.
        plugins: its plugins.
        directory: the directory of the run; the log is written there.
        last_step: the step after which the part ends.
        seed: sets the global generators of NumPy and `random`, as if the process had just started.
        arrange: returns the plugins to use, from the outermost to the innermost.
        data: rows in place of those that the data source reads.

    Raises:
        CheckpointError: If the state cannot be saved or restored.
        RunError: If a plugin trains without saving checkpoints.
        HooklineError: If the training fails.

    """
    import numpy
    import torch

    ending = Ending(last_step)
    found = newest_state(directory, _unexpected)
    arranged = plugins.arranged(lambda named: [*arrange(named), (Origin("the end of a part"), ending)])
    with (
        warnings.catch_warnings(action="ignore"),
        forked_generators(torch.device("cpu")),
        new_run(spec, arranged, given=data) as run,
    ):
        random.seed(seed)
        numpy.random.seed(seed)
        made = built_parts(run)
        run.directory = directory
        if found is None:
            write_beginning(run, made.data, directory)
        else:
            run.resumes_from = Resuming({**found[1], "changed": ()}, lambda: None)
        with naming_plugins(run.stages.manager):
            try:
                model = run.stages.fit(
                    run=run, data=made.data, model=made.model, criterion=made.criterion, optimizer=made.optimizer
                )
            except KeyboardInterrupt:
                raise RunError("A plugin answers the stage `fit` and saves no checkpoints.") from None
        if ending.snapshot is None:
            raise RunError("A plugin answers the stage `fit` and saves no checkpoints.")
        returned = leaves({"returned": {"model": model.state_dict(), "criterion": made.criterion.state_dict()}})
        is_complete = not run.interrupted
        steps_per_epoch = run.steps_per_epoch
    store.write(directory, ending.snapshot)
    path = directory / LOG
    lines = tuple(path.read_text(encoding="utf-8").splitlines()) if path.is_file() else ()
    return Part(ending.snapshot, {**ending.state, **returned}, lines, is_complete, steps_per_epoch)


def _unexpected(message: str) -> None:
    raise RunError(message)
