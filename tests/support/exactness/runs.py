"""Runs in directories that are killed, fail or receive signals in a process of their own, and are then resumed."""

import json
import os
import shutil
import sys
import traceback
import warnings
from contextlib import contextmanager
from pathlib import Path

import hookline
from exactness.matrix import images
from hookline.files import write_file
from hookline.runs import directory
from hookline.runs.checkpoints import store

LAYERS = [
    {"type": "Flatten"},
    {"type": "Linear", "out_features": 4},
    {"type": "BatchNorm1d"},
    {"type": "Dropout", "p": 0.3},
    {"type": "Linear", "out_features": 3},
]
CALLBACKS = [
    {"type": "ExponentialMovingAverage", "decay": 0.8},
    {"type": "StepLR", "step_size": 1, "gamma": 0.5},
]


def spec(epochs=3, **checkpoint):
    """A tiny training with two steps per epoch."""
    return hookline.load(
        {
            "run": {"epochs": epochs, "device": "cpu", "name": "run"},
            "data": {"type": "NPZ", "path": str(images()), "inputs": "pixels", "targets": "kind"}
            | {"validation": 0.2, "batch_size": 6},
            "model": {"type": "Sequential", "layers": LAYERS},
            "loss": {"type": "CrossEntropyLoss"},
            "optimizer": {"type": "Adam", "lr": 0.01},
            "callbacks": [*CALLBACKS, {"type": "Checkpoint", **checkpoint}],
        }
    )


def in_process(function, log):
    """Call a function in a forked process and return its exit code, or minus the signal that ended it."""
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if not child:
        code = 1
        try:
            with Path(log).open("w") as file:
                os.dup2(file.fileno(), 1)
                os.dup2(file.fileno(), 2)
            warnings.simplefilter("always")
            code = int(function() or 0)
        except SystemExit as error:
            code = error.code
        except BaseException:  # noqa: BLE001 - The exit code says so.
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def outcome(run):
    """Everything that a run has become, except for the time that it took."""
    result = json.loads((run / "result.json").read_text())
    names = ("seconds", "notes", "traced_steps", "traced_evaluation")
    described = {name: value for name, value in result.items() if name not in names}
    files = [(run / name).read_bytes() for name in ("metrics.jsonl", "model.safetensors", "spec.toml")]
    state = store.all_of(run)[-1].load()
    del state["run"]["seconds"], state["generators"]["python"], state["generators"]["numpy"]
    return described, files, repr(store.snapshot(0, state).state)


def checkpoints(run):
    """The content of all checkpoints that have their final names."""
    return {
        one.directory.name: {path.name: path.read_bytes() for path in sorted(one.directory.iterdir())}
        for one in store.all_of(run)
    }


@contextmanager
def without_plots():
    """Draw no plots and flush nothing to the disk, here and in forked processes: this takes most of the time."""
    usual = directory.draw_curves, os.fsync
    directory.draw_curves = lambda history, names, title, path, **options: write_file(path, b"plot")
    os.fsync = lambda descriptor: None
    try:
        yield
    finally:
        directory.draw_curves, os.fsync = usual


def removed(path):
    """Remove a directory if it exists."""
    shutil.rmtree(path, ignore_errors=True)
    return path
