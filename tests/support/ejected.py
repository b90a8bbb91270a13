"""Eject a spec, run its script, and compare it with `hookline train`."""

import contextlib
import io
import runpy
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import torch

import hookline
from hookline.script import BatchNames, Script

SIGNS = "RUF001,RUF002,RUF003"
"""Rules about signs such as ×, which documentation may have."""
RULES = "E,F,W,I,B,UP,SIM,C4,RET,PIE,PERF,N,A,RUF"


def run_script(script, directory):
    """Run a script in a directory of its own, and return its variables."""
    path = Path(directory) / "train.py"
    path.write_text(script, encoding="utf-8")
    state, dtype = torch.get_rng_state(), torch.get_default_dtype()
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.chdir(directory):
            return runpy.run_path(str(path), run_name="__main__")
    finally:
        torch.set_default_dtype(dtype)
        torch.set_rng_state(state)


def layer_of_script(layer, module, **names):
    """Build a layer with the lines of its script, given the module of the spec and the variables of a batch."""
    script = Script(seed=1, epochs=1, dtype="float32", batch=BatchNames(inputs={"x": "x"}, **names))
    script.use("import torch")
    script.add("model", f"module = {layer.eject(script, module)}")
    variables = {}
    torch.manual_seed(1)
    exec(script.text('"""A layer."""'), variables)  # noqa: S102 - Hookline wrote it.
    return variables["module"]


def differences(trial, found, *, tolerance=1e-12):
    """What differs between a training and what its script found, in sentences; none if they are equal."""
    said = []
    history = found["history"]
    if len(history) != len(trial.history):
        said.append(f"{len(history)} epochs instead of {len(trial.history)}")
    for record, other in zip(trial.history, history, strict=False):
        for name, value in record.items():
            if name == "step" or (name not in other and not name.startswith(("training/", "validation/", "lr"))):
                continue
            if name not in other:
                said.append(f"{name} is missing")
            elif "loss" in name and not _same(other[name], value):
                said.append(f"epoch {record['epoch']}: {name} is {other[name]!r} instead of {value!r}")
            elif not _close(other[name], value, tolerance):
                said.append(f"epoch {record['epoch']}: {name} is {other[name]!r}, not {value!r}")
        if said:
            break
    for split, numbers in found.get("results", {}).items():
        for name, value in numbers.items():
            expected = trial.metrics[f"{split}/{name}"]
            same = _same(value, expected) if "loss" in name else _close(value, expected, tolerance)
            if not same:
                said.append(f"{split}/{name} is {value!r} instead of {expected!r}")
    for name in ("model", "criterion"):
        ours, theirs = getattr(trial, name).state_dict(), found[name].state_dict()
        theirs = {key if key in ours else f"losses.{key}": value for key, value in theirs.items()}
        if list(ours) != list(theirs):
            said.append(f"the {name} has {list(theirs)} instead of {list(ours)}")
        said += [f"{name}: {key} differs" for key in ours if key in theirs and not _equal(ours[key], theirs[key])]
    return said


def _equal(one, other):
    return one.dtype == other.dtype and one.shape == other.shape and torch.equal(one.cpu(), other.cpu())


def _same(one, other):
    return one == other or (one != one and other != other)


def _close(one, other, tolerance):
    return _same(one, other) or abs(one - other) <= tolerance * max(1, abs(other))


def compare(spec, changes=()):
    """Train a spec and run its script; return the script and the differences."""
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as directory:
        warnings.simplefilter("ignore")
        loaded = hookline.load(spec, list(changes))
        script = hookline.eject(loaded, title=f"Train {Path(spec).name}." if isinstance(spec, str) else "Train.")
        trial = hookline.train(loaded, out=Path(directory) / "run")
        elsewhere = Path(directory) / "script"
        elsewhere.mkdir()
        for name in ("specs",):
            (elsewhere / name).symlink_to(Path(name).resolve())
        return script, differences(trial, run_script(script, elsewhere))


def lint(directory):
    """What ruff says about the scripts in a directory; empty if nothing."""
    options = ["--isolated", "--line-length", "120", str(directory)]
    commands = ["check", "--quiet", "--select", RULES, "--ignore", SIGNS], ["format", "--quiet", "--diff"]
    said = [
        subprocess.run([sys.executable, "-m", "ruff", *command, *options], capture_output=True) for command in commands
    ]
    return b"".join(one.stdout + one.stderr for one in said).decode()
