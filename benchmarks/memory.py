"""Compare the peak memory of training with that of a hand-written loop and with the estimate of `plan`.

    python benchmarks/memory.py

Each training runs in a process of its own, on one thread of the CPU. The result is the peak of its resident memory
minus the memory after a first step of a small network, which excludes the libraries. One case is also measured with a
hand-written loop that keeps the loss of each step.
"""

import itertools
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import torch
from torch import nn

import hookline
from hookline.plugins.manager import Plugins
from hookline.training.planning.planning import planned
from hookline.training.run_setup import new_run

LOSSES: Mapping[str, Any] = {
    "first": {"type": "CrossEntropyLoss", "factor": 0.5},
    "second": {"type": "CrossEntropyLoss", "factor": 0.5},
}
"""Two losses whose sum is that of the other cases."""


@attrs.frozen
class Case:
    """A classifier of random numbers: Linear layers of these sizes with ReLU between them."""

    features: int
    hidden: tuple[int, ...]
    classes: int
    rows: int
    batch_size: int
    optimizer: str = "SGD"
    epochs: int = 3
    """With more epochs there are more steps, which must not take more memory."""
    losses: bool = False
    """Whether the spec has a table of two losses, whose values are logged separately."""

    @property
    def spec(self) -> dict[str, Any]:
        """The spec that trains it."""
        layers: list[dict[str, Any]] = []
        for size in self.hidden:
            layers += [{"type": "Linear", "out_features": size}, {"type": "ReLU"}]
        return {
            "run": {"epochs": self.epochs, "device": "cpu"},
            "data": {
                "type": "Random",
                "features": self.features,
                "targets": [row % self.classes for row in range(self.rows)],
                "batch_size": self.batch_size,
            },
            "model": {"type": "Sequential", "layers": [*layers, {"type": "Linear", "out_features": self.classes}]},
            **({"losses": LOSSES} if self.losses else {"loss": {"type": "CrossEntropyLoss"}}),
            "optimizer": {"type": self.optimizer, "lr": 0.01},
        }

    def by_hand(self, *, keeps_losses: bool = False) -> None:
        """Train with a hand-written loop; with `keeps_losses`, it keeps the loss of each step as a tensor."""
        inputs, targets = torch.randn(self.rows, self.features), torch.arange(self.rows) % self.classes
        sizes = (self.features, *self.hidden, self.classes)
        layers = [part for pair in itertools.pairwise(sizes) for part in (nn.Linear(*pair), nn.ReLU())]
        model, criterion = nn.Sequential(*layers[:-1]), nn.CrossEntropyLoss()
        optimizer = getattr(torch.optim, self.optimizer)(model.parameters(), lr=0.01, fused=True)
        kept = []
        for _ in range(self.epochs):
            order, total = torch.randperm(self.rows), 0.0
            batches = inputs[order].split(self.batch_size), targets[order].split(self.batch_size)
            for x, y in zip(*batches, strict=True):
                optimizer.zero_grad()
                outputs = model(x)
                loss = (
                    0.5 * criterion(outputs, y) + 0.5 * criterion(outputs, y) if self.losses else criterion(outputs, y)
                )
                loss.backward()
                optimizer.step()
                if keeps_losses:
                    kept.append(loss.detach())
                else:
                    total += loss.item() * len(x)


CASES: Mapping[str, Case] = {
    "20-64-3000, batch 512": Case(20, (64,), 3000, 20000, 512),
    "20-64-3000, batch 512, 1,200 steps": Case(20, (64,), 3000, 20000, 512, epochs=30),
    "20-64-3000, batch 512, two losses": Case(20, (64,), 3000, 20000, 512, losses=True),
    "20-64-3000, batch 32": Case(20, (64,), 3000, 20000, 32),
    "20-64-4044, batch 512": Case(20, (64,), 4044, 60000, 512),
    "20-512 four times-10, Adam, batch 1024": Case(20, (512,) * 4, 10, 8192, 1024, "Adam"),
    "200-50-10, batch 32, 50,000 rows": Case(200, (50,), 10, 50_000, 32),
}


MANY_STEPS = "20-64-3000, batch 512, 1,200 steps"
"""The case that is also measured with a loop that keeps the loss of each step. Such a small tensor among the large ones
of its step prevents the C library from reusing the memory around it."""


def resident(what: str) -> int:
    """The resident memory of the process, `VmRSS`, or its peak, `VmHWM`, in bytes."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{what}:"))


class Peak:
    """A callback that records the peak after the last epoch, before Hookline draws figures."""

    def __init__(self) -> None:
        self.peak = 0

    @hookline.hookimpl(wrapper=True)
    def log(self):
        record = yield
        self.peak = resident("VmHWM")
        return record


def measured(name: str, contender: str) -> int:
    """The bytes that training takes or is estimated to take. Call this in a process of its own."""
    torch.set_num_threads(1)
    case = CASES[name]
    Case(4, (4,), 3, 64, 32, case.optimizer).by_hand()
    if contender.startswith("by hand"):
        before = resident("VmRSS")
        case.by_hand(keeps_losses=contender.endswith("keeping losses"))
        return resident("VmHWM") - before
    spec = hookline.load(case.spec)
    if contender == "estimated":
        with new_run(spec, Plugins((), ())) as run:
            return planned(run).memory.total
    peak = Peak()
    with tempfile.TemporaryDirectory() as directory:
        hookline.train(hookline.load(Case(4, (4,), 3, 64, 32).spec), out=Path(directory) / "first")
        before = resident("VmRSS")
        hookline.train(spec, plugins=[peak], out=Path(directory) / "run")
    return peak.peak - before


def main() -> None:
    """Measure and print. One run is enough, because the peak hardly varies."""
    if len(sys.argv) == 3:
        print(measured(*sys.argv[1:]))
        return
    for name in CASES:
        ours, theirs, estimated = (
            int(subprocess.check_output([sys.executable, __file__, name, contender]))  # noqa: S603
            for contender in ("Hookline", "by hand", "estimated")
        )
        sizes = f"{ours / 2**20:7.1f} MiB, by hand {theirs / 2**20:7.1f} MiB, estimated {estimated / 2**20:7.1f} MiB"
        print(f"{name:40}{sizes}, measured / by hand {ours / theirs:.2f} (aim: at most 1.3)", end="")
        print(f", estimated / measured {estimated / ours:.2f} (aim: 0.5 to 2)")
        if name == MANY_STEPS:
            arguments = [sys.executable, __file__, name, "by hand, keeping losses"]
            keeping = int(subprocess.check_output(arguments))  # noqa: S603
            print(f"{'  by hand, if it keeps the losses':40}{keeping / 2**20:7.1f} MiB")


if __name__ == "__main__":
    main()
