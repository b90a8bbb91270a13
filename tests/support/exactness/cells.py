"""A training that keeps its state at every position, and trainings that continue from each of them."""

import json
import random
import shutil
import tempfile
import warnings
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy
import safetensors.torch
import torch

import hookline
from hookline.plugins.manager import Plugins
from hookline.plugins.saving import Resuming
from hookline.runs.checkpoints import store
from hookline.runs.checkpoints.encode import decode
from hookline.training.checkpoints.training_state import training_state
from hookline.training.preparation import built_parts
from hookline.training.run_setup import new_run


class Keeping:
    """Keeps a checkpoint, as its files contain it, after every step and after every epoch."""

    saves_at_end = True

    def __init__(self, keeps):
        self.keeps = keeps
        self.kept = []
        self.end = None

    @hookline.hookimpl(wrapper=True)
    def fit(self, run, model, criterion, optimizer):
        run.saving = self
        trained = yield
        self.end = training_state(run, model, criterion, optimizer)
        return trained

    def is_due_after_step(self, run):
        return self.keeps

    def is_due_after_record(self, run):
        return self.keeps

    def save(self, run, state):
        made = store.snapshot(run.step, state)
        self.kept.append((json.dumps(made.state), safetensors.torch.save(made.tensors)))


@dataclass
class Trained:
    """What a training has become."""

    kept: list
    """A checkpoint for each position."""
    digest: str
    """The SHA-256 of the whole state at the end, of the returned model and of the log."""
    traced: int
    """The number of its steps that were traced."""


class Ending:
    """Keeps the state at the end only, so that nothing happens between two steps."""

    def __init__(self):
        self.kept, self.end = [], None

    @hookline.hookimpl(wrapper=True)
    def fit(self, run, model, criterion, optimizer):
        trained = yield
        self.end = training_state(run, model, criterion, optimizer)
        return trained


def trained(spec, plugins=(), checkpoint=None, *, keeps=True):
    """Train in a temporary directory, from a checkpoint if there is one.

    Args:
        spec: what to train.
        plugins: more plugins.
        checkpoint: where to continue.
        keeps: whether to keep checkpoints, which needs a look at the training after each step.

    """
    keeping = Keeping(checkpoint is None) if keeps else Ending()
    place = Path(tempfile.mkdtemp(prefix="exactness-"))
    try:
        with (
            warnings.catch_warnings(action="ignore"),
            new_run(spec, Plugins((), [*plugins, keeping])) as run,
        ):
            # The process that resumes a training has drawn other numbers.
            random.seed(checkpoint is None)
            numpy.random.seed(int(checkpoint is None))
            made = built_parts(run)
            run.directory = place
            if checkpoint is not None:
                text, tensors = checkpoint
                loaded = {name: one.clone() for name, one in safetensors.torch.load(tensors).items()}
                run.resumes_from = Resuming({**decode(json.loads(text), loaded), "changed": ()}, lambda: None)
            model = run.stages.fit(
                run=run, data=made.data, model=made.model, criterion=made.criterion, optimizer=made.optimizer
            )
            ended = {**keeping.end, "returned": model.state_dict(), "stopped": run.stopped, "weights": str(run.weights)}
            ended["run"]["seconds"] = 0
            return Trained(keeping.kept, digest(ended, place / "metrics.jsonl"), run.traced_steps.traced)
    finally:
        shutil.rmtree(place)


def digest(state, log):
    """The SHA-256 of a state and of a log."""
    made = store.snapshot(0, state)
    whole = sha256(json.dumps(made.state).encode())
    for name in sorted(made.tensors):
        tensor = made.tensors[name]
        whole.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        whole.update(tensor.contiguous().flatten().view(torch.uint8).numpy())
    whole.update(log.read_bytes())
    return whole.hexdigest()
