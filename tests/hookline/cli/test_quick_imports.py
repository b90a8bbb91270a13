import gc
import json
import subprocess
import sys

from hookline.plots.curves import LOSSES, draw_curves

SPEC = """
[run]
epochs = 1

[data]
type = "Random"
features = 2
targets = [0, 1]

[model]
type = "Linear"
out_features = 1

[loss]
type = "MSELoss"

[optimizer]
type = "SGD"
"""
PLUGIN = '''
import atexit
import gc
import sys

import torch
from hookline import hookimpl


class Log:
    """It refers to itself, so that only garbage collection closes its file."""

    def __init__(self):
        self.self = self
        self.file = open("steps.txt", "w")


log_of_steps = Log()


@hookimpl(wrapper=True)
def step(run):
    log_of_steps.file.write("a step\\n")
    print("collects", gc.isenabled(), "without torch", gc.get_freeze_count() > 100_000)
    return (yield)


@atexit.register
def at_exit():
    from matplotlib.lines import Line2D

    print("properties in docstrings", "markersize" in Line2D.set.__doc__)
    print("finder", any(type(finder).__name__ == "QuickImports" for finder in sys.meta_path))
'''


def test_a_command_imports_torch_and_matplotlib_faster_whatever_imports_them(tmp_path):
    (tmp_path / "spec.toml").write_text(SPEC)
    (tmp_path / "plugin.py").write_text(PLUGIN)
    words = ["train", "spec.toml", "-p", "plugin.py", "--quiet", "--out", "run"]
    run = subprocess.run(
        [sys.executable, "-m", "hookline", *words], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert run.stdout.splitlines() == [
        "collects True without torch True",
        "properties in docstrings False",
        "finder False",
    ]
    assert (tmp_path / "steps.txt").read_text() == "a step\n"
    history = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    draw_curves(history, LOSSES, "spec", tmp_path / "loss.png")
    assert (tmp_path / "run" / "loss.png").read_bytes() == (tmp_path / "loss.png").read_bytes()


def test_a_call_of_main_changes_neither_the_finders_nor_the_collection_of_its_process(tmp_path, monkeypatch):
    from hookline.cli.main import main

    monkeypatch.chdir(tmp_path)
    (tmp_path / "spec.toml").write_text(SPEC)
    before = list(sys.meta_path), gc.get_freeze_count()
    assert main(["check", "spec.toml"]) == 0
    assert (sys.meta_path, gc.get_freeze_count()) == before
    assert gc.isenabled()
