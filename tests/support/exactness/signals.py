"""Signals at random moments of a training: the exit code, what is saved, and that the run continues exactly."""

import itertools
import os
import random
import signal
import tempfile
import threading
import time
from pathlib import Path

import hookline
from exactness.kills import NOTHING_TRAINED
from exactness.result import Result
from exactness.runs import in_process, outcome, removed, spec, without_plots
from hookline.errors.exceptions import RunError
from hookline.runs.checkpoints import store

PLACES = ("forward", "loss", "backward", "step", "evaluate", "predict", "log", "save")
PAUSE, DURATION = 0.005, 0.4
"""How many seconds each call of a stage takes, and about how many seconds the training takes then."""

CODES = {signal.SIGTERM: 143, signal.SIGINT: 130, signal.SIGUSR1: 0}


class Slow:
    """Wraps each stage, takes its time, and sends a signal in one call of it; notes the steps made by then."""

    def __init__(self, place=None, call=0, number=signal.SIGTERM, told=None, pause=0.0):
        self.place, self.number, self.told, self.pause = place, number, told, pause
        self.calls = itertools.count()
        self.call = call
        self.begun = None
        """Called in the first step."""

    def pass_by(self, place, run):
        if self.begun is not None and run.is_stepping:
            self.begun()
            self.begun = None
        time.sleep(self.pause)
        if self.told is not None:
            self.told.write_text(str(run.step))
        if place == self.place and next(self.calls) == self.call:
            self.told.write_text(str(run.step))
            self.told = None
            os.kill(os.getpid(), self.number)


def _wrapper(name):
    def wrapper(self, run):
        self.pass_by(name, run)
        return (yield)

    wrapper.__name__ = name
    return hookline.hookimpl(wrapper=True)(wrapper)


for _place in PLACES[:-1]:
    setattr(Slow, _place, _wrapper(_place))


def train_with(slow, path, run):
    """Train from the command line with the plugin."""
    from hookline.cli import main as command
    from hookline.plugins.manager import Plugins

    _listen_like_a_new_process()
    usual = Plugins.__init__

    def with_slow(self, listed=(), extra=(), unusable=None):
        usual(self, listed, [*extra, slow], unusable)

    Plugins.__init__ = with_slow
    if slow.place == "save":
        write = store.write

        def interrupted(directory, made):
            if next(slow.calls) == slow.call:
                slow.told.write_text(str(made.step))
                slow.told = None
                os.kill(os.getpid(), slow.number)
            return write(directory, made)

        store.write = interrupted
    return command.main(["train", str(path), "--quiet", "--out", str(run)])


def _listen_like_a_new_process():
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1):
        signal.signal(number, signal.SIG_DFL)


def prove(count=200, others=20, seed=0):
    """Send SIGTERM `count` times, half of them at moments of the clock, and the other signals `others` times."""
    result = Result("signals")
    draw = random.Random(seed)  # noqa: S311 - Not for cryptography.
    with without_plots(), tempfile.TemporaryDirectory(prefix="exactness-") as home:
        place = Path(home)
        made = spec(3, every_steps=2)
        path = place / "spec.toml"
        path.write_text(hookline.dumps(made, place))
        run, whole_run = place / "run", place / "whole"
        assert in_process(lambda: train_with(Slow(), path, whole_run), place / "log") == 0
        whole = outcome(whole_run)
        numbers = [signal.SIGTERM] * count + [signal.SIGINT] * others + [signal.SIGUSR1] * others
        for case, number in enumerate(numbers):
            where = "clock" if case % 2 else PLACES[case // 2 % len(PLACES)]
            problem, is_early = _case(removed(run), path, where, number, draw, whole)
            counts = {where if where == "clock" else f"in {where}": 1, **({"before training": 1} if is_early else {})}
            result.add(f"{signal.Signals(number).name} {case} in {where}", problem, **counts)
    return result


def _case(run, path, where, number, draw, whole):
    """What is wrong in one case, and whether the signal came before the training began."""
    log, told = run.parent / "log", run.parent / "told"
    told.unlink(missing_ok=True)
    calls = {"evaluate": 3, "log": 3, "save": 1, "predict": 3}.get(where, 6)
    pause = PAUSE if where == "clock" else 0.0
    slow = Slow(None if where == "clock" else where, draw.randrange(calls), number, told, pause)
    if where == "clock":
        delay = draw.uniform(0, DURATION)
        function = lambda: _timed(slow, path, run, number, delay)  # noqa: E731
    else:
        function = lambda: train_with(slow, path, run)  # noqa: E731
    code = in_process(function, log)
    expected = CODES[number]
    if code == -signal.SIGUSR1 and where == "clock" and not told.exists():
        return None, True  # While the spec was read.
    if code not in {expected, 0} or (code == 0 and expected and where != "clock"):
        return f"exit code {code}: {log.read_text()[-500:]}", False
    if not run.exists() or not told.exists():
        return None, True
    steps = int(told.read_text())
    newest = [one.step for one in store.all_of(run)][-1:] or [0]
    if newest[0] < steps - 1:
        return f"{steps} steps were made, and the newest checkpoint is of step {newest[0]}", False
    try:
        hookline.resume(run, plugins=[Slow()])
    except RunError as error:
        return (None, True) if any(sentence in str(error) for sentence in NOTHING_TRAINED) else (str(error), False)
    return None if outcome(run) == whole else "differs after resuming", False


def _timed(slow, path, run, number, delay):
    slow.begun = threading.Timer(delay, os.kill, [os.getpid(), number]).start
    return train_with(slow, path, run)
