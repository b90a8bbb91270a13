"""A full, failing or read-only disk at every operation of a training: it is reported, and earlier checkpoints stay."""

import errno
import tempfile
import warnings
from pathlib import Path

import hookline
from exactness.faults import faulty
from exactness.kills import NOTHING_TRAINED
from exactness.result import Result
from exactness.runs import checkpoints, outcome, removed, spec, without_plots
from hookline.errors.exceptions import HooklineError, RunError

ERRORS = {"ENOSPC": "No space left on device", "EIO": "Input/output error", "EACCES": "Permission denied"}
CHECKPOINTS = (
    {"every_steps": 1, "background": False, "keep_last": 2},
    {"every_steps": 2, "every_epochs": 1, "keep_last": 1, "keep_best": 1},
)


class Full:
    """Raises an error at one point, or at this one and all later ones; notes the checkpoints before the first."""

    def __init__(self, run, number, name, *, lasts):
        self.run, self.number, self.code, self.lasts = run, number, getattr(errno, name), lasts
        self.before = None

    def __call__(self, point):
        if point == self.number or (self.lasts and point > self.number):
            if self.before is None:
                self.before = checkpoints(self.run)
            raise OSError(self.code, ERRORS[errno.errorcode[self.code]])


def failing_training(made, run, number, name, *, lasts):
    """Train with a disk that fails from a point on; returns what is wrong, `None` if the point does not exist."""
    full = Full(run, number, name, lasts=lasts)
    told = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            with faulty(run, full):
                hookline.train(made, out=run)
        except HooklineError as error:
            told.append(str(error))
    if full.before is None:
        return None
    told += [str(warning.message) for warning in caught]
    if not any(ERRORS[name] in sentence for sentence in told):
        return f"nothing was said: {told}"
    after = checkpoints(run)
    lost = [step for step in sorted(full.before)[-1:] if step not in after]
    changed = [step for step, content in full.before.items() if step in after and after[step] != content]
    if changed or (lost and not set(after) - set(full.before)):
        return f"the checkpoints {changed or lost} have changed"
    return ""


def prove(step=1, options=CHECKPOINTS, names=tuple(ERRORS), epochs=2):
    """Fail at every `step`-th point, once and from then on, with each error; then resume with a disk that works."""
    result = Result("disk")
    with without_plots(), tempfile.TemporaryDirectory(prefix="exactness-") as home:
        place = Path(home)
        for chosen in options:
            made = spec(epochs, **chosen)
            hookline.train(made, out=removed(place / "whole"))
            whole = outcome(place / "whole")
            for name in names:
                for lasts in (False, True):
                    number = 1
                    while True:
                        case = f"{chosen}, {name} {'from' if lasts else 'at'} point {number}"
                        problem = failing_training(made, removed(place / "run"), number, name, lasts=lasts)
                        if problem is None:
                            break
                        result.add(case, problem or _resumed(place / "run", whole))
                        number += step
    return result


def _resumed(run, whole):
    try:
        hookline.resume(run)
    except RunError as error:
        if any(sentence in str(error) for sentence in NOTHING_TRAINED) or not run.exists():
            return None
        return str(error)
    return None if outcome(run) == whole else "differs after resuming"
