"""SIGKILL at system calls that change files, injected by strace, where it is installed.

Unlike in `kills`, the operations are those of the operating system: also those of libraries that write files themselves.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import hookline
from exactness.kills import resumed
from exactness.result import Result
from exactness.runs import outcome, removed, spec, without_plots

CALLS = ("mkdir", "rename", "unlink", "unlinkat", "rmdir", "fsync", "fchmodat,chmod", "ftruncate")
"""The system calls."""

NUMBERS = (1, 2, 4, 7, 11, 16, 22)
"""The occurrences at which the process is killed; the first ones are before the first checkpoint."""


def prove(numbers=NUMBERS):
    """Kill a training at these calls of each kind."""
    result = Result("strace")
    if shutil.which("strace") is None:
        return result
    with without_plots(), tempfile.TemporaryDirectory(prefix="exactness-") as home:
        place = Path(home)
        made = spec(2, every_steps=1, keep_last=1)
        hookline.train(made, out=place / "whole")
        whole = outcome(place / "whole")
        path = place / "spec.toml"
        path.write_text(hookline.dumps(made, place))
        for calls in CALLS:
            for number in numbers:
                run = removed(place / "run")
                code = _killed(path, run, calls, number)
                problem, is_early = (None, True) if not run.exists() else resumed(run, whole, place / "log")
                counts = {"before a checkpoint" if is_early else "resumed": 1}
                result.add(f"{calls} {number} (exit code {code})", problem, **counts)
    return result


def _killed(path, run, calls, number):
    """Train in a new process that is killed at a call; returns its exit code."""
    inject = [f"--inject={calls}:signal=KILL:when={number}"]
    command = ["strace", "-f", "-qq", "-o", "/dev/null", f"--trace={calls}", *inject]
    train = [sys.executable, "-m", "hookline", "train", str(path), "--quiet", "--out", str(run)]
    return subprocess.run([*command, *train], capture_output=True, check=False).returncode
