"""Compare Hookline with the best hand-written loop and with Lightning, Ignite, skorch and Accelerate.

    make peers
    python benchmarks/peers.py [--rounds N] [WORK …]

All contenders train the same networks on the same rows in the same order, with the same fused optimizers. They take
turns in one process on one thread. The script prints medians of the ratios of CPU time within a round, and how far the
trained weights and their loss are from those of the hand-written loop. It ends with an error if a loss differs by more
than 1e-6.

The other packages train twice: with the batches of the hand-written loop, and with a DataLoader, as their documentation
recommends. Those that are not installed are left out.
"""

import argparse
import importlib
import platform
import statistics
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version

import torch
from contenders.work import MakeBatches, Slices, Work, loader, works
from torch import nn

PEERS = {"Lightning": "lightning", "Ignite": "pytorch-ignite", "skorch": "skorch", "Accelerate": "accelerate"}
"""The packages, and their names for pip."""
BY_HAND = "by hand"
LARGEST_DIFFERENCE = 1e-6

Train = Callable[[Work, MakeBatches], tuple[nn.Module, float]]


def contenders() -> dict[str, tuple[Train, MakeBatches]]:
    """What trains, by the name in the table."""
    from contenders import by_hand, with_hookline

    found: dict[str, tuple[Train, MakeBatches]] = {
        BY_HAND: (by_hand.train, Slices),
        "Hookline": (with_hookline.train, Slices),
        'Hookline, trace = "off"': (with_hookline.train_without_tracing, Slices),
    }
    installed: dict[str, Train] = {}
    for name, package in PEERS.items():
        try:
            print(f"{name} {version(package)}")
        except PackageNotFoundError:
            print(f"{name} is not installed and left out: pip install -c constraints.txt {package}")
            continue
        installed[name] = importlib.import_module(f"contenders.with_{name.lower()}").train
    found |= {name: (train, Slices) for name, train in installed.items()}
    found[f"{BY_HAND}, DataLoader"] = (by_hand.train, loader)
    return found | {f"{name}, DataLoader": (train, loader) for name, train in installed.items()}


def difference(work: Work, model: nn.Module, other: nn.Module, name: str) -> float:
    """The largest difference between the weights. If the losses differ, the program ends."""
    loss, expected = work.loss(model), work.loss(other)
    if not abs(loss - expected) <= LARGEST_DIFFERENCE:
        raise SystemExit(f"{work.name}, {name}: The loss is {loss}, by hand it is {expected}: not the same training.")
    weights, others = model.state_dict().values(), other.state_dict().values()
    return max(float((one - two).abs().max()) for one, two in zip(weights, others, strict=True))


def compare(work: Work, named: dict[str, tuple[Train, MakeBatches]], rounds: int) -> None:
    """Train in turns, and print a table."""
    times: dict[str, list[float]] = {name: [] for name in named}
    differences: dict[str, float] = {}
    for number in range(rounds + 1):
        by_hand: nn.Module | None = None
        for name, (train, make_batches) in named.items():
            model, seconds = train(work, make_batches)
            by_hand = by_hand or model
            if number:  # The first round is a warm-up.
                times[name].append(seconds)
            else:
                differences[name] = difference(work, model, by_hand, name)
    steps = len(Slices(work))
    print(f"\n{work.name}: {work.epochs} epochs of {steps} steps\n")
    print(f"| {'':24} | ratio | µs per step | weights |\n|---|---:|---:|---|")
    for name, seconds_of_rounds in times.items():
        ratio = statistics.median(mine / hand for mine, hand in zip(seconds_of_rounds, times[BY_HAND], strict=True))
        step = statistics.median(seconds_of_rounds) / work.epochs / steps * 1e6
        weights = f"differ by {differences[name]:.0e}" if differences[name] else "the same bits"
        print(f"| {name:24} | {ratio:5.2f} | {step:11.0f} | {weights} |", flush=True)


def main() -> None:
    """Compare all works, or those whose names begin with an argument."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7, help="how often each contender trains (default: 7)")
    parser.add_argument("works", nargs="*", help="the beginning of the names of works (default: all)")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(f"Python {platform.python_version()}, torch {torch.__version__}, {platform.platform()}", file=sys.stdout)
    named = contenders()
    for work in works():
        if not arguments.works or work.name.startswith(tuple(arguments.works)):
            compare(work, named, arguments.rounds)


if __name__ == "__main__":
    main()
