"""Measure the start of the command: help, a check, an error in a spec, and the first training step, beside imports.

    python benchmarks/start.py

The checked specs list one plugin or none; the plugin is installed alone or among a hundred others. Each measurement is
a process of its own. The processes take turns, and the script prints medians over the rounds.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path

ROUNDS = 7
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""The usual environment, in which Python caches bytecode."""
SPECS = Path(__file__).parent.parent / "specs"
SPEC = SPECS / "iris.toml"
HUNDRED = [str(path) for path in islice(cycle(sorted(SPECS.glob("**/*.toml"))), 100)]
"""A hundred specs: the shipped specs, repeated."""
PACKAGES = "import argparse, attrs, cattrs, pluggy, tomli"
"""The packages that reading a spec needs. Hookline cannot make their import faster."""
FIRST_STEP = """
import time
from hookline import hookimpl

@hookimpl(wrapper=True)
def step(run):
    answer = yield
    if run.step == 0:
        print("first step at", time.clock_gettime(time.CLOCK_MONOTONIC))
    return answer
"""


LISTED = "from hookline import hookimpl\n\n@hookimpl(wrapper=True)\ndef step(run):\n    return (yield)\n"


def process(*arguments: str, **environment: str) -> float:
    """The time of a Python process, in seconds."""
    command = [sys.executable, *arguments]
    started = time.perf_counter()
    subprocess.run(command, capture_output=True, check=False, env={**ENVIRONMENT, **environment})  # noqa: S603
    return time.perf_counter() - started


def installed(directory: Path, count: int) -> str:
    """A directory with one installed plugin that specs list, and `count` others."""
    directory.mkdir()
    for name, source in [("listed", LISTED), *((f"other_{index}", "raise SystemExit(3)\n") for index in range(count))]:
        (directory / f"hookline_{name}.py").write_text(source)
        metadata = directory / f"hookline_{name}-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.4\nName: hookline-{name}\nVersion: 1.0\n")
        (metadata / "entry_points.txt").write_text(f"[hookline]\n{name} = hookline_{name}\n")
    return str(directory)


def first_step(directory: Path) -> float:
    """The time from the start of `hookline train` to the end of its first step, in seconds."""
    callback = directory / "first_step.py"
    callback.write_text(FIRST_STEP)
    out = directory / f"run-{time.monotonic_ns()}"
    started = time.clock_gettime(time.CLOCK_MONOTONIC)
    shown = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "hookline", "train", str(SPEC), "-p", str(callback), "--out", str(out)],
        capture_output=True,
        check=True,
        text=True,
        env=ENVIRONMENT,
    ).stdout
    return float(shown.partition("first step at")[2].split()[0]) - started


def main() -> None:
    """Run the rounds and print the results."""
    with tempfile.TemporaryDirectory() as directory:
        alone, crowded = (installed(Path(directory, str(count)), count) for count in (0, 100))
        listing = ("-m", "hookline", "check", str(SPEC), "--set", 'plugins=["listed"]')
        contenders = {
            "python -c pass": lambda: process("-c", "pass"),
            PACKAGES: lambda: process("-c", PACKAGES),
            "import torch": lambda: process("-c", "import torch"),
            "hookline --help": lambda: process("-m", "hookline", "--help"),
            "hookline check of a spec": lambda: process("-m", "hookline", "check", str(SPEC)),
            "hookline check of a hundred": lambda: process("-m", "hookline", "check", *HUNDRED),
            "one that lists a plugin": lambda: process(*listing, PYTHONPATH=alone),
            "the same, a hundred others installed": lambda: process(*listing, PYTHONPATH=crowded),
            "an error in a spec": lambda: process("-m", "hookline", "train", str(SPEC), "--set", "optimizer.lr=-1"),
            "the first step of hookline train": lambda: first_step(Path(directory)),
        }
        times: dict[str, list[float]] = {name: [] for name in contenders}
        for round_number in range(ROUNDS + 1):
            for name, contender in contenders.items():
                seconds = contender()
                if round_number:  # The first round is a warm-up.
                    times[name].append(seconds)
    for name, seconds_of_rounds in times.items():
        print(f"{name:46} {statistics.median(seconds_of_rounds) * 1000:7.0f} ms")
    imports, steps = times["import torch"], times["the first step of hookline train"]
    ratio = statistics.median(step / imported for step, imported in zip(steps, imports, strict=True))
    print(f"first step / import torch  {ratio:.2f}   (aim: at most 1.3)")
    one, packages = (statistics.median(times[name]) for name in ("hookline check of a spec", PACKAGES))
    print(f"check of a spec / import of the packages that it needs  {one / packages:.2f}")
    print("aims of check: 150 ms for one, 1000 ms for a hundred")
    one, hundred = times["one that lists a plugin"], times["the same, a hundred others installed"]
    more = statistics.median(many - few for many, few in zip(hundred, one, strict=True)) * 1000
    print(f"a hundred plugins that are not listed  {more:+.1f} ms   (aim: at most 10 ms)")


if __name__ == "__main__":
    main()
