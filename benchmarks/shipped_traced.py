"""Compare trainings of all shipped specs with and without tracing: `python benchmarks/tracing.py --all`.

A training is compared with the same one with `trace = "off"`, in pairs, of which each contender begins every other one.
What counts is the CPU time of the loop: steps, validations, and callbacks inside them. The stage `log` and what
callbacks do before and after the loop do not depend on tracing, and vary by more than it saves: a plot takes longer
than all steps. Evaluations after the training count.

What a process keeps of earlier traces is forgotten before each training, so that tracing costs what it costs in a new
process. The plot of the losses is not drawn. Pairs are repeated until the interval of the median of their ratios says
which contender is faster, or until the time for a spec is over. The interval consists of order statistics, so that it
does not assume a distribution.
"""

import contextlib
import gc
import json
import logging
import math
import os
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

from attrs import define
from contenders.new_process import forget_traces

import hookline
from hookline.runs import directory as runs

SPECS = Path(__file__).parents[1] / "specs"
SLOWER = 1.02
FEWEST_PAIRS, MOST_PAIRS = 6, 200
SECONDS = 4.0
"""The CPU time for a spec, after which the pairs so far decide."""
DEVIATIONS = 1.96
"""The half width of the interval in standard deviations of the number of pairs below the median."""


class Loop:
    """A plugin that adds up the CPU time of the loop and of evaluations after it."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._started = 0.0
        self._logged = 0.0
        self._is_fitting = False

    @hookline.hookimpl
    def fit(self):
        """Begin when the callbacks around the stage have begun, and let the built-in answer train."""
        self._is_fitting, self._started = True, time.thread_time()

    @hookline.hookimpl(wrapper=True)
    def log(self):
        """End for now: only the last record ends the loop."""
        started = time.thread_time()
        record = yield
        ended = time.thread_time()
        self.seconds = started - self._started - self._logged
        self._logged += ended - started
        return record

    @hookline.hookimpl(wrapper=True)
    def evaluate(self, run):
        """Add evaluations after the training, which are outside the loop."""
        started = time.thread_time()
        metrics = yield
        if run.state.is_trained:
            self.seconds += time.thread_time() - started
        return metrics


class Training(NamedTuple):
    """What a training took, and what was traced."""

    seconds: float
    result: dict[str, Any]


class Interval(NamedTuple):
    """The median of ratios, and the interval that contains it with a probability of about 95 %."""

    lower: float
    median: float
    upper: float


@define
class Compared:
    """The trainings of a spec with and without tracing."""

    by_layers: list[float]
    traced: list[float]
    result: dict[str, Any]

    @property
    def interval(self) -> Interval:
        """The ratios within the pairs."""
        ratios = sorted(one / other for one, other in zip(self.traced, self.by_layers, strict=True))
        count = len(ratios)
        outside = max(0, math.floor((count - DEVIATIONS * math.sqrt(count)) / 2 - 0.5))
        return Interval(ratios[outside], statistics.median(ratios), ratios[count - 1 - outside])

    @property
    def verdict(self) -> str:
        """Whether tracing makes the spec slower by more than 2 %."""
        lower, median, upper = self.interval
        if lower > SLOWER:
            return "SLOWER"
        if upper <= SLOWER:
            return "faster" if upper < 1 else "as fast"
        return "unclear, perhaps slower" if median > SLOWER else "unclear"


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Discard what is written to standard output and standard error, by other libraries and their processes too."""
    sys.stdout.flush()
    kept = [os.dup(stream) for stream in (1, 2)]
    discarded = os.open(os.devnull, os.O_WRONLY)
    logging.disable(logging.CRITICAL)
    try:
        for stream in (1, 2):
            os.dup2(discarded, stream)
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        sys.stdout.flush()
        for stream, copy in zip((1, 2), kept, strict=True):
            os.dup2(copy, stream)
            os.close(copy)
        os.close(discarded)
        logging.disable(logging.NOTSET)


def trained(name: str, trace: str) -> Training:
    """Train a shipped spec in a directory that is removed."""
    loop = Loop()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory, silence():
        spec = hookline.load(SPECS / f"{name}.toml", [f'run.trace="{trace}"'])
        forget_traces()
        gc.collect()
        gc.freeze()  # The next collection does not search what remains, such as torch.
        with mock.patch.object(runs, "draw_curves"):
            hookline.train(spec, plugins=[loop], out=Path(directory) / "run")
        result = json.loads((Path(directory) / "run" / "result.json").read_text())
    return Training(loop.seconds, result)


def compared(name: str, seconds: float = SECONDS) -> Compared:
    """Train a shipped spec with and without tracing until the verdict is clear or the time is over."""
    found: dict[str, list[float]] = {"off": [], "auto": []}
    for trace in found:
        training = trained(name, trace)  # The first trainings import modules.
    every = Compared(found["off"], found["auto"], training.result)
    started = time.process_time()
    while len(every.traced) < MOST_PAIRS:
        order = ("off", "auto") if len(every.traced) % 2 else ("auto", "off")
        for trace in order:
            found[trace].append(trained(name, trace).seconds)
        if len(every.traced) >= FEWEST_PAIRS and not every.verdict.startswith("unclear"):
            break
        if len(every.traced) >= FEWEST_PAIRS and time.process_time() - started > seconds:
            break
    return every


def names_of_all() -> list[str]:
    """The names of all shipped specs."""
    return sorted(str(path.relative_to(SPECS).with_suffix("")) for path in SPECS.rglob("*.toml"))


def compare_all_specs(names: Iterable[str] = ()) -> None:
    """Compare shipped specs, by default all, and name those that tracing makes slower."""
    print(f"{'spec':36} {'off':>8} {'auto':>8}  ratio  interval       pairs  steps traced  verdict")
    verdicts: dict[str, str] = {}
    for name in names or names_of_all():
        try:
            found = compared(name)
        except (hookline.HooklineError, ImportError) as error:  # It needs another package, or `hookline tune`.
            print(f"{name:36} is left out: {str(error).splitlines()[0]}", flush=True)
            continue
        lower, median, upper = found.interval
        times = [f"{statistics.median(each) * 1e3:5.0f} ms" for each in (found.by_layers, found.traced)]
        verdicts[name] = found.verdict
        steps = found.result["traced_steps"]
        share = steps["traced"] / max(1, steps["traced"] + steps["by_layers"])
        shown = f"{lower:.3f} to {upper:.3f} {len(found.traced):6}  {share:12.0%}"
        print(f"{name:36} {times[0]} {times[1]}  {median:.3f}  {shown}  {found.verdict}", flush=True)
    slower = [name for name, verdict in verdicts.items() if verdict == "SLOWER"]
    unclear = [name for name, verdict in verdicts.items() if verdict.endswith("perhaps slower")]
    print(f"Of {len(verdicts)} specs, tracing makes these slower by more than 2 %: {', '.join(slower) or 'none'}.")
    print(f"Perhaps these, too, whose interval contains {SLOWER}: {', '.join(unclear) or 'none'}.")
