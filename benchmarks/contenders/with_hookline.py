"""Hookline, through its public API. The time is that of the stage `fit`, as in a new process."""

import tempfile
import time
from pathlib import Path

from torch import nn

import hookline
from contenders.new_process import forget_traces
from contenders.work import MakeBatches, Work


class Clock:
    """A plugin that measures the stage `fit`."""

    seconds = 0.0

    @hookline.hookimpl(wrapper=True)
    def fit(self):
        started = time.process_time()
        model = yield
        self.seconds = time.process_time() - started
        return model


def _train(work: Work, trace: str) -> tuple[nn.Module, float]:
    is_validated = work.validation is not None
    spec = hookline.load(
        {
            "run": {"epochs": work.epochs, "device": "cpu", "trace": trace, "evaluate_training": False},
            "data": {"type": "Arrays", "inputs": "x", "targets": "y", "batch_size": work.batch},
            "model": {"type": "Sequential", "layers": work.layers},
            "loss": {"type": work.criterion.__name__},
            "optimizer": {"type": work.optimizer, **work.options},
            "metrics": [{"type": "Accuracy"}] if is_validated else [],
        }
    )
    rows = {"training": {"x": work.inputs, "y": work.targets}}
    if work.validation is not None:
        rows["validation"] = dict(zip("xy", work.validation, strict=True))
    clock = Clock()
    forget_traces()
    with tempfile.TemporaryDirectory() as directory:
        trial = hookline.train(spec, data=rows, plugins=[clock], out=Path(directory) / "run")
    return trial.model, clock.seconds


def train(work: Work, make_batches: MakeBatches) -> tuple[nn.Module, float]:
    """Train with the default `trace = "auto"`. Hookline makes its own batches."""
    return _train(work, "auto")


def train_without_tracing(work: Work, make_batches: MakeBatches) -> tuple[nn.Module, float]:
    """Train with `trace = "off"`."""
    return _train(work, "off")
