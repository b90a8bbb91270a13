"""Compare trainings with and without tracing, and traced trainings with the best hand-written loops.

    python benchmarks/tracing.py [--all [SPEC …] | SPEC …]

The contenders take turns in one process on one thread. The script prints medians of the ratios of CPU time within a
round. For the specs it is the time of the stage `fit`: training, validation and callbacks, with the cost of tracing in
a new process. Hand-written loops train two of them, and end with the same weights. With `--all` it compares all shipped
specs, or those that are given, and names those that tracing makes slower by more than 2 %: see `shipped_traced`.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from contenders.new_process import forget_traces
from shipped_by_hand import LOOPS, Prepared, checked
from shipped_traced import compare_all_specs
from torch import nn

import hookline

SPECS = Path(__file__).parents[1] / "specs"
SHIPPED = ("breast_cancer", "digits", "embedding", "first_network", "iris", "residual_network", "several_losses")
ROWS, BATCH, EPOCHS, ROUNDS = 8192, 32, 4, 5
AIM = 0.5


class Clock:
    """A plugin that adds up the CPU time of the stage `fit`."""

    def __init__(self) -> None:
        self.seconds = 0.0

    @hookline.hookimpl(wrapper=True)
    def fit(self):
        started = time.process_time()
        model = yield
        self.seconds = time.process_time() - started
        return model


class EpochClock:
    """A plugin that notes the CPU time at the end of each epoch."""

    def __init__(self) -> None:
        self.times: list[float] = []

    @hookline.hookimpl(wrapper=True)
    def log(self):
        record = yield
        self.times.append(time.process_time())
        return record


def trained(spec: Any, clock: Any) -> None:
    """Train in a directory that is removed."""
    with tempfile.TemporaryDirectory() as directory:
        hookline.train(spec, plugins=[clock], out=Path(directory) / "run")


def of_spec(name: str, trace: str) -> float:
    """The CPU time of a training of a shipped spec."""
    clock = Clock()
    forget_traces()
    trained(hookline.load(SPECS / f"{name}.toml", [f'run.trace="{trace}"']), clock)
    return clock.seconds


def prepared_of(name: str) -> Prepared:
    """What a training of a shipped spec begins with."""
    prepared = Prepared()
    trained(hookline.load(SPECS / f"{name}.toml"), prepared)
    return prepared


def network(sizes: tuple[int, ...]) -> nn.Sequential:
    """A network of linear layers with ReLU between them."""
    layers: list[nn.Module] = []
    for before, after in pairwise(sizes):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def by_hand(sizes: tuple[int, ...], optimizer: Callable[..., torch.optim.Optimizer]) -> Iterator[float]:
    """The CPU time of an epoch of the best hand-written loop."""
    inputs, targets = torch.randn(ROWS, sizes[0]), torch.randn(ROWS, 1)
    model, criterion = network(sizes), nn.MSELoss()
    updates = optimizer(model.parameters(), fused=True)
    while True:
        started = time.process_time()
        for _ in range(EPOCHS):
            order = torch.randperm(ROWS)
            losses = []
            for x, y in zip(inputs[order].split(BATCH), targets[order].split(BATCH), strict=True):
                updates.zero_grad()
                loss = criterion(model(x), y)
                loss.backward()
                updates.step()
                losses.append(loss.detach())
            torch.stack(losses).mean().item()
        yield (time.process_time() - started) / EPOCHS


def with_hookline(sizes: tuple[int, ...], optimizer: str, trace: str) -> Iterator[float]:
    """The CPU time of an epoch with Hookline, without the first one."""
    layers: list[dict[str, Any]] = []
    for size in sizes[1:]:
        layers += [{"type": "Linear", "out_features": size}, {"type": "ReLU"}]
    spec = hookline.load(
        {
            "run": {"epochs": EPOCHS + 1, "device": "cpu", "trace": trace, "evaluate_training": False},
            "data": {
                "type": "Random",
                "features": sizes[0],
                "targets": [index % 2 for index in range(ROWS)],
                "batch_size": BATCH,
            },
            "model": {"type": "Sequential", "layers": layers[:-1]},
            "loss": {"type": "MSELoss"},
            "optimizer": {"type": optimizer, "lr": 0.01},
        }
    )
    while True:
        clock = EpochClock()
        trained(spec, clock)
        yield (clock.times[-1] - clock.times[0]) / EPOCHS


def ratio(times: list[float], others: list[float]) -> float:
    """The median of the ratios within a round."""
    return statistics.median(time / other for time, other in zip(times, others, strict=True))


def compare_loops() -> None:
    """Compare networks of two sizes with the best hand-written loops."""
    for sizes, kind, aim in (((10, 5, 1), "SGD", 0.25), ((30, 64, 32, 1), "Adam", 0.35)):
        contenders = {
            "by hand": by_hand(
                sizes, lambda given, kind=kind, **more: getattr(torch.optim, kind)(given, lr=0.01, **more)
            ),
            "off": with_hookline(sizes, kind, "off"),
            "auto": with_hookline(sizes, kind, "auto"),
        }
        times: dict[str, list[float]] = {name: [] for name in contenders}
        for number in range(ROUNDS + 1):
            for name, contender in contenders.items():
                seconds = next(contender)
                if number:  # The first round is a warm-up.
                    times[name].append(seconds)
        steps = ROWS // BATCH
        shown = ", ".join(f"{name} {statistics.median(each) / steps * 1e6:.1f} µs" for name, each in times.items())
        print(f"{'-'.join(map(str, sizes))} {kind}: {shown} a step")
        print(f"  traced / by hand  {ratio(times['auto'], times['by hand']):.3f}   (aim: at most {aim})")
        print(f"  traced / not      {ratio(times['auto'], times['off']):.3f}")


def compare_specs(names: Iterable[str]) -> None:
    """Compare specs with and without tracing, and with loops by hand where there are some."""
    for name in names:
        try:
            contenders: dict[str, Callable[[], float]] = {
                trace: partial(of_spec, name, trace) for trace in ("off", "auto")
            }
            if name in LOOPS:
                contenders["by hand"] = partial(checked, prepared_of(name), LOOPS[name])
            times: dict[str, list[float]] = {contender: [] for contender in contenders}
            for number in range(ROUNDS + 1):
                for contender, run in contenders.items():
                    seconds = run()
                    if number:
                        times[contender].append(seconds)
        except (hookline.HooklineError, ImportError) as error:  # It needs another package, or `hookline tune`.
            print(f"{name:45} is left out: {str(error).splitlines()[0]}")
            continue
        milliseconds = ", ".join(f"{one} {statistics.median(each) * 1e3:.0f} ms" for one, each in times.items())
        print(f"{name:45} {milliseconds}; traced / not {ratio(times['auto'], times['off']):.3f}", flush=True)
        if name in LOOPS:
            print(f"{'':45} traced / by hand {ratio(times['auto'], times['by hand']):.3f}   (aim: at most {AIM})")


if __name__ == "__main__":
    torch.set_num_threads(1)
    if sys.argv[1:2] == ["--all"]:
        compare_all_specs(sys.argv[2:])
    elif len(sys.argv) > 1:
        compare_specs(sys.argv[1:])
    else:
        compare_loops()
        compare_specs(SHIPPED)
