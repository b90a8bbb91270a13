"""Write run directories without training, with chosen numbers."""

import json

import hookline
from hookline.files import write_file
from hookline.runs.lock import FORMAT

FILES = (
    "data.json",
    "loss.png",
    "manifest.json",
    "metrics.jsonl",
    "model.safetensors",
    "result.json",
    "run.lock.toml",
    "spec.toml",
)
"""The files that every training leaves, in alphabetical order, except the example rows."""


def with_examples(name="examples.arrow"):
    """Return all of these files, in alphabetical order."""
    return sorted((*FILES, name))


SPEC = """\
plugins = []
callbacks = []

[run]
name = "{name}"
epochs = {epochs}

[data]
type = "Random"
features = 10
path = "../table.csv"

[model]
type = "Sequential"

[[model.layers]]
type = "Linear"
out_features = 3

[optimizer]
type = "{optimizer}"
lr = {lr}

[[metrics]]
type = "Accuracy"
"""
LOCK = f"""\
format = {FORMAT}
spec = "0"
data = "0"
plugins = []

[environment]
torch = "2.13"

[files]

[stages]
fit = [{{ plugin = "hookline_stages", release = "hookline 0.1.0", is_wrapper = false, limits = "" }}]

[rows]
training = 90
validation = 30
"""


def write_run(path, *, lr=0.1, optimizer="SGD", state="finished", losses=(0.9, 0.5, 0.3), training=None, **result):
    """Write a directory of a run with these validation losses; without `result.json` if `state` is `None`."""
    path.mkdir(parents=True)
    write_file(path / "spec.toml", SPEC.format(name=path.name, epochs=len(losses), optimizer=optimizer, lr=lr))
    write_file(path / "run.lock.toml", LOCK)
    records = [
        {"epoch": epoch, "step": epoch, "training/loss": own, "validation/loss": loss}
        for epoch, (loss, own) in enumerate(zip(losses, training or losses, strict=True), 1)
    ]
    write_file(path / "metrics.jsonl", "".join(f"{json.dumps(record)}\n" for record in records))
    if state is not None:
        content = {
            "state": state,
            "epochs": len(losses),
            "seconds": 1.5,
            "notes": [],
            "weights": {"source": "last step", "epoch": len(losses), "step": len(losses), "finite": True},
            "metrics": {"validation": {"loss": losses[-1]}},
        } | result
        write_file(path / "result.json", json.dumps(content))
    return path


def trained_run(tmp_path, **sections):
    """A small run that is really trained."""
    from small_training import small

    return hookline.train(small(**sections), out=tmp_path / "trained").directory
