"""Compare `hookline train` with hand-written scripts of the same training: whole processes, and their first step.

    python benchmarks/whole_process.py [SPEC …]

Contenders are `hookline train`, the script that `hookline eject` writes, and a short script in `by_hand` that imports
only torch and NumPy. Each is a process of its own on one thread, and the processes take turns. The script prints
medians of the CPU time, and medians of its ratios within a round. Before, it compares the losses of all contenders.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROUNDS = 9
HOME = Path(__file__).parents[1]
SPECS = ("first_network", "iris")
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | {
    "OMP_NUM_THREADS": "1"
}
"""The usual environment, in which Python caches bytecode."""
HOOKLINE = ("-m", "hookline")
FIRST_STEP = """
import time
from hookline import hookimpl

@hookimpl(wrapper=True)
def step(run):
    answer = yield
    if run.step == 0:
        print("first step after", time.process_time())
    return answer
"""


def process(*arguments: str | Path) -> tuple[float, float, str]:
    """The CPU time and the time of a Python process, in seconds, and what it prints."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(  # noqa: S603
        [sys.executable, *map(str, arguments)], capture_output=True, check=True, text=True, cwd=HOME, env=ENVIRONMENT
    )
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, seconds, done.stdout


def train(name: str, out: Path, *more: str | Path) -> tuple[float, float, str]:
    """Train a spec with the command line."""
    return process(*HOOKLINE, "train", HOME / "specs" / f"{name}.toml", "--out", out, *more)


def eject(name: str, directory: Path) -> Path:
    """The script that `hookline eject` writes, which saves its weights in a directory."""
    script = process(*HOOKLINE, "eject", f"specs/{name}.toml")[2]
    path = directory / f"ejected_{name}.py"
    path.write_text(script.replace('"model.pt"', repr(str(directory / "model.pt"))))
    return path


def refuse_other_losses(name: str, directory: Path, ejected: Path) -> None:
    """Train with each contender once, and end the program if the loss on training rows differs."""
    train(name, directory / "hookline")
    process(HOME / "benchmarks" / "by_hand" / f"{name}.py", directory / "by_hand")
    losses = [
        json.loads((directory / contender / "result.json").read_text())["metrics"]["training"]["loss"]
        for contender in ("hookline", "by_hand")
    ]
    losses.append(float(process(ejected)[2].rpartition("training: loss ")[2].split(",")[0]))
    if max(losses) - min(losses) > 1e-6:
        raise SystemExit(f"{name}: The losses differ: {losses}.")


def compare(name: str) -> None:
    """Compare the contenders on a spec."""
    with tempfile.TemporaryDirectory() as made:
        directory = Path(made)
        ejected = eject(name, directory)
        refuse_other_losses(name, directory, ejected)
        callback = directory / "first_step.py"
        callback.write_text(FIRST_STEP)
        number = 0

        def new() -> Path:
            nonlocal number
            number += 1
            return directory / str(number)

        def first_step() -> tuple[float, float]:
            shown = train(name, new(), "-p", callback)[2]
            return float(shown.partition("first step after")[2].split()[0]), 0.0

        contenders: dict[str, Callable[[], tuple[float, ...]]] = {
            "import torch": lambda: process("-c", "import torch")[:2],
            "hookline train": lambda: train(name, new())[:2],
            "the ejected script": lambda: process(ejected)[:2],
            "a short script": lambda: process(HOME / "benchmarks" / "by_hand" / f"{name}.py", new())[:2],
            "hookline train, until its first step": first_step,
        }
        times: dict[str, list[tuple[float, ...]]] = {contender: [] for contender in contenders}
        for round_number in range(ROUNDS + 1):
            for contender, measure in contenders.items():
                seconds = measure()
                if round_number:  # The first round is a warm-up.
                    times[contender].append(seconds)
    print(f"{name}, whole processes")
    for contender, each in times.items():
        processor, wall = (statistics.median(column) for column in zip(*each, strict=True))
        shown = f"CPU time {processor:.2f} s, {ratio(each, times['import torch']):.2f} × import torch"
        print(f"  {contender:36} {shown}" + (f", time {wall:.2f} s" if wall else ""))
    ours, first = times["hookline train"], times["hookline train, until its first step"]
    print(f"  hookline train / the ejected script  {ratio(ours, times['the ejected script']):.2f}   (aim: at most 1.1)")
    print(f"  hookline train / a short script      {ratio(ours, times['a short script']):.2f}   (aim: at most 1.1)")
    print(f"  first step / import torch            {ratio(first, times['import torch']):.2f}   (aim: at most 1.3)")


def ratio(times: list[tuple[float, ...]], others: list[tuple[float, ...]]) -> float:
    """The median of the ratios of CPU time within a round."""
    return statistics.median(time[0] / other[0] for time, other in zip(times, others, strict=True))


if __name__ == "__main__":
    for spec in sys.argv[1:] or SPECS:
        compare(spec)
