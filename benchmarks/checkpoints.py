"""Measure what checkpoints cost: how long a save blocks the loop, and how much saving every 1000 steps slows it down.

    python benchmarks/checkpoints.py

The training has a state of 1 MB: a network of 131,000 parameters and their momentum. The trainings take turns in one
process on one thread, so that other load on the machine affects all of them equally. A second thread writes the
checkpoints. The script prints medians over the saves and the rounds.

Without `Checkpoint` in the spec, the loop is that of `benchmarks/step.py`, which compares it with hand-written ones.
"""

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch

import hookline
from hookline.runs.checkpoints import store
from hookline.training.loop.position import Position

FEATURES, HIDDEN, ROWS, BATCH = 128, 512, 8192, 256
EPOCHS = 1056 // (ROWS // BATCH)  # A few more than 1000 steps.
ROUNDS = 3


class Clock:
    """A callback that records the time after each step, and the cost of each save."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.blocked: list[float] = []
        """How long the loop waited for each save: the state is copied, and given to the other thread."""
        self.written: list[float] = []
        """The time of the other thread for each checkpoint, without waiting for the disk."""

    @hookline.hookimpl(wrapper=True)
    def step(self):
        answer = yield
        self.times.append(time.perf_counter())
        return answer

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Measure saves inside the context."""
        save, write = Position._save, store.write

        def timed_save(position: Any) -> None:
            began = time.perf_counter()
            save(position)
            self.blocked.append(time.perf_counter() - began)

        def timed_write(directory: Path, made: Any) -> Any:
            began = time.thread_time()
            written = write(directory, made)
            self.written.append(time.thread_time() - began)
            return written

        with patch.object(Position, "_save", timed_save), patch.object(store, "write", timed_write):
            yield

    @property
    def step_time(self) -> float:
        """The median time from one step to the next."""
        return statistics.median(later - earlier for earlier, later in pairwise(self.times))

    @property
    def whole_time(self) -> float:
        """The mean time of a step, with everything that happens in between."""
        return (self.times[-1] - self.times[0]) / (len(self.times) - 1)


def train(epochs: int, *callbacks: dict[str, Any]) -> Clock:
    """Train with these callbacks."""
    spec = hookline.load(
        {
            "run": {"epochs": epochs, "device": "cpu"},
            "data": {
                "type": "Random",
                "features": FEATURES,
                "targets": [index % 2 for index in range(ROWS)],
                "batch_size": BATCH,
            },
            "model": {
                "type": "Sequential",
                "layers": [
                    {"type": "Linear", "out_features": HIDDEN},
                    {"type": "ReLU"},
                    {"type": "Linear", "out_features": 128},
                    {"type": "ReLU"},
                    {"type": "Linear", "out_features": 1},
                ],
            },
            "loss": {"type": "MSELoss"},
            "optimizer": {"type": "SGD", "lr": 0.01, "momentum": 0.9},
            "callbacks": list(callbacks),
        }
    )
    clock = Clock()
    with clock.watching(), tempfile.TemporaryDirectory() as directory:
        hookline.train(spec, plugins=[clock], out=Path(directory) / "run")
    return clock


def main() -> None:
    """Run the rounds and print the results."""
    torch.set_num_threads(1)
    train(2)
    clocks = [
        (
            train(EPOCHS),
            train(EPOCHS, {"type": "Checkpoint", "every_steps": 50}),
            train(EPOCHS, {"type": "Checkpoint", "every_steps": 1000}),
            train(EPOCHS),
        )
        for _ in range(ROUNDS)
    ]
    step = statistics.median(without.step_time for without, *_ in clocks)
    blocked = statistics.median(seconds for _, often, *_ in clocks for seconds in often.blocked)
    written = statistics.median(seconds for _, often, *_ in clocks for seconds in often.written)
    ratio = statistics.median(
        rarely.whole_time / ((before.whole_time + after.whole_time) / 2) for before, _, rarely, after in clocks
    )
    print(f"a step                     {step * 1e3:7.2f} ms")
    print(f"a save blocks the loop for {blocked * 1e3:7.2f} ms, {blocked / step:5.2f} steps   (aim: less than 2)")
    print(f"the other thread computes  {written * 1e3:7.2f} ms")
    share = (blocked + written) / (1000 * step)
    print(f"every_steps = 1000: both are {share:.2%} of the time of 1000 steps   (aim: at most 1 %)")
    print(f"every_steps = 1000: {ratio:.3f} × the time without checkpoints, measured")


if __name__ == "__main__":
    main()
