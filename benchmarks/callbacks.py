"""Measure the cost of each built-in callback: train a small network on small images with it and without it.

    python benchmarks/callbacks.py [CALLBACK ...]

All callbacks take turns in one process on one thread, so that other load on the machine affects all of them equally.
The time of a step is the mean over whole epochs of 256 steps, including evaluation and logging, from the end of the
first epoch to the end of the last. Work that a callback does once per epoch therefore counts 1/256. The script prints
medians over the rounds.
"""

import contextlib
import io
import logging
import os
import pty
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import torch

import hookline

ROWS, BATCH, EPOCHS, ROUNDS = 8192, 32, 8, 7
CALLBACKS: dict[str, dict[str, Any]] = {
    "EarlyStopping": {"patience": 1000},
    "NaNGuard": {"action": "skip"},
    "GradientClipping": {"max_norm": 1.0},
    "GradientNorm": {},
    "LearningRateFinder": {},
    "ExponentialMovingAverage": {},
    "StochasticWeightAveraging": {},
    "Freeze": {"layers": "1", "until": 2},
    "Mixup": {},
    "CutMix": {},
    "Timing": {},
    "Profile": {},
    "Progress": {},
    "CSVLog": {},
    "LossPlot": {},
    "Predictions": {},
    "ConfusionMatrix": {},
    "TensorBoard": {},
    "MLflow": {},
    "WeightsAndBiases": {"mode": "offline"},
}
ON_A_TERMINAL = "Progress, on a terminal"


class Clock:
    """A callback that records the time and the number of steps at the end of each epoch."""

    def __init__(self) -> None:
        self.ends: list[tuple[float, int]] = []

    @hookline.hookimpl(wrapper=True)
    def log(self, run):
        record = yield
        self.ends.append((time.perf_counter(), run.step))
        return record

    @property
    def seconds(self) -> float:
        """The time of a step, without the first epoch."""
        (started, first), (ended, last) = self.ends[0], self.ends[-1]
        return (ended - started) / (last - first)


def images(directory: Path) -> Path:
    """A file of images, an eighth of them for validation."""
    draw = numpy.random.default_rng(0)
    rows = ROWS + ROWS // 8
    pixels = draw.standard_normal((rows, 1, 8, 8), dtype=numpy.float32)
    numpy.savez(directory / "images.npz", pixels=pixels, kind=draw.integers(10, size=rows))
    return directory / "images.npz"


def training(path: Path, *callbacks: dict[str, Any]) -> float:
    """The time of a training step, in seconds."""
    spec = hookline.load(
        {
            "run": {"epochs": EPOCHS + 1, "device": "cpu", "trace": "off"},
            "data": {
                "type": "NPZ",
                "path": str(path),
                "inputs": "pixels",
                "targets": "kind",
                "validation": 1 / 9,
                "batch_size": BATCH,
            },
            "model": {
                "type": "Sequential",
                "layers": [
                    {"type": "Flatten"},
                    {"type": "Linear", "out_features": 16},
                    {"type": "ReLU"},
                    {"type": "Linear", "out_features": 10},
                ],
            },
            "loss": {"type": "CrossEntropyLoss"},
            "optimizer": {"type": "SGD", "lr": 0.01},
            "callbacks": list(callbacks),
        }
    )
    clock = Clock()
    with tempfile.TemporaryDirectory() as directory:
        hookline.train(spec, plugins=[clock], out=Path(directory) / "run")
    return clock.seconds


@contextlib.contextmanager
def terminal() -> Iterator[None]:
    """Redirect standard output to a pseudo-terminal, and discard the output."""
    ours, theirs = pty.openpty()
    reader = threading.Thread(target=_read_all, args=(ours,), daemon=True)
    reader.start()
    with os.fdopen(theirs, "w", encoding="utf-8") as file, contextlib.redirect_stdout(file):
        yield
    reader.join()
    os.close(ours)


def _read_all(descriptor: int) -> None:
    with contextlib.suppress(OSError):  # Linux raises an error when the other end is closed.
        while os.read(descriptor, 65536):
            pass


def measured(path: Path, name: str) -> float:
    """The time of a step with a callback."""
    if name == ON_A_TERMINAL:
        with terminal():
            return training(path, {"type": "Progress"})
    with contextlib.redirect_stdout(io.StringIO()):
        return training(path, {"type": name, **CALLBACKS[name]})


def main() -> None:
    """Run the rounds and print the results."""
    torch.set_num_threads(1)
    os.environ |= {"WANDB_SILENT": "true", "WANDB_ERROR_REPORTING": "false", "TERM": "xterm-256color"}
    logging.disable(logging.WARNING)
    names = sys.argv[1:] or [*CALLBACKS, ON_A_TERMINAL]
    bare: list[float] = []
    times: dict[str, list[float]] = {name: [] for name in names}
    with tempfile.TemporaryDirectory() as directory:
        path = images(Path(directory))
        for round_number in range(ROUNDS + 1):
            for name in names:
                # Compare with a training without the callback before it and one after it.
                before, seconds, after = training(path), measured(path, name), training(path)
                if round_number:  # The first round is a warm-up.
                    bare += [before, after]
                    times[name].append(seconds - (before + after) / 2)
    step = statistics.median(bare)
    print(f"{'without a callback':28} {step * 1e6:8.1f} µs per step")
    for name, differences in times.items():
        difference = statistics.median(differences)
        aim = "   (aim: at most 1.03)" if name == ON_A_TERMINAL else ""
        print(f"{name:28} {difference * 1e6:+8.1f} µs, {1 + difference / step:6.3f} × a step without{aim}")


if __name__ == "__main__":
    main()
