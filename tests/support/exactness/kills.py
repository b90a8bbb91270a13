"""SIGKILL before every operation that changes the directory of a run: in a save, a rotation, a resume, and at the end."""

import os
import signal
import tempfile
from pathlib import Path

import hookline
from exactness.faults import faulty
from exactness.result import Result
from exactness.runs import in_process, outcome, removed, spec, without_plots
from hookline.errors.exceptions import RunError

CHECKPOINTS = (
    {"every_steps": 1, "background": False},
    {"every_steps": 1, "keep_last": 1},
    {"every_steps": 2, "every_epochs": 1, "keep_last": 1, "keep_best": 1, "background": False},
    {"every_epochs": 1, "keep_every_steps": 4},
)


NOTHING_TRAINED = ("There is no checkpoint to resume from", "it has no run.lock.toml", "it has no spec.toml")
"""What is said about a run that was killed before its first checkpoint."""


def kill_at(number):
    """Return what kills the process at a point."""
    return lambda point: os.kill(os.getpid(), signal.SIGKILL) if point == number else None


def killed_training(made, run, number, log):
    """Train until the point; returns whether the process was killed."""

    def train():
        with faulty(run, kill_at(number)):
            hookline.train(made, out=run)

    return in_process(train, log) == -signal.SIGKILL


def killed_resume(run, number, log):
    """Resume until the point; returns whether the process was killed."""

    def resume():
        with faulty(run, kill_at(number)):
            hookline.resume(run)

    return in_process(resume, log) == -signal.SIGKILL


def resumed(run, whole, log):
    """Resume a killed run in a process; returns what is wrong, and whether there was no checkpoint yet."""
    told = run.parent / "told"
    told.unlink(missing_ok=True)

    def resume():
        try:
            hookline.resume(run)
        except RunError as error:
            if not any(sentence in str(error) for sentence in NOTHING_TRAINED):
                raise
            told.write_text(str(error))

    if code := in_process(resume, log):
        return f"exit code {code}: {log.read_text()[-600:]}", False
    if told.exists():
        return None, True
    if outcome(run) != whole:
        return "differs", False
    return None, False


def prove(step=1, checkpoints=CHECKPOINTS, epochs=3, first=1):
    """Kill at every `step`-th point of trainings, and of resumed ones, from the `first` on."""
    result = Result("kill")
    with without_plots(), tempfile.TemporaryDirectory(prefix="exactness-") as home:
        place = Path(home)
        for options in checkpoints:
            made = spec(epochs, **options)
            log, run = place / "log", removed(place / "run")
            hookline.train(made, out=removed(place / "whole"))
            whole = outcome(place / "whole")
            number = first
            while killed_training(made, removed(run), number, log):
                problem, is_early = resumed(run, whole, log) if run.exists() else (None, True)
                result.add(
                    f"{options}, training, point {number}", problem, **({"before a checkpoint": 1} if is_early else {})
                )
                number += step
            middle, number = number // 2, first
            while True:
                killed_training(made, removed(run), middle, log)
                if not killed_resume(run, number, log):
                    break
                problem, _ = resumed(run, whole, log)
                result.add(f"{options}, resuming, point {number}", problem)
                number += step
    return result
