"""Every file of a run gets its final name when it is complete, and has the permissions of an ordinary file."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

GROWING = ("metrics.jsonl", "metrics.csv", "timing.csv", "tensorboard/events.out")
"""The files that grow by complete lines or records."""

PROGRAM = """
import json, os, sys
from pathlib import Path

import hookline

home = Path.cwd()
renamed = []


def note(event, arguments):
    if event == "os.rename":  # Also `os.replace`.
        renamed.append(os.path.relpath(os.fsdecode(arguments[1]), home))


sys.addaudithook(note)
types = ["CSVLog", "TensorBoard", "LossPlot", "Timing", "ConfusionMatrix", "Predictions", "LearningRateFinder"]
callbacks = [{"type": name} for name in types]
callbacks += [{"type": "Profile", "active": 1, "repeat": 1}, {"type": "Checkpoint", "every_steps": 1, "keep_last": 99}]
deploy = [{"type": name} for name in ("Safetensors", "TorchExport", "HuggingFace")]
spec = hookline.load(sys.argv[1], ["run.epochs=2", f"callbacks={json.dumps(callbacks)}".replace('": ', '" = '),
                                   f"deploy={json.dumps(deploy)}".replace('": ', '" = ')])
stop = hookline.after("step", lambda run: run.interrupt() if run.step == 7 else None)
try:
    hookline.train(spec, plugins=[stop], out="run")
except hookline.Interrupted:
    plugin = hookline.after("step", lambda run: None)
    hookline.resume("run", plugins=[plugin], allow=["plugins"], overrides=["run.epochs=3"])
print("\\n".join(renamed))
"""


def test_each_file_is_renamed_when_it_is_complete_and_has_ordinary_permissions(tmp_path):
    arguments = [sys.executable, "-c", PROGRAM, str(ROOT / "specs/iris.toml")]
    found = subprocess.run(arguments, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    renamed = found.stdout.splitlines()
    files = [path for path in (tmp_path / "run").rglob("*") if path.is_file()]
    names = {path.relative_to(tmp_path).as_posix() for path in files}
    assert {
        f"run/{name}" for name in ("result.json", "model.safetensors", "spec.toml", "run.lock.toml", "loss.png")
    } <= names
    assert not [name for name in names if name.endswith(".part")]
    written = {name for name in names if any(name == other or name.startswith(f"{other}/") for other in renamed)}
    left = {name for name in names - written if not name.removeprefix("run/").startswith(GROWING)}
    assert left == set()
    umask = os.umask(0)
    os.umask(umask)
    assert {
        path.relative_to(tmp_path).as_posix() for path in files if path.stat().st_mode & 0o777 != 0o666 & ~umask
    } == set()
