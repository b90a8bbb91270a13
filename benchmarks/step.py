"""Compare the speed of the loop with hand-written loops: a network 10 → 5 → 1, batches of 32 from 8,192 rows.

    python benchmarks/step.py

All contenders train the same network on the same rows in one process on one thread. They take turns of a few epochs, so
that other load on the machine affects all of them equally. The script prints the median time of a step over the rounds,
and the median ratios within a round. Hookline does not trace here, so that the ratios are those of its loop:
`tracing.py` compares traced trainings.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import hookline

ROWS, BATCH, EPOCHS, ROUNDS = 8192, 32, 8, 9
STEPS = ROWS // BATCH
PARTS, DECAY = 4, 0.9999
WRAPPER = "from hookline import hookimpl\n\n@hookimpl(wrapper=True)\ndef step(run):\n    return (yield)\n"


def rows() -> tuple[torch.Tensor, torch.Tensor]:
    """The same data as in the spec below."""
    inputs = torch.randn(ROWS, 10, generator=torch.Generator().manual_seed(0))
    return inputs, torch.tensor([float(index % 2) for index in range(ROWS)]).unsqueeze(1)


def network(**options: Any) -> tuple[nn.Module, nn.Module, torch.optim.Optimizer]:
    """The network, its loss and its optimizer."""
    model = nn.Sequential(nn.Linear(10, 5), nn.ReLU(), nn.Linear(5, 1))
    return model, nn.MSELoss(), torch.optim.SGD(model.parameters(), lr=0.01, **options)


def best_loop(**options: Any) -> Iterator[None]:
    """The best hand-written loop: one permutation and one indexing operation per epoch, and a list of losses."""
    inputs, targets = rows()
    model, criterion, optimizer = network(**options)
    while True:
        order = torch.randperm(ROWS)
        losses = []
        for x, y in zip(inputs[order].split(BATCH), targets[order].split(BATCH), strict=True):
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
        torch.stack(losses).mean().item()
        yield


def scheduled_loop() -> Iterator[None]:
    """The best loop, with a scheduler step after each optimizer step."""
    inputs, targets = rows()
    model, criterion, optimizer = network(fused=True)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, DECAY)
    while True:
        order = torch.randperm(ROWS)
        losses = []
        for x, y in zip(inputs[order].split(BATCH), targets[order].split(BATCH), strict=True):
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            scheduler.step()
            losses.append(loss.detach())
        torch.stack(losses).mean().item()
        yield


def accumulating_loop() -> Iterator[None]:
    """The best loop, with gradient accumulation over the parts of each batch."""
    inputs, targets = rows()
    model, criterion, optimizer = network(fused=True)
    while True:
        order = torch.randperm(ROWS)
        losses = []
        for x, y in zip(inputs[order].split(BATCH), targets[order].split(BATCH), strict=True):
            optimizer.zero_grad()
            total = torch.zeros(())
            for part, part_targets in zip(x.split(BATCH // PARTS), y.split(BATCH // PARTS), strict=True):
                loss = criterion(model(part), part_targets) / PARTS
                loss.backward()
                total += loss.detach()
            optimizer.step()
            losses.append(total)
        torch.stack(losses).mean().item()
        yield


def usual_loop() -> Iterator[None]:
    """The usual hand-written loop, with a DataLoader."""
    loader = DataLoader(TensorDataset(*rows()), batch_size=BATCH, shuffle=True)
    model, criterion, optimizer = network()
    while True:
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
        yield


class Clock:
    """A callback that records the time at the end of each epoch."""

    def __init__(self) -> None:
        self.times: list[float] = []

    @hookline.hookimpl(wrapper=True)
    def log(self):
        record = yield
        self.times.append(time.perf_counter())
        return record


def with_hookline(*callbacks: dict[str, Any], **run: Any) -> Iterator[float]:
    """Hookline, through its public API: each turn is a training, measured without its first epoch."""
    spec = hookline.load(
        {
            "run": {"epochs": EPOCHS + 1, "device": "cpu", "trace": "off", **run},
            "data": {
                "type": "Random",
                "features": 10,
                "targets": [index % 2 for index in range(ROWS)],
                "batch_size": BATCH,
            },
            "model": {
                "type": "Sequential",
                "layers": [
                    {"type": "Linear", "out_features": 5},
                    {"type": "ReLU"},
                    {"type": "Linear", "out_features": 1},
                ],
            },
            "loss": {"type": "MSELoss"},
            "optimizer": {"type": "SGD", "lr": 0.01},
            "callbacks": list(callbacks),
        }
    )
    while True:
        clock = Clock()
        with tempfile.TemporaryDirectory() as directory:
            hookline.train(spec, plugins=[clock], out=Path(directory) / "run")
        yield clock.times[-1] - clock.times[0]


def with_plugins(count: int) -> Iterator[float]:
    """Hookline with `count` installed plugins that wrap every step but are not listed in the spec."""
    trainings = with_hookline()
    with tempfile.TemporaryDirectory() as directory:
        for index in range(count):
            Path(directory, f"hookline_other_{index}.py").write_text(WRAPPER)
            metadata = Path(directory, f"hookline_other_{index}-1.0.dist-info")
            metadata.mkdir()
            (metadata / "METADATA").write_text(f"Metadata-Version: 2.4\nName: hookline-other-{index}\nVersion: 1.0\n")
            (metadata / "entry_points.txt").write_text(f"[hookline]\nother-{index} = hookline_other_{index}\n")
        while True:
            sys.path.insert(0, directory)
            seconds = next(trainings)
            sys.path.remove(directory)
            yield seconds


def by_hand(epochs: Iterator[None]) -> Iterator[float]:
    """A hand-written loop: the time of a few epochs in each turn."""
    next(epochs)
    while True:
        started = time.perf_counter()
        for _ in range(EPOCHS):
            next(epochs)
        yield time.perf_counter() - started


def main() -> None:
    """Run the rounds and print the results."""
    torch.set_num_threads(1)
    contenders = {
        "a  Hookline": with_hookline(),
        "b  best hand-written loop": by_hand(best_loop(fused=True)),
        "c  the same, not fused": by_hand(best_loop()),
        "d  usual loop, DataLoader": by_hand(usual_loop()),
        "e  Hookline, scheduler": with_hookline({"type": "ExponentialLR", "gamma": DECAY, "interval": "step"}),
        "f  by hand, scheduler": by_hand(scheduled_loop()),
        "i  Hookline, ten plugins": with_plugins(10),
        "g  Hookline, accumulating": with_hookline(accumulate=PARTS),
        "h  by hand, accumulating": by_hand(accumulating_loop()),
    }
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for round_number in range(ROUNDS + 1):
        for name, contender in contenders.items():
            seconds = next(contender)
            if round_number:  # The first round is a warm-up.
                times[name].append(seconds)
    for name, seconds_of_rounds in times.items():
        print(f"{name:28} {statistics.median(seconds_of_rounds) / EPOCHS / STEPS * 1e6:7.1f} µs per step")
    a, b, c, d, e, f, i, g, h = times.values()
    print(f"a / b  {ratio(a, b):.3f}   (aim: at most 1.05)")
    print(f"b / c  {ratio(b, c):.3f}   (Hookline's steps are fused)")
    print(f"a / d  {ratio(a, d):.3f}   (aim: at most 0.6)")
    print(f"e / f  {ratio(e, f):.3f}   (aim: at most 1.05)")
    print(f"g / h  {ratio(g, h):.3f}   (aim: at most 1.05)")
    print(f"i / a  {ratio(i, a):.3f}   (ten plugins are installed and not listed: unchanged)")


def ratio(times: list[float], others: list[float]) -> float:
    """The median of the ratios within a round."""
    return statistics.median(time / other for time, other in zip(times, others, strict=True))


if __name__ == "__main__":
    main()
